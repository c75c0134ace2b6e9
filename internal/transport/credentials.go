package transport

import "net"

// Credentials are who is at the other end of an ipc connection, as the kernel noted it when the connection was made: the process that dialled, or
// the one that listens.
type Credentials struct {
	PID      int // 0: the system does not say, or it is in a namespace that this process does not see
	UID, GID uint32
}

// PeerOf is who is at the other end of c; nil over other transports, and on systems that do not say.
func PeerOf(c net.Conn) (who *Credentials) {
	local, ok := c.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return nil
	}
	raw.Control(func(fd uintptr) { who = credentials(int(fd)) }) // its error is that c is closed: nobody is there then
	return who
}
