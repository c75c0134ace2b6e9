package socket

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
)

// The forms of the monitor that a socket itself feeds: the callback (the first seed's ZMQ_MONITOR) and libzmq's frames
// over inproc (the second's zmq_socket_monitor). Each is one goroutine that reads a subscription like any other reader.

// A callback is the one function that OnEvent has set.
type callback struct {
	sub *monitor.Subscription
	mu  sync.Mutex
	off bool // no call starts any more
}

// OnEvent sets the callback; nil removes it.
func (c *Core) OnEvent(m monitor.Mask, f func(monitor.Event)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.callback; old != nil {
		old.mu.Lock()
		old.off = true
		old.mu.Unlock()
		old.sub.Close()
		c.callback = nil
	}
	if f == nil {
		return
	}
	cb := &callback{sub: c.subscribe(m)}
	c.callback = cb
	c.readers.Go(func() { c.call(cb, f) })
}

// call runs f for each event until the callback is removed, the socket's last event, or f panics.
func (c *Core) call(cb *callback, f func(monitor.Event)) {
	defer cb.sub.Close()
	for e := range cb.sub.Events(context.Background()) {
		cb.mu.Lock()
		off := cb.off
		cb.mu.Unlock()
		if off {
			return
		}
		if what := guarded(f, e); what != nil {
			c.panicked(cb, what)
			return
		}
	}
}

// guarded calls f and returns what it panicked with.
func guarded(f func(monitor.Event), e monitor.Event) (what any) {
	defer func() { what = recover() }()
	f(e)
	return nil
}

// panicked removes a callback that panicked, and tells the other readers.
func (c *Core) panicked(cb *callback, what any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.callback == cb {
		c.callback = nil
	}
	cb.sub.Close()
	c.hub.Emit(&monitor.Event{Kind: monitor.GaveUp, FD: -1, Who: monitor.ByLocal, Reason: monitor.ReasonCallbackPanic,
		Err: fmt.Errorf("callback panicked: %v", what)})
}

// frames is the monitor that libzmq has: a socket of the Context's own, which sends each event as a message.
type frames struct {
	name    string
	mask    monitor.Mask
	version int
	sub     *monitor.Subscription
	socket  *Core
	ctx     context.Context // ended: send what is queued without waiting, then the last
	stop    context.CancelFunc
	done    sync.WaitGroup
	missed  atomic.Uint64 // events that did not fit when the monitor stopped, or that a PUB dropped for a slow reader
}

// Monitor sends the events in m as libzmq's frames over a socket of type typ that is bound to an inproc endpoint; ""
// stops. Errors are found in libzmq's order, and one that fails leaves a running monitor as it was.
func (c *Core) Monitor(text string, m monitor.Mask, version int, typ string) error {
	c.monitoring.Lock() // one at a time, and not under the control lock: to stop waits for the goroutine
	defer c.monitoring.Unlock()
	c.mu.Lock()
	err, opt, old := c.Refused(), c.opt, c.frames
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if version == 1 && m&^monitor.Classic != 0 {
		return c.opError("monitor", text, Because(ErrInvalid, "%s: version 1 frames have 16 bits for the event: use monitor.Classic, or version 2", m&^monitor.Classic))
	}
	if text == "" {
		c.stopFrames()
		return nil
	}
	at, err := monitorEndpoint(text, version, typ)
	if err != nil {
		return c.opError("monitor", text, err)
	}
	if old != nil && old.name == at.Name {
		c.stopFrames() // its name is free at once, so what follows cannot fail but by another's haste
	}
	f := &frames{name: at.Name, mask: m, version: version}
	f.ctx, f.stop = context.WithCancel(context.Background())
	f.socket = New(c.ctx, typ, Options{Name: opt.Name + " monitor", SendHWM: framesHWM, RecvHWM: framesHWM, Mechanism: opt.Mechanism})
	if _, err := f.socket.Bind(text); err != nil {
		f.stop()
		f.socket.Shutdown(NoWait)
		var bound *OpError
		if errors.As(err, &bound) {
			err = bound.Err
		}
		return c.opError("monitor", text, err)
	}
	c.stopFrames()
	c.mu.Lock()
	defer c.mu.Unlock()
	f.sub = c.subscribe(m)
	c.frames = f
	f.done.Go(f.run)
	return nil
}

// framesHWM is libzmq's default mark: its readers are used to that much room.
const framesHWM = 1000

func monitorEndpoint(text string, version int, typ string) (at endpoint.Endpoint, err error) {
	if at, err = endpoint.ParseBind(text); err != nil {
		return at, err
	}
	switch {
	case version != 1 && version != 2:
		return at, Because(ErrInvalid, "there is no version %d of the monitor's frames: 1 or 2", version)
	case at.Scheme != endpoint.Inproc:
		return at, Because(ErrNotSupported, "a monitor needs inproc, not %s", at.Scheme)
	case typ != "PAIR" && typ != "PUB" && typ != "PUSH":
		return at, Because(ErrInvalid, "a monitor is a PAIR, PUB or PUSH socket, not %s", typ)
	}
	return at, nil
}

// stopFrames ends the monitor with MONITOR_STOPPED, if that was asked for and fits. It waits for no reader.
func (c *Core) stopFrames() {
	c.mu.Lock()
	f := c.frames
	c.frames = nil
	c.mu.Unlock()
	if f == nil {
		return
	}
	f.sub.Stop()
	f.stop()
	f.done.Wait()
	c.mu.Lock()
	c.framesOld += f.lost()
	c.mu.Unlock()
}

// framesLost counts the events that readers of frames missed. Control lock held.
func (c *Core) framesLost() uint64 {
	if c.frames == nil {
		return c.framesOld
	}
	return c.framesOld + c.frames.lost()
}

func (f *frames) lost() uint64 { return f.sub.Lost() + f.missed.Load() }

// run sends events until the last.
func (f *frames) run() {
	defer f.socket.Shutdown(NoWait)
	missed := uint64(0)
	for e := range f.sub.Events(context.Background()) {
		if e.Kind == monitor.Lost || e.Kind&f.mask == 0 {
			continue // libzmq's readers know no such event
		}
		m := message.New(e.AppendFrames(nil, f.version))
		if e.Kind == monitor.MonitorStopped { // has room kept for it
			f.socket.Update(func(o *Options) { o.SendHWM++ })
		}
		err := f.socket.SendMessage(f.ctx, m)
		if err != nil {
			err = f.socket.SendMessage(NoWait, m) // told to stop: what fits now, fits
		}
		if err != nil {
			missed++
		}
		f.missed.Store(missed + f.socket.dropped())
	}
}
