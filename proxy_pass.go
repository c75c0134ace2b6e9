package zmq

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/socket"
)

// A direction carries messages from one socket to the other, one at a time:
//
//  1. it waits until there is room where they go (room);
//  2. it takes the next one (pass);
//  3. it passes it on, and a copy to the capture socket (hand);
//  4. if the room is gone, for the message before it took the last or the peer has left, it puts the message back, and
//     begins again.
//
// So it never waits with a message in its hands, but for one case: a socket that has room, only not for this message,
// because that depends on whom it is for (ROUTER with RouterMandatory, XPUB with XPubNoDrop). Then what is behind it
// waits too, as it would in a queue.
type direction struct {
	from, to, capture *socket.Core // capture: nil if there is none
	capturing         *sync.Mutex  // the proxy's
	flow              *flow

	passing sync.Mutex // held while messages pass
	// passing guards:
	held  message.Buffer
	frame [1][]byte
}

// A flow counts what went in one direction.
type flow struct {
	taken, lost count // lost: of those taken, not passed on
}

type count struct{ messages, bytes atomic.Uint64 }

func (c *count) add(bytes int) {
	c.messages.Add(1)
	c.bytes.Add(uint64(bytes))
}

func (c *count) remove(bytes int) {
	c.messages.Add(^uint64(0))
	c.bytes.Add(-uint64(bytes))
}

// add fills in what f is to the socket that it comes from, and to the one that it goes to.
func (f *flow) add(from, to *ProxyStats) {
	to.Dropped = f.lost.messages.Load() // before what was taken, which is never less
	lost := f.lost.bytes.Load()
	from.MessagesIn, from.BytesIn = f.taken.messages.Load(), f.taken.bytes.Load()
	to.MessagesOut, to.BytesOut = from.MessagesIn-to.Dropped, from.BytesIn-lost
}

func (p *Proxy) direction(from, to Socket, f *flow) *direction {
	d := &direction{from: from.self().engine, to: to.self().engine, capturing: &p.capturing, flow: f}
	if p.Capture != nil {
		d.capture = p.Capture.self().engine
	}
	return d
}

// run passes messages until Run is over or a socket has ended, which Run hears of by itself.
func (d *direction) run(p *Proxy, over context.Context) {
	for over.Err() == nil {
		turn := p.turn(over)
		if d.pass(turn); turn.Err() == nil {
			return
		}
	}
}

// stopped waits until pass, whose turn is over, has returned.
func (d *direction) stopped() {
	d.passing.Lock()
	defer d.passing.Unlock()
}

// pass passes messages on until its turn is over or a socket has ended.
func (d *direction) pass(turn context.Context) {
	d.passing.Lock()
	defer d.passing.Unlock()
	for d.room(turn) {
		for {
			if d.from.RecvInto(turn, &d.held) != nil {
				return
			}
			if !d.hand(turn) {
				break
			}
		}
	}
}

// room waits until the message to come can be passed on; false: the turn is over.
func (d *direction) room(turn context.Context) bool {
	select {
	case <-d.to.Writable():
	case <-turn.Done():
		return false
	}
	if d.capture != nil {
		select {
		case <-d.capture.Writable():
		case <-turn.Done():
			return false
		}
	}
	return d.to.Refused() == nil // Writable is closed at the end as well
}

// hand passes the held message on. If it cannot now, the message goes back to where it came from, and hand reports false.
func (d *direction) hand(turn context.Context) bool {
	m := &d.held.Message
	size := m.Size()
	d.flow.taken.add(size) // before it is passed on: whoever has received it may ask for Stats
	err := d.send(NoWait, turn)
	if err == ErrWouldBlock && d.hasRoom() {
		d.flow.taken.remove(size)
		err = d.send(turn, turn) // there is room, only not for this one
		d.flow.taken.add(size)
	}
	if err != nil && (turn.Err() != nil || errors.Is(err, ErrWouldBlock) || errors.Is(err, ErrClosed) || errors.Is(err, ErrTerminated)) {
		d.from.PutBack(*m)
		d.flow.taken.remove(size)
		d.held = message.Buffer{} // its memory was the message's
		return false
	}
	if err != nil { // it would be refused again
		d.flow.lost.add(size)
	}
	if size >= message.LargeBody {
		d.held = message.Buffer{} // queues share its large bodies: the next RecvInto must not write over them
	}
	return true
}

// send passes the held message on, waiting as ctx says, and a copy of it to the capture socket: only if both have room.
func (d *direction) send(ctx, turn context.Context) error {
	if d.capture == nil {
		return d.give(ctx, d.to)
	}
	d.capturing.Lock()
	defer d.capturing.Unlock()
	if err := d.capture.CanSend(); err != nil {
		return err
	}
	if err := d.give(ctx, d.to); err != nil {
		return err
	}
	if d.give(NoWait, d.capture) == ErrWouldBlock { // its last peer left just now, or a user elsewhere took the room
		d.give(turn, d.capture) // the copy waits, and a stop loses it
	}
	return nil
}

// give sends the held message to a socket. The short way of Send is the faster one for small messages; SendMessage does
// not copy large bodies.
func (d *direction) give(ctx context.Context, to *socket.Core) error {
	m := &d.held.Message
	if len(m.Tail()) == 0 && len(m.Head) < message.LargeBody {
		d.frame[0] = m.Head
		return to.Send(ctx, d.frame[:])
	}
	return to.SendMessage(ctx, *m)
}

func (d *direction) hasRoom() bool {
	return d.to.CanSend() == nil && (d.capture == nil || d.capture.CanSend() == nil)
}
