package zmq_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
)

// R3 to R6: strangers by the thousand, and a server in a process of its own, so that what it costs is what they cost it.
// hostile_memory_test.go and hostile_limits_test.go ask the same of single bytes.

// passerby dials from an address of its own: 127.0.0.2, 127.0.0.3 … take turns, so that no rule about hosts, and no lack of ports,
// decides what becomes of many.
func passerby(t *testing.T, endpoint string, n int) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+n%16))}, Timeout: patience}
	conn, err := d.Dial("tcp", address(endpoint))
	must(t, err)
	return conn
}

// TestR3Announcements opens 1,000 connections, each of which announces more than there is memory.
func TestR3Announcements(t *testing.T) {
	const conns, most = 1000, 64 << 20
	for name, words := range map[string]string{
		"a message of 2^62 bytes":        `peer head:02:2^62 "xxxxx"`,
		"a message of 2^62-1 bytes":      `peer head:02:2^62-1 "xxxxx"`,
		"a part of 2^62-1 bytes":         `peer more{ "a" } head:03:2^62-1 "xxxxx"`,
		"a property of 2^31-1 bytes":     `greeting READY{ prop:Socket-Type=PUSH name:X-A u32:2^31-1 fill:100 }`,
		"a READY of 100 KiB, half of it": `greeting head:06:102400 name:READY fill:50000`,
	} {
		t.Run(name, func(t *testing.T) {
			p := spawn(t, "server", serverRole{Type: "PULL", Endpoint: "tcp://127.0.0.1:*", MaxHandshakes: zmq.Unlimited})
			if !raceEnabled { // whose own memory is many times that
				p.capMemory(256 << 20)
			}
			bound, before := p.tell().Bound, p.resident()
			wire := spelled(t, words, "PULL")
			for i := range conns {
				conn := passerby(t, bound, i)
				defer conn.Close()
				_, err := conn.Write(wire)
				must(t, err)
			}
			allow := int64(most)
			switch name {
			case "a message of 2^62 bytes", "a property of 2^31-1 bytes": // more than any limit, and a lie that shows: they are sent away
				until(t, patience, "all are sent away", func() bool { a := p.tell(); return a.Seq >= 1+3*conns && a.Peers == 0 })
			case "a READY of 100 KiB, half of it":
				allow += conns * int64(2*len(wire)) // what has come must be kept
				until(t, patience, "all are there", func() bool { return p.tell().Peers == conns })
			default:
				until(t, patience, "all are ready", func() bool { return p.tell().Open == conns })
			}
			grown := p.resident() - before
			t.Logf("%d connections, %d bytes each: %.1f MiB", conns, len(wire), float64(grown)/(1<<20))
			if grown > allow && !raceEnabled {
				t.Errorf("at most %d MiB are allowed", allow>>20)
			}
			push := connected(t, zmq.NewPush(zmq.Config{Context: newContext(t)}), bound)
			must(t, push.Send(within(t), binary.BigEndian.AppendUint64(nil, 1)))
			until(t, patience, "a good client is served", func() bool { return p.tell().Received >= 1 })
		})
	}
}

// TestR4Strangers lets in strangers who say nothing, one byte a second, a greeting, or a HELLO, and good peers among them.
func TestR4Strangers(t *testing.T) {
	crowd, limit := 400, time.Second
	if *full {
		crowd, limit = 5000, 3*time.Second
	}
	for _, mechanism := range []string{"NULL", "CURVE-server"} {
		t.Run(mechanism, func(t *testing.T) {
			p := spawn(t, "server", serverRole{Type: "PULL", Endpoint: "tcp://127.0.0.1:*", Mechanism: mechanism,
				HandshakeTimeout: limit, MaxHandshakes: zmq.Unlimited})
			bound, before := p.tell().Bound, p.vitals()
			over := make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				defer close(over)
				standAround(t, bound, mechanism, crowd)
			})
			took := goodPeers(t, bound, mechanism, over)
			all.Wait()
			late := p.tell()
			gone := until(t, patience, "everybody has gone", func() bool {
				v := p.vitals()
				return v.Goroutines <= before.Goroutines && v.Descriptors <= before.Descriptors
			})
			r := monitor.ReasonHandshakeTimeout
			t.Logf("%d strangers, the last given up after %v; %d handshakes of good peers, p50 %v, p99 %v; all gone %v later, heap %+d KiB",
				crowd, late.Longest[r], len(took), took[len(took)/2], took[len(took)*99/100], gone, (p.vitals().Heap-before.Heap)>>10)
			if n := uint64(crowd); late.Ended[r] > n || late.Ended[r]+late.Lost < n || late.Shortest[r] < limit {
				t.Errorf("%d of %d were given up when their time was up, the first after %v: %v", late.Ended[r], crowd, late.Shortest[r], late.Ended)
			}
			most, slow := 5*limit, limit // a busy machine is no test
			if *full {
				most, slow = limit*12/10, 100*time.Millisecond
			}
			if late.Longest[r] > most || gone > 2*time.Second || took[len(took)*99/100] > slow {
				t.Errorf("allowed are %v, 2 s and %v", most, slow)
			}
		})
	}
}

