//go:build cgo && linux

package main

/*
#include <errno.h>
#include "engine.h"
*/
import "C"

import (
	"unsafe"

	"github.com/glassmq/zmq/internal/socket"
)

// Readiness. The face asks with ready, and waits in poll(2) on the socket's eventfd; the socket adds to that, once, when
// what was asked for and was not so may have become so. So the descriptor is level in the kernel and edge in meaning, as
// ZMQ_FD is: it is readable from the change until the face has drained it.

//export glassmqSignal
func glassmqSignal(handle unsafe.Pointer, fd C.int) (rc C.int) {
	defer caught(&rc)
	(*zmqSocket)(handle).fd = int(fd)
	return 0
}

//export glassmqReady
func glassmqReady(handle unsafe.Pointer, wanted C.int) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if wanted&C.READY_IN != 0 {
		err := error(nil)
		switch {
		case s.held:
		case s.fd < 0:
			err = s.core.CanRecv()
		default:
			_, err = s.core.TellReadable(s.tell, false)
		}
		switch err {
		case nil:
			rc |= C.READY_IN
		case socket.ErrTerminated:
			return fails(err)
		}
	}
	if wanted&C.READY_OUT != 0 {
		err := error(nil)
		if s.fd < 0 {
			err = s.core.CanSend()
		} else {
			err = s.core.TellWritable(s.tell, wanted&C.READY_CHANGE != 0)
		}
		switch err {
		case nil:
			rc |= C.READY_OUT
		case socket.ErrTerminated:
			return fails(err)
		}
	}
	return rc
}

// glassmqAwait is ready for a thread that does nothing but receive. It may be lent the socket's one connection, and then lent
// is a descriptor to wait for besides: that saves the way through a goroutine.
//
//export glassmqAwait
func glassmqAwait(handle unsafe.Pointer, lent *C.int) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	fd, err := s.core.TellReadable(s.tell, true)
	*lent = C.int(fd)
	switch err {
	case nil:
		return C.READY_IN
	case socket.ErrTerminated:
		return fails(err)
	}
	return 0
}
