//go:build unix && !linux

package peer

import "syscall"

// writeQuietly is write(2): only on Linux do threads that are not Go's call us.
func writeQuietly(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }
