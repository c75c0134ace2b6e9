package zmq_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// ROUTER (RFC 28; zmq_socket(3), ZMQ_ROUTER): it knows its peers by their routing ids.

// A peer says who it is, or is given a name that nobody could say. Both ways of answering reach it: by the id, and with
// Reply, which finds the envelope whether there is one (a REQ's) or not (a DEALER's).
func TestRouterAnswersByName(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x})
		bound := bindTo(t, router, endpoint)
		alice, nobody := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "alice"}), zmq.NewDealer(zmq.Config{Context: x})
		asker := zmq.NewReq(zmq.Config{Context: x, RoutingID: "asker"})
		connect(t, alice, bound)
		send(t, alice, "a", "", "b")
		m := recv(t, router, "alice", "a", "", "b")
		if p := m.Peer(); p.RoutingID != "alice" || p.Type != "DEALER" {
			t.Errorf("the peer of alice's message is %+v", p)
		}
		send(t, router, "alice", "", "x")
		recv(t, alice, "", "x")

		connect(t, nobody, bound)
		send(t, nobody, "who am I?")
		m, err := router.Recv(within(t))
		must(t, err)
		id := m.Frame(0)
		if m.Len() != 2 || len(id) != 5 || id[0] != 0 {
			t.Fatalf("the id that was made up is %q in a message of %d frames: want five bytes, the first of them zero", id, m.Len())
		}
		if p := m.Peer(); p.RoutingID != string(id) {
			t.Errorf("its peer is known as %q, and the message says %q", p.RoutingID, id)
		}
		must(t, router.Send(within(t), id, []byte("nobody")))
		recv(t, nobody, "nobody")
		must(t, router.Reply(within(t), m, []byte("still"), []byte("nobody")))
		recv(t, nobody, "still", "nobody")

		connect(t, asker, bound)
		for i := range 3 {
			send(t, asker, fmt.Sprint(i), "", "?")
			m = recv(t, router, "asker", "", fmt.Sprint(i), "", "?")
			must(t, router.Reply(within(t), m, []byte("!")))
			recv(t, asker, "!")
		}
	})
}

// Identities are any bytes, 1 to 255 of them, and only the first must not be zero (RFC 37, "The Identity Property").
func TestRouterIdentitiesAreBytes(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true})
		bound := bindTo(t, router, endpoint)
		ids := []string{"a", "\x01", "\xff\x00\x00", "with\nnewline", strings.Repeat("x", 255), "a\x00", "aa"}
		var peers []*zmq.Dealer
		for _, id := range ids {
			d := zmq.NewDealer(zmq.Config{Context: x, RoutingID: id})
			connect(t, d, bound)
			peers = append(peers, d)
		}
		ready(t, router, len(ids))
		for _, id := range ids {
			send(t, router, id, "for "+id)
		}
		for i, d := range peers {
			recv(t, d, "for "+ids[i])
			send(t, d, "from "+ids[i])
			recv(t, router, ids[i], "from "+ids[i])
		}
	})
	for _, id := range []string{"\x00abcd", strings.Repeat("x", 256)} {
		d := zmq.NewDealer(zmq.Config{Context: newContext(t), RoutingID: id})
		var bad *zmq.ConfigError
		if err := d.Connect("inproc://x"); !errors.As(err, &bad) || bad.Field != "RoutingID" {
			t.Errorf("a DEALER called %.20q of %d bytes: %v", id, len(id), err)
		}
	}
}

// A message needs somebody to go to and something to say.
func TestRouterMessageWithoutBody(t *testing.T) {
	x := newContext(t)
	router := zmq.NewRouter(zmq.Config{Context: x})
	if err := router.Send(within(t), []byte("alone")); !errors.Is(err, zmq.ErrInvalid) || !strings.Contains(err.Error(), ": ") {
		t.Errorf("Send of a routing id alone: %v", err)
	}
	if err := router.SendMessage(within(t), zmq.NewMessage([]byte("alone"))); !errors.Is(err, zmq.ErrInvalid) {
		t.Errorf("SendMessage of a routing id alone: %v", err)
	}
}

