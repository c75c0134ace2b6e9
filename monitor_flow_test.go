package zmq_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What the Flow events promise: queues that are full, messages that are dropped. The stories queue_full, late_reply and
// reply_to_nobody have the plain cases; here are the rates, the sums, and what must not be told.

// A rig is a bubble's network with a Context.
type rig struct {
	t *testing.T
	x *zmq.Context
}

// rigged runs f in a bubble, once for each transport.
func rigged(t *testing.T, f func(r *rig, endpoint string)) {
	t.Helper()
	for _, endpoint := range []string{"tcp://hub:1", "inproc://hub"} {
		t.Run(endpoint, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(&rig{t, zmqtest.NewNetwork().Context(t)}, endpoint) })
		})
	}
}

// join binds a and connects b, and waits until they have each other.
func (r *rig) join(endpoint string, a, b zmq.Socket) {
	r.t.Helper()
	_, err := a.Bind(endpoint)
	must(r.t, err)
	r.meet(endpoint, b)
	synctest.Wait()
}

func (r *rig) meet(endpoint string, b zmq.Socket) {
	r.t.Helper()
	must(r.t, b.Connect(endpoint))
	synctest.Wait()
	if len(b.State().Peers) == 0 {
		r.t.Fatalf("%v has no peer", b.Type())
	}
}

// flow is the Flow part of a story.
func flow(story *zmqtest.Recorder) []zmq.Event {
	return slices.DeleteFunc(story.Events(), func(e zmq.Event) bool { return e.Kind&monitor.Flow == 0 })
}

// counted sums what Dropped events say, by connection and reason, and holds their rate against the promise.
func counted(t *testing.T, events []zmq.Event) map[string]uint64 {
	t.Helper()
	sums, last := map[string]uint64{}, map[string]time.Time{}
	for _, e := range events {
		if e.Kind != monitor.Dropped {
			continue
		}
		key := fmt.Sprintf("%d %s", e.Conn, e.Reason)
		if gap := e.Time.Sub(last[key]); gap < time.Second {
			t.Errorf("%v comes %v after the one before it", e, gap)
		}
		if e.Why() == "" || e.Hint() == "" || e.Who == "" {
			t.Errorf("%v: who %q, why %q, hint %q", e, e.Who, e.Why(), e.Hint())
		}
		sums[key] += e.Count
		last[key] = e.Time
	}
	return sums
}

// brim sends until somebody would have to wait, as far as the network's own buffers go.
func brim(t *testing.T, s zmq.Sender) (n int) {
	t.Helper()
	for err := error(nil); err == nil; n++ {
		err = s.Send(zmq.NoWait, make([]byte, 32<<10))
		synctest.Wait()
	}
	return n - 1
}

// A queue that is full again and again is told of once a second at most, and full and drained take turns.
func TestFlowPairsAreRare(t *testing.T) {
	rigged(t, func(r *rig, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: r.x, RecvHWM: 1}), zmq.NewPush(zmq.Config{Context: r.x, SendHWM: 2})
		r.join(endpoint, pull, push)
		story := zmqtest.Record(r.t, push, monitor.All)
		const rounds, stuck, free = 40, 203 * time.Millisecond, 104 * time.Millisecond // never at the moment when the queues are looked at
		for range rounds {
			n := brim(r.t, push)
			time.Sleep(stuck)
			recvAll(r.t, pull, n)
			time.Sleep(free)
		}
		events, seconds := flow(story), int(rounds*(stuck+free)/time.Second)
		if len(events) < 2*(seconds-3) || len(events) > 2*(seconds+1) {
			r.t.Errorf("%d events in %d s:\n%s", len(events), seconds, storyText(events))
		}
		for i, e := range events {
			want, conn := monitor.QueueFull, push.State().Peers[0].Conn
			if i%2 == 1 {
				want = monitor.QueueDrained
			}
			switch {
			case e.Kind != want || e.Conn != conn:
				r.t.Fatalf("event %d is %v, want %v of connection %d", i, e, want, conn)
			case want == monitor.QueueFull && e.QueueOut < 2, want == monitor.QueueDrained && e.QueueOut != 0:
				r.t.Errorf("%v: %d messages wait", e, e.QueueOut)
			case want == monitor.QueueDrained && (e.Duration-stuck).Abs() > 100*time.Millisecond: // that is how often the queues are looked at
				r.t.Errorf("%v: full for %v", e, e.Duration)
			}
		}
	})
}

