//go:build unix

package transport

import "syscall"

func setSendBuffer(fd uintptr, bytes int) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, bytes)
}

func setRecvBuffer(fd uintptr, bytes int) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes)
}

// setTOS marks both families on an IPv6 socket, because a dual-stack one sends IPv4 too. Only Linux takes IP_TOS there: elsewhere the second
// call's error says that this socket has no IPv4 side to mark.
func setTOS(fd uintptr, tos int, v6 bool) error {
	if !v6 {
		return syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, tos)
	}
	err := syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, tos)
	syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, tos)
	return err
}

// setBacklog: POSIX lets listen(2) be called again, and the second call's backlog replaces the first one's.
func setBacklog(fd uintptr, connections int) error {
	return syscall.Listen(int(fd), connections)
}
