package fleet

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A wire is a TCP proxy that can be cut without being closed: what a dead host, or a firewall that forgot a connection,
// looks like to both ends.
type wire struct {
	to   string
	in   net.Listener
	work sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []net.Conn // of both sides
}

// span listens on a port of the system's choice and forwards each connection to address.
func (w *wire) span(address string) (err error) {
	if w.in, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	w.to = address
	w.work.Go(w.accept)
	return nil
}

func (w *wire) endpoint() string { return "tcp://" + w.in.Addr().String() }

func (w *wire) accept() {
	for {
		near, err := w.in.Accept()
		if err != nil {
			return // closed
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			near.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, near, far)
		w.mu.Unlock()
		w.work.Go(func() { forward(near, far) })
		w.work.Go(func() { forward(far, near) })
	}
}

// forward copies until one end closes, and tells the other, or until the wire is cut, and tells nobody.
func forward(to, from net.Conn) {
	_, err := io.Copy(to, from)
	var t net.Error
	if errors.As(err, &t) && t.Timeout() {
		return
	}
	to.Close()
	from.Close()
}

// cut stops forwarding on the connections there are. They stay open, and silent; new ones are forwarded.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.SetDeadline(time.Unix(1, 0)) // long ago: whoever reads or writes stops
	}
}

// close ends everything, if there is anything.
func (w *wire) close() {
	if w.in == nil {
		return
	}
	w.in.Close()
	w.mu.Lock()
	for _, c := range w.conns {
		c.Close()
	}
	w.mu.Unlock()
	w.work.Wait()
}
