package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// M7: whatever order the four come to an end in, nothing is left: no goroutine (the bubble sees them all), and nothing
// open. Each ending may be called twice.
func TestM7AnyOrderOfEnding(t *testing.T) {
	for order := range permutations("socket", "monitor", "reader", "context") {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := zmqtest.NewNetwork()
				endings(t, n.Context(t), "tcp://hub:1", order)
			})
			before := descriptors()
			endings(t, newContext(t), "tcp://127.0.0.1:*", order)
			if after := descriptors(); after != before {
				t.Errorf("%d descriptors open before, %d after", before, after)
			}
		})
	}
}

// endings watches a socket in every form at once, and ends everything in that order.
func endings(t *testing.T, x *zmq.Context, at string, order []string) {
	pull, push, pair := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x}), zmq.NewPair(zmq.Config{Context: x})
	must(t, pull.Monitor("inproc://monitor", monitor.Classic))
	must(t, pair.Connect("inproc://monitor"))
	w, c := pull.Watch(monitor.All), pull.Watch(monitor.All)
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		for _, err := pair.Recv(context.Background()); err == nil; _, err = pair.Recv(context.Background()) {
		}
	})
	work.Go(func() {
		for range w.Events(context.Background()) {
		}
	})
	<-func() <-chan zmq.Event {
		bound, err := pull.Bind(at)
		must(t, err)
		must(t, push.Connect(bound))
		return c.C()
	}()
	pull.OnEvent(monitor.All, func(zmq.Event) {})
	must(t, push.WaitReady(t.Context(), 1))
	end := map[string]func(){
		"socket":  func() { pull.Close() },
		"monitor": func() { pull.Monitor("", 0) },
		"reader":  func() { pair.Close(); w.Close(); c.Close(); pull.OnEvent(0, nil) },
		"context": func() { x.Shutdown(zmq.NoWait) },
	}
	for _, what := range order {
		end[what]()
		end[what]()
	}
}

// permutations yields every order of its arguments.
func permutations(all ...string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		var pick func(rest, picked []string) bool
		pick = func(rest, picked []string) bool {
			if len(rest) == 0 {
				return yield(picked)
			}
			for i := range rest {
				if !pick(slices.Concat(rest[:i], rest[i+1:]), append(slices.Clone(picked), rest[i])) {
					return false
				}
			}
			return true
		}
		pick(all, nil)
	}
}

// descriptors counts what the process has open, 0 where the system does not say.
func descriptors() int {
	open, _ := os.ReadDir("/proc/self/fd")
	return len(open)
}

// M7 from inside a callback: everything may be ended there.
func TestM7EndingInsideACallback(t *testing.T) {
	for what, end := range map[string]func(x *zmq.Context, s zmq.Socket){
		"the callback": func(x *zmq.Context, s zmq.Socket) { s.OnEvent(0, nil) },
		"the monitor":  func(x *zmq.Context, s zmq.Socket) { s.Monitor("", 0) },
		"the socket":   func(x *zmq.Context, s zmq.Socket) { s.Close() },
		"the Context":  func(x *zmq.Context, s zmq.Socket) { x.Shutdown(zmq.NoWait) },
	} {
		t.Run(what, func(t *testing.T) {
			x := newContext(t)
			pull := zmq.NewPull(zmq.Config{Context: x})
			must(t, pull.Monitor("inproc://monitor", monitor.Classic))
			done := make(chan struct{})
			pull.OnEvent(monitor.Listening, func(zmq.Event) {
				end(x, pull)
				close(done)
			})
			if _, err := pull.Bind("tcp://127.0.0.1:*"); err != nil && !errors.Is(err, zmq.ErrClosed) && !errors.Is(err, zmq.ErrTerminated) {
				t.Fatal(err) // the callback may have ended the socket before Bind returned
			}
			promptly(t, "the callback", func() { <-done })
			promptly(t, "Close", func() { pull.Close() })
		})
	}
}
