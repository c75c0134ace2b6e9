package main

import (
	"io"
	"net"
)

// The ping-pong: caller reads and writes itself, no other goroutine. A message
// has a short frame's two bytes of header.

func rawRequest(s settings) error {
	conn, err := dialEndpoint(s.endpoint)
	if err != nil {
		return err
	}
	b := rawFrames(s.size, 1)
	return roundTrips(s, func() error { return rawTurn(conn, b) })
}

func rawTurn(conn net.Conn, b []byte) error {
	if _, err := conn.Write(b); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, b)
	return err
}

// rawHandshake is what a NULL handshake brings each way: a greeting, a READY.
var rawHandshake = [...]int{greetingSize, 27}

// rawVisit connects, sends and gets what a handshake is made of, asks, and closes.
func rawVisit(s settings) error {
	return roundTrips(s, func() error {
		conn, err := dialEndpoint(s.endpoint)
		if err != nil {
			return err
		}
		defer conn.Close()
		for _, size := range rawHandshake {
			if err := rawTurn(conn, make([]byte, size)); err != nil {
				return err
			}
		}
		return rawTurn(conn, rawFrames(s.size, 1))
	})
}

// rawReply sends back what comes, frame by frame. With "visit" each connection
// begins with a handshake's bytes.
func rawReply(s settings) error {
	l, err := listenRaw(s.endpoint)
	if err != nil {
		return err
	}
	g := newGauge(1)
	go acceptRaw(l, func(conn net.Conn) {
		defer conn.Close()
		if s.pattern == "visit" {
			for _, size := range rawHandshake {
				if rawAnswer(conn, make([]byte, size)) != nil {
					return
				}
			}
		}
		for b := rawFrames(s.size, 1); rawAnswer(conn, b) == nil; {
			g.add(0, 1)
		}
	})
	return answerReadings(g.read)
}

// rawAnswer fails when the requester has ended, as it does first.
func rawAnswer(conn net.Conn, b []byte) error {
	if _, err := io.ReadFull(conn, b); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}
