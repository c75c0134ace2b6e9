//go:build unix

package socket

import "syscall"

const (
	errnoENOTSOCK        = syscall.ENOTSOCK
	errnoEHOSTUNREACH    = syscall.EHOSTUNREACH
	errnoEPROTONOSUPPORT = syscall.EPROTONOSUPPORT
	errnoEADDRINUSE      = syscall.EADDRINUSE
)
