//go:build cgo && linux

package main

/*
#include <errno.h>
#include "engine.h"
void glassmq_released (void *owner);
*/
import "C"

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/monitor"
)

// The socket types (zmq.h), in the order of their numbers.
var types = [...]string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"}

// A zmqSocket is what a socket's handle points to. One thread at a time uses it; what other goroutines touch is the core.
type zmqSocket struct {
	core     *socket.Core
	context  *zmqContext
	typ      string
	owner    unsafe.Pointer // the face's: what released and event name
	settings settings
	last     string // ZMQ_LAST_ENDPOINT
	nextID   string // ZMQ_CONNECT_ROUTING_ID, of the next connect

	fd   int    // the eventfd; -1 while nobody has asked
	tell func() // adds to it; made once

	frames  [][]byte // of the message that is being sent; used again
	in      message.Buffer
	isEvent bool // in is a zmq_event_t
	held    bool // in has a message that did not fit
	facts   factsOf
	event   *structs // the monitor in its struct form
	pin     runtime.Pinner
}

//export glassmqSocketNew
func glassmqSocketNew(context unsafe.Pointer, typ C.int, owner unsafe.Pointer, ipv6, blocky C.int, handle *unsafe.Pointer) (rc C.int) {
	defer caught(&rc)
	if typ < 0 || int(typ) >= len(types) {
		return -C.EINVAL
	}
	x := (*zmqContext)(context)
	s := &zmqSocket{context: x, typ: types[typ], owner: owner, fd: -1, settings: defaults(types[typ])}
	s.settings.ipv6 = int(ipv6)
	if blocky == 0 {
		s.settings.linger = 0
	}
	s.tell = func() { add(s.fd) }
	s.core = socket.New(x.engine, s.typ, s.settings.options())
	if err := s.core.Refused(); err != nil {
		return fails(err)
	}
	s.core.Own(s)
	s.pin.Pin(s)
	kept.Store(s, nil)
	*(*uintptr)(unsafe.Pointer(handle)) = uintptr(unsafe.Pointer(s))
	return 0
}

// glassmqSocketClose does not linger: the context's end waits for that.
//
//export glassmqSocketClose
func glassmqSocketClose(handle unsafe.Pointer) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	s.core.BeginClose()
	s.context.closing.Go(func() {
		s.core.Close()
		s.core.AwaitCallback() // it has the socket in its hands
		s.event.stop()
		s.facts.forget()
		C.glassmq_released(s.owner)
		kept.Delete(s)
		s.pin.Unpin()
	})
	return 0
}

//export glassmqBind
func glassmqBind(handle unsafe.Pointer, endpoint *C.char) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if err := s.whole(); err != nil {
		return fails(err)
	}
	bound, err := s.core.Bind(C.GoString(endpoint))
	if err != nil {
		return fails(err)
	}
	s.last = bound
	return 0
}

//export glassmqConnect
func glassmqConnect(handle unsafe.Pointer, endpoint *C.char) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if err := s.whole(); err != nil {
		return fails(err)
	}
	text := C.GoString(endpoint)
	var err error
	if s.nextID != "" {
		err = s.core.ConnectAs(text, s.nextID)
	} else {
		err = s.core.Connect(text)
	}
	if err != nil {
		return fails(err)
	}
	s.last, s.nextID = text, ""
	return 0
}

// glassmqUnbind is both zmq_unbind and zmq_disconnect: each ends whatever has the endpoint, the one that it is named
// after first.
//
//export glassmqUnbind
func glassmqUnbind(handle unsafe.Pointer, endpoint *C.char, connected C.int) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	text := C.GoString(endpoint)
	first, then := s.core.Unbind, s.core.Disconnect
	if connected != 0 {
		first, then = then, first
	}
	err := first(text)
	if errors.Is(err, socket.ErrNotFound) {
		err = then(text)
	}
	return fails(err)
}

// glassmqPeerState is zmq_socket_get_peer_state: what can be done with one peer of a ROUTER.
//
//export glassmqPeerState
func glassmqPeerState(handle, id unsafe.Pointer, n C.size_t) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if s.typ != "ROUTER" && s.typ != "STREAM" {
		return -C.ENOTSUP
	}
	name := bytesAt(id, n)
	switch err := s.core.CanSendTo(name); {
	case err == nil:
		rc |= C.READY_OUT
	case !errors.Is(err, socket.ErrWouldBlock):
		return fails(err)
	}
	if s.hasFrom(string(name)) {
		rc |= C.READY_IN
	}
	return rc
}

// hasFrom reports whether a peer has messages that wait to be received.
func (s *zmqSocket) hasFrom(name string) bool {
	for _, e := range s.core.State().Peers {
		if e.RoutingID == name {
			return e.QueueIn > 0
		}
	}
	return false
}

// Every event that C may ask for: libzmq's, and the draft one.
const classic, drafts = monitor.Classic, monitor.Classic | monitor.PipesStats
