package socket

import "github.com/glassmq/zmq/internal/message"

// What a caller needs who carries messages from one socket to another, and must not be left with one in its hands.

// PutBack makes m, which Recv or RecvInto took and nobody has seen, the next message to be received: before those that
// came after it, so that a peer's order stays. m's memory is the socket's from now on. It is in no peer's queue any more,
// so marks and queue depths do not count it. Only for types whose pattern takes turns and has no state: not REQ, REP.
func (c *Core) PutBack(m message.Message) {
	s := &c.in
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back = append(s.back, m)
	s.readable.set()
	s.waiting.wake()
	if s.lent.reading { // that call waits for the network
		s.reclaim()
	}
}

// takeBack is the first of the messages that were put back. mu is held, and there is one.
func (s *recvSide) takeBack() (m message.Message) {
	m = s.back[0]
	if s.back = s.back[1:]; len(s.back) == 0 {
		s.back = nil
	}
	return m
}

// Ended is closed once every call is refused: the socket is closing, or its Context has ended. Refused says which.
func (c *Core) Ended() <-chan struct{} {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.over.get(c.in.err != nil)
}
