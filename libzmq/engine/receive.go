//go:build cgo && linux

package main

/*
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
*/
import "C"

import (
	"unsafe"

	"github.com/glassmq/zmq/internal/socket"
)

// A batch costs one call for as many messages as are there:
//
//  1. a message is received into s.in;
//  2. it is laid out behind the others, a record and its bytes for each frame, and a large body in memory of its own;
//  3. one that does not fit stays in s.in for the next call, which brings more room if it has to.

const (
	recordSize = C.sizeof_struct_record
	farFrom    = 8 << 10  // from here on a copy of its own costs less than a place in the batch
	farMost    = 64 << 10 // bytes of such copies, with which a batch is large enough
)

//export glassmqReceive
func glassmqReceive(handle unsafe.Pointer, b *C.struct_batch) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	b.used, b.need, b.pending = 0, 0, 0
	s.facts.bound()
	room := unsafe.Slice((*byte)(unsafe.Pointer(b.memory)), int(b.room))
	at, far := 0, 0
	for n := s.most(); n > 0 && far < farMost; n-- {
		if !s.held {
			err := s.core.RecvInto(socket.NoWait, &s.in)
			if err == socket.ErrWouldBlock && at == 0 && s.core.FetchLent() {
				err = s.core.RecvInto(socket.NoWait, &s.in)
			}
			if err != nil {
				if at > 0 { // the next call hears of it
					break
				}
				return fails(err)
			}
			s.openStruct()
		}
		size := s.laid()
		if s.held = at+size > len(room); s.held {
			if at == 0 {
				b.need = C.size_t(size)
			}
			break
		}
		s.lay(room[at : at+size])
		at += size
		far += s.far()
	}
	b.used = C.size_t(at)
	if s.held {
		b.pending = 1
	}
	return 0
}

// most is how many messages a batch may have. They count as received, so a low mark, by which a consumer says that it
// wants few messages to wait for it, keeps them few, and a queue of the last one is asked each time. A socket that takes
// turns has one; the user of a manual XPUB decides about the last.
func (s *zmqSocket) most() int {
	switch {
	case s.typ == "REQ", s.typ == "REP", s.typ == "XPUB", s.settings.conflate != 0:
		return 1
	case s.settings.recvHWM == 0:
		return 1 << 16
	}
	return max(1, s.settings.recvHWM/2)
}

// far is how many bytes of s.in lie outside the batch.
func (s *zmqSocket) far() (n int) {
	if len(s.in.Head) >= farFrom {
		n = len(s.in.Head)
	}
	for _, f := range s.in.Tail() {
		if len(f) >= farFrom {
			n += len(f)
		}
	}
	return n
}

// laid is the room that s.in takes.
func (s *zmqSocket) laid() (size int) {
	size = recordSize + padded(len(s.in.Head))
	for _, f := range s.in.Tail() {
		size += recordSize + padded(len(f))
	}
	return size
}

func padded(n int) int {
	if n >= farFrom {
		return int(unsafe.Sizeof(uintptr(0)))
	}
	return (n + 7) &^ 7
}

// lay puts s.in into room, which is as large as it takes.
func (s *zmqSocket) lay(room []byte) {
	facts, flags := s.facts.of(s.in.Peer()), C.uint64_t(0)
	if s.isEvent {
		flags = C.RECORD_EVENT
	}
	room = lay(room, s.in.Head, facts, len(s.in.Tail()) > 0, flags)
	for i, f := range s.in.Tail() {
		room = lay(room, f, facts, i+1 < len(s.in.Tail()), 0)
	}
}

// openStruct takes the cookie off a monitor's message.
func (s *zmqSocket) openStruct() {
	if s.isEvent = s.typ == "PAIR" && isStruct(s.in.Head); s.isEvent {
		s.in.Head = s.in.Head[len(cookie):]
	}
}

func lay(room, frame []byte, facts *C.struct_facts, more bool, flags C.uint64_t) (rest []byte) {
	r := (*C.struct_record)(unsafe.Pointer(&room[0]))
	r.facts, r.flags = facts, flags
	r.size = C.uint64_t(len(frame))
	if more {
		r.flags |= C.RECORD_MORE
	}
	body := room[recordSize:]
	if len(frame) < farFrom {
		copy(body, frame)
		return body[padded(len(frame)):]
	}
	r.flags |= C.RECORD_FAR
	far := C.malloc(C.size_t(len(frame))) // cgo's never returns NULL: it ends the process
	copy(unsafe.Slice((*byte)(far), len(frame)), frame)
	*(*unsafe.Pointer)(unsafe.Pointer(&body[0])) = far
	return body[padded(len(frame)):]
}
