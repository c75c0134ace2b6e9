//go:build cgo && linux

package main

/*
#include <stdlib.h>
#include "engine.h"
*/
import "C"

import (
	"net"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// factsOf has what a socket's peers said of themselves in C memory, made when a peer's first message is received.
type factsOf struct {
	last  *monitor.Peer // and lastAt, for messages come in runs
	at    *C.struct_facts
	peers map[*monitor.Peer]*C.struct_facts
}

// mostFacts bounds what peers leave behind that have gone: beyond it, and what one batch adds, all is made anew.
const mostFacts = 1024

// of is p's facts. They are the socket's; a message that outlives the next batch counts itself.
func (f *factsOf) of(p *monitor.Peer) *C.struct_facts {
	if p == f.last {
		return f.at
	}
	at, ok := f.peers[p]
	if !ok {
		if f.peers == nil {
			f.peers = map[*monitor.Peer]*C.struct_facts{}
		}
		at = newFacts(p)
		f.peers[p] = at
	}
	f.last, f.at = p, at
	return at
}

// bound begins anew when there are too many. It is for between two batches: the face has emptied the last, and counted what of
// it lives on.
func (f *factsOf) bound() {
	if len(f.peers) >= mostFacts {
		f.forget()
	}
}

// forget gives all facts back; no batch that names them is in use.
func (f *factsOf) forget() {
	for _, at := range f.peers {
		if at != nil && atomic.AddInt32((*int32)(unsafe.Pointer(&at.refs)), -1) == 0 {
			C.free(unsafe.Pointer(at))
		}
	}
	*f = factsOf{}
}

// newFacts lays out what zmq_msg_gets(3) names. A peer over inproc says nothing of itself, as in libzmq.
func newFacts(p *monitor.Peer) *C.struct_facts {
	if p == nil || p.Version == "" {
		return nil
	}
	var b strings.Builder
	say := func(name, value string) {
		if !strings.Contains(name, "\x00") {
			b.WriteString(name + "\x00" + strings.ReplaceAll(value, "\x00", "") + "\x00")
		}
	}
	say("Socket-Type", p.Type)
	if p.UserID != "" {
		say("User-Id", p.UserID)
	}
	say("Peer-Address", address(p))
	for name, value := range p.Properties() {
		say(name, value)
		if name == zmtp.Identity {
			say("Routing-Id", value)
		}
	}
	text := b.String()
	at := (*C.struct_facts)(C.malloc(C.sizeof_struct_facts + C.size_t(len(text))))
	at.refs, at.fd, at.size = 1, C.int32_t(p.FD), C.uint64_t(len(text))
	copy(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(at), C.sizeof_struct_facts)), len(text)), text)
	return at
}

// address is where p is without its port; over ipc, which has none, the endpoint's text.
func address(p *monitor.Peer) string {
	text, tcp := strings.CutPrefix(p.Remote, "tcp://")
	if host, _, err := net.SplitHostPort(text); tcp && err == nil {
		return host
	}
	return p.Remote
}
