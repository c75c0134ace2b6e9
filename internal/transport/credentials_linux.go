package transport

import "syscall"

// credentials asks SO_PEERCRED (unix(7)).
func credentials(fd int) *Credentials {
	u, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return nil
	}
	return &Credentials{PID: int(u.Pid), UID: u.Uid, GID: u.Gid}
}
