package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
)

// The batched stream: the sender encodes into the connection's buffer and a
// writer writes what has gathered; a reader cuts messages out of what one read
// brought and hands them over as a batch.

// A frame has the header of ZMTP (RFC 37 §Framing): flags and a size of one
// byte, or, from 256 bytes on, flags with the long bit and a size of eight.
const rawLong = 0x02

func appendRawHeader(b []byte, size int) []byte {
	if size < 256 {
		return append(b, 0, byte(size))
	}
	return binary.BigEndian.AppendUint64(append(b, rawLong), uint64(size))
}

// parseRawHeader gives the lengths of header and body; n is 0 if b is too short.
func parseRawHeader(b []byte) (n, size int) {
	switch {
	case len(b) >= 2 && b[0]&rawLong == 0:
		return 2, int(b[1])
	case len(b) >= 9:
		return 9, int(binary.BigEndian.Uint64(b[1:]))
	}
	return 0, 0
}

// splitEndpoint turns "tcp://127.0.0.1:1" or "ipc:///path" into what package
// net wants; a port of "*" is any port.
func splitEndpoint(endpoint string) (network, address string) {
	scheme, address, _ := strings.Cut(endpoint, "://")
	if scheme == "ipc" {
		return "unix", address
	}
	return scheme, strings.Replace(address, "*", "0", 1)
}

func dialEndpoint(endpoint string) (net.Conn, error) {
	network, address := splitEndpoint(endpoint)
	return net.Dial(network, address)
}

// listenRaw binds endpoint and announces it.
func listenRaw(endpoint string) (net.Listener, error) {
	network, address := splitEndpoint(endpoint)
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	if network == "tcp" {
		endpoint = "tcp://" + l.Addr().String()
	}
	announce(endpoint)
	return l, nil
}

// acceptRaw gives each connection to a goroutine of serve, until the process ends.
func acceptRaw(l net.Listener, serve func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "raw listener:", err)
			os.Exit(1)
		}
		go serve(conn)
	}
}

func rawPush(s settings) error {
	conn, err := dialEndpoint(s.endpoint)
	if err != nil {
		return err
	}
	out := newRawOut()
	go out.write(conn)
	body := make([]byte, s.size)
	return stream(s, func(n int) error {
		for range n {
			out.put(body)
		}
		return nil
	})
}

func rawPull(s settings) error {
	l, err := listenRaw(s.endpoint)
	if err != nil {
		return err
	}
	q := newRawQueue()
	go acceptRaw(l, func(conn net.Conn) {
		readRaw(conn, slabFor(s.clients), func(batch [][]byte) { q.put(batch...) })
	})
	return stream(s, func(n int) error {
		for range n {
			if m := q.take(); len(m) != s.size {
				return fmt.Errorf("a message of %d bytes came, not of %d", len(m), s.size)
			}
		}
		return nil
	})
}

// rawOutBytes bounds a sender's buffer where rawMark messages would be large.
const rawOutBytes = 1 << 20

// rawOut is the way from the sender to the writer: two buffers that change
// places.
type rawOut struct {
	mu      sync.Mutex // guards all fields
	filled  sync.Cond  // gather is not empty
	room    sync.Cond  // gather takes more
	gather  []byte
	count   int  // messages in gather
	parked  bool // the writer waits for filled
	blocked bool // the sender waits for room
}

func newRawOut() *rawOut {
	o := new(rawOut)
	o.filled.L = &o.mu
	o.room.L = &o.mu
	return o
}

func (o *rawOut) put(body []byte) {
	o.mu.Lock()
	for o.count >= rawMark || o.count > 0 && len(o.gather)+len(body) > rawOutBytes {
		o.blocked = true
		o.room.Wait()
	}
	o.gather = append(appendRawHeader(o.gather, len(body)), body...)
	o.count++
	if o.parked {
		o.parked = false
		o.filled.Signal()
	}
	o.mu.Unlock()
}

// swap gives the writer what has gathered and takes its former buffer.
func (o *rawOut) swap(empty []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.count == 0 {
		o.parked = true
		o.filled.Wait()
	}
	full := o.gather
	o.gather, o.count = empty, 0
	if o.blocked {
		o.blocked = false
		o.room.Signal()
	}
	return full
}

// write is the writer. If the connection breaks it ends, the sender blocks,
// and the process's limit ends it: the parent ends senders before receivers.
func (o *rawOut) write(conn net.Conn) {
	var b []byte
	for {
		b = o.swap(b[:0])
		if _, err := conn.Write(b); err != nil {
			fmt.Fprintln(os.Stderr, "raw writer:", err)
			return
		}
	}
}

// rawSlab is what one read can bring.
const rawSlab = 1 << 16

// slabFor is rawSlab, and less where there are many connections: 4 KiB at least.
func slabFor(clients int) int { return max(rawSlab/max(clients, 1), 4096) }

// slabRest is how much of a slab may be left when it is exchanged for a new one.
func slabRest(slab int) int { return slab / 16 }

// readRaw is the reader: take gets the messages that a read has completed. They
// are pieces of slabs that are never used again, so they are the consumer's; one
// that is larger than a slab has memory of its own. The batch is not to be kept.
func readRaw(conn net.Conn, size int, take func(batch [][]byte)) {
	slab := make([]byte, 0, size)
	var batch [][]byte
	for start := 0; ; {
		n, err := conn.Read(slab[len(slab):cap(slab)])
		if err != nil {
			return // the other end has ended; we wait for stdin's end
		}
		slab = slab[:len(slab)+n]
		start, batch = cutRaw(slab, start, batch[:0])
		if len(batch) > 0 {
			take(batch)
		}
		if cap(slab)-len(slab) < slabRest(size) {
			slab, start = nextSlab(slab, start, size), 0
		}
	}
}

// cutRaw appends the whole messages in slab[start:] to batch and says where
// the first incomplete one begins.
func cutRaw(slab []byte, start int, batch [][]byte) (int, [][]byte) {
	for {
		n, size := parseRawHeader(slab[start:])
		end := start + n + size
		if n == 0 || end > len(slab) {
			return start, batch
		}
		batch = append(batch, slab[start+n:end:end])
		start = end
	}
}

// nextSlab begins a slab with what follows start in the old one, the beginning
// of a message, and has room for the whole of it. While the message's size is
// not known, it is taken to be like the last one's.
func nextSlab(old []byte, start, least int) []byte {
	size := cap(old)
	if n, body := parseRawHeader(old[start:]); n > 0 {
		size = max(least, n+body+slabRest(least))
	}
	return append(make([]byte, 0, size), old[start:]...)
}
