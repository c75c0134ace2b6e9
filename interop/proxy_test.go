package interop

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
)

// Sockets of libzmq on both sides of a proxy of ours. device_test.go has it the other way round.

// ourProxy is a proxy that is not yet running, and where its sockets are bound.
func ourProxy(t *testing.T, front, back zmq.Type) (p *zmq.Proxy, frontAt, backAt string) {
	t.Helper()
	f, b := open(t, front, zmq.Config{SendHWM: orNone(front)}), open(t, back, zmq.Config{SendHWM: orNone(back)})
	return &zmq.Proxy{Front: f.Socket, Back: b.Socket}, f.bind(t, loopback), b.bind(t, loopback)
}

// orNone is no mark, but for types that do not send.
func orNone(typ zmq.Type) int {
	if typ == zmq.PULL {
		return 0
	}
	return zmq.Unlimited
}

// runProxy runs p until stop, which checks that nothing else has ended it.
func runProxy(t *testing.T, p *zmq.Proxy) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(cancel)
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("Run: %v", err)
		}
	}
}

// Their publishers and subscribers meet at a forwarder of ours. The publishers are XPUBs, which hear of subscriptions: that
// is how the test knows when one has arrived.
func TestOurForwarder(t *testing.T) {
	peer := startPeer(t)
	p, frontAt, backAt := ourProxy(t, zmq.XSUB, zmq.XPUB)
	stop := runProxy(t, p)
	var pubs, subs []*socket
	for range 2 {
		pub, sub := peer.open(t, "XPUB", nil), peer.open(t, "SUB", nil)
		pub.connect(t, frontAt)
		sub.connect(t, backAt)
		pubs, subs = append(pubs, pub), append(subs, sub)
	}
	heard := func(want ...string) {
		t.Helper()
		for _, pub := range pubs {
			for _, s := range want {
				wantFrames(t, "what an XPUB of theirs heard", pub.show(t), s)
			}
		}
	}
	subs[0].subscribe(t, "a")
	heard("\x01a")
	subs[1].subscribe(t, "b", "a") // "a" is known upstream
	heard("\x01b")
	for i, pub := range pubs {
		for _, topic := range []string{"a", "none", "b"} {
			pub.put(t, topic, fmt.Sprint(i))
		}
	}
	receives := func(who int, topics ...string) {
		t.Helper()
		var got []string
		for range len(pubs) * len(topics) {
			got = append(got, strings.Join(subs[who].show(t), " "))
		}
		var want []string
		for i := range pubs {
			for _, topic := range topics {
				want = append(want, fmt.Sprint(topic, " ", i))
			}
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("subscriber %d received %q, want %q", who, got, want)
		}
	}
	receives(0, "a")
	receives(1, "a", "b")
	subs[1].close(t) // its last messages were "a" and "b"; nobody wants "b" any more
	heard("\x00b")
	stop()
	if front, back := p.Stats(); front.MessagesIn != 4 || back.MessagesIn != 3 {
		t.Errorf("%d messages came down, want 4; %d subscriptions went up, want 3", front.MessagesIn, back.MessagesIn)
	}
}

// Requests of theirs pass a queue of ours on the way to workers of theirs, and the answers find who asked.
func TestOurQueue(t *testing.T) {
	peer := startPeer(t)
	p, frontAt, backAt := ourProxy(t, zmq.ROUTER, zmq.DEALER)
	stop := runProxy(t, p)
	const asking, each = 4, 100
	var echoes []*call
	for range 2 {
		worker := peer.open(t, "REP", nil)
		worker.connect(t, backAt)
		echoes = append(echoes, worker.echo(t, asking*each/2))
	}
	if err := p.Back.WaitReady(within(t), 2); err != nil {
		t.Fatal(err)
	}
	var asked []*call
	shapes := slices.Repeat([][]int{{30, 0, 500}, {1}, {0, 0}, {100_000}}, each/4)
	for who := range asking {
		asker := peer.open(t, "REQ", nil)
		asker.connect(t, frontAt)
		asked = append(asked, asker.converse(t, fmt.Sprint("asker ", who), shapes))
	}
	for who, c := range asked {
		same(t, "the answers", c.done(t).Messages, expectedShapes(fmt.Sprint("asker ", who), shapes))
	}
	for _, echo := range echoes { // a DEALER takes turns, and has both from the start
		echo.done(t)
	}
	stop()
	if front, back := p.Stats(); front.MessagesIn != asking*each || front.MessagesOut != asking*each || back != (zmq.ProxyStats{
		MessagesIn: front.MessagesOut, MessagesOut: front.MessagesIn, BytesIn: front.BytesOut, BytesOut: front.BytesIn}) {
		t.Errorf("%+v and %+v, want %d questions and answers", front, back, asking*each)
	}
}

