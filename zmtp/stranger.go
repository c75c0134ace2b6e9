package zmtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// quoteAtMost bounds what a Detail repeats of bytes that nobody knows.
const quoteAtMost = 40

// Recognise says in a few words what b, the first bytes of a connection, looks
// like: "HTTP request", "TLS", "SSH", "ZMTP 2.0 (revision 1)", else the bytes
// themselves, quoted. It is for the peer that hung up, or fell silent, before
// ParseGreeting could judge. The text is printable and under 200 bytes.
func Recognise(b []byte) string {
	_, n, err := ParseGreeting(b)
	if e := (*ProtocolError)(nil); errors.As(err, &e) {
		return e.Detail
	}
	if n > 0 {
		return fmt.Sprintf("ZMTP %d.%d", b[majorAt], b[minorAt])
	}
	if len(b) == 0 {
		return "nothing"
	}
	if name, _ := foreign(b); name != "" {
		return name
	}
	if b[0] == signatureFirst {
		return fmt.Sprintf("the first %d bytes of a ZMTP greeting", len(b))
	}
	return quote(b)
}

// nameStranger refuses b, which does not begin as ZMTP 2.0 or later does. It
// returns nil while a few more bytes can still say what it is, so that the
// verdict does not depend on where TCP happened to cut: at most seven bytes, for
// foreign knows no prefix of more than eight.
func nameStranger(b []byte) error {
	old, undecided := isZMTP1(b)
	if old {
		return refuse(OldVersion, "ZMTP 1.0")
	}
	name, more := foreign(b)
	if undecided || more {
		return nil
	}
	if name == "" {
		name = quote(b)
	}
	return refuse(NotZMTP, "%s", name)
}

// isZMTP1 looks for the greeting of RFC 13: the length of an identity and its
// flags together, the flags, the identity. Nothing in it says ZMTP, so each of
// its rules counts: flags SHOULD be zero, and an identity does not begin with
// zero. The last one tells it from protocols that begin with a little-endian
// length, such as MySQL's.
func isZMTP1(b []byte) (yes, undecided bool) {
	switch {
	case b[0] == signatureFirst: // the long form; the caller has seen all ten bytes of it
		length := binary.BigEndian.Uint64(b[1:9])
		return 1 <= length && length <= 256 && b[signatureEnd]&1 == 0, false
	case b[0] == 0:
		return false, false // the length counts the flags
	case len(b) == 1:
		return false, true
	case b[1] != 0:
		return false, false
	case b[0] == 1:
		return true, false // anonymous
	case len(b) == 2:
		return false, true
	}
	return b[2] != 0, false
}

// foreign names the protocol that b begins. more says that b is too short, and
// that more bytes could name it; no prefix is longer than eight bytes, which any
// request and any server's banner has. It is asked only about bytes that are not
// ZMTP's, so prefixes of one or two bytes are enough.
func foreign(b []byte) (name string, more bool) {
	for _, p := range [...]struct{ prefix, name string }{
		{"HTTP/", "HTTP response"},
		{"GET ", "HTTP request"},
		{"POST ", "HTTP request"},
		{"HEAD ", "HTTP request"},
		{"PUT ", "HTTP request"},
		{"PATCH ", "HTTP request"},
		{"TRACE ", "HTTP request"},
		{"DELETE ", "HTTP request"},
		{"OPTIONS ", "HTTP request"},
		{"CONNECT ", "HTTP request"},
		{"PRI * HT", "HTTP/2 request"},
		{"\x16\x03", "TLS"},         // a handshake record
		{"\x15\x03", "TLS (alert)"}, // what a TLS server says to a ZMTP greeting
		{"SSH-", "SSH"},
		{"220 ", "SMTP or FTP"},
		{"220-", "SMTP or FTP"},
		{"-ERR", "Redis"},
		{"-DENIED", "Redis"},
		{"-NOAUTH", "Redis"},
		{"+", "Redis or POP3"},
		{"AMQP", "AMQP"},
		{"INFO {", "NATS"},
		{"\x00SP\x00", "nanomsg"},
		{"PROXY ", "a load balancer's PROXY header"},
		{"\r\n\r\n\x00\r\nQ", "a load balancer's PROXY header"},
		{"\xff\xfb", "telnet"}, // IAC, then WILL, WON'T, DO or DON'T
		{"\xff\xfc", "telnet"},
		{"\xff\xfd", "telnet"},
		{"\xff\xfe", "telnet"},
	} {
		if bytes.HasPrefix(b, []byte(p.prefix)) {
			return p.name, false
		}
		more = more || bytes.HasPrefix([]byte(p.prefix), b)
	}
	return "", more
}

// quote shows bytes of unknown kind: the text they begin with, else the first
// sixteen in hex. Three printable bytes are as likely chance as text.
func quote(b []byte) string {
	b = b[:min(len(b), quoteAtMost)]
	text := 0
	for text < len(b) && isPrintable(b[text]) {
		text++
	}
	if text > 3 || text == len(b) {
		return strconv.Quote(string(b[:text]))
	}
	return fmt.Sprintf("bytes % x", b[:min(len(b), 16)])
}

func isPrintable(c byte) bool { return ' ' <= c && c <= '~' }
