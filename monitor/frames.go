package monitor

import (
	"encoding/binary"
	"fmt"
	"math"
	"syscall"
	"time"
)

// The frames that libzmq's monitor sockets send (manual pages
// zmq_socket_monitor and zmq_socket_monitor_versioned), in the byte order of
// the machine, since they never leave the process:
//
//	version 1   [u16 event, u32 value] [address]
//	version 2   [u64 event] [u64 n] n × [u64 value] [local] [remote]

// retiredFD stands for "no descriptor" in both versions: what the 32 bits of
// version 1 make of libzmq's -1, and what a C program that assigns either
// version's value to an int reads as -1.
const retiredFD = 0xFFFFFFFF

// AppendFrames appends the event in libzmq's version 1 or 2 to b; the bytes
// are new. It appends nothing where the form cannot say it: another version,
// or version 1 for a kind above 0xFFFF.
func (e Event) AppendFrames(b [][]byte, version int) [][]byte {
	switch {
	case version == 1 && e.Kind <= Classic:
		head := binary.NativeEndian.AppendUint16(nil, uint16(e.Kind))
		head = binary.NativeEndian.AppendUint32(head, uint32(e.values()[0]))
		return append(b, head, []byte(e.Addr()))
	case version == 2:
		values := e.values()
		b = append(b, appendU64(uint64(e.Kind)), appendU64(uint64(len(values))))
		for _, v := range values {
			b = append(b, appendU64(v))
		}
		return append(b, []byte(e.local()), []byte(e.remote()))
	}
	return b
}

func appendU64(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }

// local and remote are never empty on the side that names the endpoint: what
// libzmq sends there before it has an address is the endpoint, too.
func (e *Event) local() string {
	if e.Side == SideBind {
		return e.Addr()
	}
	return e.Local
}

func (e *Event) remote() string {
	if e.Side == SideConnect {
		return e.Addr()
	}
	return e.Remote
}

// values are the numbers of the event's frame, one except for PipesStats.
func (e *Event) values() []uint64 {
	switch e.Kind.value() {
	case fdValue:
		if e.FD < 0 {
			return []uint64{retiredFD}
		}
		return []uint64{uint64(e.FD)}
	case errnoValue:
		if n := e.Errno(); n != 0 {
			return []uint64{uint64(n)}
		}
	case intervalValue:
		return []uint64{uint64(max(e.Interval, 0) / time.Millisecond)}
	case codeValue:
		return []uint64{e.code()}
	case queuesValue:
		return []uint64{uint64(max(e.QueueOut, 0)), uint64(max(e.QueueIn, 0))}
	case countValue:
		return []uint64{e.Count}
	}
	return []uint64{e.Value}
}

// code is the protocol code or ZAP status: Value, or what belongs to the
// reason. A protocol failure always has one, if only "unspecified".
func (e *Event) code() uint64 {
	code := e.Value
	if code == 0 && e.Kind&handshakeFailed != 0 {
		code = e.Reason.row().code
	}
	if code == 0 && e.Kind == HandshakeFailedProtocol {
		code = 0x10000000
	}
	return code
}

// Parse reads the frames of a libzmq monitor socket, version 1 or 2, ours or
// another library's. Value, and as the kind has it FD, Err, Interval, the
// queues and Reason, come from the number; unknown event numbers pass through.
//
// Version 1 does not say which side it speaks of. Where the kind tells, the
// address is Local or Remote; where it does not (closed, disconnected, the
// handshakes) it is Endpoint. Addr gives it in every case.
func Parse(frames [][]byte) (Event, error) {
	switch {
	case len(frames) == 2 && len(frames[0]) == 6:
		return parseV1(frames), nil
	case len(frames) >= 4 && len(frames[0]) == 8 && len(frames[1]) == 8:
		return parseV2(frames)
	}
	return Event{}, fmt.Errorf("monitor frames: %d frames are neither version 1 (2, the first of 6 bytes) nor version 2 (at least 4, the first two of 8 bytes)", len(frames))
}

func parseV1(frames [][]byte) Event {
	e := Event{Kind: Kind(binary.NativeEndian.Uint16(frames[0])), FD: -1}
	e.setValues([]uint64{uint64(binary.NativeEndian.Uint32(frames[0][2:]))})
	addr := string(frames[1])
	switch e.Side {
	case SideBind:
		e.Local = addr
	case SideConnect:
		e.Remote = addr
	default:
		e.Endpoint = addr
	}
	return e
}

func parseV2(frames [][]byte) (Event, error) {
	e := Event{Kind: Kind(binary.NativeEndian.Uint64(frames[0])), FD: -1}
	n := binary.NativeEndian.Uint64(frames[1])
	tail := frames[2:]
	if uint64(len(tail)-2) != n { // len(tail) ≥ 2: Parse counted
		return Event{}, fmt.Errorf("monitor frames: version 2 announces %d values, and %d frames are left for them", n, len(tail)-2)
	}
	values := make([]uint64, n)
	for i := range values {
		if len(tail[i]) != 8 {
			return Event{}, fmt.Errorf("monitor frames: value %d has %d bytes instead of 8", i, len(tail[i]))
		}
		values[i] = binary.NativeEndian.Uint64(tail[i])
	}
	e.setValues(values)
	e.Local, e.Remote = string(tail[n]), string(tail[n+1])
	return e, nil
}

// setValues is the reverse of values, with what follows from the number.
func (e *Event) setValues(values []uint64) {
	switch e.Kind {
	case Listening, BindFailed, Accepted, AcceptFailed, CloseFailed:
		e.Side = SideBind
	case Connected, ConnectDelayed, ConnectRetried, ConnectFailed, GaveUp:
		e.Side = SideConnect
	}
	if len(values) > 0 {
		e.Value = values[0]
		e.setNumber(values[0])
	}
	if len(values) > 1 && e.Kind.value() == queuesValue {
		e.QueueIn = int(min(values[1], math.MaxInt))
	}
	if e.Kind&Failures != 0 {
		e.Reason = e.impliedReason()
	}
}

func (e *Event) setNumber(v uint64) {
	switch e.Kind.value() {
	case fdValue:
		if v < retiredFD && v <= math.MaxInt {
			e.FD = int(v)
		}
	case errnoValue:
		if v != 0 {
			e.Err = syscall.Errno(v)
		}
	case intervalValue:
		e.Interval = time.Duration(min(v, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond
	case queuesValue:
		e.QueueOut = int(min(v, math.MaxInt))
	case countValue:
		e.Count = v
	}
}
