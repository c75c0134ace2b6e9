package zmq_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/glassmq/zmq"
)

// The pairs that people put a proxy between (zmq_proxy(3)), and what their types alone can do to it.

// beside is another endpoint of the same transport.
func beside(endpoint, name string) string { return strings.Replace(endpoint, "here", name, 1) }

// A queue: many clients ask, some workers answer, and every client gets its own answers.
func TestProxyQueue(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		front, back := zmq.NewRouter(cfg), zmq.NewDealer(cfg)
		clients, workers := bindTo(t, front, endpoint), bindTo(t, back, beside(endpoint, "there"))
		p := &zmq.Proxy{Front: front, Back: back}
		stop := start(t, p)
		const asking, working, questions = 5, 3, 200
		var served [working]int
		var work, ask sync.WaitGroup
		for w := range working {
			rep := zmq.NewRep(cfg)
			connect(t, rep, workers)
			work.Go(func() {
				for {
					m, err := rep.Recv(t.Context())
					if err != nil {
						return
					}
					served[w]++
					if err := rep.Send(t.Context(), append([]byte("answer to "), m.Body()...)); err != nil {
						t.Error(err)
					}
				}
			})
			t.Cleanup(func() { rep.Shutdown(zmq.NoWait) })
		}
		ready(t, back, working)
		for c := range asking {
			req := zmq.NewReq(cfg)
			connect(t, req, clients)
			ask.Go(func() {
				for q := range questions {
					question := fmt.Sprintf("question %d of %d", q, c)
					m, err := req.Do(within(t), []byte(question))
					if err != nil || string(m.Body()) != "answer to "+question {
						t.Errorf("%s: %q, %v", question, m.Body(), err)
						return
					}
				}
			})
		}
		ask.Wait()
		stopped(t, stop)
		x.Terminate()
		work.Wait()
		if slices.Contains(served[:], 0) {
			t.Errorf("the workers served %v: each should have had its turn", served)
		}
		inFront, inBack := p.Stats()
		for _, s := range []zmq.ProxyStats{inFront, inBack} {
			if s.MessagesIn != asking*questions || s.MessagesOut != asking*questions {
				t.Errorf("%+v, want %d messages both ways", s, asking*questions)
			}
		}
	})
}

// A forwarder: subscriptions travel upstream, and only what somebody wants comes down.
func TestProxyForwarder(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		front, back, source, sink := zmq.NewXSub(cfg), zmq.NewXPub(cfg), zmq.NewXPub(cfg), zmq.NewSub(cfg)
		connect(t, source, bindTo(t, front, endpoint))
		connect(t, sink, bindTo(t, back, beside(endpoint, "there")))
		p := &zmq.Proxy{Front: front, Back: back}
		stop := start(t, p)
		heard := func(want string, on bool) {
			t.Helper()
			m, err := source.Recv(within(t))
			if err != nil {
				t.Fatal(err)
			}
			if prefix, is, ok := zmq.ParseSubscription(m); !ok || is != on || string(prefix) != want {
				t.Fatalf("the publisher heard %q (%t), want %q (%t)", prefix, is, want, on)
			}
		}
		if err := sink.Subscribe("weather."); err != nil {
			t.Fatal(err)
		}
		heard("weather.", true)
		send(t, source, "news.today", "nobody wants it")
		send(t, source, "weather.today", "sun")
		recv(t, sink, "weather.today", "sun")
		if err := sink.Subscribe("news."); err != nil {
			t.Fatal(err)
		}
		heard("news.", true)
		send(t, source, "news.today", "somebody wants it")
		recv(t, sink, "news.today", "somebody wants it")
		if err := sink.Unsubscribe("weather."); err != nil {
			t.Fatal(err)
		}
		heard("weather.", false)
		sink.Shutdown(zmq.NoWait)
		heard("news.", false)
		stopped(t, stop)
		inFront, inBack := p.Stats()
		if inFront.MessagesIn != 2 || inBack.MessagesIn != 4 {
			t.Errorf("%d messages came down, want the 2 that somebody wanted; %d went up, want the 4 subscriptions", inFront.MessagesIn, inBack.MessagesIn)
		}
	})
}

