//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used, user and system, in all threads.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // cannot be: RUSAGE_SELF and &u are valid
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// descriptors is how many connections a process may have here, at most want:
// some files are open already. Go has raised the soft limit to the hard one.
func descriptors(want int) int {
	const others = 100
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil {
		return want // cannot be: RLIMIT_NOFILE and &files are valid
	}
	return int(min(uint64(want), uint64(files.Max)-others))
}
