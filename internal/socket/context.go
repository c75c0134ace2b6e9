package socket

import (
	"cmp"
	"slices"
	"sync"
	"syscall"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/monitor"
)

// A Context is a set of sockets with common inproc names and a common end. Its lock is taken after a socket's control
// lock, and before none but those of hubs.
type Context struct {
	hub  monitor.Hub // emits nothing: it is the home of those who watch all sockets, also those that are still to come
	spin peer.Spin   // of fresh connections

	mu sync.Mutex
	// mu guards:
	sockets map[*Core]any // that are not closed, and what their user knows them as; nil: the engine made it for itself
	most    int           // sockets at once; 0: any number
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
	return &Context{sockets: map[*Core]any{}, most: most, names: map[string]*name{}}
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
	x.sockets[c] = nil
	return nil
}

// own says what its user knows a socket as. Whoever watches the Context watches it from its first event on.
func (x *Context) own(c *Core, as any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, in := x.sockets[c]; in { // else it was refused, and does nothing
		x.sockets[c] = as
		x.hub.Extend(&c.hub)
	}
}

// remove forgets a socket whose last event has been told.
func (x *Context) remove(c *Core) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.sockets, c)
	x.over()
}

// over ends the story of a Context in which nothing can happen any more. mu is held.
func (x *Context) over() {
	if x.ended && len(x.sockets) == 0 {
		x.hub.Close()
	}
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

// Owned lists what the sockets' user knows them as.
func (x *Context) Owned() (all []any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, as := range x.sockets {
		if as != nil {
			all = append(all, as)
		}
	}
	return all
}

// Watch is the events of all the user's sockets from now on, of those too that are still to come.
func (x *Context) Watch(m monitor.Mask) *monitor.Subscription {
	w, there := x.watch(m)
	for _, c := range there {
		c.join(w)
	}
	return w
}

// WatchState is the present of each of the user's sockets, in the order of their ids, and the events after it. A socket
// that is not among them is in the events from its first one on.
func (x *Context) WatchState(m monitor.Mask) (all []monitor.State, _ *monitor.Subscription) {
	w, there := x.watch(m)
	for _, c := range there {
		if s, live := c.join(w); live {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b monitor.State) int { return cmp.Compare(a.SocketID, b.SocketID) })
	return all, w
}

// watch begins a subscription to the sockets that are still to come, and lists those that are there.
func (x *Context) watch(m monitor.Mask) (_ *monitor.Subscription, there []*Core) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c, as := range x.sockets {
		if as != nil {
			there = append(there, c)
		}
	}
	return x.hub.Subscribe(m, 0), there
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
	x.over()
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
