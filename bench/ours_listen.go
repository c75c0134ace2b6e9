package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/glassmq/zmq"
)

// oursListen is a PULL that binds and waits; each line on stdin asks what
// memory the process holds.
func oursListen(s settings) error {
	pull := zmq.NewPull(zmq.Config{})
	bound, err := pull.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	err = answerReadings(residentNow)
	runtime.KeepAlive(pull)
	return err
}

// residentNow is the resident set, without garbage.
func residentNow() (reading, error) {
	runtime.GC() // what had a finalizer is garbage for the next collection
	debug.FreeOSMemory()
	rss, err := residentBytes()
	return reading{RSS: rss, Peak: peakBytes()}, err
}

// peakBytes is the most that the resident set of this process ever was; 0 where
// that is not known. Not getrusage's: that has the parent's in it, whose memory a
// child shares until it execs.
func peakBytes() int64 {
	b, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}

// residentBytes is the resident set of this process (proc_pid_statm(5): the
// second field, in pages).
func residentBytes() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("S8 reads memory from Linux's /proc: %w", err)
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, errors.New("/proc/self/statm has no second field")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
