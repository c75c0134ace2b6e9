package socket

// What a caller needs who waits where no goroutine can: in a system call on a descriptor, with many others. A function takes
// the place of the channel.

// TellReadable is CanRecv, and if that is an error, tell is called once when it may have become another: it replaces the
// function of a former call that was not called yet. tell is called under the socket's lock: it must neither block nor
// call the socket.
//
// With self the caller is like a Recv that waits: it may be lent the connection (lend.go). Then fd is a descriptor for it to
// watch besides, until tell is called, and to call FetchLent when there is something to read; else fd is -1. The
// connection may end at any time and the descriptor's number be another's: to find it readable means to look, and no more.
func (c *Core) TellReadable(tell func(), self bool) (fd int, err error) {
	s := &c.in
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lent.free() && !self {
		s.giveBack(nil) // who waits elsewhere does not read
	}
	err = s.can()
	s.readable.tell = nil
	if err == nil {
		return -1, nil
	}
	s.readable.tell, s.readable.self = tell, self
	if self && s.lent.free() {
		s.lent.outside = true
		return s.lent.conn.Descriptor(), err
	}
	return -1, err
}

// FetchLent takes in what has come over a connection that was lent, and reports whether there was one to read. It waits for
// nothing.
func (c *Core) FetchLent() bool {
	s := &c.in
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lent.free() {
		return false
	}
	s.lent.reads++
	s.readUnread()
	return true
}

// TellWritable is CanSend, as TellReadable is CanRecv. With always tell is called at the next change also if CanSend is
// nil: for who waits for room for one message, which only one peer can take.
func (c *Core) TellWritable(tell func(), always bool) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	err := c.out.can()
	c.out.writable.tell = nil
	if err != nil || always {
		c.out.writable.tell = tell
	}
	return err
}

// AwaitCallback waits until no function that OnEvent set runs any more, on a socket that was closed. Such a function must not
// call it.
func (c *Core) AwaitCallback() { c.readers.Wait() }

// BeginClose does of Close what needs no waiting: every call is refused and listeners are closed when it returns. A Close
// or Shutdown must follow, to linger and to end.
func (c *Core) BeginClose() { c.closeOnce.Do(c.beginClose) }
