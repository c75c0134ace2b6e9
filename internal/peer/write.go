package peer

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/zmtp"
)

// Writing has no goroutine of its own. Whoever finds something queued and nobody writing becomes the writer:
//
//  1. Flush is called by the Send that put the first message into an empty queue, or by who queued a command;
//  2. on a quiet socket, whose user has nothing more at hand to answer, the caller writes by itself, without waiting: a round
//     trip then costs no goroutine switch;
//  3. on a busy one, or when the kernel takes no more, a goroutine writes what gathers meanwhile, a chunk of up to
//     64 KiB a call, and ends when there is nothing left.

// quiet is for how long nothing must have been written for a caller to write by itself. In a stream the next message
// comes sooner (0.1 to 5 µs), a round trip over loopback takes longer (20 µs).
const quiet = 15 * time.Microsecond

// A Pace is when one of a socket's connections last wrote. A publisher or a ROUTER with many peers comes back to each of
// them after a while, and would write each message by itself; it is the socket that is quiet, or not. The zero Pace is ready.
type Pace struct{ last atomic.Int64 }

// origin makes times of the monotonic clock fit a word.
var origin = time.Now()

// quiet notes that somebody wants to write, and reports whether it was quiet before.
func (p *Pace) quiet() bool {
	now := int64(time.Since(origin))
	return time.Duration(now-p.last.Swap(now)) > quiet
}

func (p *Pace) wrote() { p.last.Store(int64(time.Since(origin))) }

// A writer is what the one who writes has in hands.
type writer struct {
	commands  []byte       // being written, before
	batch     pipe.Bytes   // the messages being written
	at        int          // bytes of both that are in the kernel's hands
	recoded   bool         // they are written in another form, piece by piece (recode.go):
	wire      []byte       // this is one, in which …
	begin     int          // … the messages begin here …
	ends      []int        // … and end here
	walk      message.Span // what of the batch comes in later pieces
	gone      int          // messages of the batch that went in earlier ones …
	goneBytes int          // … as so many bytes
	spoken    bool         // messages have gone out
	vector    net.Buffers
	try       try
}

// Flush sees to it that what is queued gets written.
func (c *Conn) Flush() {
	c.mu.Lock()
	if c.writing || !c.open {
		c.again = c.writing // it looks once more; not open: whoever opens flushes
		c.mu.Unlock()
		return
	}
	c.writing = true
	c.mu.Unlock()
	if c.quiet() && !c.host.Busy() && c.writeNow() {
		return
	}
	if c.goWrite == nil {
		c.goWrite = c.writeAlone
	}
	c.host.Work().Add(1)
	go c.goWrite() // not WaitGroup.Go: its closure would be an allocation for each burst
}

// quiet reports whether the caller may write by itself.
func (c *Conn) quiet() bool {
	if c.raw == nil || c.opt.Eager {
		return c.raw != nil
	}
	return c.opt.Pace.quiet()
}

// writeNow writes as much as goes without waiting, and reports whether that was everything.
func (c *Conn) writeNow() bool {
	w := &c.out
	for c.load() {
		rest, whole := w.rest()
		if !whole {
			return false // several buffers: large bodies are a goroutine's work
		}
		n, err := w.try.write(c.raw, rest)
		w.at += n
		if err != nil {
			c.broke(err)
			return true
		}
		if n < len(rest) {
			return false
		}
		c.written()
	}
	return true
}

// writeAlone is the goroutine that writes.
func (c *Conn) writeAlone() {
	defer c.host.Work().Done()
	c.write()
}

// write writes until there is nothing left.
func (c *Conn) write() {
	w := &c.out
	for c.load() {
		var n int64
		var err error
		if rest, whole := w.rest(); whole {
			var k int
			k, err = c.nc.Write(rest)
			n = int64(k)
		} else {
			w.vector = w.batch.Vector(w.vector[:0], w.at-len(w.commands))
			n, err = c.writev(w.vector)
			clear(w.vector)
		}
		w.at += int(n)
		if err != nil {
			c.broke(err)
			return
		}
		c.written()
	}
}

// writev writes several buffers: in one call where that is the system's own connection.
func (c *Conn) writev(v net.Buffers) (n int64, err error) {
	if c.raw != nil {
		return v.WriteTo(c.nc)
	}
	for _, b := range v {
		k, err := c.nc.Write(b)
		if n += int64(k); err != nil {
			return n, err
		}
	}
	return n, nil
}

