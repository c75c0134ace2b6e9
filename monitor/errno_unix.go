//go:build !windows

package monitor

import "syscall"

// errnoNames are the symbols of the numbers that a connection can end with.
// The standard library knows their texts but not their names.
var errnoNames = map[syscall.Errno]string{
	syscall.EACCES:        "EACCES",
	syscall.EADDRINUSE:    "EADDRINUSE",
	syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL",
	syscall.EAFNOSUPPORT:  "EAFNOSUPPORT",
	syscall.EAGAIN:        "EAGAIN",
	syscall.EBADF:         "EBADF",
	syscall.ECONNABORTED:  "ECONNABORTED",
	syscall.ECONNREFUSED:  "ECONNREFUSED",
	syscall.ECONNRESET:    "ECONNRESET",
	syscall.EFAULT:        "EFAULT",
	syscall.EHOSTUNREACH:  "EHOSTUNREACH",
	syscall.EINPROGRESS:   "EINPROGRESS",
	syscall.EINTR:         "EINTR",
	syscall.EINVAL:        "EINVAL",
	syscall.EIO:           "EIO",
	syscall.EMFILE:        "EMFILE",
	syscall.EMSGSIZE:      "EMSGSIZE",
	syscall.ENAMETOOLONG:  "ENAMETOOLONG",
	syscall.ENETDOWN:      "ENETDOWN",
	syscall.ENETUNREACH:   "ENETUNREACH",
	syscall.ENFILE:        "ENFILE",
	syscall.ENOBUFS:       "ENOBUFS",
	syscall.ENODEV:        "ENODEV",
	syscall.ENOENT:        "ENOENT",
	syscall.ENOMEM:        "ENOMEM",
	syscall.ENOTCONN:      "ENOTCONN",
	syscall.ENOTDIR:       "ENOTDIR",
	syscall.EPERM:         "EPERM",
	syscall.EPIPE:         "EPIPE",
	syscall.EPROTO:        "EPROTO",
	syscall.ETIMEDOUT:     "ETIMEDOUT",
}
