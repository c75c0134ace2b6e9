//go:build unix

package transport

import "syscall"

func portable(e syscall.Errno) syscall.Errno { return e }
