package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// One message for many shares its large bodies: each of them receives it whole, also those that read late, when the publisher has long
// gone on, and used its memory for others.
func TestSharedBodies(t *testing.T) {
	p := startPeer(t)
	o, source := open(t, zmq.PUB, zmq.Config{SendHWM: zmq.Unlimited}), p.open(t, "PUSH", nil)
	in := open(t, zmq.PULL, zmq.Config{})
	join(t, in, source, true)
	there := o.bind(t, loopback)
	var subs []*socket
	for range 3 {
		s := p.open(t, "SUB", nil)
		s.subscribe(t, "shared")
		s.connect(t, there)
		subs = append(subs, s)
	}
	o.ready(t, len(subs))
	shapes := [][]int{{20}, {20, 1 << 20}, {10_000, 0, 10_000}, {1 << 20}, {8192, 8191}, {20, 300, 1 << 20, 20}}
	source.sendShapes(t, "shared", shapes)
	for i, sizes := range shapes {
		m := message("shared", i, sizes)
		o.send(t, m)
		for _, f := range m {
			clear(f) // they are ours again
		}
		if err := o.Socket.(zmq.Sender).SendMessage(within(t), in.recv(t)); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for _, m := range expectedShapes("shared", shapes) {
		want = append(want, m, m)
	}
	for i, s := range subs {
		same(t, fmt.Sprint("what subscriber ", i, " received"), s.recv(t, len(want)).done(t).Messages, want)
	}
}

// A subscriber that we dial dies, and another one, with other wishes, takes its place: it receives what it wants, and nothing of what the
// one before it wanted.
func TestTheirSubscriberRestarts(t *testing.T) {
	for _, typ := range []string{"SUB", "XSUB"} { // an XSUB would not filter again what is not for it
		t.Run(typ, func(t *testing.T) {
			there := freeEndpoint(t)
			o := open(t, zmq.XPUB, zmq.Config{ReconnectMin: 20 * time.Millisecond})
			o.connect(t, there)
			for life := range lives {
				p := startPeer(t)
				s := p.open(t, typ, nil)
				s.bind(t, there)
				mine := fmt.Sprint("life ", life)
				theirSubscriptions(t, s, true, mine)
				wantFrames(t, "what our XPUB received", o.show(t), "\x01"+mine)
				for other := range lives {
					o.put(t, fmt.Sprint("life ", other), "news")
				}
				wantFrames(t, "what they received", s.show(t), mine, "news")
				p.kill(t)
				o.await(t, monitor.Disconnected)
				wantFrames(t, "what our XPUB received", o.show(t), "\x00"+mine)
				o.put(t, mine, "to nobody")
			}
		})
	}
}

// What an XSUB says goes to all its publishers.
func TestUpstreamToAll(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.XSUB, zmq.Config{})
	var pubs []*socket
	for range 3 {
		s := p.open(t, "XPUB", nil)
		join(t, o, s, false)
		pubs = append(pubs, s)
	}
	o.ready(t, len(pubs))
	o.put(t, "\x01a")
	o.put(t, "hello", "all")
	o.put(t, "\x00a")
	for _, s := range pubs {
		wantFrames(t, "a subscription", s.show(t), "\x01a")
		wantFrames(t, "a message", s.show(t), "hello", "all")
		wantFrames(t, "an end", s.show(t), "\x00a")
	}
}

// Our REQ and DEALER ask one peer after the other, in turn, and what they answer comes back to who asked (RFC 28).
func TestAnswerersTakeTurns(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.REQ, zmq.DEALER} {
		t.Run(typ.String(), func(t *testing.T) {
			o := open(t, typ, zmq.Config{})
			var reps []*socket
			var echoes []*call
			const turns = 20
			for range 3 {
				s := p.open(t, "REP", nil)
				join(t, o, s, false)
				echoes = append(echoes, s.echo(t, turns))
				reps = append(reps, s)
			}
			o.ready(t, len(reps))
			conns := map[monitor.ConnID]int{}
			for i := range turns * len(reps) {
				question := []string{fmt.Sprint("question ", i)}
				if typ == zmq.DEALER {
					question = []string{"", question[0]}
				}
				o.put(t, question...)
				m := o.recv(t)
				if got := string(m.Body()); got != question[len(question)-1] {
					t.Fatalf("question %d is answered with %q", i, got)
				}
				if conns[m.Conn()]++; conns[m.Conn()] != i/len(reps)+1 {
					t.Fatalf("answer %d came from connection %d, of %v", i, m.Conn(), conns)
				}
			}
			for _, e := range echoes {
				e.done(t)
			}
		})
	}
}