// A sender that always waits, for a receiver that always reads, is in no trouble: that is what marks are for.
func TestFlowKnowsBusyFromStuck(t *testing.T) {
	rigged(t, func(r *rig, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: r.x, RecvHWM: 1}), zmq.NewPush(zmq.Config{Context: r.x, SendHWM: 1})
		r.join(endpoint, pull, push)
		story := zmqtest.Record(r.t, push, monitor.All)
		var sender sync.WaitGroup
		sender.Go(func() {
			for push.Send(r.t.Context(), make([]byte, 64<<10)) == nil {
			}
		})
		for range 200 {
			time.Sleep(33 * time.Millisecond) // never at the moment when the queues are looked at
			recvAll(r.t, pull, 1)
		}
		if events := flow(story); len(events) > 0 {
			r.t.Errorf("told:\n%s", storyText(events))
		}
		push.Shutdown(zmq.NoWait)
		sender.Wait()
	})
}

// Whoever comes to watch when the queue has long been full hears of it too.
func TestFlowIsToldToWhoComesLate(t *testing.T) {
	rigged(t, func(r *rig, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: r.x, RecvHWM: 1}), zmq.NewPush(zmq.Config{Context: r.x, SendHWM: 2})
		r.join(endpoint, pull, push)
		brim(r.t, push)
		time.Sleep(time.Hour)
		for name, watch := range map[string]func() *monitor.Subscription{
			"Watch":         func() *monitor.Subscription { return push.Watch(monitor.All) },
			"WatchState":    func() *monitor.Subscription { _, w := push.WatchState(monitor.All); return w },
			"Context.Watch": func() *monitor.Subscription { return r.x.Watch(monitor.All) },
		} {
			w, before := watch(), time.Now()
			e, err := w.Next(r.t.Context())
			if took := time.Since(before); err != nil || e.Kind != monitor.QueueFull || took > 200*time.Millisecond {
				r.t.Errorf("%s: after %v, %v, %v", name, took, e, err)
			}
			w.Close()
			time.Sleep(2 * time.Second) // by then it is forgotten
		}
	})
}

// A PUB drops for the subscriber that does not read, says for whom and how many, and the other one gets everything.
func TestFlowOfASlowSubscriber(t *testing.T) {
	rigged(t, func(r *rig, endpoint string) {
		t := r.t
		pub := zmq.NewPub(zmq.Config{Context: r.x, SendHWM: 5})
		slow, good := zmq.NewSub(zmq.Config{Context: r.x, Subscribe: []string{""}, RecvHWM: 5}), zmq.NewSub(zmq.Config{Context: r.x, Subscribe: []string{""}})
		r.join(endpoint, pub, slow)
		story := zmqtest.Record(t, pub, monitor.All)
		r.meet(endpoint, good)
		const messages = 350
		for range messages {
			must(t, pub.Send(zmq.NoWait, make([]byte, 64<<10)))
			synctest.Wait()
			recvAll(t, good, 1)
			time.Sleep(10 * time.Millisecond)
		}
		var of monitor.PeerState
		for _, p := range pub.State().Peers {
			if p.Dropped > 0 {
				of = p
			}
		}
		must(t, slow.Close()) // the last second's are told before its end
		synctest.Wait()
		events := flow(story)
		sums := counted(t, slices.DeleteFunc(slices.Clone(events), func(e zmq.Event) bool { return e.Seq > last(story, monitor.Disconnected)-2 }))
		key := fmt.Sprintf("%d hwm", of.Conn)
		if len(sums) != 1 || sums[key] == 0 {
			t.Errorf("dropped: %v, want only %s", sums, key)
		}
		total := uint64(0)
		for _, e := range events {
			total += e.Count
		}
		if total != of.Dropped || total != pub.State().Dropped || total < messages/2 {
			t.Errorf("the events count %d, the peer %d, the socket %d, of %d messages", total, of.Dropped, pub.State().Dropped, messages)
		}
		if n := len(events); events[0].Kind != monitor.Dropped && events[0].Kind != monitor.QueueFull || n > 1+5 {
			t.Errorf("%d events:\n%s", n, storyText(events))
		}
	})
}

