//go:build cgo && linux

package main

/*
#include "engine.h"
*/
import "C"

import (
	"encoding/binary"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/glassmq/zmq/internal/socket"
)

// A zmqContext is what a context's handle points to. C keeps the pointer: pin holds the memory where it is, and kept
// holds it at all.
type zmqContext struct {
	engine  *socket.Context
	closing sync.WaitGroup // sockets that linger
	pin     runtime.Pinner
}

// kept are the contexts and sockets that C has handles of.
var kept sync.Map

//export glassmqContextNew
func glassmqContextNew(handle *unsafe.Pointer) (rc C.int) {
	defer caught(&rc)
	x := &zmqContext{engine: socket.NewContext(0)}
	x.pin.Pin(x)
	kept.Store(x, nil)
	*(*uintptr)(unsafe.Pointer(handle)) = uintptr(unsafe.Pointer(x)) // an address is all that C makes of it
	return 0
}

//export glassmqContextTerminate
func glassmqContextTerminate(handle unsafe.Pointer) (rc C.int) {
	defer caught(&rc)
	(*zmqContext)(handle).engine.Terminate()
	return 0
}

// glassmqContextClose is called when every socket has been closed by its owner, and once.
//
//export glassmqContextClose
func glassmqContextClose(handle unsafe.Pointer, fd C.int) (rc C.int) {
	defer caught(&rc)
	x := (*zmqContext)(handle)
	go func() {
		x.closing.Wait()
		x.engine.Close((*socket.Core).Close) // what the engine made for itself: monitors, askers
		kept.Delete(x)
		x.pin.Unpin()
		unix.Write(int(fd), closed)
	}()
	return 0
}

// one is what an eventfd takes (eventfd(2)): a number of 64 bits, the machine's.
var one = binary.NativeEndian.AppendUint64(nil, 1)

// closed is what the end of a context adds.
var closed = binary.NativeEndian.AppendUint64(nil, C.CLOSED)

// add signals an eventfd. It fails only when the count is at its end, and then it is readable.
func add(fd int) { unix.Write(fd, one) }
