package peer

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// lastConn numbers connections and attempts of the whole process: an id that two sockets could share would join nothing.
var lastConn atomic.Uint64

// NextID returns a connection id that nobody had before.
func NextID() monitor.ConnID { return monitor.ConnID(lastConn.Add(1)) }

// State is where a connection's life stands.
type State uint8

const (
	Dialling State = iota // an attempt, no connection yet
	Shaking               // connected or accepted, not yet ready
	Ready                 // carries messages
	Ended
)

// A Conn is one attempt and, if it succeeds, one connection. One goroutine, its owner, takes it through its life; it
// ends in finish and nowhere else, whoever ended it.
type Conn struct {
	ID       monitor.ConnID
	Endpoint Endpoint
	Pipe     *pipe.Pipe
	opt      *Options
	host     Host
	nc       net.Conn
	raw      syscall.RawConn // nil: nc is no descriptor of the system's
	attempt  int
	dialer   *Dialer // whose attempt it is; nil if it was accepted
	began    time.Time
	room     chan struct{} // the pipe's: In has room again
	done     chan struct{} // closed when somebody has ended the connection

	// The host's control lock guards:
	state State
	peer  monitor.Peer  // filled until Ready, fixed from then on
	facts *monitor.Peer // peer as it was when Ready: what messages carry

	// mu guards the end and who writes.
	mu       sync.Mutex
	idle     sync.Cond // !writing
	open     bool      // Ready, and not yet ended: messages may go out
	writing  bool      // somebody is writing: a goroutine, or the call that found nobody doing so
	again    bool      // and shall look once more before it stops
	control  []byte    // commands that go out before the next message
	pongs    int       // how many of them are PONGs: opt.MaxPongs at most
	cause    *Cause    // why it ended; the first one stays
	broken   error     // a write failed
	draining bool      // end when everything is written …
	drainEnd Cause     // … with this cause
	leaving  *time.Timer
	limit    *time.Timer // of the drain

	goWrite func() // writeAlone, made once; nil: not yet

	codec  zmtp.Codec // what the handshake agreed on; nil: in the clear. It is set before any message
	out    writer     // whoever writes
	inlet  pipe.Inlet // whoever reads
	sealed sealed     // whoever reads, too: what came over a sealed connection
	peek   try        // whoever reads, too …
	wait   try        // … and if it waits
	back   chan error // what a Recv call that read for us gives back; made when it may first be lent

	came0, sent0 pipe.Count // what the pipe had carried before
	torn0        int
	seat         seat // until the handshake is over, either way
	beat         heartbeat
}

func newConn(h Host, o *Options, e Endpoint, p *pipe.Pipe, room chan struct{}) *Conn {
	c := &Conn{ID: NextID(), Endpoint: e, Pipe: p, opt: o, host: h, room: room, began: time.Now(),
		done: make(chan struct{})}
	c.idle.L = &c.mu
	if p.Out != nil {
		c.torn0 = p.Out.Torn() // what earlier connections tore is theirs
	}
	c.peer = monitor.Peer{Conn: c.ID, SocketID: o.SocketID, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, FD: -1}
	return c
}

// use gives the connection its transport.
func (c *Conn) use(nc net.Conn) {
	c.nc = nc
	c.peer.FD = transport.FD(nc)
	c.peer.Local, c.peer.Remote = transport.Name(nc.LocalAddr()), transport.Name(nc.RemoteAddr())
	if who := transport.PeerOf(nc); who != nil {
		c.peer.Process = &monitor.Process{PID: who.PID, UID: who.UID, GID: who.GID}
	}
	if c.peer.Remote == "" && strings.HasPrefix(c.Endpoint.Text, "ipc:") { // who dialled has no name: who it is tells it from others
		c.peer.Remote = "ipc://" + c.peer.Process.String()
	}
	switch nc := nc.(type) { // these and no others: what wraps one wants to see every byte
	case *net.TCPConn:
		c.raw, _ = nc.SyscallConn()
	case *net.UnixConn:
		c.raw, _ = nc.SyscallConn()
	}
}

