package main

import "net"

// The ceilings of S5 and S6.

// rawPublish writes the same encoded batch to each subscriber in turn: nothing
// is dropped, so it goes at the pace of the slowest. It begins when s.clients
// are there.
func rawPublish(s settings) error {
	l, err := listenRaw(s.endpoint)
	if err != nil {
		return err
	}
	conns := make([]net.Conn, s.clients)
	for i := range conns {
		if conns[i], err = l.Accept(); err != nil {
			return err
		}
	}
	g := newGauge(1)
	batch := burstSize(s.size)
	b := rawFrames(s.size, batch)
	go g.serve(0, batch, func(int) error {
		for _, conn := range conns {
			if _, err := conn.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
	return answerReadings(g.read)
}

func rawSubscribe(s settings) error {
	g := newGauge(s.clients)
	for i := range s.clients {
		conn, err := dialEndpoint(s.endpoint)
		if err != nil {
			return err
		}
		go readRaw(conn, slabFor(s.clients), func(batch [][]byte) { g.add(i, int64(len(batch))) })
	}
	return answerReadings(g.read)
}

// rawDealer keeps s.flight requests of each connection on their way: as many go
// out as have come back.
func rawDealer(s settings) error {
	g := newGauge(s.clients)
	for i := range s.clients {
		conn, err := dialEndpoint(s.endpoint)
		if err != nil {
			return err
		}
		owed := make(chan int, s.flight+1) // never full: each stands for one request or more
		owed <- s.flight
		go writeOwed(conn, s.size, owed)
		go readRaw(conn, slabFor(s.clients), func(batch [][]byte) {
			g.add(i, int64(len(batch)))
			owed <- len(batch)
		})
	}
	return answerReadings(g.read)
}

// writeOwed writes as many messages as it is told of, in bursts.
func writeOwed(conn net.Conn, size int, owed <-chan int) {
	burst := burstSize(size)
	b := rawFrames(size, burst)
	each := len(b) / burst
	for n := range owed {
		for ; n > 0; n -= min(n, burst) {
			if _, err := conn.Write(b[:min(n, burst)*each]); err != nil {
				return // the router has ended; we wait for stdin's end
			}
		}
	}
}

// rawRouter sends back what it reads, and does not look at it: its gauge counts
// reads.
func rawRouter(s settings) error {
	l, err := listenRaw(s.endpoint)
	if err != nil {
		return err
	}
	g := newGauge(1)
	go acceptRaw(l, func(conn net.Conn) {
		defer conn.Close()
		b := make([]byte, rawSlab)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return // the dealers end first
			}
			if _, err := conn.Write(b[:n]); err != nil {
				return
			}
			g.add(0, 1)
		}
	})
	return answerReadings(g.read)
}
