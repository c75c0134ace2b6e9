package transport

import "golang.org/x/sys/unix"

// credentials asks LOCAL_PEERCRED and LOCAL_PEERPID (unix(4)); the first of the groups is the effective one.
func credentials(fd int) *Credentials {
	u, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return nil
	}
	pid, _ := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	return &Credentials{PID: pid, UID: u.Uid, GID: u.Groups[0]}
}