// Messages for nobody are dropped and counted; with RouterMandatory the call hears of it. CanSendTo knows before.
func TestRouterWithNobodyThere(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		lax, strict := zmq.NewRouter(zmq.Config{Context: x}), zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true})
		send(t, lax, "ghost", "boo")
		if n := lax.State().Dropped; n != 1 {
			t.Errorf("%d messages counted as dropped, want 1", n)
		}
		for name, err := range map[string]error{
			"Send":        strict.Send(within(t), []byte("ghost"), []byte("boo")),
			"Send NoWait": strict.Send(zmq.NoWait, []byte("ghost"), []byte("boo")),
			"SendMessage": strict.SendMessage(within(t), zmq.NewMessage([]byte("ghost"), []byte("boo"))),
			"CanSendTo":   strict.CanSendTo([]byte("ghost")),
			"lax":         lax.CanSendTo([]byte("ghost")),
		} {
			if !errors.Is(err, zmq.ErrHostUnreachable) || !strings.Contains(err.Error(), "ghost") {
				t.Errorf("%s: %v, want ErrHostUnreachable that names the ghost", name, err)
			}
		}
		if n := strict.State().Dropped; n != 0 {
			t.Errorf("%d messages counted as dropped that were refused", n)
		}

		bound := bindTo(t, strict, endpoint)
		d := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "ghost"})
		w := strict.Watch(monitor.Disconnected | monitor.Inproc)
		connect(t, d, bound)
		ready(t, strict, 1)
		must(t, strict.CanSendTo([]byte("ghost")))
		send(t, strict, "ghost", "boo")
		recv(t, d, "boo")
		d.Close()
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		if err := strict.Send(within(t), []byte("ghost"), []byte("boo")); !errors.Is(err, zmq.ErrHostUnreachable) {
			t.Errorf("Send to one who has left: %v", err)
		}
	})
}

// A Send that waits for one peer's room goes on when there is some, and hears when that peer leaves instead. Nobody else
// waits with it.
func TestRouterMandatoryWaitsAtTheMark(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		small := zmq.Config{Context: x, RouterMandatory: true, SendHWM: 3, RecvHWM: 3, SendBuffer: 4096, RecvBuffer: 4096}
		router := zmq.NewRouter(small)
		bound := bindTo(t, router, endpoint)
		small.RouterMandatory, small.RoutingID = false, "slow"
		slow := zmq.NewDealer(small)
		connect(t, slow, bound)
		small.RoutingID = "quick"
		quick := zmq.NewDealer(small)
		connect(t, quick, bound)
		ready(t, router, 2)

		for round := range 2 {
			n := choke(t, router, "slow")
			if err := router.CanSendTo([]byte("slow")); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("CanSendTo a full peer: %v", err)
			}
			if err := router.CanSend(); err != nil {
				t.Errorf("CanSend with one of two peers full: %v", err)
			}
			send(t, router, "quick", "for quick")
			recv(t, quick, "for quick")

			sent := make(chan error, 1)
			go func() { sent <- router.Send(within(t), []byte("slow"), []byte("at last")) }()
			select {
			case err := <-sent:
				t.Fatalf("Send to a full peer does not wait: %v", err)
			case <-time.After(stalled):
			}
			if round == 1 {
				slow.Shutdown(zmq.NoWait)
				if err := <-sent; err != nil && !errors.Is(err, zmq.ErrHostUnreachable) { // nil: the break had made room
					t.Errorf("Send that waited for a peer that left: %v", err)
				}
				continue
			}
			for i := 0; ; i++ {
				m, err := slow.Recv(within(t))
				must(t, err)
				if string(m.Body()) == "at last" {
					if i != n {
						t.Errorf("%d messages came before the last one, %d were sent", i, n)
					}
					break
				}
				if got := binary.BigEndian.Uint32(m.Body()); got != uint32(i) {
					t.Fatalf("message %d is number %d", i, got)
				}
			}
			must(t, <-sent)
		}
		if n := router.State().Dropped; n != 0 {
			t.Errorf("%d messages counted as dropped: a mandatory ROUTER drops none", n)
		}
	})
}

