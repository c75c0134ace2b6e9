//go:build cgo && linux

package main

/*
#include <errno.h>
#include "engine.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/glassmq/zmq/internal/socket"
)

// addressed reports whether a message's first frame says whose it is.
func (s *zmqSocket) addressed() bool { return s.typ == "ROUTER" || s.typ == "STREAM" }

// glassmqCanSend is what libzmq finds out when it takes a message's first frame.
//
//export glassmqCanSend
func glassmqCanSend(handle, head unsafe.Pointer, n C.size_t) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if !s.addressed() {
		return fails(s.core.CanSend())
	}
	err := s.core.CanSendTo(bytesAt(head, n))
	if s.typ == "ROUTER" && s.settings.routerMandatory == 0 && !errors.Is(err, socket.ErrTerminated) {
		return 0 // what nobody takes is dropped
	}
	return fails(err)
}

//export glassmqSend
func glassmqSend(handle unsafe.Pointer, list *C.struct_frame, n C.int) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	frames := s.frames[:0]
	for _, f := range unsafe.Slice(list, int(n)) {
		frames = append(frames, bytesAt(unsafe.Pointer(f.data), f.size))
	}
	s.frames = frames
	if len(frames) == 1 && s.addressed() {
		return 0 // an address and nothing else: libzmq drops it
	}
	return fails(s.core.Send(socket.NoWait, frames))
}
