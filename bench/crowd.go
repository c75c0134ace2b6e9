package main

import (
	"context"
	"io"
	"net"
)

// S14: s.clients bare connections in one process, all made before anything is
// sent. The process is the same whoever listens.

// crowdDialers connect at the same time: fewer than the shortest backlog, which
// is libzmq's, 100.
const crowdDialers = 32

// busyBurst is how many messages a connection of a busy crowd gets at a time:
// with so many of 64 B, 4 KiB, it is the listener that is busy, and not the one
// that writes to all in turn.
const busyBurst = 64

// crowdPush sends over one connection ("one"), in writes of 64 KiB, or over all
// in turn ("all"), busyBurst messages each.
func crowdPush(s settings) error {
	conns, err := connectIdle(context.Background(), s.endpoint, s.as, s.clients, crowdDialers)
	if err != nil {
		return err
	}
	if s.pattern == "one" {
		return writeInTurn(conns[:1], rawFrames(s.size, burstSize(s.size)))
	}
	return writeInTurn(conns, rawFrames(s.size, busyBurst))
}

func writeInTurn(conns []net.Conn, burst []byte) error {
	for {
		for _, conn := range conns {
			if _, err := conn.Write(burst); err != nil {
				return err
			}
		}
	}
}

// rawFrames is n messages of size bytes, as they are on the wire.
func rawFrames(size, n int) []byte {
	var b []byte
	for range n {
		b = append(appendRawHeader(b, size), make([]byte, size)...)
	}
	return b
}

// crowdAsk has one request of each connection on its way: a goroutine each
// writes it, and reads what comes back, which has the same bytes.
func crowdAsk(s settings) error {
	conns, err := connectIdle(context.Background(), s.endpoint, s.as, s.clients, crowdDialers)
	if err != nil {
		return err
	}
	g := newGauge(len(conns))
	for i, conn := range conns {
		request := rawFrames(s.size, 1)
		go g.serve(i, 1, func(int) error {
			if _, err := conn.Write(request); err != nil {
				return err
			}
			_, err := io.ReadFull(conn, request)
			return err
		})
	}
	return answerReadings(g.read)
}