// A hundred thousand subscriptions go upstream, each once, and away again with their subscriber.
func TestProxyForwardsManySubscriptions(t *testing.T) {
	n := 100_000
	if raceEnabled {
		n /= 10
	}
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		front, back, source, sink := zmq.NewXSub(cfg), zmq.NewXPub(cfg), zmq.NewXPub(cfg), zmq.NewSub(cfg)
		connect(t, source, bindTo(t, front, endpoint))
		connect(t, sink, bindTo(t, back, beside(endpoint, "there")))
		start(t, &zmq.Proxy{Front: front, Back: back})
		topics := make([]string, n)
		for i := range topics {
			topics[i] = fmt.Sprintf("topic.%d.", i)
		}
		if err := sink.Subscribe(topics...); err != nil {
			t.Fatal(err)
		}
		all := func(on bool) {
			t.Helper()
			ctx, seen := within(t), make(map[string]bool, n)
			for range n {
				m, err := source.Recv(ctx)
				if err != nil {
					t.Fatalf("after %d: %v", len(seen), err)
				}
				if prefix, is, ok := zmq.ParseSubscription(m); ok && is == on {
					seen[string(prefix)] = true
				}
			}
			for _, topic := range topics {
				if !seen[topic] {
					t.Fatalf("the publisher has not heard of %s (%t), of %d", topic, on, len(seen))
				}
			}
		}
		all(true)
		send(t, source, topics[n-1]+"tail")
		recv(t, sink, topics[n-1]+"tail")
		sink.Shutdown(zmq.NoWait)
		all(false)
		if err := source.CanRecv(); err != zmq.ErrWouldBlock {
			t.Errorf("the publisher has more to hear: %v", err)
		}
	})
}

// A capture that drops what nobody takes does not stop the proxy.
func TestProxyCaptureThatDrops(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		s := newStreamer(t, x, endpoint, 0)
		tap, slow := zmq.NewPub(zmq.Config{Context: x, SendHWM: 2}), zmq.NewSub(zmq.Config{Context: x, RecvHWM: 2, Subscribe: []string{""}})
		connect(t, slow, bindTo(t, tap, beside(endpoint, "tap")))
		ready(t, tap, 1)
		s.Capture = tap
		start(t, s.Proxy)
		large := strings.Repeat("x", 100_000)
		for i := range 500 {
			send(t, s.push, fmt.Sprint(i), large)
			recv(t, s.pull, fmt.Sprint(i), large)
		}
		recv(t, slow, "0", large)
	})
}

// A reply for a client that has gone is dropped and counted, and the next client's is not.
func TestProxyReplyToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		cfg := zmq.Config{Context: x}
		front, back := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true}), zmq.NewDealer(cfg)
		client, worker := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "here"}), zmq.NewDealer(cfg)
		connect(t, client, bindTo(t, front, "inproc://here"))
		connect(t, worker, bindTo(t, back, "inproc://there"))
		p := &zmq.Proxy{Front: front, Back: back}
		stop := start(t, p)
		send(t, worker, "gone", "a reply")
		send(t, worker, "only an envelope")
		send(t, worker, "here", "another")
		recv(t, client, "another")
		stopped(t, stop)
		inFront, inBack := p.Stats()
		if inFront.Dropped != 2 || inFront.MessagesOut != 1 || inFront.BytesOut != 11 || inBack.MessagesIn != 3 {
			t.Errorf("front %+v, back %+v: want 3 in from the back, 2 of them dropped before the front", inFront, inBack)
		}
	})
}

