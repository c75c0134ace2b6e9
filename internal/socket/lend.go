package socket

import (
	"context"
	"time"

	"github.com/glassmq/zmq/internal/peer"
)

// Lending: a Recv that waits on a socket with one peer reads that peer's connection itself.
//
// A reader goroutine that hands a message to a waiting Recv costs a goroutine switch, about 9 µs each way here, because
// waking it spins up another thread. So when a reader delivers messages that a call was waiting for, not for the first
// time, and the socket has no other peer, it lends its connection to the calls: the next Recv that finds nothing reads the
// descriptor, whatever gathers there in one go. In a stream this is as fast as reading ahead in parallel, or faster (two cores: 16 B +20 %, 1 KiB +25 %):
// two goroutines that pass a queue to and fro wait for each other's wake-ups. The reader has it back
//
//   - when a second peer is attached, somebody waits in another way, or the socket ends;
//   - when no call came to read for a while: somebody has to notice a peer that dies, and to read ahead of a slow consumer.
//
// The receiving lock guards a lending.
type lending struct {
	conn    *peer.Conn // nil: nothing is lent
	reading bool       // a call is reading it
	reads   uint       // how often one did
	seen    uint       // as the watch saw it last
	watch   *time.Timer
	watched bool // the watch runs
	outside bool // a caller of TellReadable watches its descriptor
	pays    peer.Spin
}

// unreadFor is how long a lent connection may go unread: a dead peer is noticed within twice that.
const unreadFor = 4 * time.Millisecond

// free reports whether there is a connection that the caller may read.
func (l *lending) free() bool { return l.conn != nil && !l.reading }

// lend takes c's connection from its reader if the calls read better by themselves. mu is held.
func (s *recvSide) lend(c *peer.Conn) bool {
	if s.pipes != 1 || s.err != nil || s.lent.conn != nil || !c.HasDescriptor() || c.Pipe.In.Closed() {
		return false
	}
	s.lent.conn = c
	s.look()
	return true
}

// look sees to it that an unread connection is given back. mu is held.
func (s *recvSide) look() {
	l := &s.lent
	if l.watched {
		return
	}
	l.watched, l.seen = true, l.reads
	if l.watch == nil {
		l.watch = time.AfterFunc(unreadFor, s.unread)
	} else {
		l.watch.Reset(unreadFor)
	}
}

// unread runs now and then while a connection is lent and no call is in it.
func (s *recvSide) unread() {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.lent
	switch {
	case l.conn == nil || l.reading: // a call that reads notices everything, and looks when it leaves
		l.watched = false
	case l.reads != l.seen:
		l.seen = l.reads
		l.watch.Reset(unreadFor)
	default:
		l.watched = false
		s.giveBack(nil)
	}
}

// readLent reads once from the lent connection. mu is held, and let go of meanwhile.
func (s *recvSide) readLent(ctx context.Context) error {
	l := &s.lent
	c := l.conn
	l.reading = true
	l.reads++
	s.mu.Unlock()
	var stop func() bool
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, c.Interrupt)
	}
	first, came, err := l.spin(c)
	if !came {
		first, err = c.Read()
	}
	if stop != nil {
		stop()
	}
	s.mu.Lock()
	l.reading = false
	if first {
		s.choose.Ready(c.Pipe)
	}
	if err != nil || s.pipes != 1 || s.err != nil || c.Pipe.In.Closed() {
		s.giveBack(err)
	} else {
		s.look()
	}
	if first {
		s.announce()
	}
	if ctx.Err() != nil {
		s.passOn()
		return &waitError{context.Cause(ctx)}
	}
	return nil
}

// spin looks for a while whether something comes, before the call is parked.
func (l *lending) spin(c *peer.Conn) (first, came bool, err error) {
	if !l.pays.Begin() {
		return false, false, nil
	}
	for range spinTries {
		if first, came, err = c.ReadNow(); came {
			break
		}
	}
	l.pays.End(came)
	return first, came, err
}

const spinTries = 100 // about 40 µs

// readUnread takes in what has come over a lent connection that nobody read meanwhile. mu is held, and let go of
// meanwhile.
func (s *recvSide) readUnread() {
	l := &s.lent
	c := l.conn
	l.reading = true
	s.mu.Unlock()
	first, _, err := c.ReadNow()
	s.mu.Lock()
	l.reading = false
	if first {
		s.choose.Ready(c.Pipe)
	}
	if err != nil || s.pipes != 1 || s.err != nil {
		s.giveBack(err)
	} else {
		s.look()
	}
}

// giveBack ends the lending. mu is held.
func (s *recvSide) giveBack(err error) {
	s.lent.conn.GiveBack(err)
	s.lent.conn = nil
	if s.lent.outside { // the descriptor is not that caller's to watch any more
		s.lent.outside = false
		s.readable.set()
	}
}

// reclaim ends the lending, at once or as soon as the call that reads has come back. mu is held.
func (s *recvSide) reclaim() {
	switch l := &s.lent; {
	case l.conn == nil:
	case l.reading:
		l.conn.Interrupt()
	default:
		s.giveBack(nil)
	}
}
