package curve

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"math"
	"slices"

	//lint:ignore SA1019 Both are deprecated as tools for inventing things. This is NaCl's box, bit by bit, with half of the
	// work done once that secretbox does for every message; tests hold it against secretbox and libsodium.
	"golang.org/x/crypto/poly1305"
	//lint:ignore SA1019 As above.
	"golang.org/x/crypto/salsa20/salsa"

	"github.com/glassmq/zmq/zmtp"
)

// A MESSAGE (RFC 26), with what NaCl's box is made of:
//
//	 0  7 "MESSAGE"
//	 8  short nonce
//	16  tag: Poly1305 of all that follows
//	32  payload-flags ┐ under XSalsa20's key stream, from its byte 32 on;
//	33  payload-data  ┘ the first 32 bytes are Poly1305's key
//
// A box's nonce begins with the same sixteen bytes as long as the connection
// lives, and all that XSalsa20 does with them is to make a Salsa20 key: so that is
// done once (newStream), and a message costs a key stream and a tag. In ns on an
// AMD EPYC, beside secretbox of x/crypto, and crypto_box_easy_afternm of libsodium
// 1.0.18, which libzmq uses:
//
//	body      seal    open    secretbox   libsodium: seal, open
//	64 B       290     300          495         510      650
//	1 KiB    1 390   1 410        1 930       1 650    1 820
//	64 KiB  73 800  75 500       76 400      40 600   40 700
//
// Beyond a few KiB the speed is that of x/crypto's Salsa20 (SSE2, 1 GB/s) and
// Poly1305 (3.7 GB/s); libsodium's Salsa20 has AVX2.
const (
	messageName = "\x07MESSAGE"
	nonceAt     = len(messageName)
	tagAt       = nonceAt + shortSize
	flagsAt     = tagAt + boxMore
	messageMore = flagsAt + 1
)

// Bits of payload-flags. RFC 26 has MORE alone; libzmq marks a command so, where
// ZMTP's own bit cannot be trusted to, as it is outside of the box.
const (
	flagMore    = 0x01
	flagCommand = 0x02
)

// blockSize is Salsa20's, and of what a key stream is counted in.
const blockSize = 64

// A codec is two halves that have nothing in common, so that one goroutine may
// seal while another opens.
type codec struct {
	discreet
	out sealer
	_   [64]byte // nor is a line of the processor's cache in both
	in  opener
}

// A half is one direction at the end of the handshake: its nonces' prefix, and the
// last nonce that was used.
type half struct {
	prefix string
	nonce  uint64
}

func newCodec(k *boxKey, out, in half) zmtp.Codec {
	return &codec{out: sealer{newStream(k, out)}, in: opener{newStream(k, in)}}
}

func (c *codec) AppendSealed(b []byte, h zmtp.Header, body []byte) []byte {
	return c.out.appendSealed(b, h, body)
}

func (c *codec) Open(frame []byte) (zmtp.Header, []byte, error) { return c.in.open(frame) }

type sealer struct{ stream }

// appendSealed sends as libzmq does: a message's frame, without the COMMAND bit.
func (s *sealer) appendSealed(b []byte, h zmtp.Header, body []byte) []byte {
	if s.nonce == math.MaxUint64 { // "SHALL NOT send more than 2^64-1 commands": in some centuries
		panic("BUG: CURVE's nonces are used up")
	}
	s.nonce++
	size := messageMore + len(body)
	b = zmtp.AppendHeader(b, zmtp.Header{Size: uint64(size)})
	at := len(b)
	b = slices.Grow(b, size)[:at+size]
	frame := b[at:]
	copy(frame, messageName)
	binary.BigEndian.PutUint64(frame[nonceAt:], s.nonce)
	s.begin(s.nonce, len(body))
	frame[flagsAt] = flagsOf(h) ^ s.ahead[keySize]
	s.xor(frame[messageMore:], body)
	poly1305.Sum((*[boxMore]byte)(frame[tagAt:]), frame[flagsAt:], &s.oneTime)
	return b
}

func flagsOf(h zmtp.Header) byte {
	switch {
	case h.Command:
		return flagCommand
	case h.More:
		return flagMore
	}
	return 0
}

