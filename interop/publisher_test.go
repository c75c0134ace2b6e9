package interop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// publishAt makes this program a publisher of ours that lives until it is killed, and nothing else.
const publishAt = "ZMQ_INTEROP_PUBLISH_AT"

func TestMain(m *testing.M) {
	if there := os.Getenv(publishAt); there != "" {
		fmt.Fprintln(os.Stderr, publish(there))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// publish publishes two streams, one of which nobody wants.
func publish(there string) error {
	o := zmq.NewPub(zmq.Config{})
	if _, err := o.Bind(there); err != nil {
		return err
	}
	n := 0
	for range time.Tick(time.Millisecond) {
		for _, tag := range []string{"unwanted", "wanted"} {
			if err := o.Send(context.Background(), sequel(tag, n, 10)...); err != nil {
				return err
			}
		}
		n++
	}
	return nil
}

// startPublisher starts one, in a process that can be killed.
func startPublisher(t *testing.T, there string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), publishAt+"="+there), os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dead bool
	kill = func() {
		if !dead {
			dead = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(kill)
	return kill
}

// Our publisher is killed and comes back, more than once: who had subscribed receives again, without a word of its program, and
// only what it wanted.
func TestOurPublisherIsKilled(t *testing.T) {
	p := startPeer(t)
	there := freeEndpoint(t)
	s := p.open(t, "SUB", options{"RECONNECT_IVL": 20})
	s.subscribe(t, "wanted")
	s.connect(t, there)
	s.drain(t)
	for range lives {
		kill := startPublisher(t, there)
		s.ready(t, 1)
		awaitMany(t, s.took, 100, "a message")
		kill()
		s.await(t, monitor.Disconnected)
	}
	for _, m := range s.took.events() {
		if m.Torn != "" || m.Tag != "wanted" {
			t.Fatalf("they received %+v", m)
		}
	}
}

// Their publisher is, and the same with us.
func TestTheirPublisherIsKilled(t *testing.T) {
	for _, typ := range []string{"PUB", "XPUB"} {
		t.Run(typ, func(t *testing.T) {
			there := freeEndpoint(t)
			o := open(t, zmq.SUB, zmq.Config{ReconnectMin: 20 * time.Millisecond, RecvHWM: zmq.Unlimited})
			o.subscribe(t, "wanted", "call", "no more")
			o.unsubscribe(t, "no more")
			o.connect(t, there)
			for life := range lives {
				p := startPeer(t)
				s := p.open(t, typ, options{"SNDHWM": 0})
				s.bind(t, there)
				o.await(t, monitor.HandshakeSucceeded)
				heard(t, o, s, fmt.Sprint("call ", life))
				s.put(t, "no more")
				s.put(t, "wanted", fmt.Sprint(life))
				wantFrames(t, "what we received", o.show(t), "wanted", fmt.Sprint(life))
				p.kill(t)
				if e := o.await(t, monitor.Disconnected); e.Endpoint != there {
					t.Errorf("we say of it: %v", e)
				}
			}
		})
	}
}

// With these little fits between two sockets.
var (
	tight      = zmq.Config{SendHWM: 10, SendBuffer: 4096}
	theirTight = options{"SNDHWM": 10, "SNDBUF": 4096, "RCVHWM": 10, "RCVBUF": 4096}
)

// A subscriber of theirs that reads nothing loses messages, and is told of by name; another one, at the same publisher, misses none.
func TestASlowSubscriber(t *testing.T) {
	for _, typ := range []zmq.Type{zmq.PUB, zmq.XPUB} {
		t.Run(typ.String(), func(t *testing.T) {
			o := open(t, typ, tight)
			there := o.bind(t, loopback)
			slow, fast := startPeer(t).open(t, "SUB", theirTight), startPeer(t).open(t, "SUB", nil)
			var conns []monitor.ConnID
			for _, s := range []*socket{slow, fast} {
				s.subscribe(t, "")
				s.connect(t, there)
				conns = append(conns, o.await(t, monitor.HandshakeSucceeded).Conn)
			}
			o.ready(t, 2)
			fast.drain(t)
			const n, size = 400, 10_000
			for i := range n {
				o.send(t, sequel("tick", i, size))
				fast.took.await(t, "the next message", func(m taken) bool { return m.N == i })
			}
			if first, next := run(t, "tick", fast.took.events()); first != 0 || next != n {
				t.Errorf("of %d messages the fast one received %d to %d", n, first, next-1)
			}
			lost := dropped(o, conns[0])
			if e := o.await(t, monitor.Dropped); e.Conn != conns[0] || lost == 0 || lost >= n || dropped(o, conns[1]) != 0 {
				t.Errorf("%d were dropped for the slow one, %d for the fast one: %v", lost, dropped(o, conns[1]), e)
			}
			slow.drain(t)
			awaitMany(t, slow.took, n-lost, "a message")
			o.send(t, sequel("tick", n, size)) // there is room again
			slow.took.last(t, "the next message", func(m taken) bool { return m.N == n })
			increasing(t, slow.took.events())
		})
	}
}

// dropped is how many messages were, for one peer.
func dropped(o *ours, conn monitor.ConnID) int {
	for _, peer := range o.State().Peers {
		if peer.Conn == conn {
			return int(peer.Dropped)
		}
	}
	return -1
}

// increasing fails the test unless the messages are whole and in order; there may be gaps.
func increasing(t *testing.T, messages []taken) {
	t.Helper()
	last := -1
	for _, m := range messages {
		if m.Torn != "" || m.N <= last {
			t.Fatalf("after message %d came %+v", last, m)
		}
		last = m.N
	}
}

// A publisher that must not drop waits for the slow one.
func TestNothingIsDroppedForThem(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.PUB, zmq.XPUB} {
		t.Run(typ.String(), func(t *testing.T) {
			cfg := tight
			cfg.XPubNoDrop = true
			o, s := open(t, typ, cfg), p.open(t, "SUB", theirTight)
			s.subscribe(t, "")
			join(t, o, s, true)
			o.ready(t, 1)
			stream := o.stream(t, "all", 0, 10_000)
			o.await(t, monitor.QueueFull)
			if err := o.Socket.(zmq.Sender).Send(zmq.NoWait, []byte("too much")); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("while the queue is full: %v", err)
			}
			s.drain(t)
			awaitMany(t, s.took, enough, "a message")
			n := stream.halt()
			s.took.last(t, "the last message", func(m taken) bool { return m.N == n-1 })
			if first, next := run(t, "all", s.took.events()); first != 0 || next != n {
				t.Errorf("of %d messages they received %d to %d", n, first, next-1)
			}
			o.none(t, monitor.Dropped)
		})
	}
}

// Theirs waits for us.
func TestNothingIsDroppedForUs(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.SUB, zmq.Config{RecvHWM: 10, RecvBuffer: 4096}), p.open(t, "XPUB", options{"XPUB_NODROP": 1, "SNDHWM": 10, "SNDBUF": 4096})
	o.subscribe(t, "")
	join(t, o, s, true)
	wantFrames(t, "what their XPUB received", s.show(t), "\x01")
	body := strings.Repeat("x", 10_000)
	sent, why := 0, ""
	for began := time.Now(); why == "" || sent < 20 && time.Since(began) < 10*time.Second; { // libzmq's own queue is full before its I/O thread has looked
		if why = now(t, s, fmt.Sprint(sent), body); why == "" {
			sent++
		}
	}
	if !strings.Contains(why, "temporarily unavailable") || sent < 20 {
		t.Fatalf("after %d messages: %s", sent, why)
	}
	for i := range sent {
		wantFrames(t, "what we received", o.show(t), fmt.Sprint(i), body)
	}
	s.put(t, "room again")
	wantFrames(t, "what we received", o.show(t), "room again")
}
