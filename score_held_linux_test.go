package zmq_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// R9 and R13: a socket's life a million times, and thousands of connections for half an hour.

var (
	lasts = flag.Duration("for", 30*time.Minute, "how long R13 lasts with -full")
	many  = flag.Int("connections", 8000, "how many connections R13 holds with -full")
)

// TestR9Churn makes a client, sends a message and closes it, again and again, from four goroutines. Where the servers are takes
// turns over 127.0.0.0/8, or the ports of one address would be used up.
func TestR9Churn(t *testing.T) {
	cycles := uint64(4000)
	if *full {
		cycles = 1_000_000
	}
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	bound := bindTo(t, pull, "tcp://0.0.0.0:*")
	failures := pull.Watch(monitor.Failures)
	defer failures.Close()
	c := &churn{t: t, x: x, pull: pull, port: bound[len("tcp://0.0.0.0"):], seen: make([]bool, cycles)}
	before := vitalsNow()
	warm := cycles / 10
	c.turn(0, warm)
	c.settle(before)
	mid, began := vitalsNow(), time.Now()
	c.turn(warm, cycles)
	took := time.Since(began)
	c.settle(before)
	after := vitalsNow()
	t.Logf("%d cycles, %.0f a second; goroutines %d, %d; descriptors %d, %d; heap at the start, at a tenth, at the end: %d, %d, %d KiB",
		cycles, float64(cycles-warm)/took.Seconds(), before.Goroutines, after.Goroutines, before.Descriptors, after.Descriptors,
		before.Heap>>10, mid.Heap>>10, after.Heap>>10)
	if after.Heap-mid.Heap > 1<<20 {
		t.Errorf("the heap has grown by %d KiB in the last nine tenths, 1 MiB is allowed", (after.Heap-mid.Heap)>>10)
	}
	if e, ok := failures.Poll(); ok {
		t.Errorf("without a fault: %v", e)
	}
}

// A churn is what goes round.
type churn struct {
	t    *testing.T
	x    *zmq.Context
	pull *zmq.Pull
	port string
	seen []bool
}

