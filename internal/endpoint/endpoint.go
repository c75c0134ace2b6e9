// Package endpoint turns the text that says where a socket listens or whom it dials, "tcp://…", into a value, once, and prints it back.
//
// The grammar is that of the manual pages zmq_tcp(7), zmq_ipc(7) and zmq_inproc(7). Parsing looks nothing up: names stay names, so that every
// dial attempt can resolve them again.
package endpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The transports that have a grammar here.
const (
	TCP    = "tcp"
	IPC    = "ipc"
	Inproc = "inproc"
)

// An Endpoint is where to listen or whom to dial. Endpoints compare with ==: two texts that mean the same (tcp://[0::1]:05, tcp://[::1]:5)
// parse to equal values. The zero Endpoint is none.
type Endpoint struct {
	Scheme string // TCP, IPC or Inproc
	Addr          // of TCP
	Source Addr   // of TCP, connect only: where to dial from; the zero Addr leaves it to the system
	Name   string // of IPC: the path, "@name" (abstract, Linux) or "*" (any, bind only); of Inproc: the name, 1 to 256 bytes
}

// An Addr is a TCP address before any lookup.
type Addr struct {
	Host string // an IP address in its canonical form, without brackets; "*"; else an interface (bind, source) or a host name (connect)
	Port uint16 // 0: the system chooses (bind, source)
}

// ErrUnknownTransport says that an endpoint is in order but that nothing here carries its transport.
var ErrUnknownTransport = errors.New("unknown transport")

// An Error says what is wrong with the text of an endpoint, and what to write instead.
type Error struct {
	Endpoint string // the whole text, however long
	Reason   string // "no port: write tcp://HOST:PORT"
	Err      error  // ErrUnknownTransport, syscall.ENAMETOOLONG, or nil: malformed
}

func (e *Error) Unwrap() error { return e.Err }

// Error shows the beginning only of a long text: it may be a stranger's, and it may be on its way to a log.
func (e *Error) Error() string {
	const shown = 80
	if len(e.Endpoint) > shown {
		return fmt.Sprintf("endpoint %q… (%d bytes): %s", e.Endpoint[:shown], len(e.Endpoint), e.Reason)
	}
	return fmt.Sprintf("endpoint %q: %s", e.Endpoint, e.Reason)
}

// String is the canonical text: what it was parsed from, parsed again, gives an equal Endpoint. A port that the system chooses prints as "*".
func (e Endpoint) String() string {
	switch {
	case e == Endpoint{}:
		return ""
	case e.Scheme != TCP:
		return e.Scheme + "://" + e.Name
	case e.Source != Addr{}:
		return e.Scheme + "://" + e.Source.String() + ";" + e.Addr.String()
	}
	return e.Scheme + "://" + e.Addr.String()
}

// String is "HOST:PORT", with brackets around an IPv6 address.
func (a Addr) String() string {
	port := "*"
	if a.Port != 0 {
		port = strconv.Itoa(int(a.Port))
	}
	if strings.Contains(a.Host, ":") {
		return "[" + a.Host + "]:" + port
	}
	return a.Host + ":" + port
}
