//go:build cgo && linux

// Command engine is the shared library behind libzmq.so: the engine's sockets as the C functions of ../face/engine.h.
//
// The face, which is C, opens it at a process's first zmq_ctx_new, and waits, keeps messages and checks arguments by
// itself. Here nothing waits for a peer: what would wait returns EAGAIN, and the face comes again when the socket's
// descriptor says so.
//
// Reading order: main.go (what crosses), context.go, socket.go, ready.go, send.go, receive.go and facts.go, options.go,
// settings.go and security.go, monitor.go, keys.go; table.c is what the face sees.
package main

/*
#cgo CFLAGS: -I${SRCDIR}/../face
#include <stdlib.h>
#include "engine.h"
void glassmq_set_host (struct host *host);
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"

	"github.com/glassmq/zmq/internal/socket"
)

func main() {} // a shared library's is never called

//export glassmqStart
func glassmqStart(host *C.struct_host) C.int {
	C.glassmq_set_host(host)
	// A thread that has come back from a call here keeps the processor it had for a while, which is then not there for who
	// reads the network: a round trip between two threads took 228 µs with as many as there are, 61 to 65 with one or two more.
	runtime.GOMAXPROCS(2*runtime.GOMAXPROCS(0) + 2)
	debug.SetTraceback("crash") // who crashes in C dies by the signal, and can be looked at
	return 0
}

// caught turns a panic into EFAULT: it must not unwind the host's stack. It goes to standard error, for it is a fault
// of this library, and whoever reports it wants to say where.
func caught(rc *C.int) {
	if what := recover(); what != nil {
		fmt.Fprintf(os.Stderr, "libzmq (GlassMQ): %v\n%s", what, debug.Stack())
		*rc = -C.int(syscall.EFAULT)
	}
}

// fails is an error as the face wants it.
func fails(err error) C.int {
	switch err {
	case nil:
		return 0
	case socket.ErrWouldBlock:
		return -C.int(syscall.EAGAIN)
	}
	return -C.int(errno(err))
}

// errno is libzmq's number for err; EINVAL for what has none.
func errno(err error) syscall.Errno {
	var has interface{ Errno() syscall.Errno }
	if errors.As(err, &has) {
		return has.Errno()
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return syscall.EINVAL
}

// bytesAt is C memory as Go sees it, for the time of a call.
func bytesAt(p unsafe.Pointer, n C.size_t) []byte {
	if n == 0 {
		return nothing
	}
	return unsafe.Slice((*byte)(p), int(n))
}

// nothing is an empty frame, which is not nil.
var nothing = []byte{}
