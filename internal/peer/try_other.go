//go:build !unix

package peer

import "syscall"

// A try writes without waiting where the system knows how; elsewhere everything is left to a goroutine.
type try struct{}

func (t *try) write(syscall.RawConn, []byte) (int, error) { return 0, nil }

func (t *try) read(syscall.RawConn, []byte) (int, error) { return 0, nil }

// await is a Read of the connection.
func (c *Conn) await() (int, error) { return c.nc.Read(c.space()) }

// unread is false: nobody can say here whether something waits to be read.
func unread(syscall.RawConn, int) (something bool) { return false }