// One client does not read, and RouterMandatory has the reply wait for it. When Run ends meanwhile, the reply is in the
// socket it came from.
func TestProxyReplyThatWaitsForItsPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		cfg := zmq.Config{Context: x}
		front, back := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true, SendHWM: 1}), zmq.NewDealer(cfg)
		slow, quick := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "slow", RecvHWM: 1}), zmq.NewDealer(zmq.Config{Context: x, RoutingID: "quick", RecvHWM: 1})
		worker := zmq.NewDealer(cfg)
		bindTo(t, front, "inproc://here")
		connect(t, slow, "inproc://here")
		connect(t, quick, "inproc://here")
		connect(t, worker, bindTo(t, back, "inproc://there"))
		p := &zmq.Proxy{Front: front, Back: back}
		stop := start(t, p)
		for i := range 3 { // two fit: the marks of both ends
			send(t, worker, "slow", fmt.Sprint(i))
		}
		send(t, worker, "quick", "behind it")
		synctest.Wait()
		p.Pause() // does not wait for the client
		p.Resume()
		synctest.Wait()
		stopped(t, stop)
		if inFront, inBack := p.Stats(); inFront.MessagesOut != 2 || inBack.MessagesIn != 2 {
			t.Errorf("%d of %d passed, want 2 of 2", inFront.MessagesOut, inBack.MessagesIn)
		}
		stop = start(t, p)
		for i := range 3 {
			recv(t, slow, fmt.Sprint(i))
		}
		recv(t, quick, "behind it")
		stopped(t, stop)
	})
}

// The same, with two proxies to one back, and somebody else waits to receive there: what the proxies had in their hands
// is for him.
func TestProxiesPutBackForWhoWaits(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		back, worker := zmq.NewDealer(cfg), zmq.NewDealer(cfg)
		connect(t, worker, bindTo(t, back, endpoint))
		ready(t, back, 1)
		proxies, stops := [2]*zmq.Proxy{}, [2]func() error{}
		for i := range proxies {
			front := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true, SendHWM: 1})
			slow := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "slow", RecvHWM: 1})
			idle := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "idle"}) // for whom there would be room
			connect(t, slow, bindTo(t, front, fmt.Sprint("inproc://front ", i)))
			connect(t, idle, fmt.Sprint("inproc://front ", i))
			proxies[i] = &zmq.Proxy{Front: front, Back: back}
			stops[i] = start(t, proxies[i])
		}
		const room, hands = 4, 2 // two marks of one in each proxy, and one message in its hands
		for i := range room + hands {
			send(t, worker, "slow", fmt.Sprint(i))
			await(t, "it is taken", func() bool { peer := back.State().Peers[0]; return int(peer.MessagesIn) == i+1 && peer.QueueIn == 0 })
		}
		await(t, "the rest is in the clients' queues", func() bool {
			_, a := proxies[0].Stats()
			_, b := proxies[1].Stats()
			return a.MessagesIn+b.MessagesIn == room
		})
		got := make(chan string, hands)
		go func() {
			for range hands {
				m, err := back.Recv(within(t))
				if err != nil {
					t.Error(err)
				}
				got <- string(m.Frame(1))
			}
		}()
		for range 1000 { // by then somebody waits, as good as certain; if not, the test asks for less
			runtime.Gosched()
		}
		for _, stop := range stops {
			stopped(t, stop)
		}
		if a, b := <-got, <-got; a == b || min(a, b) < "2" { // the first two had room wherever they went
			t.Errorf("received %q and %q, want the two for which there was no room", a, b)
		}
	})
}

// A message of as many frames as a socket sends is one too many once the sender's routing id stands before it: it cannot
// be passed on, and what comes behind it is.
func TestProxyMessageOfTooManyFrames(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		front, back, client, worker := zmq.NewRouter(cfg), zmq.NewDealer(cfg), zmq.NewDealer(zmq.Config{Context: x, RoutingID: "me"}), zmq.NewDealer(cfg)
		connect(t, client, bindTo(t, front, endpoint))
		connect(t, worker, bindTo(t, back, beside(endpoint, "there")))
		p := &zmq.Proxy{Front: front, Back: back}
		start(t, p)
		if err := client.Send(within(t), make([][]byte, 1<<16-256)...); err != nil {
			t.Fatal(err)
		}
		send(t, client, "behind it")
		recv(t, worker, "me", "behind it")
		if _, inBack := p.Stats(); inBack.Dropped != 1 {
			t.Errorf("%+v: want the one dropped", inBack)
		}
	})
}
