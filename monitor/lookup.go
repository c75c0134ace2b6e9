package monitor

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A Class is which table a Code is from.
type Class string

// The classes. Where the number of a Code stands: in Event.Kind, nowhere, in the value of handshake_failed_protocol, in
// that of handshake_failed_auth, in the value of the kinds that tell of a failed system call.
const (
	ClassEvent    Class = "event"
	ClassReason   Class = "reason"
	ClassProtocol Class = "protocol_error"
	ClassZAP      Class = "zap_status"
	ClassErrno    Class = "errno"
)

// A Code is a word or a number by which an operator meets trouble: in an event, in a libzmq frame, in a log.
type Code struct {
	Class  Class
	Name   string // "connect_failed", "refused", "ZMTP_KEY_EXCHANGE" (libzmq's without ZMQ_PROTOCOL_ERROR_), "400", "ECONNREFUSED"
	Number uint64 // 0: it has none. Those of errnos are this system's
	Reason Reason // which reason it stands for; "" if none
}

// Codes yields every code that has words here: kinds, reasons, protocol errors, ZAP statuses, error numbers. Kinds and
// reasons come in the order of docs/events.md, the others in that of their numbers.
func Codes() iter.Seq[Code] {
	return func(yield func(Code) bool) {
		for k := range Kinds() {
			if !yield(Code{ClassEvent, k.String(), uint64(k), ""}) {
				return
			}
		}
		for r := range Reasons() {
			if !yield(Code{ClassReason, string(r), 0, r}) {
				return
			}
		}
		for _, c := range numbers() {
			if !yield(c) {
				return
			}
		}
	}
}

// numbers are the codes that are numbers first.
func numbers() (all []Code) {
	for _, n := range slices.Sorted(maps.Keys(protocolCodes)) {
		all = append(all, Code{ClassProtocol, protocolCodes[n].name, n, protocolCodes[n].reason})
	}
	for _, n := range slices.Sorted(maps.Keys(zapReasons)) {
		all = append(all, Code{ClassZAP, strconv.FormatUint(n, 10), n, zapReasons[n]})
	}
	errnos := slices.SortedFunc(maps.Keys(errnoNames), func(a, b syscall.Errno) int {
		return cmp.Or(cmp.Compare(a, b), strings.Compare(errnoNames[a], errnoNames[b]))
	})
	for _, n := range errnos {
		all = append(all, Code{ClassErrno, errnoNames[n], uint64(n), errnoReasons[errnoNames[n]]})
	}
	return all
}

// Event is an event that came with c and nothing else: its Why and Hint are c's words, for who dialled or for who
// accepted, and if by is ByPeer for who was refused.
func (c Code) Event(side Side, by Who) Event {
	e := Event{Side: side, Who: by, Reason: c.Reason, FD: -1}
	switch c.Class {
	case ClassEvent:
		e.Kind = Kind(c.Number)
	case ClassProtocol:
		e.Kind, e.Value = HandshakeFailedProtocol, c.Number
	case ClassZAP:
		e.Kind, e.Value = HandshakeFailedAuth, c.Number
	case ClassErrno:
		e.Err = syscall.Errno(c.Number)
	}
	return e
}
