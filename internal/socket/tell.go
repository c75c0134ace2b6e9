package socket

// What a caller needs who waits where no goroutine can: in a system call on a descriptor, with many others. A function takes
// the place of the channel.

// TellReadable is CanRecv, and if that is an error, tell is called once when it may have become another: it replaces the
// function of a former call that was not called yet. tell is called under the socket's lock: it must neither block nor
// call the socket.
func (c *Core) TellReadable(tell func()) error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	if c.in.lent.free() {
		c.in.giveBack(nil) // who waits elsewhere does not read
	}
	err := c.in.can()
	c.in.readable.tell = nil
	if err != nil {
		c.in.readable.tell = tell
	}
	return err
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

// BeginClose does of Close what needs no waiting: every call is refused and listeners are closed when it returns. A Close
// or Shutdown must follow, to linger and to end.
func (c *Core) BeginClose() { c.closeOnce.Do(c.beginClose) }
