package peer

import (
	"context"
	"errors"
	"net"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
)

// A Listener is one Bind: it accepts peers, each with a pipe of its own that dies with its connection.
type Listener struct {
	Endpoint Endpoint
	Bound    string
	opt      *Options
	host     Host
	ln       net.Listener
	fd       int
	shaking  crowd           // connections in their handshake
	stop     context.Context // ended: so is the accept loop
	cancel   context.CancelFunc

	storm    storm // of accepts that failed
	filtered storm // of peers that AcceptFilter does not let in
	err      error // the last AcceptFailed since the last Accepted; the control lock guards it
}

// Listen binds. Its events are BindFailed or Listening.
func Listen(h Host, o *Options, e Endpoint, at endpoint.Endpoint) (*Listener, error) {
	ln, bound, err := transport.Listen(context.Background(), at, o.Transport)
	if err == nil {
		err = o.mayListen(ln)
	}
	h.Lock()
	defer h.Unlock()
	if err != nil {
		err = tried(h, e, at, err)
		h.Emit(&monitor.Event{Kind: monitor.BindFailed, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, Local: at.String(), FD: -1,
			Err: err, Who: monitor.ByLocal, Phase: monitor.InConnect, Reason: bindReason(err)})
		return nil, err
	}
	l := &Listener{Endpoint: e, Bound: bound, opt: o, host: h, ln: ln, fd: transport.FD(ln)}
	l.stop, l.cancel = context.WithCancel(context.Background())
	h.Emit(l.event(monitor.Listening))
	return l, nil
}

// mayListen closes a listener that nobody could be let in through: to say so at once beats refusing every peer later. The
// address is known only now, when names and wildcards have been resolved; nobody is accepted in between.
func (o *Options) mayListen(ln net.Listener) error {
	err := o.InTheClear(ln.Addr())
	if err == nil {
		return nil
	}
	fd := transport.FD(ln)
	return &transport.ListenError{FD: fd, Err: errors.Join(err, ln.Close())}
}

// bindReason is why a Bind did not succeed.
func bindReason(err error) monitor.Reason {
	if errors.As(err, new(*ClearTextError)) {
		return monitor.ReasonClearText
	}
	return systemReason(err)
}

// tried tells of the descriptor that was tried with, if there was one, and returns why it would not do. Control lock held.
func tried(h Host, e Endpoint, at endpoint.Endpoint, err error) error {
	var with *transport.ListenError
	if !errors.As(err, &with) {
		return transport.Cause(err)
	}
	if with.FD >= 0 {
		h.Emit(&monitor.Event{Kind: monitor.Closed, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, Local: at.String(), FD: with.FD,
			Who: monitor.ByLocal})
	}
	return with.Err
}

func (l *Listener) event(k monitor.Kind) *monitor.Event {
	return &monitor.Event{Kind: k, EndpointID: l.Endpoint.ID, Endpoint: l.Endpoint.Text, Side: l.Endpoint.Side, Local: l.Bound, FD: l.fd}
}

// Run accepts until the listener is closed. each is told of every connection, and may refuse it; control
// lock held.
func (l *Listener) Run(each func(*Conn) bool) {
	for {
		nc, err := l.ln.Accept()
		switch {
		case err == nil && !l.opt.Transport.Admits(nc.RemoteAddr()):
			l.filtered.turnedAway(l, nc, errFiltered)
		case err == nil:
			s, full := l.shaking.in(nc.RemoteAddr(), l.opt.MaxHandshakes, l.opt.MaxHandshakesPerHost)
			if full != nil {
				l.storm.turnedAway(l, nc, full)
				break
			}
			l.storm.pause = 0
			l.accept(nc, s, each)
		case l.stop.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			l.storm.failed(l, "", transport.Cause(err))
			l.storm.wait(l.stop.Done())
		}
	}
}

// accept begins a connection's life.
func (l *Listener) accept(nc net.Conn, s seat, each func(*Conn) bool) {
	c := newConn(l.host, l.opt, l.Endpoint, l.opt.newPipe(), make(chan struct{}, 1))
	c.Pipe.Far = c
	c.use(nc)
	c.seat = s
	l.host.Lock()
	in := each(c)
	if in {
		l.err = nil
		c.up()
	}
	l.host.Unlock()
	if !in {
		nc.Close()
		c.seat.leave()
		return
	}
	l.host.Work().Add(1)
	go c.serveAlone()
}

// Close stops listening, once; the connections live on.
func (l *Listener) Close(why monitor.Reason) {
	l.host.Lock()
	l.storm.end(l)
	l.filtered.end(l)
	l.cancel() // from here on each refuses: Closed is the last that is heard of the listener
	l.host.Unlock()
	err := l.ln.Close()
	l.host.Lock()
	defer l.host.Unlock()
	e := l.event(monitor.Closed)
	if err != nil {
		e.Kind, e.Err, why = monitor.CloseFailed, transport.Cause(err), systemReason(err)
	}
	e.Who, e.Reason = monitor.ByLocal, why
	l.host.Emit(e)
}

// Stopped reports whether Close was called.
func (l *Listener) Stopped() bool { return l.stop.Err() != nil }

// State is what is true of the endpoint. Control lock held.
func (l *Listener) State() monitor.EndpointState {
	return monitor.EndpointState{ID: l.Endpoint.ID, Side: l.Endpoint.Side, Endpoint: l.Endpoint.Text, Bound: l.Bound, LastErr: l.err}
}
