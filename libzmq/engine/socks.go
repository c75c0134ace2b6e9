//go:build cgo && linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// A socks is a SOCKS 5 proxy (RFC 1928) that tcp endpoints are dialled through: ZMQ_SOCKS_PROXY. It resolves their names.
type socks struct{ proxy, username, password string }

// dial is a transport's hook.
func (s socks) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	if network != "tcp" { // ipc
		return d.DialContext(ctx, network, address)
	}
	conn, err := d.DialContext(ctx, "tcp", s.proxy)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err = s.ask(conn, address)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("SOCKS proxy %s: %w", s.proxy, err)
	}
	return conn, nil
}

// ask has the proxy connect.
func (s socks) ask(conn net.Conn, address string) error {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || len(host) > 255 {
		return fmt.Errorf("%s is no address for it", address)
	}
	if err := s.introduce(conn); err != nil {
		return err
	}
	// RFC 1928, section 4: version, CONNECT, reserved, a domain name, which may be an address in digits.
	request := append([]byte{5, 1, 0, 3, byte(len(host))}, host...)
	if _, err := conn.Write(append(request, byte(port>>8), byte(port))); err != nil {
		return err
	}
	var reply [4]byte // section 6: version, reply, reserved, the kind of address that follows
	if _, err := io.ReadFull(conn, reply[:]); err != nil {
		return err
	}
	if reply[0] != 5 || reply[1] != 0 {
		return fmt.Errorf("it refused with code %d", reply[1])
	}
	return skipAddress(conn, reply[3])
}

// introduce agrees on a method, and says who we are if the proxy asks (RFC 1929).
func (s socks) introduce(conn net.Conn) error {
	hello := []byte{5, 1, 0}
	if s.username != "" {
		hello = []byte{5, 2, 0, 2}
	}
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	var answer [2]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	switch {
	case answer[0] == 5 && answer[1] == 0:
		return nil
	case answer[0] != 5 || answer[1] != 2 || s.username == "":
		return fmt.Errorf("it wants another way to authenticate")
	}
	login := append([]byte{1, byte(len(s.username))}, s.username...)
	login = append(append(login, byte(len(s.password))), s.password...)
	if _, err := conn.Write(login); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if answer[1] != 0 {
		return fmt.Errorf("it refused the user name or the password")
	}
	return nil
}

// skipAddress reads past the address that the proxy has bound.
func skipAddress(conn net.Conn, kind byte) error {
	n := map[byte]int64{1: 4, 4: 16}[kind]
	if kind == 3 {
		var size [1]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return err
		}
		n = int64(size[0])
	}
	if n == 0 && kind != 3 {
		return fmt.Errorf("it answered with an address of kind %d", kind)
	}
	_, err := io.CopyN(io.Discard, conn, n+2) // and the port
	return err
}
