package fleet

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// anyPort is a port of the system's choice, on the loopback interface: a demo does not show itself to the network.
const anyPort = "tcp://127.0.0.1:*"

// fixtures are the sockets that stay for the whole demo, and meet others in later scenes.
type fixtures struct {
	out    *zmq.Push
	in     *zmq.Pull
	orders string // where in is bound
}

func (f *fixtures) scenes() []scene {
	return []scene{
		{"orders-out PUSHes to orders-in, which PULLs: all is well, and messages flow", f.orderly},
		{"a question and its answer, over inproc: the same events, without a network", question},
		{"price-feed publishes: a subscriber gets what it has subscribed to, EUR, and no more", subscription},
		{"a forwarder: subscriptions travel up through relay-out and relay-in, messages down", forwarder},
		{"a ROUTER hands work to two DEALERs by name, over ipc: who dials is known by its process", dispatch},
		{"a STREAM socket speaks plain TCP, and serves a web client", webPage},
		{"nobody listens yet: each attempt is refused, and the pauses grow, until the server is there", nobodyThere},
		{"a second program wants the port that orders-in has", f.portTaken},
		{"a PUSH dials a REP: the types do not fit, and both sides say so", wrongType},
		{"a web client knocks on a ZeroMQ port", f.webClient},
		{"a stranger connects and says nothing", silentStranger},
		{"a PAIR has one peer: the second one is turned away", secondPeer},
		{"two DEALERs have one routing id: the ROUTER keeps the first, and says who the second is", sameName},
		{"a CURVE server: courier knows its key, and is in; old-key knows another one, is turned away, and takes its time to try again", wrongKey},
		{"a user with a wrong password: both sides say that he is refused, neither says the password, and he does not hammer", wrongPassword},
		{"a server restarts: its client notices, and comes back by itself", restart},
		{"the network goes dead without a word: heartbeats notice, and the next connection works", deadWire},
		{"a subscriber sleeps: its queue is full, messages for it are dropped and counted, until it wakes up", slowSubscriber},
		{"a message is larger than the receiver allows", oversize},
	}
}

// orderly is what it looks like when nothing is wrong. Its traffic goes on to the end.
func (f *fixtures) orderly(ctx context.Context, st *stage) (err error) {
	f.in = enter(st, zmq.NewPull(st.as("orders-in")))
	f.out = enter(st, zmq.NewPush(st.as("orders-out")))
	if f.orders, err = f.in.Bind(anyPort); err != nil {
		return err
	}
	if err := f.out.Connect(f.orders); err != nil {
		return err
	}
	st.work.Go(func() {
		for range f.in.Messages(ctx) {
		}
	})
	st.work.Go(func() {
		for n := 1; pause(ctx, 20*time.Millisecond); n++ {
			if f.out.Send(ctx, fmt.Appendf(nil, "order %d", n)) != nil {
				return // the demo is over
			}
		}
	})
	return st.both(ctx, f.out, f.in)
}

// both waits until two sockets are ready for each other.
func (st *stage) both(ctx context.Context, a, b zmq.Socket) error {
	if err := st.await(ctx, a, monitor.HandshakeSucceeded, 1); err != nil {
		return err
	}
	return st.await(ctx, b, monitor.HandshakeSucceeded, 1)
}

func question(ctx context.Context, st *stage) error {
	const at = "inproc://price-of-tea"
	answer, ask := enter(st, zmq.NewRep(st.as("answer"))), enter(st, zmq.NewReq(st.as("question")))
	defer st.leave(ask, answer)
	if _, err := answer.Bind(at); err != nil {
		return err
	}
	if err := ask.Connect(at); err != nil {
		return err
	}
	st.work.Go(func() {
		for {
			if _, err := answer.Recv(ctx); err != nil {
				return
			}
			if answer.Send(ctx, []byte("three shillings")) != nil {
				return
			}
		}
	})
	if _, err := ask.Do(ctx, []byte("what does tea cost?")); err != nil {
		return err
	}
	return st.both(ctx, ask, answer)
}

// vacant is an endpoint where nobody listens: the system gave its port out a moment ago.
func vacant() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return "tcp://" + l.Addr().String(), l.Close()
}

func nobodyThere(ctx context.Context, st *stage) error {
	at, err := vacant()
	if err != nil {
		return err
	}
	early, late := enter(st, zmq.NewPush(st.as("early-bird"))), enter(st, zmq.NewPull(st.as("late-server")))
	defer st.leave(early, late)
	if err := early.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, early, monitor.ConnectRetried, 3); err != nil {
		return err
	}
	if _, err := late.Bind(at); err != nil {
		return err
	}
	return st.both(ctx, early, late)
}

func (f *fixtures) portTaken(ctx context.Context, st *stage) error {
	second := enter(st, zmq.NewPull(st.as("orders-copy")))
	defer st.leave(second)
	if _, err := second.Bind(f.orders); err == nil {
		return fmt.Errorf("%s was bound twice", f.orders)
	}
	return st.await(ctx, second, monitor.BindFailed, 1)
}

