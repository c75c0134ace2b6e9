package zmq_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
)

// fuzzedTypes are the sockets that FuzzPeerBytes attacks.
var fuzzedTypes = []string{"PULL", "PAIR", "PUSH", "REP", "REQ"}

// FuzzPeerBytes lets a peer say anything, over a whole connection in memory: behind is what it says after an ordinary
// handshake, unless kind says that it is the first that it says; step is how many bytes arrive at a time. Whatever it is,
// nothing panics, what the program receives is what a simple reader of the same bytes finds, the story is legal and told
// in plain words, and a good peer is served afterwards. The list of hostile inputs is where it begins.
func FuzzPeerBytes(f *testing.F) {
	for _, in := range hostileInputs(f) {
		for _, typ := range in.Types {
			if in.Mechanism != "NULL" || !slices.Contains(fuzzedTypes, typ) {
				continue
			}
			speller := assault.NewSpeller(in, typ)
			var said []byte
			for _, s := range in.Steps {
				if s.Verb == ">" {
					b, _ := speller.Spell(s.Words)
					said = append(said, b...)
				}
			}
			if len(said) > 0 && len(said) <= 20_000 {
				kind := byte(2 * slices.Index(fuzzedTypes, typ))
				f.Add(kind+1, uint16(0), said)
				if peer := spelled(f, "peer", typ); len(said) > len(peer) && slices.Equal(said[:len(peer)], peer) {
					f.Add(kind, uint16(7), said[len(peer):])
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, step uint16, said []byte) {
		typ := fuzzedTypes[int(kind/2)%len(fuzzedTypes)]
		if kind%2 == 0 {
			said = append(spelled(t, "peer", typ), said...)
		}
		if len(said) > 1<<20 {
			return
		}
		size := int(step)
		if size == 0 || len(said)/size > 2000 { // so that an input takes milliseconds
			size = max(1, len(said))
		}
		synctest.Test(t, func(t *testing.T) { fuzzPeer(t, typ, size, said) })
	})
}

func fuzzPeer(t *testing.T, typ string, size int, said []byte) {
	n := zmqtest.NewNetwork()
	field := &field{n.Context(t), n.Network(), "tcp://hub:1", synctest.Wait, true}
	a := &raid{t: t, field: field, in: &assault.Input{Mechanism: "NULL"}, typ: typ, way: "memory written"}
	a.ours = field.socket(t, typ, zmq.Config{HandshakeTimeout: time.Second, MaxMessageSize: fuzzedMost, RecvHWM: recvMark(typ)})
	a.inbox = &inbox{socket: a.ours}
	story := zmqtest.Record(t, a.ours, monitor.Lifecycle|monitor.Flow)
	bindTo(t, a.ours, field.endpoint)
	conn, err := field.net.Dial(t.Context(), "tcp", "hub:1")
	must(t, err)
	attacker := &assault.Attack{In: a.in, Type: typ, Conn: conn, Patience: patience}
	attacker.Begin()
	for piece := range slices.Chunk(said, size) {
		if _, err := conn.Write(piece); err != nil {
			break
		}
		synctest.Wait()
	}
	time.Sleep(2 * time.Second) // what is still in its handshake is given up
	attacker.Close()
	synctest.Wait()
	a.in.Delivers = expected(typ, said)
	a.received()
	a.serve()
	must(t, a.ours.Shutdown(zmq.NoWait))
	events := story.Events()
	wantLegal(t, events)
	for _, e := range events {
		if e.Kind&(monitor.Failures|monitor.Disconnected) != 0 {
			wantWords(t, e)
		}
	}
}

// A word is a type, in any case, or it is not.
func FuzzParseType(f *testing.F) {
	for typ := zmq.PAIR; typ <= zmq.STREAM; typ++ {
		f.Add(typ.String())
		f.Add(strings.ToLower(typ.String()))
	}
	f.Add("")
	f.Add("HUB\x00")
	f.Fuzz(func(t *testing.T, word string) {
		typ, err := zmq.ParseType(word)
		if err == nil && !strings.EqualFold(typ.String(), word) {
			t.Fatalf("%q was read as %v", word, typ)
		}
		if err != nil && (!errors.Is(err, zmq.ErrInvalid) || len(err.Error()) > 200+4*len(word)) {
			t.Fatalf("%q: %v", word, err)
		}
	})
}

// recvMark lets everything in: what is held back by the mark is another test's.
func recvMark(typ string) int {
	if typ == "PUSH" {
		return 0
	}
	return zmq.Unlimited
}

const fuzzedMost = 50_000

// expected is what a simple reader, which has all the bytes at once, would deliver.
func expected(typ string, said []byte) (messages [][]string) {
	g, n, err := zmtp.ParseGreeting(said)
	if err != nil || n == 0 || g.Mechanism != "NULL" {
		return nil
	}
	var parts []string
	ready, total := false, 0
	for said = said[n:]; ; {
		h, n, err := zmtp.ParseHeader(said, 0)
		if err != nil || n == 0 || uint64(len(said)-n) < h.Size {
			return messages
		}
		body := said[n : n+int(h.Size)]
		said = said[n+int(h.Size):]
		switch {
		case !h.Command && !ready:
			return nil
		case h.Command:
			ok := false
			if ready, ok = obeyed(typ, ready, body); !ok {
				return messages
			}
		default:
			parts = append(parts, string(body))
			if total += len(body); total > fuzzedMost || len(parts) > 1<<16 {
				return messages
			}
			if !h.More {
				messages, parts, total = deliver(typ, messages, parts), nil, 0
			}
		}
	}
}

// obeyed says whether the connection outlives a command, and whether the peer is ready after it.
func obeyed(typ string, ready bool, body []byte) (readyNow, ok bool) {
	c, err := zmtp.ParseCommand(body)
	if err != nil || len(body) > 32<<10 && ready {
		return ready, false
	}
	switch {
	case !ready:
		m, err := zmtp.ParseMetadata(c.Data)
		return true, c.Name == zmtp.READY && err == nil && zmtp.CheckRemote(typ, m) == nil
	case c.Name == zmtp.READY || c.Name == zmtp.ERROR:
		return true, false
	case c.Name == zmtp.PING:
		_, err := zmtp.ParsePing(c.Data)
		return true, err == nil // its TTL is over when everything has been read: no time passes before
	}
	return true, true
}

// deliver adds a message as the pattern has it (RFC 28, 30, 31).
func deliver(typ string, messages [][]string, parts []string) [][]string {
	switch typ {
	case "PUSH", "REQ": // nobody has asked
		return messages
	case "REP":
		end := slices.Index(parts, "")
		if end < 0 || end == len(parts)-1 {
			return messages
		}
		parts = parts[end+1:]
	}
	return append(messages, parts)
}
