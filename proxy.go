package zmq

import (
	"context"
	"sync"

	"github.com/glassmq/zmq/internal/socket"
)

// A proxy's parts:
//
//  1. Run checks that the pair makes sense, starts a goroutine for each direction, and waits for what ends it (proxy.go);
//  2. each direction takes a message where there is one, once there is room where it goes (proxy_pass.go);
//  3. Run, meanwhile, obeys the control socket (proxy_steer.go).

// A Proxy passes messages between two sockets, both ways where their types allow (zmq_proxy(3)). The usual pairs are
// ROUTER and DEALER, a queue; XSUB and XPUB, a forwarder, whose subscriptions travel from Back to Front; PULL and PUSH, a
// streamer. Which is Front and which is Back matters to Stats only. REQ and REP take turns, which a proxy between them
// cannot: put DEALER and ROUTER in their place.
//
// A message is taken from one socket only when the other has room for it, so nothing gathers in between, a slow side
// slows the other one's peers, and whenever the proxy stops its hands are empty: what was not passed on is in the
// socket it came from, for the next Recv or the next Run. Messages from one peer stay in their order, also across Pause
// and Run. The bodies of large messages are shared, not copied; small ones cost no allocation.
//
// The sockets stay the caller's: to bind and connect before and during Run, to watch, and to close after it. The fields
// must not change while Run is under way. All methods may be called from any goroutine at any time.
type Proxy struct {
	Front, Back Socket // the same socket, if it is to answer itself: what comes from it goes back to it

	// Capture gets a copy of every message, both ways, in the order in which they were passed on; nil: nobody does. It
	// does what its type does when nobody takes the copies: PUB drops them, and PUSH, PAIR or DEALER, once full, stop the
	// proxy until there is room (zmq_proxy(3) does the same).
	Capture Sender

	// Control takes the commands of zmq_proxy_steerable(3), each a message of one frame: PAUSE, RESUME, TERMINATE, which
	// ends Run without an error, and STATISTICS, which is answered with eight frames, each an unsigned number of 64 bits
	// in the byte order of this machine: the messages and bytes received and sent by Front, and the same of Back.
	// (libzmq 4.3.4 counts messages as well, later ones count every frame of one.) It is a REP, which answers the other
	// commands with an empty frame and what is no command with a text; a PAIR, which answers STATISTICS only; or a SUB or
	// PULL, which never answer. nil: nobody.
	Control Socket

	mu sync.Mutex
	// mu guards:
	run    *run
	paused chan struct{} // closed by Resume; nil: not paused

	capturing        sync.Mutex // held while a message and its copy are passed on, so that the copies are in that order
	forward, reverse flow       // from Front to Back, from Back to Front
}

// A run is a Run that is under way. Its Proxy's lock guards what changes: open and shut.
type run struct {
	over       context.Context    // its end
	open       context.Context    // its end, or the next Pause
	shut       context.CancelFunc // open
	directions []*direction       // one or two
}

// ProxyStats are what passed through one socket of a Proxy, since the Proxy was made. Bytes are those of the frames'
// bodies.
type ProxyStats struct {
	MessagesIn, MessagesOut uint64
	BytesIn, BytesOut       uint64

	// Dropped are messages that came from the other socket and that this one would never take: no such peer, with
	// Config.RouterMandatory or on a STREAM, or too many frames.
	Dropped uint64
}

// Run passes messages until something ends it. That is ctx, whose cause it returns then; a socket, its own end or its
// Context's, and the error names which and is ErrClosed or ErrTerminated; or TERMINATE on the control socket, and then
// it returns nil. It can be called again. ErrInvalid: this pair cannot be proxied, and nothing was started; ErrState: a
// Run is under way.
func (p *Proxy) Run(ctx context.Context) error {
	if err := p.check(); err != nil {
		return err
	}
	over, end := context.WithCancel(ctx)
	defer end()
	directions, err := p.begin(over)
	if err != nil {
		return err
	}
	var passing sync.WaitGroup
	for _, d := range directions {
		passing.Go(func() { d.run(p, over) })
	}
	err = p.oversee(ctx)
	end()
	passing.Wait()
	p.mu.Lock()
	p.run = nil
	p.mu.Unlock()
	return err
}