// Without RouterMandatory what a full peer cannot take is dropped and counted, for it alone.
func TestRouterDropsForTheFullPeer(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		small := zmq.Config{Context: x, SendHWM: 3, RecvHWM: 3, SendBuffer: 4096, RecvBuffer: 4096}
		router := zmq.NewRouter(small)
		bound := bindTo(t, router, endpoint)
		small.RoutingID = "slow"
		slow := zmq.NewDealer(small)
		connect(t, slow, bound)
		ready(t, router, 1)
		sent := chokeDropping(t, router, "slow")
		if err := router.CanSendTo([]byte("slow")); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("CanSendTo a full peer: %v", err)
		}
		must(t, router.CanSend()) // it drops, and never waits
		dropped := router.State().Dropped
		got := 0
		for last := -1; got < sent-int(dropped); got++ {
			m, err := slow.Recv(within(t))
			if err != nil {
				t.Fatalf("of %d sent %d were dropped, and %d came: %v", sent, dropped, got, err)
			}
			if n := int(binary.BigEndian.Uint32(m.Frame(0))); n <= last {
				t.Errorf("number %d came after %d", n, last)
			} else {
				last = n
			}
		}
		send(t, router, "slow", "and now?")
		recv(t, slow, "and now?")
	})
}

// Two peers with one id: the second is refused until the first has left. It does not believe itself connected meanwhile,
// so nothing that it sends is lost, and it comes back more and more slowly.
func TestRouterRefusesADuplicate(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true})
		story := zmqtest.Record(t, router, monitor.All)
		bound := bindTo(t, router, endpoint)
		first := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "one"})
		connect(t, first, bound)
		ready(t, router, 1)
		second := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "one", ReconnectMin: fast, ReconnectMax: 10 * fast})
		twin := zmqtest.Record(t, second, monitor.All)
		send(t, connected(t, second, bound), "me", "too")
		e := story.WaitFor(monitor.IdentityConflict, 1)
		if e.PeerID != "one" || e.Reason != monitor.ReasonIdentityConflict {
			t.Errorf("the conflict is told as %v", e)
		}
		if e := twin.WaitFor(monitor.Disconnected, 1); e.Phase == monitor.InTraffic {
			t.Errorf("the refused one took itself for connected: %v", e)
		}
		send(t, router, "one", "who?")
		recv(t, first, "who?")
		send(t, first, "me")
		recv(t, router, "one", "me")
		if err := errors.Join(router.CanRecv(), second.CanRecv()); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("something is there to receive: %v", err)
		}
		first.Close()
		recv(t, router, "one", "me", "too")
		send(t, router, "one", "who now?")
		recv(t, second, "who now?")
		if n := len(router.State().Peers); n != 1 {
			t.Errorf("the ROUTER has %d peers", n)
		}
	})
}

// With RouterHandover the newcomer has the id from then on; what the former one had said is still there to read.
func TestRouterHandsOver(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true, RouterHandover: true})
		story := zmqtest.Record(t, router, monitor.All)
		bound := bindTo(t, router, endpoint)
		first := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "one", ReconnectMin: zmq.Off})
		connect(t, first, bound)
		send(t, first, "old news")
		<-router.Readable()
		second := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "one"})
		connect(t, second, bound)
		ready(t, second, 1)
		story.WaitFor(monitor.IdentityConflict, 1)
		end := story.WaitFor(monitor.LocalClosed, 1)
		if end.Reason != monitor.ReasonHandover {
			t.Errorf("the first connection ended as %v", end)
		}
		recv(t, router, "one", "old news")
		send(t, router, "one", "for the new one")
		recv(t, second, "for the new one")
		send(t, second, "from the new one")
		recv(t, router, "one", "from the new one")
		if n := len(router.State().Peers); n != 1 {
			t.Errorf("the ROUTER has %d peers", n)
		}
	})
}

