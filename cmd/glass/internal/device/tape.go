package device

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/lines"
)

// A Tape writes a copy of what passes through a device, as JSON lines, and never holds it up: copies that it has no room
// for are dropped and counted. Room are TapeDepth messages in memory, and as many bytes on the file as it is given.
//
// The copies come over a PUB and a SUB of a Context of its own, so they show in no count of the device's.
type Tape struct {
	pub     *zmq.Pub
	sub     *zmq.Sub
	writing sync.WaitGroup
	end     context.CancelFunc

	written, late atomic.Uint64 // copies; late: that came when the file was full or broken

	// Of the goroutine that writes, until it has ended:
	out      *bufio.Writer
	room     int64  // bytes
	gathered uint64 // copies in out
	line     []byte // is used again
	err      error  // why nothing is written any more
}

// TapeDepth is how many messages wait to be written. Large bodies are shared with the device's queues; a message that
// waits here alone costs its size.
const TapeDepth = 1000

// NewTape begins to write to w, room bytes at most. broken hears, once, why nothing is written any more.
func NewTape(w io.Writer, room int64, broken func(error)) (*Tape, error) {
	x := zmq.NewContext(zmq.ContextConfig{})
	t := &Tape{pub: zmq.NewPub(zmq.Config{Context: x, SendHWM: TapeDepth / 2}),
		sub: zmq.NewSub(zmq.Config{Context: x, RecvHWM: TapeDepth / 2, Subscribe: []string{""}}),
		out: bufio.NewWriterSize(w, 64<<10), room: room}
	const between = "inproc://tape"
	if _, err := t.sub.Bind(between); err != nil {
		return nil, err
	}
	if err := t.pub.Connect(between); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.end = cancel
	if err := t.pub.WaitReady(ctx, 1); err != nil {
		return nil, err
	}
	t.writing.Go(func() { t.run(ctx, broken) })
	return t, nil
}

// Capture is the socket to give the copies to.
func (t *Tape) Capture() zmq.Sender { return t.pub }

// Counts are how many copies are on the file, and how many were dropped.
func (t *Tape) Counts() (written, dropped uint64) {
	return t.written.Load(), t.pub.State().Dropped + t.late.Load()
}

// Close writes what has come, and returns why not all of it could be written.
func (t *Tape) Close() error {
	t.end()
	t.writing.Wait()
	t.pub.Close()
	t.sub.Close()
	return t.err
}

func (t *Tape) run(ctx context.Context, broken func(error)) {
	for {
		m, err := t.sub.Recv(ctx)
		if err != nil {
			break
		}
		t.write(m, broken)
	}
	for { // what had come by then
		m, err := t.sub.Recv(zmq.NoWait)
		if err != nil {
			break
		}
		t.write(m, broken)
	}
	t.flush(broken)
}

// write writes one copy. What is written gathers while more is there.
func (t *Tape) write(m zmq.Message, broken func(error)) {
	if t.err != nil {
		t.late.Add(1)
		return
	}
	own := zmq.NewMessage(m.AppendFrames(nil)...) // without the link between our two sockets, which is nobody's peer
	t.line = append(lines.Append(t.line[:0], lines.JSONL, own, time.Now()), '\n')
	if int64(len(t.line)) > t.room {
		t.flush(broken)
		t.late.Add(1)
		t.stop(errFull, broken)
		return
	}
	t.room -= int64(len(t.line))
	t.gathered++
	t.out.Write(t.line) // its error is Flush's
	if t.sub.CanRecv() != nil {
		t.flush(broken)
	}
}

var errFull = errors.New("the file is as large as it may be")

func (t *Tape) flush(broken func(error)) {
	err := t.out.Flush()
	if err == nil {
		t.written.Add(t.gathered)
	} else {
		t.late.Add(t.gathered)
		t.stop(err, broken)
	}
	t.gathered = 0
}

// stop gives up, for a first reason.
func (t *Tape) stop(err error, broken func(error)) {
	if t.err == nil {
		t.err = err
		broken(err)
	}
}
