package zmqtest

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
)

// A tunnel is one connection through a Proxy. In each of its ways,
//
//  1. take reads what an end says, and stamps it with the time at which it arrives;
//  2. give hands it to the other end when that time has come and the way is not held.
type tunnel struct {
	p    *Proxy
	ends [2]net.Conn // by the Direction in which they speak
	ways [2]*way
	once sync.Once
	done chan struct{}

	reset bool // how it has ended; the Proxy's lock guards it
}

// A way is one direction of it. The Proxy's lock guards queue, size and ended; the rest is give's.
type way struct {
	*tunnel
	d     Direction
	queue []parcel
	size  int  // bytes in the queue
	ended bool // the last of the queue, or of what was in it, is the end

	passed    int // bytes
	cut, flip int // at this offset; -1: never
}

// A parcel is bytes on their way; no bytes are the end.
type parcel struct {
	bytes []byte
	due   time.Time
}

// most is how many bytes a way holds, as the buffers of a network do.
const most = 256 << 10

// run is a connection's life, from when the Proxy has accepted it.
func (t *tunnel) run() {
	defer t.p.forget(t)
	if !t.wait(func() bool { return t.p.faults.held != [2]bool{true, true} }) { // a black hole swallows attempts as well
		return
	}
	to, err := t.p.dial()
	if err != nil {
		t.end(true)
		return
	}
	over, reset := false, false
	t.p.change(func() { t.ends[Down], over, reset = to, t.over(), t.reset })
	if over { // and this end was not there yet
		hangUp(to, reset)
		return
	}
	var ways sync.WaitGroup
	for _, w := range t.ways {
		ways.Go(w.take)
		ways.Go(w.give)
	}
	ways.Wait()
	t.end(false)
}

func (p *Proxy) dial() (net.Conn, error) {
	if p.target.Scheme == endpoint.IPC {
		return net.Dial("unix", p.target.Name)
	}
	return net.Dial("tcp", p.target.Addr.String())
}

// end ends both ends, with a reset or, where each has heard the other out, without.
func (t *tunnel) end(reset bool) {
	t.once.Do(func() {
		t.p.mu.Lock()
		ends := t.ends
		t.reset = reset
		close(t.done)
		t.p.changed.Broadcast()
		t.p.mu.Unlock()
		for _, c := range ends {
			if c != nil {
				hangUp(c, reset)
			}
		}
	})
}

func hangUp(c net.Conn, reset bool) {
	if tcp, ok := c.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	c.Close()
}

// wait waits until ok, which is called with the Proxy's lock held; false: the tunnel has ended.
func (t *tunnel) wait(ok func() bool) bool {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	for !t.over() {
		if ok() {
			return true
		}
		t.p.changed.Wait()
	}
	return false
}

func (t *tunnel) over() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

func (w *way) take() {
	buf := make([]byte, 64<<10)
	for w.wait(func() bool { return !w.p.faults.held[w.d] && w.size < most }) {
		n, err := w.ends[w.d].Read(buf)
		w.p.change(func() {
			if n > 0 {
				w.put(slices.Clone(buf[:n]))
			}
			if errors.Is(err, io.EOF) {
				w.put(nil)
			}
		})
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			w.end(true)
			return
		}
	}
}

// put puts bytes on their way, or the end; behind that nothing goes. The Proxy's lock is held.
func (w *way) put(b []byte) {
	if !w.ended {
		w.queue = append(w.queue, parcel{b, time.Now().Add(w.p.faults.latency)})
		w.size += len(b)
		w.ended = b == nil
	}
}

func (w *way) give() {
	for {
		next, slice, ok := w.next()
		switch {
		case !ok:
			return
		case next == nil:
			w.ends[1-w.d].(interface{ CloseWrite() error }).CloseWrite()
			return
		}
		if slice == 0 {
			slice = len(next)
		}
		for b := range slices.Chunk(next, slice) {
			if !w.pass(b) {
				w.end(true)
				return
			}
		}
	}
}

// next waits for what arrives next.
func (w *way) next() (b []byte, slice int, ok bool) {
	var head parcel
	if !w.wait(func() bool { return len(w.queue) > 0 }) {
		return nil, 0, false
	}
	w.p.change(func() { head = w.queue[0] })
	select {
	case <-w.done:
		return nil, 0, false
	case <-time.After(time.Until(head.due)):
	}
	ok = w.wait(func() bool { return !w.p.faults.held[w.d] })
	w.p.change(func() {
		w.queue, w.size, slice = w.queue[1:], w.size-len(head.bytes), w.p.faults.slice
	})
	return head.bytes, slice, ok
}

// pass hands bytes on, with what is to befall them; false: that was the connection's end.
func (w *way) pass(b []byte) bool {
	if at := w.flip - w.passed; w.flip >= 0 && at >= 0 && at < len(b) {
		b[at] = ^b[at]
	}
	cut := w.cut >= 0 && w.passed+len(b) >= w.cut
	if cut {
		b = b[:w.cut-w.passed]
	}
	n, err := w.ends[1-w.d].Write(b)
	w.passed += n
	return err == nil && !cut
}
