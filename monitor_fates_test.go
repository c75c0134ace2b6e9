package zmq_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// everyFate is the ways in which those who come to a crowd's sockets come to their end. Each call is one or a few
// connections, from a goroutine that has a place of its own.
var everyFate = []func(c *crowd, place int){
	// A client goes, or is sent away.
	func(c *crowd, place int) { c.leave(c.client(at("pull", place), 3)) },
	func(c *crowd, place int) { c.leave(c.client("inproc://pull", 3)) },
	func(c *crowd, place int) { // hangs up one endpoint
		push := c.client(at("pull", place), 2)
		must(c.t, push.Disconnect(at("pull", place)))
		c.leave(push)
	},
	func(c *crowd, place int) { // is sent away
		push := c.client(at("pull", place), 1)
		mine := push.State().Peers[0]
		for _, p := range c.pull.State().Peers {
			if p.Remote == mine.Local {
				must(c.t, c.pull.CloseConn(p.Conn))
			}
		}
		c.gone(push)
	},
	func(c *crowd, place int) { // goes away from its peer and comes back
		push := c.client(at("pull", place), 1, func(cfg *zmq.Config) { cfg.ReconnectMin = time.Second })
		w := push.Watch(monitor.HandshakeSucceeded)
		defer w.Close()
		must(c.t, push.CloseConn(push.State().Peers[0].Conn))
		_, err := w.Next(c.ctx)
		must(c.t, err)
		c.leave(push)
	},

	// Its server goes.
	func(c *crowd, place int) {
		server, push := c.own(zmq.NewPull, place)
		must(c.t, server.Unbind(at("own", place)))
		c.gone(push)
		must(c.t, server.Close())
	},
	func(c *crowd, place int) {
		server, push := c.own(zmq.NewPull, place)
		must(c.t, server.Close())
		c.gone(push)
	},
	func(c *crowd, place int) { // … within the process
		server := zmq.NewPull(zmq.Config{Context: c.x})
		name := strings.Replace(at("own", place), "tcp", "inproc", 1)
		c.bind(server, name)
		push := zmq.NewPush(zmq.Config{Context: c.x})
		must(c.t, push.Connect(name))
		must(c.t, push.WaitReady(c.ctx, 1))
		must(c.t, server.Close())
		push.Shutdown(zmq.NoWait)
	},

	// The network breaks.
	func(c *crowd, place int) {
		push := c.client(at("breaks", place), 5)
		c.net.Reset(at("breaks", place))
		c.gone(push)
	},
	func(c *crowd, place int) { // in the middle of a message
		c.net.CutAfter(at("breaks", place), 400)
		push := c.client(at("breaks", place), 0)
		c.send(push, 3, 200)
		c.gone(push)
	},
	func(c *crowd, place int) { // in the middle of the handshake
		c.net.CutAfter(at("breaks", place), 70)
		c.gone(c.dials(at("breaks", place)))
	},
	func(c *crowd, place int) {
		c.net.Corrupt(at("breaks", place), 0)
		c.gone(c.dials(at("breaks", place)))
	},
	func(c *crowd, place int) { // without a word
		push := c.client(at("breaks", place), 1, func(cfg *zmq.Config) { cfg.HeartbeatInterval = time.Second })
		c.net.BlackHole(at("breaks", place), true)
		c.gone(push)
		c.net.BlackHole(at("breaks", place), false)
	},
	func(c *crowd, place int) { // … and what is queued runs out of time
		push := c.client(at("breaks", place), 1)
		c.net.BlackHole(at("breaks", place), true)
		c.send(push, 200, 900)
		c.shut(push, 50*time.Millisecond)
		time.Sleep(2 * time.Second) // the other end notices
		c.net.BlackHole(at("breaks", place), false)
	},

	// An attempt does not come up.
	func(c *crowd, place int) { c.gone(c.dials(at("nobody", place))) },
	func(c *crowd, place int) {
		c.net.BlackHole(at("hole", place), true)
		c.gone(c.dials(at("hole", place), func(cfg *zmq.Config) { cfg.ConnectTimeout = time.Second / 10 }))
	},
	func(c *crowd, place int) { // is called off
		c.net.BlackHole(at("hole", place), true)
		push := c.dials(at("hole", place))
		w := push.Watch(monitor.Unbound)
		must(c.t, push.Disconnect(at("hole", place)))
		w.Next(c.ctx)
		w.Close()
		c.shut(push, 0)
	},

	// The two do not fit.
	func(c *crowd, place int) {
		req := zmq.NewReq(zmq.Config{Context: c.x, ReconnectMin: zmq.Off})
		c.gaveUp(req, at("pull", place))
	},
	func(c *crowd, place int) { // within the process
		req := zmq.NewReq(zmq.Config{Context: c.x})
		must(c.t, req.Connect("inproc://pull"))
		must(c.t, req.Shutdown(zmq.NoWait))
	},
	func(c *crowd, place int) { // a PAIR has its peer
		server := zmq.NewPair(zmq.Config{Context: c.x})
		c.bind(server, at("own", place))
		first, second := zmq.NewPair(zmq.Config{Context: c.x}), zmq.NewPair(zmq.Config{Context: c.x, ReconnectMin: zmq.Off})
		must(c.t, first.Connect(at("own", place)))
		must(c.t, first.WaitReady(c.ctx, 1))
		c.gaveUp(second, at("own", place))
		must(c.t, first.Close())
		must(c.t, server.Close())
	},
	func(c *crowd, place int) { // a name is taken
		c.twins("strict", place)
	},
	func(c *crowd, place int) { // … and taken over
		c.twins("router", place)
	},
	func(c *crowd, place int) { // a message is too large
		push := c.client(at("pull", place), 0)
		c.send(push, 1, 2000)
		c.gone(push)
	},

	// Conversations.
	func(c *crowd, place int) { // given up
		req := zmq.NewReq(zmq.Config{Context: c.x, ReconnectMin: time.Second})
		must(c.t, req.Connect(at("rep", place)))
		ctx, cancel := context.WithTimeout(c.ctx, time.Second/20)
		defer cancel()
		if _, err := req.Do(ctx, []byte("who answers?")); err == nil {
			c.t.Error("somebody answered")
		}
		must(c.t, req.Shutdown(zmq.NoWait))
	},
	func(c *crowd, place int) {
		sub := zmq.NewSub(zmq.Config{Context: c.x, Subscribe: []string{"a", "b"}})
		must(c.t, sub.Connect(at("pub", place)))
		must(c.t, sub.WaitReady(c.ctx, 1))
		must(c.t, sub.Subscribe("c"))
		must(c.t, sub.Unsubscribe("a"))
		must(c.t, c.pub.Send(c.ctx, []byte("b")))
		must(c.t, sub.Close())
	},

	func(c *crowd, place int) { // somebody asks how things are
		for _, s := range []zmq.Socket{c.pull, c.rep, c.pub, c.router, c.strict} {
			if err := s.MonitorPipesStats(); err != nil && !errors.Is(err, zmq.ErrWouldBlock) {
				c.t.Error(err)
			}
		}
	},

	// Strangers.
	func(c *crowd, place int) { c.stranger(place).Close() },
	func(c *crowd, place int) { c.listens(c.stranger(place)) }, // silent
	func(c *crowd, place int) { c.listens(c.stranger(place, "GET / HTTP/1.1\r\n\r\n")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "hex:0100")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting:CURVE")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "command:READY")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "command:HELLO")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "ERROR:no")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "ERROR:400")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "frame:early")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "READY:PUSH", "hex:ff00")) },
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "READY:PUSH")) }, // falls silent
	func(c *crowd, place int) { c.listens(c.stranger(place, "greeting", "READY:PUSH", "PING:100ms")) },

	// Those who stay until the end of the round.
	func(c *crowd, place int) {
		push := c.client(at("pull", place), 1)
		c.stay(func() { c.leave(push) })
	},
	func(c *crowd, place int) {
		push := c.client("inproc://pull", 1)
		c.stay(func() { c.leave(push) })
	},
	func(c *crowd, place int) { // between two attempts
		push := c.dials(at("nobody", place), func(cfg *zmq.Config) { cfg.ReconnectMin = 1000 * time.Hour })
		c.stay(func() { c.shut(push, 0) })
	},
	func(c *crowd, place int) { // in an attempt
		c.net.BlackHole(at("hole", place), true)
		push := c.dials(at("hole", place), func(cfg *zmq.Config) { cfg.ConnectTimeout = zmq.Off })
		c.stay(func() { c.shut(push, 0) })
	},
	func(c *crowd, place int) { // in the handshake
		l, err := c.net.Network().Listen(c.ctx, "tcp", strings.TrimPrefix(at("mute", place), "tcp://"))
		must(c.t, err)
		push := c.dials(at("mute", place), func(cfg *zmq.Config) { cfg.HandshakeTimeout = zmq.Off })
		conn, err := l.Accept()
		must(c.t, err)
		c.stay(func() {
			c.shut(push, 0)
			conn.Close()
			l.Close()
		})
	},
}

