package peer

import "golang.org/x/sys/unix"

// writeQuietly is write(2) that raises no SIGPIPE. Go's own programs never hear of that signal; a program that is not Go's, and
// whose thread has called us, would die of a peer that is gone.
func writeQuietly(fd int, b []byte) (int, error) {
	return unix.SendmsgN(fd, b, nil, nil, unix.MSG_NOSIGNAL)
}