// serveAlone is the goroutine of an accepted connection.
func (c *Conn) serveAlone() {
	defer c.host.Work().Done()
	c.serve()
}

// serve takes a connection that is up from its first byte to its end. It reports whether the handshake succeeded.
func (c *Conn) serve() (ready bool) {
	rest, err := []byte(nil), error(nil)
	if c.opt.Raw {
		if err = c.host.Accept(c); err == nil {
			err = c.become("")
		}
	} else {
		rest, err = c.handshake()
	}
	c.seat.leave()
	if err == nil {
		ready = true
		err = c.traffic(rest)
	}
	c.finish(err)
	return ready
}

// End ends the connection now. The first cause stays; its owner does the rest.
func (c *Conn) End(why Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(why)
}

// end is End with mu held.
func (c *Conn) end(why Cause) {
	if c.cause != nil {
		return
	}
	c.cause = &why
	c.open = false
	close(c.done)
	if c.nc != nil {
		c.nc.SetDeadline(past) // whoever reads or writes comes back
	}
}

var past = time.Unix(1, 0)

// Drain ends the connection as soon as everything queued has gone out. One that is not yet Ready first becomes so.
func (c *Conn) Drain(why Cause) {
	c.mu.Lock()
	c.draining, c.drainEnd = true, why
	c.mu.Unlock()
	c.Flush()
}

// EndAfter ends the connection when d has passed, if nothing else has by then. A negative d is never.
func (c *Conn) EndAfter(why Cause, d time.Duration) {
	if d < 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil {
		c.limit = time.AfterFunc(d, func() { c.End(why) })
	}
}

// Leave ends a connection, after its queue if there is time for that.
func (c *Conn) Leave(why Cause, linger time.Duration) {
	if linger == 0 || !c.IsOpen() {
		c.End(why)
		return
	}
	c.Drain(why)
	c.EndAfter(why, linger)
}

// IsOpen reports whether messages may go out.
func (c *Conn) IsOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// drained: the kernel has everything. To close now would throw away what it has not delivered if the peer has sent
// something that we did not read, so we say goodbye and wait until the peer's kernel has it all, or the peer hangs up.
// Whoever drains sets the limit. mu is held.
func (c *Conn) drained() {
	if c.leaving != nil {
		return
	}
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || !c.out.spoken || c.delivered() || half.CloseWrite() != nil {
		c.end(c.drainEnd)
		return
	}
	c.leaving = time.AfterFunc(leaveEvery, c.left)
}

// leaveEvery is how often a connection that is leaving looks whether the peer's kernel has everything.
const leaveEvery = 2 * time.Millisecond

func (c *Conn) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cause != nil:
	case c.delivered():
		c.end(c.drainEnd)
	default:
		c.leaving.Reset(leaveEvery)
	}
}

// delivered reports whether the peer's kernel is known to have all that was written. Over ipc it has at once: write(2) puts the bytes into the
// peer's own queue, from which it reads them also when we have closed, with unread input or without (unix(7)). SIOCOUTQ is no help there, for it
// counts what the peer has not read yet.
func (c *Conn) delivered() bool {
	if _, local := c.nc.(*net.UnixConn); local {
		return true
	}
	return unacknowledged(c.raw) == 0
}

// finish is the one way out: no more messages, no more writer, the terminal event, the descriptor.
func (c *Conn) finish(err error) {
	c.mu.Lock()
	why := c.cause
	c.mu.Unlock()
	if why == nil {
		why = c.explain(err)
		c.End(*why)
	}
	c.mu.Lock()
	for c.writing {
		c.idle.Wait()
	}
	for _, t := range []*time.Timer{c.leaving, c.limit} {
		if t != nil {
			t.Stop()
		}
	}
	c.mu.Unlock()
	c.beat.stop()
	c.inlet.Close()

	c.host.Lock()
	c.Pipe.SetConn(0)
	c.host.Detach(c)
	messages, bytes := c.lost(why)
	c.ended(why, messages)
	c.state = Ended
	c.host.Ended(c, messages, bytes)
	c.host.Unlock()
	c.nc.Close()
	c.host.Parted()
}

