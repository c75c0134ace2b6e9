package monitor

import "syscall"

// errnoNames are the symbols of the numbers that a connection can end with:
// those that package syscall invents, and after them the Winsock numbers that
// the system really answers with (winsock2.h).
var errnoNames = map[syscall.Errno]string{
	syscall.EACCES:        "EACCES",
	syscall.EADDRINUSE:    "EADDRINUSE",
	syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL",
	syscall.EAGAIN:        "EAGAIN",
	syscall.ECONNABORTED:  "ECONNABORTED",
	syscall.ECONNREFUSED:  "ECONNREFUSED",
	syscall.ECONNRESET:    "ECONNRESET",
	syscall.EFAULT:        "EFAULT",
	syscall.EHOSTUNREACH:  "EHOSTUNREACH",
	syscall.EINPROGRESS:   "EINPROGRESS",
	syscall.EINVAL:        "EINVAL",
	syscall.EMFILE:        "EMFILE",
	syscall.EMSGSIZE:      "EMSGSIZE",
	syscall.ENAMETOOLONG:  "ENAMETOOLONG",
	syscall.ENETUNREACH:   "ENETUNREACH",
	syscall.ENODEV:        "ENODEV",
	syscall.ENOENT:        "ENOENT",
	syscall.EPERM:         "EPERM",
	syscall.EPIPE:         "EPIPE",
	syscall.ETIMEDOUT:     "ETIMEDOUT",

	10013: "EACCES",
	10014: "EFAULT",
	10022: "EINVAL",
	10024: "EMFILE",
	10035: "EAGAIN",
	10036: "EINPROGRESS",
	10040: "EMSGSIZE",
	10048: "EADDRINUSE",
	10049: "EADDRNOTAVAIL",
	10051: "ENETUNREACH",
	10053: "ECONNABORTED",
	10054: "ECONNRESET",
	10060: "ETIMEDOUT",
	10061: "ECONNREFUSED",
	10065: "EHOSTUNREACH",
}