type opener struct{ stream }

// open checks the size, the name, the nonce and the tag, in this order, before it
// decrypts a byte.
func (o *opener) open(frame []byte) (h zmtp.Header, body []byte, err error) {
	if !bytes.HasPrefix(frame, []byte(messageName)) {
		return h, nil, refuse(zmtp.UnexpectedCommand, "a frame that is no MESSAGE, and so was not sealed")
	}
	if len(frame) < messageMore {
		return h, nil, refuse(zmtp.MalformedMessage, "%d bytes, there must be %d at least", len(frame), messageMore)
	}
	nonce := binary.BigEndian.Uint64(frame[nonceAt:])
	if nonce <= o.nonce { // "SHALL disconnect clients that reuse a short nonce", and servers
		return h, nil, refuse(zmtp.InvalidSequence, "a message's nonce is %d, after %d", nonce, o.nonce)
	}
	body = frame[messageMore:]
	o.begin(nonce, len(body))
	if !poly1305.Verify((*[boxMore]byte)(frame[tagAt:]), frame[flagsAt:], &o.oneTime) {
		return h, nil, refuse(zmtp.Cryptographic, "a message does not open: it was changed on its way")
	}
	o.nonce = nonce
	flags := frame[flagsAt] ^ o.ahead[keySize]
	o.xor(body, body)
	// "Bits 7-1: Reserved … MUST be zero", and a command has no MORE (RFC 37).
	if flags > flagCommand {
		return h, nil, refuse(zmtp.MalformedMessage, "the flags 0x%02x have reserved bits, or are a command's with MORE", flags)
	}
	return zmtp.Header{More: flags == flagMore, Command: flags == flagCommand, Size: uint64(len(body))}, body, nil
}

// A stream is XSalsa20's key stream for the messages of one direction.
type stream struct {
	nonce   uint64        // the last message's
	key     [keySize]byte // of Salsa20, HSalsa20's work
	at      [16]byte      // of the message under way: nonce, and number of the block in little-endian order
	oneTime [keySize]byte // its first 32 bytes of key stream, Poly1305's key
	ahead   [batch]byte   // as much key stream as was made at a time
}

func newStream(k *boxKey, h half) (s stream) {
	s.nonce = h.nonce
	salsa.HSalsa20(&s.key, (*[16]byte)([]byte(h.prefix)), (*[keySize]byte)(k), &salsa.Sigma)
	return s
}

// begin makes the beginning of the key stream, for a body of this size.
func (s *stream) begin(nonce uint64, size int) {
	binary.BigEndian.PutUint64(s.at[:], nonce)
	n := batch
	if keySize+1+size <= blockSize {
		n = blockSize
	}
	s.generate(0, n)
	s.oneTime = [keySize]byte(s.ahead[:]) // xor may need ahead for a tail
}

// generate makes n bytes of key stream from this block on.
func (s *stream) generate(block, n int) {
	binary.LittleEndian.PutUint64(s.at[shortSize:], uint64(block))
	clear(s.ahead[:n])
	salsa.XORKeyStream(s.ahead[:n], s.ahead[:n], &s.at, &s.key)
}

// xor puts payload-data under the key stream, or takes it out: dst may be src. It
// goes over the bytes once, in as few steps as make whole batches.
func (s *stream) xor(dst, src []byte) {
	n := subtle.XORBytes(dst, src, s.ahead[keySize+1:])
	dst, src = dst[n:], src[n:]
	block := batch / blockSize
	if whole := len(src) / batch * batch; whole > 0 {
		s.direct(block, dst[:whole], src[:whole])
		dst, src = dst[whole:], src[whole:]
		block += whole / blockSize
	}
	if len(src) > blockSize { // a batch costs less than its second block would
		s.generate(block, batch)
		subtle.XORBytes(dst, src, s.ahead[:])
	} else if len(src) > 0 {
		s.direct(block, dst, src)
	}
}

func (s *stream) direct(block int, dst, src []byte) {
	binary.LittleEndian.PutUint64(s.at[shortSize:], uint64(block))
	salsa.XORKeyStream(dst, src, &s.at, &s.key)
}
