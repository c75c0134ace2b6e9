package zmqtest

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// stage is a Recorder whose events the test makes up.
func stage(tb testing.TB) (*monitor.Hub, *Recorder) {
	h := &monitor.Hub{SocketID: 1, SocketName: "a", SocketType: "PULL"}
	return h, record(tb, "a", time.Now(), h.Subscribe(monitor.All, 0), monitor.All)
}

func event(k monitor.Kind, c monitor.ConnID) *zmq.Event {
	return &zmq.Event{Kind: k, Conn: c, Endpoint: "tcp://hub:1", EndpointID: 1, Side: monitor.SideBind, FD: -1}
}

func TestWant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watched := &spy{}
		h, story := stage(watched)
		h.Emit(event(monitor.Listening, 0))
		time.Sleep(time.Second)
		h.Emit(event(monitor.Accepted, 7))
		story.Want("+0s listening tcp://hub:1", "+1s accepted tcp://hub:1 #1")
		story.Want()
		h.Emit(event(monitor.HandshakeSucceeded, 7))
		story.Want("+1s handshake_succeeded tcp://hub:1 #2")
		story.Want() // the difference is told once
		watched.end()
		watched.wantFailures(t, "the story of a was\n+1s handshake_succeeded tcp://hub:1 #1\nwant\n+1s handshake_succeeded tcp://hub:1 #2\n")
		if want := "+0s listening tcp://hub:1\n+1s accepted tcp://hub:1 #1\n+1s handshake_succeeded tcp://hub:1 #1\n"; story.Story() != want {
			t.Errorf("story:\n%swant\n%s", story.Story(), want)
		}
	})
}

func TestWaitFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watched := &spy{}
		h, story := stage(watched)
		h.Emit(event(monitor.Listening, 0))
		time.AfterFunc(time.Second, func() { h.Emit(event(monitor.Accepted, 7)) })
		time.AfterFunc(2*time.Second, func() { h.Emit(event(monitor.Accepted, 9)) })
		if e := story.WaitFor(monitor.Accepted|monitor.Disconnected, 2); e.Conn != 9 {
			t.Errorf("the second of them was connection %d, want 9", e.Conn)
		}
		watched.run(func() { story.WaitFor(monitor.Accepted, 3) })
		watched.wantFailures(t, "1m0s without 3 × accepted; the story of a:\n+0s listening")
		h.Close()
		watched.run(func() { story.WaitFor(monitor.Accepted, 3) })
		watched.wantFailures(t, "", "the story of a is at its end without 3 × accepted")
		if e := story.WaitFor(monitor.MonitorStopped, 1); e.SocketName != "a" {
			t.Errorf("the last event is of %q", e.SocketName)
		}
		watched.end()
	})
}

// A story that cannot be fails the test, also one that was long over.
func TestIllegalStoryFails(t *testing.T) {
	watched := &spy{}
	h, _ := stage(watched)
	h.Emit(event(monitor.Accepted, 7))
	h.Close()
	watched.end()
	watched.wantFailures(t, "the story of a cannot be: event 1 of the story (seq 1, accepted): endpoint 1 is new")
}

// What a mask hides is no mistake.
func TestCheckKnowsTheMask(t *testing.T) {
	watched := &spy{}
	h := &monitor.Hub{SocketID: 1}
	record(watched, "a", time.Now(), h.Subscribe(monitor.Accepted, 0), monitor.Accepted)
	h.Emit(event(monitor.Listening, 0))
	h.Emit(event(monitor.Accepted, 7))
	watched.end()
	watched.wantFailures(t)
}

// What was emitted before a call is in its answer, and the reader keeps up with a ring's worth again and again.
func TestNothingIsMissing(t *testing.T) {
	h, story := stage(t)
	const rounds, burst = 100, 200 // a ring keeps 256
	for i := range rounds {
		for range burst {
			h.Emit(event(monitor.CloseFailed, 0))
		}
		if got := len(story.Events()); got != (i+1)*burst {
			t.Fatalf("%d events, want %d", got, (i+1)*burst)
		}
	}
	if slices.ContainsFunc(story.Events(), func(e zmq.Event) bool { return e.Kind == monitor.Lost }) {
		t.Error("events were lost")
	}
}

// What fails names the socket: by its name, or else by its type and number.
func TestRecordNamesTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewNetwork().Context(t)
		named, plain := zmq.NewPull(zmq.Config{Context: x, Name: "orders"}), zmq.NewPull(zmq.Config{Context: x})
		for s, want := range map[zmq.Socket]string{named: "orders", plain: fmt.Sprintf("PULL %d", plain.ID())} {
			watched := &spy{}
			Record(watched, s, monitor.Lifecycle).Want("something")
			watched.wantFailures(t, "the story of "+want+" was\nwant\nsomething\n")
			watched.end()
		}
	})
}
