package transport

import "golang.org/x/sys/unix"

// credentials asks LOCAL_PEERCRED (unix(4)), which has no process in the form that package unix knows; the first of the groups is the effective one.
func credentials(fd int) *Credentials {
	u, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return nil
	}
	return &Credentials{UID: u.Uid, GID: u.Groups[0]}
}
