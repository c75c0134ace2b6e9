package zmq_test

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
)

// A relay stands between the two ends of TCP connections and breaks them as a network does. It listens while its back
// end does.
type relay struct {
	t    *testing.T
	at   *place
	work sync.WaitGroup

	mu sync.Mutex
	// mu guards:
	door      io.Closer // what listens, nil if nothing does
	is        door
	behind    bool // the back end listens
	refused   bool
	hole      chan struct{} // nil: no black hole; closed when it goes
	cut, flip int           // of the next connection; -1: not
	conns     map[*relayed]bool
	gone      bool
}

// A door is how a relay meets who dials it.
type door uint8

const (
	shut   door = iota // refuses
	open               // accepts
	silent             // does not answer
)

// A relayed is one connection.
type relayed struct{ client, server *net.TCPConn }

// reset gives both ends a RST instead of a FIN.
func (c *relayed) reset() {
	for _, end := range []*net.TCPConn{c.client, c.server} {
		end.SetLinger(0)
		end.Close()
	}
}

func newRelay(t *testing.T, at *place) *relay {
	r := &relay{t: t, at: at, conns: map[*relayed]bool{}, cut: -1, flip: -1}
	t.Cleanup(r.end)
	return r
}

func (r *relay) end() {
	r.mu.Lock()
	r.gone, r.behind = true, false
	r.swallow(false)
	for c := range r.conns {
		c.reset()
	}
	r.mu.Unlock()
	r.work.Wait()
}

// bound says whether the back end listens.
func (r *relay) bound(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind = on
	r.turn()
}

// swallow begins and ends a black hole. mu is held.
func (r *relay) swallow(on bool) {
	switch {
	case on && r.hole == nil:
		r.hole = make(chan struct{})
	case !on && r.hole != nil:
		close(r.hole)
		r.hole = nil
	}
	r.turn()
}

// turn makes the door what it should be now. mu is held.
func (r *relay) turn() {
	want := shut
	switch {
	case r.hole != nil:
		want = silent
	case r.behind && !r.refused:
		want = open
	}
	if want == r.is {
		return
	}
	if r.door != nil {
		r.door.Close()
	}
	r.is, r.door = want, nil
	switch want {
	case open:
		l, err := net.Listen("tcp", r.at.front)
		if err != nil {
			r.t.Errorf("relay: %v", err)
			return
		}
		r.door = l
		r.work.Go(func() { r.accept(l) })
	case silent:
		r.door = listenSilently(r.t, r.at.front)
	}
}

func (r *relay) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.at.back)
		if err != nil {
			client.Close()
			continue
		}
		r.carry(&relayed{client.(*net.TCPConn), server.(*net.TCPConn)})
	}
}

func (r *relay) carry(c *relayed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		c.reset()
		return
	}
	r.conns[c] = true
	cut, flip := r.cut, r.flip
	r.cut, r.flip = -1, -1
	var both sync.WaitGroup
	both.Go(func() { r.pump(c, c.server, c.client, cut, flip) })
	both.Go(func() { r.pump(c, c.client, c.server, -1, -1) })
	r.work.Go(func() {
		both.Wait()
		c.client.Close()
		c.server.Close()
		r.mu.Lock()
		delete(r.conns, c)
		r.mu.Unlock()
	})
}

// pump carries one direction to its end.
func (r *relay) pump(c *relayed, to, from *net.TCPConn, cut, flip int) {
	b := make([]byte, 32<<10)
	for passed := 0; ; {
		n, err := from.Read(b)
		r.wait()
		if flip >= passed && flip < passed+n {
			b[flip-passed] ^= 0xff
		}
		if cut >= 0 && passed+n >= cut {
			to.Write(b[:cut-passed])
			c.reset()
			return
		}
		passed += n
		_, bad := to.Write(b[:n])
		switch {
		case bad == nil && err == nil:
			continue
		case bad == nil && err == io.EOF:
			to.CloseWrite()
		default:
			c.reset()
		}
		return
	}
}

// wait waits while there is a black hole.
func (r *relay) wait() {
	r.mu.Lock()
	hole := r.hole
	r.mu.Unlock()
	if hole != nil {
		<-hole
	}
}

func (r *relay) fault(what, how string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	bytes, _ := strconv.Atoi(how)
	switch {
	case what == "reset":
		for c := range r.conns {
			c.reset()
		}
	case what == "refuse":
		r.refused = how == "on"
		r.turn()
	case what == "black":
		r.swallow(how == "on")
	case what == "cut":
		r.cut = bytes
	case what == "corrupt":
		r.flip = bytes
	default:
		return fmt.Errorf("the relay has no fault called %s", what)
	}
	return nil
}
