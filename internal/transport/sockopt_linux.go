package transport

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// abstract: names of sockets that begin with "@" are in a namespace without files (unix(7)).
const abstract = true

func setPriority(fd uintptr, priority int) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PRIORITY, priority)
}

// setUserTimeout: for so long what was sent may stay unacknowledged before the connection ends with ETIMEDOUT; a SYN that opens it too (tcp(7)).
func setUserTimeout(fd uintptr, ms int) error {
	return syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, ms)
}

func bindToDevice(fd uintptr, device string) error {
	return syscall.BindToDevice(int(fd), device)
}

// deferPort lets the kernel choose the port of a source address at connect, when it knows the peer, so that the same port can serve connections
// to different peers. Chosen at bind, ports would run out at 28,000 connections from one source, whatever their peers. A kernel before 4.2 has not
// got it and chooses at bind: no reason to fail.
func deferPort(fd int) {
	const ipBindAddressNoPort = 24 // IP_BIND_ADDRESS_NO_PORT, ip(7); it serves IPv6 sockets too
	syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
}
