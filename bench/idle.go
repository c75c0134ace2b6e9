package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Bare peers: sockets that have done a ZMTP handshake and cost nothing else, so
// that only the listener is measured, and all sides meet the same.

// idleTimeout is what one handshake may take, also of a thousand at once.
const idleTimeout = 10 * time.Second

// connectIdle makes n connections that have shaken hands as a socket of type as
// ("": no handshake), atOnce of them at a time. The caller closes them, also
// after an error; those that failed are nil.
func connectIdle(ctx context.Context, endpoint, as string, n, atOnce int) ([]net.Conn, error) {
	conns, failed := make([]net.Conn, n), make([]error, min(n, atOnce))
	var dialers sync.WaitGroup
	for first := range failed {
		dialers.Go(func() {
			for i := first; i < n && failed[first] == nil; i += len(failed) {
				if conns[i], failed[first] = connectOne(ctx, endpoint, as); failed[first] != nil {
					failed[first] = fmt.Errorf("connection %d of %d: %w", i+1, n, failed[first])
				}
			}
		})
	}
	dialers.Wait()
	for _, err := range failed {
		if err != nil {
			return conns, err // the others would say the same
		}
	}
	return conns, nil
}

// turnedAway is how long a peer waits before it comes again: the default of both
// libraries' sockets.
const turnedAway = 100 * time.Millisecond

// connectOne comes again if it is turned away, as sockets do: a listener need
// not shake hands with a thousand at once.
func connectOne(ctx context.Context, endpoint, as string) (net.Conn, error) {
	network, address := splitEndpoint(endpoint)
	d := net.Dialer{Timeout: idleTimeout}
	for begin := time.Now(); ; {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil || as == "" {
			return conn, err
		}
		if err = shakeHands(conn, as); err == nil {
			return conn, nil
		}
		conn.Close()
		if time.Since(begin) > idleTimeout {
			return nil, err
		}
		if err := sleep(ctx, turnedAway); err != nil {
			return nil, err
		}
	}
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		if conn != nil {
			conn.Close()
		}
	}
}

// shakeHands is greetAs, and a PING: the PONG is the proof that the listener,
// too, considers the connection ready. The PING waits for the listener's READY:
// libzmq 4.3 closes a connection on which anything follows our READY before it
// has sent its own.
func shakeHands(conn net.Conn, as string) error {
	conn.SetDeadline(time.Now().Add(idleTimeout))
	defer conn.SetDeadline(time.Time{})
	if err := greetAs(conn, as); err != nil {
		return err
	}
	ping := appendCommand(nil, "PING", make([]byte, 2)) // TTL 0: no time-out
	if _, err := conn.Write(ping); err != nil {
		return err
	}
	return expectCommand(conn, "PONG")
}

// greetAs is the NULL handshake of a socket of type as.
func greetAs(conn net.Conn, as string) error {
	ready := appendCommand(nil, "READY", appendProperty(nil, "Socket-Type", as))
	if _, err := conn.Write(append(appendGreeting(nil, as), ready...)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, greetingSize)); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	return expectCommand(conn, "READY")
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

// appendGreeting is the greeting of RFC 37: signature, version, mechanism,
// as-server, filler. A SUB speaks ZMTP 3.0 (RFC 23), whose subscriptions are
// messages.
func appendGreeting(b []byte, as string) []byte {
	g := make([]byte, greetingSize)
	g[0], g[9] = 0xFF, 0x7F
	g[10], g[11] = 3, 1
	if as == "SUB" {
		g[11] = 0
	}
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
