package zmqtest

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// pair is a PUSH that has dialled a PULL, and the story of the PUSH.
func pair(t *testing.T, n *Network) (*zmq.Push, *zmq.Pull, *Recorder) {
	t.Helper()
	x := n.Context(t)
	pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
	if _, err := pull.Bind("tcp://hub:1"); err != nil {
		t.Fatal(err)
	}
	story := Record(t, push, monitor.Lifecycle)
	if err := push.Connect("tcp://hub:1"); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return push, pull, story
}

// Each way of breaking tells its own story.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(n *Network)
		want  []string
	}{
		"none": {func(*Network) {}, []string{
			"+0s connected tcp://hub:1 #1 attempt=1",
			"+0s handshake_succeeded tcp://hub:1 #1 peer=PULL",
		}},
		"refuse": {func(n *Network) { n.Refuse("tcp://hub:1", true) }, []string{
			"+0s connect_failed tcp://hub:1 attempt=1 reason=refused",
			"+0s closed tcp://hub:1 attempt=1",
			"+0s connect_retried tcp://hub:1 interval=100ms",
		}},
		"black hole": {func(n *Network) { n.BlackHole("tcp://hub:1", true) }, nil},
		"cut in the greeting": {func(n *Network) { n.CutAfter("tcp://hub:1", 10) }, []string{
			"+0s connected tcp://hub:1 #1 attempt=1",
			"+0s handshake_failed_no_detail tcp://hub:1 #1 who=network phase=greeting reason=reset",
			"+0s disconnected tcp://hub:1 #1 who=network phase=greeting reason=reset",
			"+0s connect_retried tcp://hub:1 interval=100ms",
		}},
		"a signature turned over": {func(n *Network) { n.Corrupt("tcp://hub:1", 0) }, []string{
			"+0s connected tcp://hub:1 #1 attempt=1",
			"+0s handshake_failed_no_detail tcp://hub:1 #1 who=peer phase=mechanism reason=eof_in_handshake",
			"+0s disconnected tcp://hub:1 #1 who=peer phase=mechanism reason=eof_in_handshake",
			"+0s connect_retried tcp://hub:1 interval=100ms",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := NewNetwork()
				c.fault(n)
				_, _, story := pair(t, n)
				// Whether the listener's greeting was read before the reset is the scheduler's choice.
				got := strings.ReplaceAll(story.Story(), "phase=mechanism reason=reset", "phase=greeting reason=reset")
				if want := strings.Join(c.want, "\n"); strings.TrimSpace(got) != want {
					t.Errorf("the story was\n%s\nwant\n%s", got, want)
				}
			})
		})
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		n.SetLatency(10 * time.Millisecond)
		_, _, story := pair(t, n)
		story.WaitFor(monitor.HandshakeSucceeded, 1)
		story.Want(
			"+20ms connected tcp://hub:1 #1 attempt=1",
			"+40ms handshake_succeeded tcp://hub:1 #1 peer=PULL",
		)
	})
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		_, _, story := pair(t, n)
		if cut := n.Reset("tcp://hub:1"); cut != 1 {
			t.Errorf("%d connections reset, want 1", cut)
		}
		if e := story.WaitFor(monitor.Disconnected, 1); !errors.Is(e.Err, syscall.ECONNRESET) {
			t.Errorf("disconnected: %v, want a reset", e.Err)
		}
	})
}

// A bind to the wildcard is reached by every name, and named by itself.
func TestWildcard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		x := n.Context(t)
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
		if bound, err := pull.Bind("tcp://*:5"); bound != "tcp://0.0.0.0:5" || err != nil {
			t.Fatalf("bound as %q, %v", bound, err)
		}
		if err := push.Connect("tcp://anyone:5"); err != nil {
			t.Fatal(err)
		}
		if err := push.WaitReady(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if cut := n.Reset("tcp://*:5"); cut != 1 {
			t.Errorf("%d connections reset, want 1", cut)
		}
	})
}

// A socket of another Context reaches the network through its own Config.
func TestNetworkOfASocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		_, pull, _ := pair(t, n)
		other := zmq.NewContext(zmq.ContextConfig{})
		defer other.Shutdown(zmq.NoWait)
		push := zmq.NewPush(zmq.Config{Context: other, Network: n.Network()})
		if err := push.Connect("tcp://hub:1"); err != nil {
			t.Fatal(err)
		}
		if err := pull.WaitReady(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMistakenEndpointPanics(t *testing.T) {
	for text, want := range map[string]string{
		"hub:1":        "no transport",
		"tcp://hub":    "no port",
		"inproc://hub": "no network carries inproc",
	} {
		got := func() (got string) {
			defer func() { got = fmt.Sprint(recover()) }()
			NewNetwork().Reset(text)
			return ""
		}()
		if !strings.HasPrefix(got, "zmqtest: ") || !strings.Contains(got, want) {
			t.Errorf("%s: panicked with %q, want %q in it", text, got, want)
		}
	}
}

// What the sockets open the Context closes; what the test leaves open fails it.
func TestLeaks(t *testing.T) {
	for name, c := range map[string]struct {
		leave func(t *testing.T, n *Network) (tidy func() error)
		want  []string
	}{
		"nothing": {func(*testing.T, *Network) func() error { return nil }, nil},
		"a listener": {func(t *testing.T, n *Network) func() error {
			l, err := n.Network().Listen(t.Context(), "tcp", "elsewhere:1")
			if err != nil {
				t.Fatal(err)
			}
			return l.Close
		}, []string{"1 listeners and 0 connections"}},
		"a connection": {func(t *testing.T, n *Network) func() error {
			c, err := n.Network().Dial(t.Context(), "tcp", "hub:1")
			if err != nil {
				t.Fatal(err)
			}
			return c.Close
		}, []string{"0 listeners and 1 connections"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, watched := NewNetwork(), &spy{}
				first, second := n.Context(watched), n.Context(watched) // ends first, and leaves the other's end of a connection
				pull, push := zmq.NewPull(zmq.Config{Context: first}), zmq.NewPush(zmq.Config{Context: second})
				pull.Bind("tcp://hub:1")
				push.Connect("tcp://hub:1")
				if err := pull.WaitReady(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				tidy := c.leave(t, n)
				watched.end()
				watched.wantFailures(t, c.want...)
				if tidy != nil {
					tidy()
				}
			})
		})
	}
}

// The Context ends its sockets: they need no Close of their own.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watched := &spy{}
		push := zmq.NewPush(zmq.Config{Context: NewNetwork().Context(watched)})
		push.Connect("tcp://nobody:1")
		push.Send(t.Context(), []byte("queued for ever"))
		watched.end()
		if err := push.Send(t.Context(), nil); !errors.Is(err, zmq.ErrTerminated) {
			t.Errorf("Send: %v, want ErrTerminated", err)
		}
		watched.wantFailures(t)
	})
}
