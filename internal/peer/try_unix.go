//go:build unix

package peer

import (
	"io"
	"syscall"
)

// A try is one system call on a descriptor that does not wait, in one direction.
type try struct {
	b    []byte
	n    int
	err  error
	call func(fd uintptr) bool // made once: a closure for each call would be an allocation
}

// write writes what the kernel takes of b now.
func (t *try) write(raw syscall.RawConn, b []byte) (int, error) {
	if t.call == nil {
		t.call = func(fd uintptr) bool { return t.once(writeQuietly(int(fd), t.b)) }
	}
	t.b, t.n, t.err = b, 0, nil
	err := raw.Write(t.call)
	return t.done(err)
}

// read reads what has come by now: n is 0 without an error if nothing has.
func (t *try) read(raw syscall.RawConn, b []byte) (int, error) {
	if t.call == nil {
		t.call = func(fd uintptr) bool { return t.once(readNow(int(fd), t.b)) }
	}
	t.b, t.n, t.err = b, 0, nil
	err := raw.Read(t.call)
	return t.done(err)
}

// readNow is read(2), whose end is io.EOF. More than 2 GiB at once is an error on some systems.
func readNow(fd int, b []byte) (int, error) {
	n, err := syscall.Read(fd, b[:min(len(b), 1<<30)])
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// await is a Read of the connection that asks where to read to when something has come, and not before it waits: by then the
// socket has often worked off what came before, and its place is free.
func (c *Conn) await() (int, error) {
	if c.raw == nil {
		return c.nc.Read(c.space())
	}
	t := &c.wait
	if t.call == nil {
		t.call = func(fd uintptr) bool {
			n, err := readNow(int(fd), c.space())
			for err == syscall.EINTR {
				n, err = readNow(int(fd), c.space())
			}
			t.once(n, err)
			return err != syscall.EAGAIN
		}
	}
	t.n, t.err = 0, nil
	err := c.raw.Read(t.call)
	return t.done(err)
}

// once notes what a call came to, and says that it was the only one: who waits is a goroutine.
func (t *try) once(n int, err error) bool {
	switch err {
	case nil:
		t.n = n
	case syscall.EAGAIN, syscall.EINTR: // nothing now; an interrupted call is as good as none
	default:
		t.err = err
	}
	return true
}

func (t *try) done(err error) (int, error) {
	t.b = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

// unread reports whether something waits to be read, be it the end, and looks so many times; false if nobody can say. It may
// be called while somebody reads: it takes nothing out.
func unread(raw syscall.RawConn, looks int) (something bool) {
	if raw == nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		for ; looks > 0 && !something; looks-- {
			var b [1]byte
			_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			something = err != syscall.EAGAIN && err != syscall.EINTR
		}
	})
	return something
}