// standAround is so many strangers, until each was hung up on.
func standAround(t *testing.T, bound, mechanism string, crowd int) {
	says := [][]byte{nil, {0xff}, spelled(t, "greeting", "PULL"), spelled(t, `greeting head:06:100 name:READY "x"`, "PULL")}
	opening := spelled(t, "greeting", "PULL")
	if mechanism == "CURVE-server" {
		hello, err := assault.NewSpeller(&assault.Input{Mechanism: mechanism}, "PULL").Spell([]string{"greeting", "curve.hello"})
		must(t, err)
		says, opening = [][]byte{nil, hello[:64], hello[:100], hello}, hello
	}
	var all sync.WaitGroup
	for i := range crowd {
		conn := passerby(t, bound, i)
		defer conn.Close()
		if i%5 == 4 {
			all.Go(func() { drip(conn, opening) })
		} else {
			conn.Write(says[i%5])
			all.Go(func() { io.Copy(io.Discard, conn) })
		}
	}
	all.Wait()
}

// drip says a byte a second, until nobody listens.
func drip(conn net.Conn, b []byte) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		io.Copy(io.Discard, conn)
	}()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for i := 0; ; i++ {
		conn.Write(b[i%len(b) : i%len(b)+1])
		select {
		case <-second.C:
		case <-gone:
			return
		}
	}
}

// goodPeers come one after the other until the strangers have gone, and says how long each took to be let in, sorted.
func goodPeers(t *testing.T, bound, mechanism string, over <-chan struct{}) (took []time.Duration) {
	t.Helper()
	x := newContext(t)
	for n := uint64(1); ; n++ {
		select {
		case <-over:
			slices.Sort(took)
			return took
		default:
		}
		cfg, err := security(opposite(mechanism))
		must(t, err)
		cfg.Context = x
		push := zmq.NewPush(cfg)
		began := time.Now()
		connect(t, push, bound)
		ready(t, push, 1)
		took = append(took, time.Since(began))
		must(t, push.Send(within(t), binary.BigEndian.AppendUint64(nil, 1)))
		must(t, push.Close())
	}
}

// TestR5Descriptors leaves a server 256 descriptors, and sends 1,000 strangers who stay.
func TestR5Descriptors(t *testing.T) {
	const limit, crowd = 256, 1000
	messages, look := uint64(10_000), time.Second
	if *full {
		messages, look = 1_000_000, 20*time.Second
	}
	p := spawn(t, "server", serverRole{Type: "PULL", Endpoint: "tcp://127.0.0.1:*", HandshakeTimeout: time.Hour, MaxHandshakes: zmq.Unlimited})
	bound := p.tell().Bound
	p.limit(limit)
	push := connected(t, zmq.NewPush(zmq.Config{Context: newContext(t)}), bound)
	ready(t, push, 1)
	var strangers []net.Conn
	for i := range crowd {
		conn := passerby(t, bound, i)
		defer conn.Close()
		strangers = append(strangers, conn)
	}
	until(t, patience, "it has no descriptors left", func() bool { return p.tell().Refused > 0 })
	told, cpu, began := p.tell().RefusedEvents, p.cpu(), time.Now()
	time.Sleep(look) // nothing happens, and that is what is measured
	spent, took := p.cpu()-cpu, time.Since(began)
	often := p.tell().RefusedEvents - told
	for i := range messages {
		must(t, push.Send(context.Background(), binary.BigEndian.AppendUint64(nil, i+1)))
	}
	until(t, time.Minute, "every message of the peer that was there has come", func() bool { return p.tell().Received >= messages })
	told = p.tell().RefusedEvents + 3
	until(t, patience, "it has just looked, and looks again as late as it ever does", func() bool { return p.tell().RefusedEvents >= told })
	began = time.Now()
	for _, conn := range strangers {
		conn.Close()
	}
	newcomer := connected(t, zmq.NewPush(zmq.Config{Context: newContext(t)}), bound)
	ready(t, newcomer, 1)
	again, last := time.Since(began), p.tell()
	t.Logf("%.1f %% of a processor for %v, %d accept_failed; a newcomer is let in %v after the strangers have gone",
		100*spent.Seconds()/took.Seconds(), took.Round(time.Millisecond), often, again.Round(time.Millisecond))
	if last.Received != messages || last.Wrong > 0 {
		t.Errorf("of %d messages %d came, %d out of turn", messages, last.Received, last.Wrong)
	}
	late := 3 * time.Second // a busy machine is no test
	if *full {
		late = time.Second
	}
	if float64(spent) > 0.05*float64(took) || often > 1+uint64(10*took.Seconds()) || again > late {
		t.Errorf("allowed are 5 %%, ten events a second, and %v", late)
	}
}

