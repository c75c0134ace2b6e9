//go:build cgo && linux

package main

/*
#include <errno.h>
#include <stdlib.h>
#include "engine.h"
void glassmq_event (void *call, void *owner, int event, char *address, int value);
*/
import "C"

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"unsafe"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// The monitor's forms: libzmq's frames are the engine's; here are the two of old, a C function that is called, and
// messages that are a struct.

//export glassmqMonitor
func glassmqMonitor(handle unsafe.Pointer, endpoint *C.char, events C.uint64_t, version, typ C.int) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if typ < 0 || int(typ) >= len(types) {
		return -C.EINVAL
	}
	if endpoint == nil {
		s.event.stop()
		s.event = nil
		return fails(s.core.Monitor("", 0, 1, "PAIR"))
	}
	all := classic
	if version == 2 {
		all = drafts
	}
	return fails(s.core.Monitor(C.GoString(endpoint), monitor.Mask(events)&all, int(version), types[typ]))
}

//export glassmqPipesStats
func glassmqPipesStats(handle unsafe.Pointer) (rc C.int) {
	defer caught(&rc)
	return fails((*zmqSocket)(handle).core.PipesStats())
}

//export glassmqMonitorCall
func glassmqMonitorCall(handle, call unsafe.Pointer) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	if call == nil {
		s.core.OnEvent(0, nil)
		return 0
	}
	owner := s.owner
	s.core.OnEvent(classic, func(e monitor.Event) {
		if e.Kind&classic == 0 {
			return // the loss of events, which C has no number for
		}
		address := C.CString(e.Addr())
		C.glassmq_event(call, owner, C.int(e.Kind), address, C.int(value(e)))
		C.free(unsafe.Pointer(address))
	})
	return 0
}

// value is the number beside an event's address: a descriptor, errno, interval or code, as its frame has it.
func value(e monitor.Event) int32 {
	frames := e.AppendFrames(nil, 1)
	return int32(binary.NativeEndian.Uint32(frames[0][2:]))
}

// structs is a monitor whose messages are zmq_event_t: an int, and a union of which every member is a pointer to an address
// and an int. It sends them behind a cookie, by which whoever receives them over a PAIR knows that the pointer, which can
// be right only where the message will lie, is still to be set; the address stands behind the struct.
type structs struct {
	watch  *monitor.Subscription
	socket *socket.Core
	ctx    context.Context // ended: send what is queued without waiting, then the last
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// cookie is nobody's but this process's.
var cookie = func() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return b
}()

func isStruct(frame []byte) bool {
	return len(frame) >= len(cookie)+structSize && bytes.Equal(frame[:len(cookie)], cookie)
}

// The layout of zmq_event_t on this machine: event, the union's pointer, its int.
const (
	pointerSize = int(unsafe.Sizeof(uintptr(0)))
	valueAt     = 2 * pointerSize
	structSize  = 3 * pointerSize
)

//export glassmqMonitorStructs
func glassmqMonitorStructs(handle unsafe.Pointer, endpoint *C.char, events C.uint64_t) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	text := C.GoString(endpoint)
	if err := s.core.Monitor(text, 0, 1, "PAIR"); err != nil { // judges the endpoint as the other form does
		return fails(err)
	}
	s.core.Monitor("", 0, 1, "PAIR")
	s.event.stop()
	s.event = nil
	out := socket.New(s.context.engine, "PAIR", socket.Options{SendHWM: structsHWM, RecvHWM: structsHWM, Mechanism: zmtp.Null()})
	if _, err := out.Bind(text); err != nil {
		out.Shutdown(socket.NoWait)
		return fails(err)
	}
	m := &structs{watch: s.core.Watch(monitor.Mask(events) & classic), socket: out}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	s.event = m
	m.done.Go(m.run)
	return 0
}

const structsHWM = 1000 // libzmq's default mark

func (m *structs) run() {
	defer m.socket.Shutdown(socket.NoWait)
	for e := range m.watch.Events(context.Background()) {
		if e.Kind&classic == 0 {
			continue
		}
		b := append(make([]byte, 0, len(cookie)+structSize+len(e.Addr())+1), cookie...)
		b = append(b, make([]byte, structSize)...)
		body := b[len(cookie):]
		binary.NativeEndian.PutUint32(body, uint32(e.Kind))
		binary.NativeEndian.PutUint32(body[valueAt:], uint32(value(e)))
		b = append(append(b, e.Addr()...), 0)
		msg := message.New([][]byte{b})
		if m.socket.SendMessage(m.ctx, msg) != nil { // told to stop: what fits now, fits
			m.socket.SendMessage(socket.NoWait, msg)
		}
	}
}

// stop ends the monitor after its last event. It waits for no reader.
func (m *structs) stop() {
	if m == nil {
		return
	}
	m.watch.Stop()
	m.cancel()
	m.done.Wait()
}