// ConnectAs gives a peer its name before it is there: what is sent to it waits for it.
func TestRouterConnectAs(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		bound := vacant(t, endpoint)
		router := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true, ReconnectMin: fast})
		must(t, router.ConnectAs(bound, "worker"))
		must(t, router.CanSendTo([]byte("worker")))
		send(t, router, "worker", "one")
		send(t, router, "worker", "two")
		for _, id := range []string{"", "\x00x", strings.Repeat("x", 256), "worker"} {
			var bad *zmq.OpError
			if err := router.ConnectAs(bound, id); !errors.As(err, &bad) || !errors.Is(err, zmq.ErrInvalid) {
				t.Errorf("ConnectAs %.20q: %v", id, err)
			}
		}
		worker := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "calls itself something else"})
		bindTo(t, worker, bound)
		recv(t, worker, "one")
		recv(t, worker, "two")
		send(t, worker, "done")
		m := recv(t, router, "worker", "done")
		must(t, router.Reply(within(t), m, []byte("thanks")))
		recv(t, worker, "thanks")
		must(t, router.Disconnect(bound))
		if err := router.Send(within(t), []byte("worker"), []byte("x")); !errors.Is(err, zmq.ErrHostUnreachable) {
			t.Errorf("Send after Disconnect: %v", err)
		}
		must(t, router.ConnectAs(bound, "worker")) // its name is free again
		send(t, router, "worker", "three")
		recv(t, worker, "three")
	})
}

// A dialled peer that was away finds what was sent to it meanwhile: the id stays its own.
func TestRouterKeepsTheQueueOfADialledPeer(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true, ReconnectMin: fast})
		w := router.Watch(monitor.Disconnected | monitor.Inproc)
		worker := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "worker"})
		bound := bindTo(t, worker, vacant(t, endpoint))
		connect(t, router, bound)
		ready(t, router, 1)
		send(t, router, "worker", "one")
		recv(t, worker, "one")
		worker.Close()
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		send(t, router, "worker", "two")
		worker = zmq.NewDealer(zmq.Config{Context: x, RoutingID: "worker"})
		bindTo(t, worker, bound)
		recv(t, worker, "two")
	})
}

// RouterNotify: an empty message from each peer that comes or goes, around what it says.
func TestRouterNotify(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterNotify: zmq.NotifyConnect | zmq.NotifyDisconnect})
		bound := bindTo(t, router, endpoint)
		d := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "d"})
		connect(t, d, bound)
		recv(t, router, "d", "")
		send(t, d, "hello")
		send(t, d, "and", "goodbye")
		d.Close()
		recv(t, router, "d", "hello")
		recv(t, router, "d", "and", "goodbye")
		recv(t, router, "d", "")
		if _, err := router.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("after the goodbye: %v", err)
		}
	})
}

// Nobody leaves unnoticed, also when all that he said has just been received.
// Who has heard that a peer is gone cannot send to it any more.
func TestRouterNotifiesWhenItIsSo(t *testing.T) {
	for name, endpoint := range map[string]string{"tcp": "tcp://127.0.0.1:*", "inproc": "inproc://notified"} {
		t.Run(name, func(t *testing.T) {
			x := newContext(t)
			router := zmq.NewRouter(zmq.Config{Context: x, RouterNotify: zmq.NotifyDisconnect})
			at := bindTo(t, router, endpoint)
			for i := range 500 {
				dealer := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "guest"})
				connect(t, dealer, at)
				send(t, dealer, "hello")
				recv(t, router, "guest", "hello")
				go dealer.Close()
				for { // as soon as it can be heard
					if _, err := router.Recv(zmq.NoWait); err == nil {
						break
					}
				}
				if err := router.CanSendTo([]byte("guest")); err == nil {
					t.Fatalf("at the end of guest %d we could send to it", i)
				}
			}
		})
	}
}