// lost drops what was queued for this peer alone and counts it, and what the break cut in two. The queue of an endpoint
// that dials on goes on.
func (c *Conn) lost(why *Cause) (messages, bytes int) {
	q := c.Pipe.Out
	if q == nil {
		return 0, 0
	}
	if c.Endpoint.Side == monitor.SideBind || why.Drop || c.opt.Answers {
		messages, bytes = q.Drop()
	}
	messages += q.Torn() - c.torn0
	if c.dialer != nil && why.Drop {
		c.dialer.mu.Lock()
		c.dialer.lost, c.dialer.lostSize = messages, bytes
		c.dialer.mu.Unlock()
	}
	return messages, bytes
}

// Carried counts what this connection carried, in and out.
func (c *Conn) Carried() (in, out pipe.Count) {
	if c.facts == nil {
		return in, out
	}
	if q := c.Pipe.In; q != nil {
		came, _ := q.Counts()
		in = came.Minus(c.came0)
	}
	if q := c.Pipe.Out; q != nil {
		_, sent := q.Counts()
		out = sent.Minus(c.sent0)
	}
	return in, out
}

// mark notes where the pipe's counts stand: what it carries from now on is this connection's.
func (c *Conn) mark() {
	if q := c.Pipe.In; q != nil {
		c.came0, _ = q.Counts()
	}
	if q := c.Pipe.Out; q != nil {
		_, c.sent0 = q.Counts()
		c.torn0 = q.Torn()
	}
}

// State is what is true of the connection; ok is false before it is up and after its end. The control lock is held.
func (c *Conn) State() (s monitor.PeerState, ok bool) {
	in, out := c.Carried()
	known := c.peer
	if c.state != Ready { // what a peer says of itself counts when the handshake is through
		known.Type, known.RoutingID, known.Mechanism = "", "", ""
		known.SetProperties(func(func(string, string) bool) {})
	}
	s = monitor.PeerState{Peer: known, Ready: c.state == Ready, MessagesIn: in.Messages, BytesIn: in.Bytes,
		MessagesOut: out.Messages, BytesOut: out.Bytes, RTT: c.beat.RTT()}
	return s, c.state == Shaking || c.state == Ready
}

// WasReady reports whether the handshake has been through: before, nothing was carried. The control lock is held.
func (c *Conn) WasReady() bool { return c.facts != nil }

// HungUp reports whether the peer has ended the connection, although our reader has not come to that yet.
func (c *Conn) HungUp() bool { return endsSoon(c.raw) }

// Lives reports whether its terminal event is still to come. The control lock is held.
func (c *Conn) Lives() bool { return c.state != Ended }

// Facts is Peer as messages carry it; nil before the handshake is through. The control lock is held.
func (c *Conn) Facts() *monitor.Peer { return c.facts }

// Call makes id the peer's routing id for its events and messages, if it did not say one itself: a ROUTER's own name for
// it. The control lock is held, and the handshake is not through.
func (c *Conn) Call(id string) {
	if c.peer.RoutingID == "" {
		c.peer.RoutingID = id
	}
}

// IsReady reports whether the handshake is through and the connection lives. The control lock is held.
func (c *Conn) IsReady() bool { return c.state == Ready }

// Peer is what is known of the other end. The control lock is held.
func (c *Conn) Peer() monitor.Peer { return c.peer }

// Immediate reports whether the endpoint takes messages only while its peer is ready.
func (c *Conn) Immediate() bool { return c.opt.Immediate }