// TestR6SubscriptionFlood makes a publisher remember 8,000 topics of 500 bytes, and in full 80,000: 40 MB, which the caps allow.
func TestR6SubscriptionFlood(t *testing.T) {
	const size = 500
	const slack = 256 << 10 // what a publisher that has had a subscriber keeps
	topics := 8000
	if *full {
		topics = 80_000
	}
	floods := map[string]func(i int) []byte{
		"random topics": func(i int) []byte { return randomTopic(uint64(i), size) },
		"names":         func(i int) []byte { return fmt.Appendf(make([]byte, 0, size), "%-*s", size, fmt.Sprintf("md.%d.", i)) },
		"one topic":     func(int) []byte { return randomTopic(0, size) },
		"deep":          func(i int) []byte { return randomTopic(0, 1+i%size) },
	}
	for name, topic := range floods {
		t.Run(name, func(t *testing.T) {
			p := spawn(t, "server", serverRole{Type: "PUB", Endpoint: "tcp://127.0.0.1:*"})
			bound := p.tell().Bound
			conn := passerby(t, bound, 0)
			defer conn.Close()
			_, err := conn.Write(spelled(t, "peer", "PUB"))
			must(t, err)
			until(t, patience, "it is there", func() bool { return p.tell().Open == 1 })
			heap, before := p.vitals().Heap, p.resident()
			distinct, wire := map[string]bool{}, 0
			for i := range topics + 1 {
				b := topic(i)
				if i == topics {
					b = []byte("the last one") // the others may be known before all that say them again are read
				}
				distinct[string(b)] = true
				frame := appendFrame(nil, append([]byte{1}, b...))
				wire += len(frame)
				_, err := conn.Write(frame)
				must(t, err)
			}
			until(t, patience, "all are subscribed", func() bool { return p.tell().Subscribed == len(distinct) })
			grown, held := p.resident()-before, p.vitals().Heap-heap
			conn.Close()
			back := until(t, 10*time.Second, "what it took is given back", func() bool {
				return p.tell().Peers == 0 && p.vitals().Heap <= heap+held/10+slack
			})
			t.Logf("%d bytes of subscriptions: the process grew by %d KiB (%.1f times), of which %d are held (%.1f times); given back %v after the peer had gone",
				wire, grown>>10, float64(grown)/float64(wire), held>>10, float64(held)/float64(wire), back)
			if most := 4 * int64(wire); !raceEnabled && (held > most || grown > most+16<<20) { // the collector's own, in a process that has just begun
				t.Error("at most 4 times are allowed")
			}
		})
	}
}

func randomTopic(seed uint64, size int) []byte {
	r, b := rand.New(rand.NewPCG(seed, 1)), make([]byte, 0, size+8)
	for len(b) < size {
		b = binary.BigEndian.AppendUint64(b, r.Uint64())
	}
	return b[:size]
}

// appendFrame is a message of one frame, as ZMTP has it.
func appendFrame(dst, body []byte) []byte {
	if len(body) < 256 {
		dst = append(dst, 0, byte(len(body)))
	} else {
		dst = binary.BigEndian.AppendUint64(append(dst, 2), uint64(len(body)))
	}
	return append(dst, body...)
}
