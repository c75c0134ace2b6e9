package interop

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// proxy starts a zmq_proxy(3) of libzmq between two sockets that are bound, and returns where.
func (p *process) proxy(t *testing.T, front, back string) (frontAt, backAt string) {
	t.Helper()
	end := func(typ string) args {
		return args{"type": typ, "endpoint": loopback, "options": options{"SNDHWM": 0, "RCVHWM": 0}}
	}
	l := p.tell(t, "", "proxy", args{"front": end(front), "back": end(back)}).done(t)
	return l.Endpoints[0], l.Endpoints[1]
}

// several opens sockets of a type that are connected to one endpoint.
func several(t *testing.T, n int, typ zmq.Type, cfg zmq.Config, there string) (all []*ours) {
	t.Helper()
	for range n {
		o := open(t, typ, cfg)
		o.connect(t, there)
		all = append(all, o)
	}
	return all
}

// Our publishers and subscribers meet at a forwarder of theirs: subscriptions pass it upwards, and so do an XSUB's own messages;
// what is published passes it downwards, to those who want it.
func TestTheirForwarder(t *testing.T) {
	for _, types := range [][2]zmq.Type{{zmq.PUB, zmq.SUB}, {zmq.XPUB, zmq.XSUB}} {
		t.Run(fmt.Sprint(types), func(t *testing.T) {
			front, back := startPeer(t).proxy(t, "XSUB", "XPUB")
			pubs := several(t, 2, types[0], zmq.Config{SendHWM: zmq.Unlimited}, front)
			subs := several(t, 2, types[1], zmq.Config{RecvHWM: zmq.Unlimited}, back)
			var told []*story[zmq.Event]
			for _, pub := range pubs {
				told = append(told, pub.watchSubs(t))
			}
			change := func(k monitor.Kind, sub *ours, last string, prefixes ...string) {
				t.Helper()
				if k == monitor.Subscribed {
					sub.subscribe(t, prefixes...)
				} else {
					sub.unsubscribe(t, prefixes...)
				}
				for _, s := range told {
					awaitTopic(t, s, k, last)
				}
			}
			change(monitor.Subscribed, subs[0], "a", "both", "a")
			change(monitor.Subscribed, subs[1], "b", "both", "b")
			forward(t, pubs, subs, [][]string{{"a", "both"}, {"b", "both"}})
			change(monitor.Unsubscribed, subs[0], "a", "both", "a") // of both the other one is left
			change(monitor.Subscribed, subs[0], "c", "c")
			forward(t, pubs, subs, [][]string{{"c"}, {"b", "both"}})
			if types[1] == zmq.XSUB {
				subs[0].put(t, "to whom it may concern", "hello")
				for _, pub := range pubs {
					m := pub.show(t)
					for len(m) == 1 { // subscriptions
						m = pub.show(t)
					}
					wantFrames(t, "what our XPUB received", m, "to whom it may concern", "hello")
				}
			}
		})
	}
}

// forward publishes on every topic, and checks that every subscriber receives what it wants of each publisher, in order. An XSUB does not
// filter again: to it everything comes that somebody behind the forwarder wants.
func forward(t *testing.T, pubs, subs []*ours, wishes [][]string) {
	t.Helper()
	topics := []string{"a", "b", "both", "c", "none"}
	for i := range many {
		for who, pub := range pubs {
			for _, topic := range topics {
				pub.put(t, topic, fmt.Sprint(who), fmt.Sprint(i))
			}
		}
	}
	for who, sub := range subs {
		next := map[string]int{}
		for range many * len(pubs) * len(wishes[who]) {
			m := sub.show(t)
			if len(m) != 3 || !slices.Contains(wishes[who], m[0]) || m[2] != fmt.Sprint(next[m[0]+m[1]]) {
				t.Fatalf("subscriber %d received %q, after %v", who, m, next)
			}
			next[m[0]+m[1]]++
		}
	}
}

// Requests of ours pass a queue of theirs on the way to workers of ours, and the answers find who asked.
func TestTheirQueue(t *testing.T) {
	front, back := startPeer(t).proxy(t, "ROUTER", "DEALER")
	askers := several(t, 3, zmq.REQ, zmq.Config{}, front)
	workers := several(t, 2, zmq.REP, zmq.Config{}, back)
	ctx, stop := context.WithCancel(context.Background())
	var working, asking sync.WaitGroup
	served := make([]int, len(workers))
	for i, w := range workers {
		working.Go(func() {
			for rep := w.Socket.(*zmq.Rep); ; served[i]++ {
				m, err := rep.Recv(ctx)
				if err != nil {
					return
				}
				if err := rep.SendMessage(ctx, m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	const each = 200
	for who, asker := range askers {
		asking.Go(func() {
			for i := range each {
				question := message(fmt.Sprint("asker ", who), i, []int{30, 0, 500})
				m, err := asker.Socket.(*zmq.Req).Do(within(t), question...)
				if err != nil || printed(m.AppendFrames(nil)) != printed(question) {
					t.Errorf("asker %d, question %d: %q, %v", who, i, m.AppendFrames(nil), err)
					return
				}
			}
		})
	}
	asking.Wait()
	stop()
	working.Wait()
	if served[0]+served[1] != each*len(askers) || min(served[0], served[1]) < each { // a DEALER takes turns, once it has both
		t.Errorf("the workers served %v of %d requests", served, each*len(askers))
	}
}

// What our PUSH sends through a streamer of theirs our PULLs receive, each message once, each PULL in order.
func TestTheirStreamer(t *testing.T) {
	front, back := startPeer(t).proxy(t, "PULL", "PUSH")
	pulls := several(t, 2, zmq.PULL, zmq.Config{}, back)
	for _, pull := range pulls {
		pull.ready(t, 1)
	}
	push := several(t, 1, zmq.PUSH, zmq.Config{}, front)[0]
	stream := push.stream(t, "streamed", 0, 400)
	var hands []*story[arrival]
	for _, pull := range pulls {
		hand := pull.drain(t)
		awaitMany(t, hand, enough, "a message")
		hands = append(hands, hand)
	}
	n := stream.halt()
	for range pulls { // dealt in turn: one for each
		push.send(t, sequel("end", 0, 1))
	}
	var got []int
	for _, hand := range hands {
		hand.last(t, "the end", func(a arrival) bool { return a.Tag == "end" })
		last := -1
		for _, a := range hand.events() {
			switch {
			case a.Tag == "end":
			case a.Tag != "streamed" || a.N <= last:
				t.Fatalf("after message %d came %+v", last, a)
			default:
				last = a.N
				got = append(got, a.N)
			}
		}
	}
	slices.Sort(got)
	for i := range n {
		if i >= len(got) || got[i] != i {
			t.Fatalf("of %d messages %d arrived; number %d is missing, or doubled", n, len(got), i)
		}
	}
}
