package socket

import (
	"sync"
	"syscall"
)

// A Context is a set of sockets with common inproc names and a common end. Its lock is taken after a socket's control
// lock and before nothing.
type Context struct {
	mu sync.Mutex
	// mu guards:
	sockets map[*Core]struct{}
	most    int // sockets at once; 0: any number
	ended   bool
	names   map[string]*name
}

// A name is an inproc name that somebody has bound or looks for.
type name struct {
	core    *Core
	bind    *bind // nil: nobody yet
	seekers []seeker
}

type seeker struct {
	core *Core
	dial *dial
}

// NewContext makes an empty one for at most so many sockets at once; 0 is any number.
func NewContext(most int) *Context {
	return &Context{sockets: map[*Core]struct{}{}, most: most, names: map[string]*name{}}
}

func (x *Context) add(c *Core) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.ended:
		return ErrTerminated
	case x.most > 0 && len(x.sockets) >= x.most:
		return &sentinel{"zmq: the Context has its most sockets: Close some, or raise ContextConfig.MaxSockets", nil, syscall.EMFILE}
	}
	x.sockets[c] = struct{}{}
	return nil
}

func (x *Context) remove(c *Core) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.sockets, c)
}

// Sockets lists the sockets that are not closed.
func (x *Context) Sockets() (all []*Core) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.sockets {
		all = append(all, c)
	}
	return all
}

func (x *Context) name(s string) *name {
	n := x.names[s]
	if n == nil {
		n = &name{}
		x.names[s] = n
	}
	return n
}

// tidy forgets a name that nobody needs. mu is held.
func (x *Context) tidy(s string) {
	if n := x.names[s]; n != nil && n.bind == nil && len(n.seekers) == 0 {
		delete(x.names, s)
	}
}

func (x *Context) bind(s string, c *Core, b *bind) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.name(s)
	if n.bind != nil {
		return false
	}
	n.core, n.bind = c, b
	return true
}

func (x *Context) unbind(s string, b *bind) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n := x.names[s]; n != nil && n.bind == b {
		n.core, n.bind = nil, nil
		x.tidy(s)
	}
}

func (x *Context) seek(s string, c *Core, d *dial) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.name(s)
	n.seekers = append(n.seekers, seeker{c, d})
}

func (x *Context) forget(s string, d *dial) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.names[s]
	if n == nil {
		return
	}
	for i, k := range n.seekers {
		if k.dial == d {
			n.seekers = append(n.seekers[:i:i], n.seekers[i+1:]...)
			break
		}
	}
	x.tidy(s)
}

// match joins who looks for a name with who has bound it. No lock is held.
func (x *Context) match(s string) {
	var with *bind
	for tried := 0; ; {
		x.mu.Lock()
		n := x.names[s]
		if n != nil && n.bind != with { // bound anew while one was in our hands: it has not tried that yet
			with, tried = n.bind, 0
		}
		if n == nil || n.bind == nil || tried >= len(n.seekers) {
			x.mu.Unlock()
			return
		}
		k := n.seekers[tried]
		n.seekers = append(n.seekers[:tried:tried], n.seekers[tried+1:]...)
		core, b := n.core, n.bind
		x.mu.Unlock()
		if !join(k.core, k.dial, core, b) {
			x.putBack(s, k, tried)
			tried++
		}
	}
}

// putBack keeps one that found no peer looking, unless its endpoint has ended.
func (x *Context) putBack(s string, k seeker, at int) {
	k.core.mu.Lock()
	defer k.core.mu.Unlock()
	if !k.core.isDial(k.dial) || k.dial.link != nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.name(s)
	at = min(at, len(n.seekers))
	n.seekers = append(n.seekers[:at:at], append([]seeker{k}, n.seekers[at:]...)...)
}

// Terminate ends every call of every socket with ErrTerminated. Queues go on draining.
func (x *Context) Terminate() {
	x.mu.Lock()
	x.ended = true
	x.mu.Unlock()
	for _, c := range x.Sockets() {
		c.Refuse(ErrTerminated)
	}
}

// Close is Terminate, and then end for every socket: its Close or its Shutdown.
func (x *Context) Close(end func(*Core) error) error {
	x.Terminate()
	sockets := x.Sockets()
	errs := make([]error, len(sockets))
	var all sync.WaitGroup
	for i, c := range sockets {
		all.Go(func() { errs[i] = end(c) })
	}
	all.Wait()
	var sum DroppedError
	for _, err := range errs {
		if d, ok := err.(*DroppedError); ok {
			sum.Messages += d.Messages
			sum.Bytes += d.Bytes
			sum.Peers = append(sum.Peers, d.Peers...)
		}
	}
	return sum.result()
}
