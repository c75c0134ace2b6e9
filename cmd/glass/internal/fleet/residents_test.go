package fleet

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Each of them does what it is there for: prices are dropped for the one who is slow, orders arrive, the archive knocks in vain;
// and when they have moved out nothing is left of them.
func TestResidents(t *testing.T) {
	defer goleak.VerifyNone(t)
	r, err := MoveIn(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	heard(t, r.Programs["market"], "prices", monitor.Dropped)
	heard(t, r.Programs["orders"], "archive", monitor.ConnectRetried)
	for name, x := range r.Programs {
		for _, s := range x.Sockets() {
			if s.Name() == "" || len(s.Name()) > Longest {
				t.Errorf("%s has a socket called %q", name, s.Name())
			}
			if len(s.State().Endpoints) == 0 {
				t.Errorf("%s of %s has no endpoint", s.Name(), name)
			}
		}
	}
	intake := socketOf(t, r.Programs["orders"], "intake")
	for limit := time.Now().Add(20 * time.Second); intake.State().MessagesIn == 0; {
		if time.Now().After(limit) {
			t.Fatal("no order arrives")
		}
		time.Sleep(time.Millisecond) // no event is told of a message
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func socketOf(t *testing.T, x *zmq.Context, name string) zmq.Socket {
	t.Helper()
	for _, s := range x.Sockets() {
		if s.Name() == name {
			return s
		}
	}
	t.Fatalf("no socket is called %s", name)
	return nil
}

// heard waits until an event of a kind has happened to a socket.
func heard(t *testing.T, x *zmq.Context, name string, k monitor.Kind) {
	t.Helper()
	sub := x.Watch(k)
	defer sub.Close()
	for e := range sub.Events(t.Context()) {
		if e.SocketName == name && e.Kind == k {
			return
		}
	}
	t.Fatalf("%s ended without %v", name, k)
}
