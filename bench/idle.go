package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// The connecting side of S8: bare sockets that have done a PUSH's handshake
// and are silent from then on.

// idleTimeout is what one handshake may take.
const idleTimeout = 5 * time.Second

// connectIdle makes n connections, one after the other so that no backlog
// overflows. The caller closes them, also after an error.
func connectIdle(ctx context.Context, endpoint string, n int) ([]net.Conn, error) {
	network, address := splitEndpoint(endpoint)
	conns := make([]net.Conn, 0, n)
	for i := range n {
		d := net.Dialer{Timeout: idleTimeout}
		conn, err := d.DialContext(ctx, network, address)
		if err == nil {
			conns = append(conns, conn)
			err = shakeHands(conn)
		}
		if err != nil {
			return conns, fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
	}
	return conns, nil
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		conn.Close()
	}
}

// shakeHands is a PUSH's side of the NULL handshake, and a PING: the PONG is
// the proof that the listener, too, considers the connection ready. The PING
// waits for the listener's READY: libzmq 4.3 closes a connection on which
// anything follows our READY before it has sent its own.
func shakeHands(conn net.Conn) error {
	conn.SetDeadline(time.Now().Add(idleTimeout))
	defer conn.SetDeadline(time.Time{})
	ready := appendCommand(nil, "READY", appendProperty(nil, "Socket-Type", "PUSH"))
	if _, err := conn.Write(append(appendGreeting(nil), ready...)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, greetingSize)); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if err := expectCommand(conn, "READY"); err != nil {
		return err
	}
	ping := appendCommand(nil, "PING", make([]byte, 2)) // TTL 0: no time-out
	if _, err := conn.Write(ping); err != nil {
		return err
	}
	return expectCommand(conn, "PONG")
}

func expectCommand(r io.Reader, want string) error {
	name, err := readCommand(r)
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", want, err)
	}
	if name != want {
		return fmt.Errorf("%s came, not %s", name, want)
	}
	return nil
}

const greetingSize = 64

// appendGreeting is ZMTP 3.1's greeting (RFC 37): signature, version,
// mechanism, as-server, filler.
func appendGreeting(b []byte) []byte {
	g := make([]byte, greetingSize)
	g[0], g[9] = 0xFF, 0x7F
	g[10], g[11] = 3, 1
	copy(g[12:], "NULL")
	return append(b, g...)
}

// appendCommand is a short command frame (RFC 37): body below 256 bytes.
func appendCommand(b []byte, name string, data []byte) []byte {
	b = append(b, 0x04, byte(1+len(name)+len(data)), byte(len(name)))
	return append(append(b, name...), data...)
}

// appendProperty is one of READY's properties (RFC 37).
func appendProperty(b []byte, name, value string) []byte {
	b = append(append(b, byte(len(name))), name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// readCommand reads one frame byte-exactly, so that nothing is left in a
// buffer of ours, and gives its command's name.
func readCommand(r io.Reader) (string, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	if head[0] != 0x04 {
		return "", fmt.Errorf("a frame with flags %#x came, not a short command", head[0])
	}
	body := make([]byte, head[1])
	if _, err := io.ReadFull(r, body); err != nil {
		return "", err
	}
	if len(body) == 0 || 1+int(body[0]) > len(body) {
		return "", fmt.Errorf("a command without a name came: %q", body)
	}
	return string(body[1 : 1+body[0]]), nil
}