func TestRouterNotifiesOfEachWhoLeaves(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterNotify: zmq.NotifyDisconnect})
		bound := bindTo(t, router, endpoint)
		const n = 300
		go func() {
			for i := range n {
				d := zmq.NewDealer(zmq.Config{Context: x, RoutingID: fmt.Sprint("d", i)})
				if d.Connect(bound) != nil || d.Send(within(t), []byte("hello")) != nil {
					return
				}
				d.Close()
			}
		}()
		hello, gone := map[string]bool{}, map[string]bool{}
		for ctx := within(t); len(gone) < n; {
			m, err := router.Recv(zmq.NoWait) // as often as it can, to be there in between
			if err != nil {
				must(t, ctx.Err())
				continue
			}
			switch id := string(m.Frame(0)); {
			case len(m.Body()) > 0:
				hello[id] = true
			case !hello[id] || gone[id]:
				t.Errorf("%s has left, before it said hello, or twice", id)
			default:
				gone[id] = true
			}
		}
	})
}

// ProbeRouter: a ROUTER learns of a peer that says nothing. Two ROUTERs can only meet so.
func TestProbeRouter(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x})
		bound := bindTo(t, router, endpoint)
		for _, prober := range []zmq.Socket{
			zmq.NewDealer(zmq.Config{Context: x, RoutingID: "prober", ProbeRouter: true}),
			zmq.NewReq(zmq.Config{Context: x, RoutingID: "prober", ProbeRouter: true}),
			zmq.NewRouter(zmq.Config{Context: x, RoutingID: "prober", ProbeRouter: true}),
		} {
			w := router.Watch(monitor.Disconnected | monitor.Inproc)
			connect(t, prober, bound)
			recv(t, router, "prober", "")
			prober.Close()
			if _, err := w.Next(within(t)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A probe is no message that a program sent: a socket that leaves before anybody came has lost nothing.
func TestProbeIsNotCounted(t *testing.T) {
	x := newContext(t)
	for _, endpoint := range []string{"tcp://127.0.0.1:1", "inproc://nobody", "ipc://@nobody-" + t.Name()} {
		d := zmq.NewDealer(zmq.Config{Context: x, ProbeRouter: true, HelloMessage: []byte("hello"), SendHWM: 2})
		connect(t, d, endpoint)
		if n := fill(t, d); n != 2 {
			t.Errorf("%s: %d messages queued at a mark of 2", endpoint, n)
		}
		var dropped *zmq.DroppedError
		if err := d.Shutdown(zmq.NoWait); !errors.As(err, &dropped) || dropped.Messages != 2 || dropped.Bytes != 12 {
			t.Errorf("%s: Shutdown says %v, want 2 messages of 12 bytes", endpoint, err)
		}
		d = zmq.NewDealer(zmq.Config{Context: x, ProbeRouter: true})
		connect(t, d, endpoint)
		must(t, d.Close())
	}
}

// RecvInto and SendMessage have the id where Recv and Send have it, and a large message goes through unchanged.
func TestRouterSharesAndReusesMemory(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true})
		d := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "d"})
		connect(t, d, bindTo(t, router, endpoint))
		var b zmq.Buffer
		for _, size := range []int{0, 1, 255, 256, 8191, 8192, 300_000} {
			body := bytes.Repeat([]byte{byte(size)}, size)
			for range 3 {
				must(t, d.Send(within(t), []byte("x"), body))
				must(t, router.RecvInto(within(t), &b))
				if b.Len() != 3 || string(b.Frame(0)) != "d" || string(b.Frame(1)) != "x" || !bytes.Equal(b.Frame(2), body) {
					t.Fatalf("%d bytes: received %d frames, the first %q", size, b.Len(), b.Frame(0))
				}
				must(t, router.SendMessage(within(t), b.Clone()))
				m, err := d.Recv(within(t))
				must(t, err)
				if m.Len() != 2 || !bytes.Equal(m.Body(), body) {
					t.Fatalf("%d bytes came back as %d frames of %d", size, m.Len(), m.Size())
				}
			}
		}
	})
}
