package pipe

import (
	"encoding/binary"
	"fmt"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/zmtp"
)

const (
	// trust is what a peer that has sent nothing yet may make us allocate for a body it announces. With what it has
	// sent on top, memory stays below 64 KiB and twice the bytes that came.
	trust = 32 << 10
	// commandMost is the size of a command at most: it is put together in a chunk.
	commandMost = 32 << 10
	// framesMost is the number of frames of a message at most. An empty frame is two bytes on the wire and a slice header
	// of 24 in a Message: without a limit a peer could have us allocate twelve times what it sends.
	framesMost = 1 << 16
)

// messages finds up to most whole messages in what has arrived.
func (in *Inlet) messages(most int) error {
	for in.found < most && in.body == nil {
		b := in.full[in.scan:in.w]
		if len(b) < 2 {
			return nil
		}
		if b[0] == 0 { // the last frame of a message, and short: nearly always
			n := 2 + int(b[1])
			if n > len(b) || in.Max > 0 || in.frames > 0 || in.Each != nil {
				if whole, err := in.frame(b); !whole || err != nil {
					return err
				}
				continue
			}
			in.scan += n
			in.start = in.scan
			in.found++
			continue
		}
		if whole, err := in.frame(b); !whole || err != nil {
			return err
		}
	}
	return nil
}

// frame takes the frame at the beginning of b, or the beginning of a large one. !whole: more bytes are needed.
func (in *Inlet) frame(b []byte) (whole bool, err error) {
	h, from, err := zmtp.ParseHeader(b, 0)
	if err != nil || from == 0 {
		return false, err
	}
	if err := in.within(h); err != nil {
		return false, err
	}
	if uint64(len(b)-from) < h.Size {
		if h.Size >= message.LargeBody && !h.Command {
			in.begin(b[0], int(h.Size), b[from:])
			in.scan += from
			in.w = in.scan
		}
		return false, nil
	}
	in.scan += from + int(h.Size)
	if h.Command {
		return true, in.Command(b[from : from+int(h.Size)])
	}
	return true, in.count(h.More, h.Size)
}

// within holds a frame against the limits, before anything is allocated for it.
func (in *Inlet) within(h zmtp.Header) error {
	size := in.size + h.Size
	switch {
	case h.Command && h.Size > uint64(max(in.CommandMost, commandMost)):
		return &zmtp.ProtocolError{Code: zmtp.MalformedCommand,
			Detail: fmt.Sprintf("a command of %d bytes, at most %d accepted", h.Size, max(in.CommandMost, commandMost))}
	case h.Command:
	case in.Max > 0 && size > in.Max:
		return &zmtp.ProtocolError{Code: zmtp.OversizeFrame, Detail: fmt.Sprintf("a message of at least %d bytes, at most %d accepted", size, in.Max)}
	case in.frames >= framesMost:
		return &zmtp.ProtocolError{Code: zmtp.OversizeFrame, Detail: fmt.Sprintf("a message of more than %d frames", framesMost)}
	}
	return nil
}

// count takes a frame into the message that is being put together.
func (in *Inlet) count(more bool, size uint64) error {
	in.size += size
	if in.frames++; more {
		return nil
	}
	from := in.start
	in.start, in.size, in.frames = in.scan, 0, 0
	in.found++
	if in.Each == nil {
		return nil
	}
	c := message.Chunk{Buf: in.full[:in.scan], Large: in.pending, From: in.from} // none of pending is an earlier message's
	in.pending = in.pending[:0]
	return in.Each(c.Cut(from, 0, 1))
}

// begin starts on a body that lies outside the chunk; part of it is here. Memory is had as bytes arrive, unless the
// peer has sent enough before to be trusted with the whole.
func (in *Inlet) begin(flags byte, size int, part []byte) {
	in.body = in.Spares.Get(int(min(uint64(size), trust+in.received)))
	in.flags, in.want, in.have = flags, size, copy(in.body, part)
}

// widen gives the body that is arriving more memory.
func (in *Inlet) widen() {
	old := in.body
	in.body = in.Spares.Get(int(min(uint64(in.want), 2*uint64(len(old)))))
	copy(in.body, old)
	in.Spares.Put(old)
}

// arrived puts a complete large body in its place.
func (in *Inlet) arrived() error {
	in.pending = append(in.pending, message.NewLarge(in.scan, in.body, true))
	in.body = nil
	return in.count(in.flags&message.FlagMore != 0, uint64(in.want))
}

// compact takes the commands out of the unfinished message: their bytes must not pile up however many come between two
// frames.
func (in *Inlet) compact() {
	to := in.start
	for at := in.start; at < in.scan; {
		b := in.full[at:in.scan]
		size, from := int(b[1]), 2
		if b[0]&message.FlagLong != 0 {
			size, from = int(binary.BigEndian.Uint64(b[1:])), 9
		}
		large := in.largeAt(at + from)
		if large != nil {
			size = 0
		}
		if b[0]&message.FlagCommand == 0 {
			n := copy(in.full[to:], b[:from+size])
			if large != nil {
				large.At = to + from
			}
			to += n
		}
		at += from + size
	}
	n := copy(in.full[to:], in.full[in.scan:in.w])
	in.scan, in.w = to, to+n
}

func (in *Inlet) largeAt(at int) *message.Large {
	for i := range in.pending {
		if in.pending[i].At == at {
			return &in.pending[i]
		}
	}
	return nil
}

// published is the number of bytes on the wire of what publish hands over.
func (in *Inlet) published() uint64 {
	n := uint64(in.start - len(in.c.Buf))
	if in.Raw {
		n -= uint64(in.found) * rawHeader
	}
	for _, l := range in.pending {
		if l.At <= in.start {
			n += uint64(len(l.Body()))
		}
	}
	return n
}
