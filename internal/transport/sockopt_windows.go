package transport

import (
	"errors"
	"syscall"
)

const abstract = false // "@name" is a file of that name

func setSendBuffer(fd uintptr, bytes int) error {
	return syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, bytes)
}

func setRecvBuffer(fd uintptr, bytes int) error {
	return syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes)
}

// Windows takes IP_TOS and does nothing with it, has no priority and no binding to a device, and a second listen changes nothing:
// an error is better than a setting without effect.

func setTOS(uintptr, int, bool) error { return errors.ErrUnsupported }

func setPriority(uintptr, int) error { return errors.ErrUnsupported }

func setUserTimeout(uintptr, int) error { return errors.ErrUnsupported }

func bindToDevice(uintptr, string) error { return errors.ErrUnsupported }

func setBacklog(uintptr, int) error { return errors.ErrUnsupported }
