package interop

import (
	"fmt"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

const (
	lives  = 4   // how often a peer is killed, or closed, and comes back
	again  = 2   // how often when secured: a death, a new life, that is what a mechanism can spoil
	enough = 500 // messages, before the next blow
)

// killEach runs a test with messages that go many to a write, some, and one to many writes, whoever binds; and secured.
func killEach(t *testing.T, test func(t *testing.T, g guise, weBind bool, size, lives int)) {
	for _, size := range []int{10, 2000, 100_000} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) { test(t, guise{}, weBind, size, lives) })
		})
	}
	for _, g := range guises() {
		t.Run(g.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) { test(t, g, weBind, 2000, again) })
		})
	}
}

// A receiver is killed in the middle of a stream, and another takes its place. What is lost is one run of messages that
// its kernel and its queue had, and perhaps one that was cut in two: our events say how many had left us. What was
// queued for an endpoint that we dial waits for the next receiver; what was queued for a peer that had dialled us is
// dropped with it, and counted.
func TestKilledReceiver(t *testing.T) { killEach(t, killReceivers) }

func killReceivers(t *testing.T, g guise, weBind bool, size, lives int) {
	there := freeEndpoint(t)
	o := open(t, zmq.PUSH, g.config(zmq.Config{}))
	if weBind {
		o.bind(t, there)
	} else {
		o.connect(t, there)
	}
	stream := o.stream(t, "us", 0, size)
	due := 0 // the message that the next receiver must begin with
	for life := range lives {
		p := guarded(t)
		s := p.open(t, "PULL", g.theirs)
		if weBind {
			s.connect(t, there)
		} else {
			s.bind(t, there)
		}
		s.drain(t)
		awaitMany(t, s.took, enough, "a message")
		if life == lives-1 {
			n := stream.halt()
			s.took.last(t, "the last message", func(m taken) bool { return m.N == n-1 })
		}
		p.kill(t)
		end := o.await(t, monitor.Disconnected)
		first, next := run(t, "us", s.took.events())
		if first != due {
			t.Errorf("receiver %d began with message %d, not with %d", life, first, due)
		}
		due = first + int(end.MessagesOut+end.Unsent)
		if due < next || !weBind && end.Unsent > 1 {
			t.Errorf("receiver %d had messages %d to %d, but we say %d, and %d more lost: %v", life, first, next-1, end.MessagesOut, end.Unsent, end)
		}
		t.Logf("receiver %d took %d messages, lost %d (%d of them had not left us), ended by %s", life, next-first, due-next, end.Unsent, end.Reason)
	}
	if sent := stream.halt(); due != sent {
		t.Errorf("%d messages were queued, %d had left us", sent, due)
	}
}

// A sender is killed in the middle of a stream. What had arrived whole is delivered, and is what our event counts; the
// message that was cut is not.
func TestKilledSender(t *testing.T) { killEach(t, killSenders) }

func killSenders(t *testing.T, g guise, weBind bool, size, lives int) {
	there := freeEndpoint(t)
	o := open(t, zmq.PULL, g.config(zmq.Config{}))
	if weBind {
		o.bind(t, there)
	} else {
		o.connect(t, there)
	}
	arrived := o.drain(t)
	for life := range lives {
		p := guarded(t)
		s := p.open(t, "PUSH", g.theirs)
		if weBind {
			s.connect(t, there)
		} else {
			s.bind(t, there)
		}
		tag := fmt.Sprint("life ", life)
		s.stream(t, tag, size)
		awaitMany(t, arrived, enough, "a message")
		p.kill(t)
		end := o.await(t, monitor.Disconnected)
		arrived.last(t, "the last message", func(a arrival) bool { return a.conn == end.Conn && a.N == int(end.MessagesIn)-1 })
		if first, next := run(t, tag, over(arrived, end.Conn)); first != 0 || next != int(end.MessagesIn) {
			t.Errorf("messages %d to %d arrived, %d by our event", first, next-1, end.MessagesIn)
		}
	}
}

// We go away and come back, on the same port, with another socket. They dial until we are there again, and go on where
// our kernel and queue ended: one gap. A secured connection is shaken out anew each time, and both sides say so.
func TestOurReceiverRestarts(t *testing.T) {
	p := guarded(t)
	t.Run("NULL", func(t *testing.T) { restartReceivers(t, p, guise{}) })
	for _, g := range guises() {
		t.Run(g.name, func(t *testing.T) { restartReceivers(t, p, g) })
	}
}

func restartReceivers(t *testing.T, p *process, g guise) {
	there := freeEndpoint(t)
	s := p.open(t, "PUSH", g.options(options{"RECONNECT_IVL": 20}))
	s.connect(t, there)
	s.stream(t, "them", 100)
	due := 0
	for life := range lives {
		o := open(t, zmq.PULL, g.config(zmq.Config{}))
		o.bind(t, there)
		arrived := o.drain(t)
		s.ready(t, 1)
		awaitMany(t, arrived, enough, "a message")
		if err := o.Close(); err != nil {
			t.Errorf("we have nothing to send, and yet: %v", err)
		}
		conn := o.await(t, monitor.LocalClosed).Conn
		first, next := run(t, "them", over(arrived, conn))
		if first < due || life == 0 && first > 0 {
			t.Errorf("our socket %d began with message %d, the one before ended with %d", life, first, due-1)
		}
		t.Logf("our socket %d took %d messages; %d were lost before it", life, next-first, first-due)
		due = next
	}
}

// A sender of ours that closes has delivered everything, so that across restarts not one message is missing.
func TestOurSenderRestarts(t *testing.T) {
	p := guarded(t)
	t.Run("NULL", func(t *testing.T) { restartSenders(t, p, guise{}, lives) })
	for _, g := range guises() {
		t.Run(g.name, func(t *testing.T) { restartSenders(t, p, g, again) })
	}
}

func restartSenders(t *testing.T, p *process, g guise, lives int) {
	there := freeEndpoint(t)
	s := p.open(t, "PULL", g.options(options{"RECONNECT_IVL": 20}))
	s.connect(t, there)
	s.drain(t)
	n := 0
	for range lives {
		o := open(t, zmq.PUSH, g.config(zmq.Config{}))
		o.bind(t, there)
		stream := o.stream(t, "us", n, 100)
		s.took.await(t, "enough of our messages", func(m taken) bool { return m.N == n+enough })
		n = stream.halt()
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
	s.took.last(t, "the last message", func(m taken) bool { return m.N == n-1 })
	if first, next := run(t, "us", s.took.events()); first != 0 || next != n {
		t.Errorf("messages %d to %d arrived of %d", first, next-1, n)
	}
}