// rest is what is left to write if it lies in one buffer.
func (w *writer) rest() (b []byte, whole bool) {
	if w.recoded {
		return w.wire[w.at:], true
	}
	if w.at < len(w.commands) {
		return w.commands[w.at:], true
	}
	if len(w.batch.Large) > 0 {
		return nil, false
	}
	return w.batch.Buf[w.at-len(w.commands):], true
}

// load finds something to write, or ends the writer's part.
func (c *Conn) load() bool {
	w := &c.out
	for !c.ending() {
		if w.at < w.size() {
			return true
		}
		if c.Pipe.Out != nil {
			w.batch = c.Pipe.Out.TakeBytes()
		}
		w.at = 0
		c.mu.Lock()
		w.commands, c.control, c.pongs = c.control, spare(w.commands), 0
		if len(w.commands)+w.batch.Size == 0 && !c.again {
			c.stop()
			c.mu.Unlock()
			return false
		}
		c.again = false
		c.mu.Unlock()
		if w.recoded = c.recodes(); w.recoded {
			if c.recode(); w.size() == 0 && w.batch.Count > 0 { // messages without a byte
				c.written()
			}
		}
	}
	c.broke(nil)
	return false
}

// spare is b's memory to be used again, unless it was made for a flood of subscriptions or a giant.
func spare(b []byte) []byte {
	if cap(b) > spareMost {
		return nil
	}
	return b[:0]
}

const spareMost = 128 << 10

func (c *Conn) ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause != nil
}

// stop ends the writer's part. mu is held.
func (c *Conn) stop() {
	c.writing = false
	c.out.wire = spare(c.out.wire) // not sooner: in a stream of giants it is used again
	if !c.opt.Eager {
		c.opt.Pace.wrote()
	}
	c.idle.Broadcast()
	if c.draining {
		c.drained()
	}
}

// written credits what is in the kernel's hands, when all of it is, and lets go of it: it must not be credited twice.
func (c *Conn) written() {
	w := &c.out
	if w.at < w.size() || c.nextPiece() {
		return
	}
	room := w.batch.Count > 0 && c.Pipe.Out.Written(&w.batch, w.sentBytes())
	w.spoken = w.spoken || w.batch.Count > 0
	w.commands, w.wire, w.batch, w.at = spare(w.commands), w.wire[:0], pipe.Bytes{}, 0
	w.walk = message.Span{}
	if room {
		c.host.Sendable(c.Pipe)
	}
}

// broke ends the writer's part after a failed write, or because the connection is ended. The queue goes on at the first
// whole message behind what the kernel has; the reader, who may still find messages that came before the break, ends
// the connection.
func (c *Conn) broke(err error) {
	w := &c.out
	if w.batch.Count > 0 {
		if c.Pipe.Out.Return(&w.batch, w.sent(), w.sentBytes()) {
			c.host.Sendable(c.Pipe)
		}
	}
	w.batch, w.walk, w.commands, w.wire, w.at = pipe.Bytes{}, message.Span{}, nil, nil, 0
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing, c.open = false, false
	c.idle.Broadcast()
	if err != nil && c.cause == nil {
		c.broken = err
		c.Room() // a reader that waits for room need not
		c.nc.SetReadDeadline(time.Now().Add(breakGrace))
	}
}

// breakGrace is what a reader gets to find what the peer sent before a break; reading a broken TCP connection never
// waits, so this is for transports from a hook.
const breakGrace = time.Second

// Subscribe queues a subscription, or its end, before the next message: as a command to who knows it (RFC 37: from ZMTP 3.1
// on), else as a message. Flush sends it.
func (c *Conn) Subscribe(prefix []byte, on bool) {
	name, head := zmtp.CANCEL, byte(0)
	if on {
		name, head = zmtp.SUBSCRIBE, 1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.peer.Version == "3.0" {
		c.control = zmtp.AppendHeader(c.control, zmtp.Header{Size: 1 + uint64(len(prefix))})
		c.control = append(append(c.control, head), prefix...)
	} else {
		c.control = zmtp.AppendCommand(c.control, zmtp.Command{Name: name, Data: prefix})
	}
}

// queue queues a command: it goes out before the next message.
func (c *Conn) queue(frame []byte) {
	c.mu.Lock()
	c.control = append(c.control, frame...)
	c.mu.Unlock()
	c.Flush()
}
