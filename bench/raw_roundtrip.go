package main

import "io"

// The ping-pong: caller reads and writes itself, no other goroutine. A message
// has a short frame's two bytes of header.

func rawRequest(s settings) error {
	conn, err := dialEndpoint(s.endpoint)
	if err != nil {
		return err
	}
	b := appendRawHeader(nil, s.size)
	b = append(b, make([]byte, s.size)...)
	return roundTrips(s, func() error {
		if _, err := conn.Write(b); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, b)
		return err
	})
}

func rawReply(s settings) error {
	conn, err := acceptOne(s.endpoint)
	if err != nil {
		return err
	}
	b := make([]byte, len(appendRawHeader(nil, s.size))+s.size)
	err = serve(func() error {
		if _, err := io.ReadFull(conn, b); err != nil {
			return err
		}
		_, err := conn.Write(b)
		return err
	})
	if err == io.EOF {
		select {} // the requester has ended first, as it should
	}
	return err
}
