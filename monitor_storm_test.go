package zmq_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// R7: strangers who connect and go, by the thousand, under monitors that nobody reads. The peers that are there do not
// notice: their stream loses at most a tenth of its speed, and never stops for 100 ms. (libzmq's stops for good after 700.)
//
// The short form asks whether it stops: what a busy machine makes of speed is no test.
func TestR7StormUnderUnreadMonitors(t *testing.T) {
	crowd, rounds, still := 1500, 1, 5*time.Second
	if *full {
		crowd, rounds, still = 10_000, 5, 100*time.Millisecond
	}
	var alone, watched []ride
	for range rounds {
		alone = append(alone, stormRide(t, crowd, false))
		watched = append(watched, stormRide(t, crowd, true))
	}
	a, w := median(alone), median(watched)
	t.Logf("unwatched %.0f messages/s, longest gap %v; watched and unread %.0f messages/s, longest gap %v", a.speed, a.gap, w.speed, w.gap)
	if w.gap > max(still, 2*a.gap) { // a machine that is taken away for so long is not the monitor's doing
		t.Errorf("the stream stood still for %v, without a monitor for %v", w.gap, a.gap)
	}
	if *full && w.speed < 0.9*a.speed {
		t.Errorf("the stream has %.0f %% of its speed", 100*w.speed/a.speed)
	}
}

// A ride is what became of a stream of messages during a storm.
type ride struct {
	speed float64 // messages a second
	gap   time.Duration
}

// median takes each figure by itself.
func median(all []ride) (m ride) {
	slices.SortFunc(all, func(a, b ride) int { return int(a.speed - b.speed) })
	m.speed = all[len(all)/2].speed
	slices.SortFunc(all, func(a, b ride) int { return int(a.gap - b.gap) })
	m.gap = all[len(all)/2].gap
	return m
}

func stormRide(t *testing.T, crowd int, watched bool) ride {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x, MaxHandshakes: zmq.Unlimited, MaxHandshakesPerHost: zmq.Unlimited}) // each stranger counts
	push := zmq.NewPush(zmq.Config{Context: x})
	var unread *monitor.Subscription
	if watched {
		unread = pull.Watch(monitor.All)
		defer unread.Close()
		for _, name := range []string{"a PAIR that nobody reads", "a callback that does not return"} {
			observers[name](t, x, pull)
		}
	}
	bound := bindTCP(t, pull)
	must(t, push.Connect(bound))
	must(t, push.WaitReady(t.Context(), 1))
	var work sync.WaitGroup
	defer work.Wait()
	defer push.Shutdown(zmq.NoWait)
	work.Go(func() {
		body := make([]byte, 64)
		for push.Send(context.Background(), body) == nil {
		}
	})
	var over atomic.Bool
	work.Go(func() {
		defer over.Store(true)
		strangers(t, bound, crowd)
	})
	r := stream(t, pull, &over)
	if watched {
		wantAccount(t, pull, unread, crowd)
	}
	return r
}

// stream receives until the storm is over.
func stream(t *testing.T, pull *zmq.Pull, over *atomic.Bool) (r ride) {
	t.Helper()
	var b zmq.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began, last, n := time.Now(), time.Now(), 0
	for !over.Load() {
		if err := pull.RecvInto(ctx, &b); err != nil {
			t.Fatalf("after %d messages: %v", n, err)
		}
		now := time.Now()
		r.gap, last = max(r.gap, now.Sub(last)), now
		n++
	}
	r.speed = float64(n) / last.Sub(began).Seconds()
	return r
}

// wantAccount reads at last what nobody has read: what is there and what Lost counts are all events that there were.
func wantAccount(t *testing.T, pull *zmq.Pull, w *monitor.Subscription, crowd int) {
	t.Helper()
	reader := pull.Watch(monitor.Disconnected)
	defer reader.Close()
	ctx, cancel := patient()
	defer cancel()
	for all := uint64(1 + 2 + 3*crowd); pull.State().Seq < all; { // listening; of the peer: accepted, ready; of each stranger: accepted, failed, gone
		if _, err := reader.Next(ctx); err != nil {
			t.Fatalf("%d of %d events have happened: %v", pull.State().Seq, all, err)
		}
	}
	must(t, pull.Shutdown(zmq.NoWait))
	seen, lost := uint64(0), uint64(0)
	var last zmq.Event
	for e, err := w.Next(t.Context()); err == nil; e, err = w.Next(t.Context()) {
		if last = e; e.Kind == monitor.Lost {
			lost += e.Count
		} else {
			seen++
		}
	}
	// The PAIR has a last event of its own, with a number.
	if lost == 0 || seen+lost != last.Seq-1 || last.Kind != monitor.MonitorStopped {
		t.Errorf("%d events are there and %d are lost, of %d; the last is %v", seen, lost, last.Seq, last)
	}
	if _, err := pull.Recv(t.Context()); !errors.Is(err, zmq.ErrClosed) {
		t.Error(err)
	}
}
