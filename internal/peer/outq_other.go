//go:build !linux

package peer

import "syscall"

// unacknowledged is how many bytes the peer's kernel has not acknowledged; -1: this system does not say, and the peer's
// own goodbye is waited for.
func unacknowledged(syscall.RawConn) (bytes int32) { return -1 }

// endsSoon is false: this system does not say before all that came has been read.
func endsSoon(syscall.RawConn) (over bool) { return false }