// A stream of theirs passes a streamer of ours, which a REQ of theirs pauses and resumes, and which is ended and started:
// every message comes, once, in its order.
func TestOurStreamerSteeredByThem(t *testing.T) {
	peer := startPeer(t)
	p, frontAt, backAt := ourProxy(t, zmq.PULL, zmq.PUSH)
	control := open(t, zmq.REP, zmq.Config{})
	p.Control = control.Socket
	push, pull, req := peer.open(t, "PUSH", nil), peer.open(t, "PULL", nil), peer.open(t, "REQ", nil)
	push.connect(t, frontAt)
	pull.connect(t, backAt)
	req.connect(t, control.bind(t, loopback))
	order := func(command string) []string {
		t.Helper()
		req.put(t, command)
		return req.show(t)
	}
	stop := runProxy(t, p)
	streaming, draining := push.stream(t, "streamed", 200), pull.drain(t)
	for range 5 {
		pull.took.await(t, "a message", func(taken) bool { return true })
		wantFrames(t, "the answer to PAUSE", order("PAUSE"), "")
		before := order("STATISTICS")
		if after := order("STATISTICS"); !slices.Equal(after, before) || len(after) != 8 {
			t.Errorf("paused, the numbers were %q, and then %q", before, after)
		}
		stop()
		stop = runProxy(t, p)
		wantFrames(t, "the answer to RESUME", order("RESUME"), "")
	}
	push.stop(t)
	sent := streaming.done(t).Count
	pull.took.await(t, "the last message", func(m taken) bool { return m.N == sent-1 })
	pull.stop(t)
	draining.done(t)
	for n, m := range pull.took.events() {
		if m.N != n || m.Torn != "" {
			t.Fatalf("message %d: %+v", n, m)
		}
	}
}

// The same messages through a proxy of theirs and through one of ours make the same numbers.
func TestStatistics(t *testing.T) {
	peer := startPeer(t)
	end := func(typ string) args { return args{"type": typ, "endpoint": loopback, "options": options{}} }
	theirs := peer.tell(t, "", "proxy", args{"front": end("ROUTER"), "back": end("DEALER"), "control": end("PAIR")}).done(t).Endpoints
	p, frontAt, backAt := ourProxy(t, zmq.ROUTER, zmq.DEALER)
	control := open(t, zmq.PAIR, zmq.Config{})
	p.Control = control.Socket
	controlAt := control.bind(t, loopback)
	runProxy(t, p)
	numbers := func(front, back, control string) []string {
		t.Helper()
		client, worker, command := open(t, zmq.DEALER, zmq.Config{RoutingID: "client"}), open(t, zmq.DEALER, zmq.Config{}), open(t, zmq.PAIR, zmq.Config{})
		client.connect(t, front)
		worker.connect(t, back)
		command.connect(t, control)
		for _, m := range [][]string{{"question"}, {"a", "", "question"}, {""}} {
			client.put(t, m...)
			wantFrames(t, "the question", worker.show(t), slices.Concat([]string{"client"}, m)...)
		}
		worker.put(t, "client", "an", "answer")
		wantFrames(t, "the answer", client.show(t), "an", "answer")
		command.put(t, "STATISTICS")
		return command.show(t)
	}
	got, want := numbers(frontAt, backAt, controlAt), numbers(theirs[0], theirs[1], theirs[2])
	if !slices.Equal(got, want) {
		t.Errorf("ours %d\ntheirs %d", decoded(got), decoded(want))
	}
	t.Logf("both say %d", decoded(want))
}

func decoded(frames []string) (numbers []uint64) {
	for _, f := range frames {
		if len(f) != 8 {
			return nil
		}
		numbers = append(numbers, binary.NativeEndian.Uint64([]byte(f)))
	}
	return numbers
}