// stay lets a client leave when the round is over.
func (c *crowd) stay(leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, leave)
}

// dials is a PUSH on its way to an endpoint, once.
func (c *crowd) dials(endpoint string, change ...func(*zmq.Config)) *zmq.Push {
	cfg := zmq.Config{Context: c.x, ReconnectMin: zmq.Off}
	for _, f := range change {
		f(&cfg)
	}
	push := zmq.NewPush(cfg)
	must(c.t, push.Connect(endpoint))
	return push
}

// client is a PUSH that has come, and sent so many messages.
func (c *crowd) client(endpoint string, messages int, change ...func(*zmq.Config)) *zmq.Push {
	push := c.dials(endpoint, change...)
	must(c.t, push.WaitReady(c.ctx, 1))
	c.send(push, messages, 10)
	return push
}

// send counts what the socket takes.
func (c *crowd) send(push *zmq.Push, messages, size int) {
	for range messages {
		if push.Send(zmq.NoWait, make([]byte, size)) == nil {
			c.mu.Lock()
			c.sent++
			c.mu.Unlock()
		}
	}
}

// own is a server that is nobody else's, and its client.
func (c *crowd) own(server func(zmq.Config) *zmq.Pull, place int) (*zmq.Pull, *zmq.Push) {
	s := server(zmq.Config{Context: c.x})
	c.bind(s, at("own", place))
	push := c.dials(at("own", place))
	must(c.t, push.WaitReady(c.ctx, 1))
	return s, push
}