func wrongType(ctx context.Context, st *stage) error {
	prices, lost := enter(st, zmq.NewRep(st.as("price-server"))), enter(st, zmq.NewPush(st.as("lost-pusher")))
	defer st.leave(lost, prices)
	at, err := prices.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := lost.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, lost, monitor.ConnectRetried, 1); err != nil {
		return err
	}
	return st.await(ctx, prices, monitor.Disconnected, 1)
}

func (f *fixtures) webClient(ctx context.Context, st *stage) error {
	if err := get(ctx, strings.TrimPrefix(f.orders, "tcp://")); err != nil {
		return err
	}
	return st.await(ctx, f.in, monitor.Disconnected, 1)
}

func silentStranger(ctx context.Context, st *stage) error {
	cfg := st.as("doorman")
	cfg.HandshakeTimeout = 300 * time.Millisecond
	doorman := enter(st, zmq.NewRep(cfg))
	defer st.leave(doorman)
	at, err := doorman.Bind(anyPort)
	if err != nil {
		return err
	}
	stranger, err := net.Dial("tcp", strings.TrimPrefix(at, "tcp://"))
	if err != nil {
		return err
	}
	defer stranger.Close()
	return st.await(ctx, doorman, monitor.Disconnected, 1)
}

func secondPeer(ctx context.Context, st *stage) error {
	left, right := enter(st, zmq.NewPair(st.as("left"))), enter(st, zmq.NewPair(st.as("right")))
	third := enter(st, zmq.NewPair(st.as("third-wheel")))
	defer st.leave(third, right, left)
	at, err := left.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := right.Connect(at); err != nil {
		return err
	}
	if err := st.both(ctx, left, right); err != nil {
		return err
	}
	if err := third.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, third, monitor.ConnectRetried, 1); err != nil {
		return err
	}
	return st.await(ctx, left, monitor.Disconnected, 1)
}

func restart(ctx context.Context, st *stage) error {
	before, clerk := enter(st, zmq.NewPull(st.as("ledger"))), enter(st, zmq.NewPush(st.as("clerk")))
	after := enter(st, zmq.NewPull(st.as("ledger")))
	defer st.leave(clerk, before, after)
	at, err := before.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := clerk.Connect(at); err != nil {
		return err
	}
	if err := st.both(ctx, clerk, before); err != nil {
		return err
	}
	st.close(before)
	if err := st.await(ctx, clerk, monitor.ConnectRetried, 1); err != nil {
		return err
	}
	if _, err := after.Bind(at); err != nil {
		return err
	}
	if err := st.await(ctx, after, monitor.HandshakeSucceeded, 1); err != nil {
		return err
	}
	return st.await(ctx, clerk, monitor.HandshakeSucceeded, 2)
}

func deadWire(ctx context.Context, st *stage) error {
	cfg := st.as("sensor")
	cfg.HeartbeatInterval, cfg.HeartbeatTimeout = 100*time.Millisecond, 250*time.Millisecond
	station, sensor := enter(st, zmq.NewPull(st.as("station"))), enter(st, zmq.NewPush(cfg))
	var w wire
	defer w.close()
	defer st.leave(sensor, station) // before the wire, whose end would be one more scene
	at, err := station.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := w.span(strings.TrimPrefix(at, "tcp://")); err != nil {
		return err
	}
	if err := sensor.Connect(w.endpoint()); err != nil {
		return err
	}
	if err := st.both(ctx, sensor, station); err != nil {
		return err
	}
	w.cut()
	if err := st.await(ctx, sensor, monitor.HeartbeatTimeout, 1); err != nil {
		return err
	}
	if err := st.await(ctx, sensor, monitor.HandshakeSucceeded, 2); err != nil {
		return err
	}
	return st.await(ctx, station, monitor.HandshakeSucceeded, 2)
}

func oversize(ctx context.Context, st *stage) error {
	cfg := st.as("narrow-gate")
	cfg.MaxMessageSize = 1024
	gate, heavy := enter(st, zmq.NewPull(cfg)), enter(st, zmq.NewPush(st.as("heavy-sender")))
	defer st.leave(heavy, gate)
	at, err := gate.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := heavy.Connect(at); err != nil {
		return err
	}
	if err := heavy.Send(ctx, make([]byte, 4096)); err != nil {
		return err
	}
	if err := st.await(ctx, gate, monitor.Disconnected, 1); err != nil {
		return err
	}
	return st.await(ctx, heavy, monitor.HandshakeSucceeded, 2)
}

// curtain ends the fixtures in view of the audience: the end of the context is the end of their traffic.
func (f *fixtures) curtain(st *stage) error {
	if f.orders == "" {
		return nil // the first scene did not come so far
	}
	if err := st.to.Caption("the curtain falls: orders-out and orders-in close, and say what their connection carried"); err != nil {
		return err
	}
	before := st.count(f.in, monitor.Disconnected)
	st.close(f.out)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // the demo's own is over
	defer cancel()
	_ = st.await(ctx, f.in, monitor.Disconnected, before+1) // in vain if Ctrl-C came before their connection
	st.close(f.in)
	return nil
}
