package zmq_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// ends ends the party.
func (p *party) ends() {
	calls := p.ways()
	p.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	calls = calls[:1+p.IntN(len(calls))]
	hands := 1 + p.IntN(4)
	start := make(chan struct{})
	var all sync.WaitGroup
	for hand := range hands {
		all.Go(func() {
			<-start
			for i := hand; i < len(calls); i += hands {
				calls[i]()
			}
		})
	}
	close(start)
	all.Wait()
	p.mayBe("the Context's Shutdown", p.x.Shutdown(zmq.NoWait), zmq.ErrDropped)
	p.talks.Wait()
	p.stop()
	p.tells.Wait()
	p.look()
}

// look is at what is left.
func (p *party) look() {
	if p.illegal != nil {
		p.t.Errorf("round %d: %v", p.round, p.illegal)
	}
	if !p.missed && len(p.open) > 0 {
		p.t.Errorf("round %d: connections without a last event: %v", p.round, p.open)
	}
	for _, s := range append(p.guest[:], p.host) {
		if now := s.State(); len(now.Endpoints)+len(now.Peers) > 0 {
			p.t.Errorf("round %d: a closed %v has %d endpoints and %d peers", p.round, s.Type(), len(now.Endpoints), len(now.Peers))
		}
	}
	if listeners, conns := p.net.Open(); listeners+conns > 0 {
		p.t.Errorf("round %d: the network has %d listeners and %d connections", p.round, listeners, conns)
	}
}

// ways are all that ends something, and a few things that begin again.
func (p *party) ways() (all []func()) {
	for _, s := range append(p.guest[:], p.host) {
		all = append(all, p.waysOf(s)...)
	}
	at, host := p.at, p.host
	brief := time.Duration(p.IntN(2000)) * time.Microsecond
	all = append(all,
		func() { p.mayBe("Unbind", host.Unbind(at), zmq.ErrNotFound) },
		func() { p.mayBe("Disconnect", p.guest[0].Disconnect(at), zmq.ErrNotFound) },
		func() { p.mayBe("Disconnect", p.guest[1].Disconnect(at), zmq.ErrNotFound) },
		func() { p.mayBe("Connect", p.guest[0].Connect(at), zmq.ErrInvalid) }, // a PAIR that has its peer
		p.stop,
		func() { time.Sleep(brief) },
		func() { time.Sleep(brief / 2) },
	)
	switch p.IntN(6) { // else the sockets come first
	case 0:
		all = append(all, p.x.Terminate)
	case 1:
		all = append(all, func() { p.mayBe("the Context's Close", p.x.Close(), zmq.ErrDropped) })
	case 2:
		all = append(all, func() { p.mayBe("the Context's Shutdown", p.x.Shutdown(zmq.NoWait), zmq.ErrDropped) })
	}
	return all
}

// waysOf are those of one socket, which is watched in every form.
func (p *party) waysOf(s zmq.Socket) []func() {
	name := fmt.Sprintf("inproc://monitor %d", s.ID())
	brief := time.Duration(p.IntN(2000)) * time.Microsecond
	reader := p.readFrames(s, name)
	w, unread, c := p.watch(s)
	p.callBack(s)
	return []func(){
		func() { p.mayBe("Close", s.Close(), zmq.ErrDropped) },
		func() { p.mayBe("Shutdown", s.Shutdown(zmq.NoWait), zmq.ErrDropped) },
		func() {
			ctx, cancel := context.WithTimeout(context.Background(), brief)
			defer cancel()
			p.mayBe("Shutdown", s.Shutdown(ctx), zmq.ErrDropped)
		},
		func() {
			for _, peer := range s.State().Peers {
				p.mayBe("CloseConn", s.CloseConn(peer.Conn), zmq.ErrNotFound)
			}
		},
		func() { p.mayBe("Monitor", s.Monitor("", 0)) },
		func() { p.mayBe("Monitor", s.Monitor(name+" again", monitor.Classic), syscall.EADDRINUSE) },
		func() { s.OnEvent(0, nil) },
		func() { p.mayBe("the reader's Close", reader.Close(), zmq.ErrDropped) },
		w.Close, unread.Close, c.Close,
		func() { w.Close(); unread.Close(); c.Close() },
	}
}

// readFrames has a PAIR read libzmq's form of the monitor.
func (p *party) readFrames(s zmq.Socket, name string) *zmq.Pair {
	p.mayBe("Monitor", s.Monitor(name, monitor.Classic))
	reader := zmq.NewPair(zmq.Config{Context: p.x})
	p.mayBe("Connect", reader.Connect(name))
	p.talks.Go(func() {
		for _, err := reader.Recv(p.ctx); err == nil; _, err = reader.Recv(p.ctx) {
		}
	})
	return reader
}

// watch begins three subscriptions: one is read, one is not, one is a channel.
func (p *party) watch(s zmq.Socket) (w, unread, c *monitor.Subscription) {
	w, unread, c = s.Watch(monitor.All), s.Watch(monitor.All), s.Watch(monitor.Lifecycle)
	p.talks.Go(func() {
		for range w.Events(p.ctx) {
		}
	})
	p.talks.Go(func() {
		for range c.C() {
		}
	})
	return w, unread, c
}

// callBack sets a callback, which may end what it likes.
func (p *party) callBack(s zmq.Socket) {
	inside := p.IntN(20)
	s.OnEvent(monitor.All, func(e zmq.Event) {
		switch {
		case inside == 0 && e.Kind == monitor.HandshakeSucceeded:
			s.Close()
		case inside == 1 && e.Conn != 0:
			s.CloseConn(e.Conn)
		case inside == 2:
			s.OnEvent(0, nil)
		case inside == 3:
			s.Monitor("", 0)
		}
	})
}