// turn is the cycles from one number to another; each must bring its message, once.
func (c *churn) turn(from, to uint64) {
	c.t.Helper()
	var next atomic.Uint64
	next.Store(from)
	failed := make(chan error, 4)
	for range cap(failed) {
		go func() {
			for i := next.Add(1) - 1; i < to; i = next.Add(1) - 1 {
				if err := c.cycle(i); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var b zmq.Buffer
	for n := from; n < to; n++ {
		ctx, cancel := patient()
		must(c.t, c.pull.RecvInto(ctx, &b))
		cancel()
		if i := binary.BigEndian.Uint64(b.Body()); i < from || i >= to || c.seen[i] {
			c.t.Fatalf("message %d came twice, or out of nothing", i)
		} else {
			c.seen[i] = true
		}
	}
	for range cap(failed) {
		must(c.t, <-failed)
	}
}

func (c *churn) cycle(i uint64) error {
	push := zmq.NewPush(zmq.Config{Context: c.x})
	failures := push.Watch(monitor.Failures)
	defer failures.Close()
	where := [...]string{"1", "2", "3", "4", "5", "6", "7", "8"}
	if err := push.Connect("tcp://127.0.0." + where[i%8] + c.port); err != nil {
		return err
	}
	if err := push.Send(context.Background(), binary.BigEndian.AppendUint64(nil, i)); err != nil {
		return err
	}
	err := push.Close()
	if e, ok := failures.Poll(); ok && e.Kind != monitor.MonitorStopped {
		return fmt.Errorf("without a fault: %v", e)
	}
	return err
}

// settle waits until nothing is left but what was there before.
func (c *churn) settle(before vitals) {
	c.t.Helper()
	until(c.t, patience, "goroutines and descriptors are where they began", func() bool {
		return len(c.pull.State().Peers) == 0 && descriptors() <= before.Descriptors && vitalsNow().Goroutines <= before.Goroutines
	})
}

// A crowdRole is so many clients, each with a connection.
type crowdRole struct {
	Endpoint  string
	Clients   int
	Heartbeat time.Duration
}

// A march is what a crowd is asked to do, and what came of it.
type march struct {
	Lasts    time.Duration
	Messages int // a second, of all together
	Sent     uint64
	Breaks   uint64 // connections that ended, or did not come up
	First    string // of them
	Behind   time.Duration
}

func playCrowd(p *part) {
	var role crowdRole
	p.cast(&role)
	x := zmq.NewContext(zmq.ContextConfig{})
	breaks := x.Watch(monitor.Disconnected | monitor.ConnectFailed | monitor.HeartbeatTimeout)
	var clients []*zmq.Push
	p.obey(func(o order) (any, bool) {
		if o.Do == "come" {
			for range role.Clients {
				push := zmq.NewPush(zmq.Config{Context: x, HeartbeatInterval: role.Heartbeat})
				connect(p.t, push, role.Endpoint)
				ready(p.t, push, 1)
				clients = append(clients, push)
			}
			return nil, true
		}
		var m march
		p.read(o, &m)
		m.run(p.t, clients)
		for e, ok := breaks.Poll(); ok; e, ok = breaks.Poll() {
			if m.Breaks++; m.Breaks == 1 {
				m.First = e.String()
			}
		}
		return m, true
	})
}

// run sends in turns, every hundredth of a second what is due by then.
func (m *march) run(t *testing.T, clients []*zmq.Push) {
	const step = time.Second / 100
	beat := time.NewTicker(step)
	defer beat.Stop()
	began := time.Now()
	counts := make([]uint64, len(clients))
	for now := began; now.Sub(began) < m.Lasts; now = <-beat.C {
		m.Behind = max(m.Behind, time.Since(now))
		for due := uint64(float64(m.Messages) * time.Since(began).Seconds()); m.Sent < due; m.Sent++ {
			i := m.Sent % uint64(len(clients))
			counts[i]++
			body := binary.BigEndian.AppendUint64(make([]byte, 0, 16), counts[i])
			must(t, clients[i].Send(context.Background(), binary.BigEndian.AppendUint64(body, uint64(time.Now().UnixNano()))))
		}
	}
}

// TestR13LoadHeld holds connections that beat every second on both sides, and a stream of messages over all of them. None may
// be given up.
func TestR13LoadHeld(t *testing.T) {
	conns, m := 300, march{Lasts: 4 * time.Second, Messages: 3000}
	if *full {
		conns, m = *many, march{Lasts: *lasts, Messages: 10_000}
	}
	p := spawn(t, "server", serverRole{Type: "PULL", Endpoint: "tcp://127.0.0.1:*", Heartbeat: time.Second, MaxHandshakes: zmq.Unlimited})
	before := p.resident()
	crowd := spawn(t, "crowd", crowdRole{Endpoint: p.tell().Bound, Clients: conns, Heartbeat: time.Second})
	began := time.Now()
	crowd.ask("come", nil, nil)
	t.Logf("%d connections in %v", conns, time.Since(began))
	cpu := p.cpu() + crowd.cpu()
	crowd.ask("march", m, &m)
	cpu = p.cpu() + crowd.cpu() - cpu
	until(t, patience, "every message has come", func() bool { return p.tell().Received >= m.Sent })
	a := p.tell()
	t.Logf("%v, %d messages, %.0f a second; p50 under %v, p99 under %v; %d KiB a connection; %.0f %% of a processor; the clients were at most %v behind",
		m.Lasts, m.Sent, float64(m.Sent)/m.Lasts.Seconds(), a.percentile(50), a.percentile(99), (p.resident()-before)>>10/int64(conns),
		100*cpu.Seconds()/m.Lasts.Seconds(), m.Behind.Round(time.Millisecond))
	if m.Breaks > 0 || len(a.Ended) > 0 || a.Open != conns {
		if late := max(m.Behind, a.percentile(100)); late > time.Second/2 { // the limit is a second
			t.Logf("one of the processes did nothing for up to %v: it was silent, and who gives it up is right", late)
			if !*full {
				t.Skip("this machine is too busy to tell")
			}
		}
		t.Errorf("%d connections of %d are left; the server lost %v; of the clients' %d breaks the first was %s", a.Open, conns, a.Ended, m.Breaks, m.First)
	}
	if a.Received != m.Sent || a.Wrong > 0 {
		t.Errorf("%d messages were sent, %d came, %d out of turn", m.Sent, a.Received, a.Wrong)
	}
}

// percentile is what so many of a hundred messages took at most, to the next power of two.
func (a *account) percentile(p uint64) time.Duration {
	all, n := uint64(0), uint64(0)
	for _, c := range a.Delay {
		all += c
	}
	for i, c := range a.Delay {
		if n += c; n*100 >= all*p {
			return time.Microsecond << i
		}
	}
	return 0
}

// TestR13Paused stops a process that beats, for longer than it lets others be silent, and lets it go on: what has come meanwhile is
// read before anybody is judged, and nobody is given up. Machines do that too, when they are moved or short of processors.
func TestR13Paused(t *testing.T) {
	const beat = 100 * time.Millisecond
	p := spawn(t, "server", serverRole{Type: "PULL", Endpoint: "tcp://127.0.0.1:*", Heartbeat: beat})
	crowd := spawn(t, "crowd", crowdRole{Endpoint: p.tell().Bound, Clients: 50})
	crowd.ask("come", nil, nil)
	for range often(5, 100) {
		p.signal(syscall.SIGSTOP)
		time.Sleep(3 * beat)
		p.signal(syscall.SIGCONT)
		time.Sleep(2 * beat) // it beats, and judges
	}
	if a := p.tell(); len(a.Ended) > 0 || a.Open != 50 {
		t.Errorf("%d of 50 connections are left; it gave up %v", a.Open, a.Ended)
	}
}
