//go:build cgo && linux

package main

/*
#include <errno.h>
#include "engine.h"
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// One table drives zmq_setsockopt and zmq_getsockopt: an option's number, which types take it, whether it is read, written or
// both, and the value's form. What the face answers by itself, because C alone knows or because it must be fast, is not here:
// RCVMORE, FD, EVENTS, TYPE, THREAD_SAFE, RCVTIMEO, SNDTIMEO, MONITOR.

// An option is a row of the table.
type option struct {
	id     int
	types  string // that take it, "" all; others answer EINVAL
	access access
	form   form
}

type access uint8

const (
	both access = iota
	written
	read
)

// A form is how a value lies in C's memory. set has the socket, for what is done at once; nil errno is success.
type form interface {
	set(s *zmqSocket, value []byte) error
	get(s *zmqSocket, room []byte) (n int, err error)
}

const invalid = syscall.EINVAL

// number is an int with a range.
type number struct {
	at        func(*settings) *int
	low, high int
}

func (f number) set(s *zmqSocket, value []byte) error {
	if len(value) != 4 {
		return invalid
	}
	n := int(int32(binary.NativeEndian.Uint32(value)))
	if n < f.low || n > f.high {
		return invalid
	}
	*f.at(&s.settings) = n
	return nil
}

func (f number) get(s *zmqSocket, room []byte) (int, error) {
	if len(room) < 4 {
		return 0, invalid
	}
	binary.NativeEndian.PutUint32(room, uint32(int32(*f.at(&s.settings))))
	return 4, nil
}

// long is a number of 64 bits.
type long number

func (f long) set(s *zmqSocket, value []byte) error {
	if len(value) != 8 {
		return invalid
	}
	n := int(int64(binary.NativeEndian.Uint64(value)))
	if n < f.low || n > f.high {
		return invalid
	}
	*f.at(&s.settings) = n
	return nil
}

func (f long) get(s *zmqSocket, room []byte) (int, error) {
	if len(room) < 8 {
		return 0, invalid
	}
	binary.NativeEndian.PutUint64(room, uint64(*f.at(&s.settings)))
	return 8, nil
}

// text is characters; getsockopt puts a NUL behind them.
type text struct {
	at    func(*settings) *string
	most  int
	after func(*settings) // what else follows from it; nil: nothing
}

func (f text) set(s *zmqSocket, value []byte) error {
	if len(value) > f.most {
		return invalid
	}
	*f.at(&s.settings) = strings.TrimSuffix(string(value), "\x00")
	if f.after != nil {
		f.after(&s.settings)
	}
	return nil
}

func (f text) get(s *zmqSocket, room []byte) (int, error) { return putText(room, *f.at(&s.settings)) }

func putText(room []byte, v string) (int, error) {
	if len(room) < len(v)+1 {
		return 0, invalid
	}
	copy(room, v)
	room[len(v)] = 0
	return len(v) + 1, nil
}

// blob is bytes that are sent as they are.
type blob struct{ at func(*settings) *[]byte }

func (f blob) set(s *zmqSocket, value []byte) error {
	*f.at(&s.settings) = nil
	if len(value) > 0 {
		*f.at(&s.settings) = slices.Clone(value)
	}
	return nil
}
func (f blob) get(*zmqSocket, []byte) (int, error) { return 0, invalid }

// calls is what is no value, but something to do or to look up; nil: not that way.
type calls struct {
	do   func(s *zmqSocket, value []byte) error
	tell func(s *zmqSocket, room []byte) (int, error)
}

func (f calls) set(s *zmqSocket, value []byte) error             { return f.do(s, value) }
func (f calls) get(s *zmqSocket, room []byte) (n int, err error) { return f.tell(s, room) }

// key is a CURVE key: 32 bytes, or the 40 characters of Z85, with or without a NUL.
type key struct {
	at func(*security) *[keySize]byte
}

func (f key) set(s *zmqSocket, value []byte) error {
	switch {
	case len(value) == z85Size+1 && value[z85Size] == 0:
		value = value[:z85Size]
		fallthrough
	case len(value) == z85Size:
		b, err := curve.DecodeZ85(string(value))
		if err != nil {
			return invalid
		}
		value = b
	}
	if len(value) != keySize {
		return invalid
	}
	*f.at(&s.settings.security) = [keySize]byte(value)
	s.settings.security.mechanism = mechanismCurve
	return nil
}

func (f key) get(s *zmqSocket, room []byte) (int, error) {
	k := f.at(&s.settings.security)
	switch len(room) {
	case keySize:
		return copy(room, k[:]), nil
	case z85Size + 1:
		z, err := curve.EncodeZ85(k[:])
		if err != nil {
			return 0, invalid
		}
		return putText(room, z)
	}
	return 0, invalid
}

//export glassmqOptionSet
func glassmqOptionSet(handle unsafe.Pointer, id C.int, value unsafe.Pointer, n C.size_t) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	row, ok := find(int(id), s.typ)
	if !ok || row.access == read {
		return -C.EINVAL
	}
	if err := s.core.Refused(); err != nil {
		return fails(err)
	}
	if err := row.form.set(s, bytesAt(value, n)); err != nil {
		return fails(err)
	}
	if _, ok := row.form.(calls); !ok {
		s.update()
	}
	return 0
}

// update has the engine obey the settings.
func (s *zmqSocket) update() {
	opt := s.settings.options()
	s.core.Update(func(o *socket.Options) {
		opt.Jitter, opt.Name = o.Jitter, o.Name
		*o = opt
	})
}

//export glassmqOptionGet
func glassmqOptionGet(handle unsafe.Pointer, id C.int, room unsafe.Pointer, n *C.size_t) (rc C.int) {
	defer caught(&rc)
	s := (*zmqSocket)(handle)
	row, ok := find(int(id), s.typ)
	if !ok || row.access == written {
		return -C.EINVAL
	}
	used, err := row.form.get(s, bytesAt(room, min(*n, mostRoom))) // who has not set the length has not that much either
	if err != nil {
		return fails(err)
	}
	*n = C.size_t(used)
	return 0
}

func find(id int, typ string) (option, bool) {
	i := slices.IndexFunc(table, func(o option) bool {
		return o.id == id && (o.types == "" || slices.Contains(strings.Fields(o.types), typ))
	})
	if i < 0 {
		return option{}, false
	}
	return table[i], true
}

// mostRoom is more than any option's value takes.
const mostRoom = 1 << 16

const anyInt = math.MaxInt32

func flag(at func(*settings) *int) form { return number{at, 0, 1} }

func count(at func(*settings) *int) form            { return number{at, 0, anyInt} }
func orMinusOne(at func(*settings) *int) form       { return number{at, -1, anyInt} }
func within(l, h int, at func(*settings) *int) form { return number{at, l, h} }

// truth is a flag whose setter takes every number but negative ones, as some of libzmq's do.
type truth struct{ number }

func truly(at func(*settings) *int) form { return truth{number{at, 0, anyInt}} }

// anyBool takes the negative ones, too.
func anyBool(at func(*settings) *int) form { return truth{number{at, math.MinInt32, anyInt}} }

func (f truth) set(s *zmqSocket, value []byte) error {
	err := f.number.set(s, value)
	if at := f.at(&s.settings); err == nil {
		if *at != 0 {
			*at = 1
		}
	}
	return err
}

// subscribe is SUBSCRIBE and UNSUBSCRIBE of a SUB, and of an XPUB that decides for its peers: for the one whose message it
// received last.
func subscribe(on bool) form {
	return calls{do: func(s *zmqSocket, value []byte) error {
		if s.typ == "XPUB" {
			if s.settings.manual == 0 && s.settings.manualLast == 0 || s.in.Peer() == nil {
				return invalid
			}
			err := s.core.Admit(s.in.Peer().Conn, value, on)
			if errors.Is(err, socket.ErrNotFound) { // the peer has gone: so has its wish
				return nil
			}
			return err
		}
		err := s.core.Subscribe([]string{string(value)}, on)
		if errors.Is(err, socket.ErrNotFound) { // libzmq takes back what was never there
			return nil
		}
		return err
	}}
}

func setRoutingID(s *zmqSocket, value []byte) error {
	if len(value) == 0 || len(value) > 255 || value[0] == 0 {
		return invalid
	}
	s.settings.routingID = string(value)
	s.update()
	return nil
}

func setAcceptFilter(s *zmqSocket, value []byte) error {
	if len(value) == 0 {
		s.settings.accept = nil
		s.update()
		return nil
	}
	v := strings.TrimSuffix(string(value), "\x00")
	p, err := netip.ParsePrefix(v)
	if err != nil {
		a, err := netip.ParseAddr(v)
		if err != nil {
			return invalid
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	s.settings.accept = append(slices.Clone(s.settings.accept), p)
	s.update()
	return nil
}

// setMetadata takes "X-name:value" (zmq_setsockopt(3), ZMQ_METADATA).
func setMetadata(s *zmqSocket, value []byte) error {
	name, v, ok := strings.Cut(strings.TrimSuffix(string(value), "\x00"), ":")
	m := append(slices.Clone(s.settings.metadata), zmtp.Property{Name: name, Value: v})
	if !ok || !strings.HasPrefix(name, "X-") || m.Validate() != nil {
		return invalid
	}
	s.settings.metadata = m
	s.update()
	return nil
}

// server is PLAIN_SERVER and CURVE_SERVER.
func server(mechanism int, at func(*settings) *int) form { return role{flag(at), mechanism} }

// role is a flag that also chooses the mechanism.
type role struct {
	form
	mechanism int
}

func (f role) set(s *zmqSocket, value []byte) error {
	if err := f.form.set(s, value); err != nil {
		return err
	}
	v := &s.settings.security
	v.mechanism = mechanismNull
	if v.plainServer != 0 && f.mechanism == mechanismPlain || v.curveServer != 0 && f.mechanism == mechanismCurve {
		v.mechanism = f.mechanism
	}
	return nil
}

// credential is PLAIN_USERNAME and PLAIN_PASSWORD: with one a socket is a client, with none it has no security.
func credential(at func(*security) *string) form {
	return calls{do: func(s *zmqSocket, value []byte) error {
		if len(value) > 255 {
			return invalid
		}
		v := &s.settings.security
		*at(v) = string(value)
		v.plainServer, v.mechanism = 0, mechanismPlain
		if len(value) == 0 {
			v.mechanism = mechanismNull
		}
		s.update()
		return nil
	}, tell: func(s *zmqSocket, room []byte) (int, error) { return putText(room, *at(&s.settings.security)) }}
}
