package endpoint

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// Limits of names, in bytes.
const (
	maxInproc = 256 // zmq_inproc(7): "up to 256 characters in length"
	maxIPC    = 107 // zmq_ipc(7), Linux: 107 and the closing NUL are sun_path. Where the system has less, it says so itself.
	maxHost   = 253 // RFC 1035 §2.3.4: 255 on the wire, less the first length byte and the root's
)

func malformed(format string, args ...any) *Error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}

// side is which call an address is for: what each allows differs.
type side int

const (
	bind    side = iota
	connect      // the peer to dial
	source       // the local address to dial from: bind's rules
)

// ParseBind parses what Bind takes. Its errors are *Error.
func ParseBind(s string) (Endpoint, error) { return parse(s, bind) }

// ParseConnect parses what Connect takes. Its errors are *Error.
func ParseConnect(s string) (Endpoint, error) { return parse(s, connect) }

func parse(s string, of side) (Endpoint, error) {
	e, err := split(s, of)
	if err != nil {
		err.Endpoint = s
		return Endpoint{}, err
	}
	return e, nil
}

// split takes the text apart at "://" and hands the rest to the transport's own grammar. An endpoint without one of its two halves is malformed
// whatever its transport, as in zmq_bind(3), where EINVAL comes before EPROTONOSUPPORT.
func split(s string, of side) (Endpoint, *Error) {
	scheme, address, found := strings.Cut(s, "://")
	switch {
	case s == "":
		return Endpoint{}, malformed("empty: write tcp://HOST:PORT, ipc://PATH or inproc://NAME")
	case !found || scheme == "":
		return Endpoint{}, malformed("no transport: write tcp://HOST:PORT, ipc://PATH or inproc://NAME")
	case address == "":
		return Endpoint{}, malformed("nothing after %s://: write tcp://HOST:PORT, ipc://PATH or inproc://NAME", short(scheme))
	}
	switch scheme {
	case TCP:
		return parseTCP(address, of)
	case IPC:
		return parseIPC(address, of)
	case Inproc:
		return parseInproc(address)
	case "udp", "pgm", "epgm", "norm", "ws", "wss", "tipc", "vmci", "vsock":
		return Endpoint{}, &Error{Reason: scheme + " is not carried: use tcp, ipc or inproc", Err: ErrUnknownTransport}
	}
	return Endpoint{}, &Error{Reason: fmt.Sprintf("no transport is called %s: use tcp, ipc or inproc", short(scheme)), Err: ErrUnknownTransport}
}

// parseInproc: "No other restrictions are placed on the format of the name" (zmq_inproc(7)), where a name is a C string, so without NUL.
func parseInproc(name string) (Endpoint, *Error) {
	if len(name) > maxInproc {
		return Endpoint{}, malformed("the name has %d bytes: %d are allowed", len(name), maxInproc)
	}
	if strings.Contains(name, "\x00") {
		return Endpoint{}, malformed("the name has a NUL byte: leave it out")
	}
	return Endpoint{Scheme: Inproc, Name: name}, nil
}

func parseIPC(path string, of side) (Endpoint, *Error) {
	switch {
	case len(path) > maxIPC:
		return Endpoint{}, &Error{
			Reason: fmt.Sprintf("the path has %d bytes: a socket's path may have %d, so move it up the tree", len(path), maxIPC),
			Err:    syscall.ENAMETOOLONG,
		}
	case strings.Contains(path, "\x00"):
		return Endpoint{}, malformed("the path has a NUL byte: write an abstract name as ipc://@NAME")
	case path == "@":
		return Endpoint{}, malformed("no name after @: write ipc://@NAME")
	case path == "*" && of == connect:
		return Endpoint{}, malformed("* has no peer: write the path that Bind returned")
	}
	return Endpoint{Scheme: IPC, Name: path}, nil
}