// begin notes that a Run is under way.
func (p *Proxy) begin(over context.Context) ([]*direction, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil {
		return nil, socket.Because(ErrState, "zmq: Proxy.Run: another Run of this Proxy is under way")
	}
	r := &run{over: over}
	if receives(p.Front) && sends(p.Back) {
		r.directions = append(r.directions, p.direction(p.Front, p.Back, &p.forward))
	}
	if receives(p.Back) && sends(p.Front) && p.Front != p.Back {
		r.directions = append(r.directions, p.direction(p.Back, p.Front, &p.reverse))
	}
	r.open, r.shut = context.WithCancel(over)
	if p.paused != nil {
		r.shut()
	}
	p.run = r
	return r.directions, nil
}

// oversee waits for what ends a Run, and obeys commands meanwhile.
func (p *Proxy) oversee(ctx context.Context) error {
	front, back := p.Front.self().engine.Ended(), p.Back.self().engine.Ended()
	var capture, control <-chan struct{}
	if p.Capture != nil {
		capture = p.Capture.self().engine.Ended()
	}
	for {
		if p.Control != nil {
			control = p.Control.(Receiver).Readable() // its end is heard of here as well
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-front:
			return ended("Front", p.Front, p.Front.self().engine.Refused())
		case <-back:
			return ended("Back", p.Back, p.Back.self().engine.Refused())
		case <-capture:
			return ended("Capture", p.Capture, p.Capture.self().engine.Refused())
		case <-control:
			if terminate, err := p.obey(); terminate || err != nil {
				return err
			}
		}
	}
}

// ended says which socket has ended, and how.
func ended(role string, s Socket, err error) error {
	name := s.Type().String()
	if s.Name() != "" {
		name += " " + s.Name()
	}
	return socket.Because(err, "zmq: Proxy.Run: %s (%s): %v", role, name, err)
}

// Pause stops the passing on: when it returns, nothing passes until Resume. Messages gather in the sockets, up to their
// marks. A Proxy that is paused before Run, or was when Run ended, begins paused.
func (p *Proxy) Pause() {
	p.mu.Lock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
	r := p.run
	if r != nil {
		r.shut()
	}
	p.mu.Unlock()
	if r != nil {
		for _, d := range r.directions {
			d.stopped()
		}
	}
}

// Resume ends a Pause.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		return
	}
	close(p.paused)
	p.paused = nil
	if r := p.run; r != nil {
		r.open, r.shut = context.WithCancel(r.over)
	}
}

// Paused reports whether a Pause has not been ended by a Resume.
func (p *Proxy) Paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused != nil
}

// turn is the context for passing messages: the next Pause ends it, and Run's end. While the proxy is paused it waits.
func (p *Proxy) turn(over context.Context) context.Context {
	for {
		p.mu.Lock()
		paused, open := p.paused, p.run.open
		p.mu.Unlock()
		if paused == nil {
			return open
		}
		select {
		case <-paused:
		case <-over.Done():
			return over
		}
	}
}

// Stats are what passed so far, each direction at some moment of the call.
func (p *Proxy) Stats() (front, back ProxyStats) {
	if p.Front == p.Back {
		p.forward.add(&front, &front)
		return front, front
	}
	p.forward.add(&front, &back)
	p.reverse.add(&back, &front)
	return front, back
}

// check finds what cannot be a proxy.
func (p *Proxy) check() error {
	if p.Front == nil || p.Back == nil {
		return socket.Because(ErrInvalid, "zmq: Proxy: Front and Back are its sockets: set both")
	}
	for role, s := range map[string]Socket{"Front": p.Front, "Back": p.Back, "Capture": p.Capture} {
		if s != nil && (s.Type() == REQ || s.Type() == REP) {
			return socket.Because(ErrInvalid, "zmq: Proxy: %s is a %v, which takes turns: use DEALER in the place of REQ, ROUTER in that of REP", role, s.Type())
		}
	}
	if !(receives(p.Front) && sends(p.Back)) && !(receives(p.Back) && sends(p.Front)) {
		return socket.Because(ErrInvalid, "zmq: Proxy: %v and %v: one must receive and the other send, as PULL and PUSH, XSUB and XPUB, ROUTER and DEALER",
			p.Front.Type(), p.Back.Type())
	}
	return p.checkControl()
}

func sends(s Socket) bool {
	_, ok := s.(Sender)
	return ok
}

func receives(s Socket) bool {
	_, ok := s.(Receiver)
	return ok
}