// last is the number of the last event of a kind.
func last(story *zmqtest.Recorder, k monitor.Kind) (seq uint64) {
	for _, e := range story.Events() {
		if e.Kind == k {
			seq = e.Seq
		}
	}
	return seq
}

// A ROUTER's messages to peers that are not there are dropped, and counted, for nobody.
func TestFlowWithoutARoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		router := zmq.NewRouter(zmq.Config{Context: x})
		for range 7 { // nobody watches: nobody is told, then or later
			must(t, router.Send(zmq.NoWait, []byte("nobody"), []byte("hello")))
		}
		story := zmqtest.Record(t, router, monitor.All)
		for range 500 {
			must(t, router.Send(zmq.NoWait, []byte("nobody"), []byte("hello")))
			time.Sleep(10 * time.Millisecond)
		}
		must(t, router.Close())
		events := flow(story)
		total := uint64(0)
		for _, e := range events {
			total += e.Count
			if e.Kind != monitor.Dropped || e.Reason != monitor.ReasonNoRoute || e.Conn != 0 || e.EndpointID != 0 || e.FD != -1 {
				t.Errorf("told: %v", e)
			}
		}
		counted(t, events[:len(events)-1]) // the socket's end tells the rest
		if total != 500 || len(events) > 6 || router.State().Dropped != 507 {
			t.Errorf("%d events count %d messages, the state %d, want 500 and 507", len(events), total, router.State().Dropped)
		}
	})
}

// A REP skips what has no envelope, and says who sends it.
func TestFlowOfABadEnvelope(t *testing.T) {
	rigged(t, func(r *rig, endpoint string) {
		t := r.t
		rep, dealer := zmq.NewRep(zmq.Config{Context: r.x}), zmq.NewDealer(zmq.Config{Context: r.x})
		r.join(endpoint, rep, dealer)
		story := zmqtest.Record(t, rep, monitor.All)
		for range 3 {
			must(t, dealer.Send(t.Context(), []byte("no delimiter")))
			must(t, dealer.Send(t.Context(), []byte{}, []byte("good")))
			if m, err := rep.Recv(t.Context()); err != nil || string(m.Body()) != "good" {
				t.Fatalf("%q, %v", m.Body(), err)
			}
			must(t, rep.Send(t.Context(), []byte("well")))
		}
		time.Sleep(time.Second)
		peer := rep.State().Peers[0]
		if sums := counted(t, flow(story)); len(sums) != 1 || sums[fmt.Sprintf("%d bad_envelope", peer.Conn)] != 3 || peer.Dropped != 3 {
			t.Errorf("dropped: %v; the peer's state says %d", sums, peer.Dropped)
		}
	})
}

// A queue that survives its connection goes on being full without a peer, and says so without a Conn; the next connection
// drains it.
func TestFlowOfAQueueWithoutAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x, SendHWM: 2, ReconnectMax: 100 * time.Millisecond})
		story := zmqtest.Record(t, push, monitor.All)
		n.Refuse("tcp://hub:1", true)
		must(t, push.Connect("tcp://hub:1"))
		brim(t, push)
		time.Sleep(time.Minute)
		n.Refuse("tcp://hub:1", false)
		_, err := pull.Bind("tcp://hub:1")
		must(t, err)
		recvAll(t, pull, 2)
		time.Sleep(time.Second)
		events := flow(story)
		if len(events) != 2 || events[0].Kind != monitor.QueueFull || events[0].Conn != 0 || events[0].QueueOut != 2 || events[0].Endpoint != "tcp://hub:1" ||
			events[1].Kind != monitor.QueueDrained || events[1].Conn != push.State().Peers[0].Conn {
			t.Errorf("told:\n%s", storyText(events))
		}
	})
}