// leave ends a client whose messages are all to arrive.
func (c *crowd) leave(push *zmq.Push) { must(c.t, push.Close()) }

// shut ends one in so much time.
func (c *crowd) shut(push *zmq.Push, linger time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	err := push.Shutdown(ctx)
	if d := (*zmq.DroppedError)(nil); errors.As(err, &d) {
		c.mu.Lock()
		c.dropped += uint64(d.Messages)
		c.mu.Unlock()
	} else {
		must(c.t, err)
	}
}

// gone waits until a client that dials once knows that it is alone.
func (c *crowd) gone(push *zmq.Push) {
	w := push.Watch(monitor.GaveUp)
	defer w.Close()
	for _, e := range push.State().Endpoints {
		if e.Conn == 0 && e.LastErr != nil { // it has happened
			c.shut(push, 0)
			return
		}
	}
	_, err := w.Next(c.ctx)
	must(c.t, err)
	c.shut(push, 0)
}

// gaveUp lets s dial once, in vain.
func (c *crowd) gaveUp(s zmq.Socket, endpoint string) {
	w := s.Watch(monitor.GaveUp)
	defer w.Close()
	must(c.t, s.Connect(endpoint))
	_, err := w.Next(c.ctx)
	must(c.t, err)
	must(c.t, s.Shutdown(zmq.NoWait))
}

// twins have the same name. Whether the first keeps it is the server's to say: one of them ends.
func (c *crowd) twins(host string, place int) {
	cfg := zmq.Config{Context: c.x, RoutingID: at("twin", place), ReconnectMin: zmq.Off}
	first, second := zmq.NewDealer(cfg), zmq.NewDealer(cfg)
	a, b := first.Watch(monitor.GaveUp), second.Watch(monitor.GaveUp)
	must(c.t, first.Connect(at(host, place)))
	must(c.t, first.WaitReady(c.ctx, 1))
	must(c.t, second.Connect(at(host, place)))
	select {
	case <-a.Ready():
	case <-b.Ready():
	}
	a.Close()
	b.Close()
	must(c.t, first.Shutdown(zmq.NoWait))
	must(c.t, second.Shutdown(zmq.NoWait))
}

// A stranger writes bytes to a server, in the words of the stories.
func (c *crowd) stranger(place int, words ...string) net.Conn {
	conn, err := c.net.Network().Dial(c.ctx, "tcp", strings.TrimPrefix(at("pull", place), "tcp://"))
	must(c.t, err)
	b, err := (&stage{world: &tcp{parts: 1}}).wire(words)
	must(c.t, err)
	conn.Write(b)
	return conn
}

// listens reads what comes until it is sent away.
func (c *crowd) listens(conn net.Conn) {
	io.Copy(io.Discard, conn)
	conn.Close()
}