// parseTCP: [source ";"] host ":" port (zmq_tcp(7)). No host and no port contains a ";", so the first one is the only one that can be meant.
func parseTCP(address string, of side) (e Endpoint, err *Error) {
	e.Scheme = TCP
	from, to, two := strings.Cut(address, ";")
	switch {
	case two && of == bind:
		return e, malformed("a source (before the ;) is for Connect: write tcp://HOST:PORT")
	case two:
		if e.Source, err = parseAddr(from, source); err != nil {
			return e, err
		}
		address = to
	}
	e.Addr, err = parseAddr(address, of)
	return e, err
}

func parseAddr(s string, of side) (a Addr, err *Error) {
	host, port, err := cutPort(s)
	if err != nil {
		return a, err
	}
	if a.Host, err = parseHost(host, of); err != nil {
		return a, err
	}
	a.Port, err = parsePort(port, of)
	return a, err
}

// cutPort splits at the colon before the port. A host keeps its brackets: they say that it must be an IPv6 address.
func cutPort(s string) (host, port string, err *Error) {
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", malformed("[ without ]: write tcp://[::1]:PORT")
		}
		if end+1 == len(s) || s[end+1] != ':' {
			return "", "", noPort()
		}
		return s[:end+1], s[end+2:], nil
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return "", "", noPort()
	}
	if strings.Contains(s[:colon], ":") {
		if isIPv6(s) || isIPv6(s[:colon]) {
			return "", "", malformed("an IPv6 address stands in brackets: write tcp://[::1]:PORT")
		}
		return "", "", malformed("too many colons: write tcp://HOST:PORT")
	}
	return s[:colon], s[colon+1:], nil
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6()
}

func noPort() *Error {
	return malformed("no port: write tcp://HOST:PORT, or tcp://HOST:* to let the system choose when binding")
}

func parseHost(s string, of side) (string, *Error) {
	if strings.HasPrefix(s, "[") {
		a, err := netip.ParseAddr(s[1 : len(s)-1])
		if err != nil || !a.Is6() || !isName(a.Zone()) {
			return "", malformed("%s is not an IPv6 address: write tcp://[::1]:PORT or, with a zone, tcp://[fe80::1%%eth0]:PORT", short(s))
		}
		return a.String(), nil
	}
	switch {
	case s == "" && of == connect:
		return "", malformed("no host: write tcp://HOST:PORT")
	case s == "":
		return "", malformed("no host: write tcp://HOST:PORT, or tcp://*:PORT for every interface")
	case s == "*" && of == connect:
		return "", malformed("* has no peer: write the host to dial, tcp://HOST:PORT")
	case s == "*":
		return s, nil
	case strings.Trim(s, "0123456789.") == "":
		// No host or interface is named like this. Refusing 1.2.3.400 here spares a socket dialling it for ever.
		a, err := netip.ParseAddr(s)
		if err != nil {
			return "", malformed("%s is not an IPv4 address: write four numbers of 0 to 255, without leading zeros", short(s))
		}
		return a.String(), nil
	case len(s) > maxHost:
		return "", malformed("the host name has %d bytes: %d are allowed", len(s), maxHost)
	case !isName(s) || s[0] == '.' || strings.Contains(s, ".."):
		return "", malformed("%s is no host name: letters, digits, '-', '_' and '.' make one, other scripts are written as xn--…", short(s))
	}
	return s, nil
}

// isName says whether all bytes of s are those of host names, and of interface names as systems make them ("eth0.100", "br-lan").
// The empty text is one: an address without a zone.
func isName(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

func parsePort(s string, of side) (uint16, *Error) {
	switch {
	case s == "":
		return 0, noPort()
	case s == "*" && of == connect:
		return 0, malformed("port * is for Bind: write the peer's port, 1 to 65535")
	case s == "*":
		return 0, nil
	case strings.Trim(s, "0123456789") != "":
		return 0, malformed("port %s is not a number: write 1 to 65535", short(s))
	}
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, malformed("port %s is too large: write 1 to 65535", short(s))
	}
	if port == 0 && of == connect {
		return 0, malformed("port 0 cannot be dialled: write the peer's port, 1 to 65535")
	}
	return uint16(port), nil
}

// short quotes a part of the text, and no more of it than helps.
func short(s string) string { return fmt.Sprintf("%.40q", s) }
