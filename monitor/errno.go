package monitor

import "syscall"

// errnoName is the symbol of a number ("ECONNREFUSED"), "" if it has none here.
func errnoName(n syscall.Errno) string { return errnoNames[n] }

// errnoNamed is this system's number for a symbol; of several, the smallest,
// which on Windows is the one that the system itself uses.
func errnoNamed(name string) (least syscall.Errno, ok bool) {
	for n, have := range errnoNames {
		if have == name && (!ok || n < least) {
			least, ok = n, true
		}
	}
	return least, ok
}
