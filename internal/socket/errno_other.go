//go:build !unix

package socket

import "syscall"

// On Windows zmq.h defines these itself, from ZMQ_HAUSNUMERO up; Go's syscall.E… there are Go's own inventions.
const (
	errnoENOTSOCK        syscall.Errno = hausnumero + 9
	errnoEHOSTUNREACH    syscall.Errno = hausnumero + 17
	errnoEPROTONOSUPPORT syscall.Errno = hausnumero + 2
	errnoEADDRINUSE      syscall.Errno = hausnumero + 5
)
