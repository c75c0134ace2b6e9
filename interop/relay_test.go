package interop

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"
)

// A relay stands between a dialler and a listener and passes on what they say. It tells of each PING and PONG, so that a
// test can wait for an idle connection to have lived for a while, and it can turn its connections into black holes.
type relay struct {
	ln     net.Listener
	target string
	heard  *story[beat]

	mu sync.Mutex
	// mu guards:
	holes chan struct{} // closed: connections made so far pass nothing on
	conns []net.Conn
}

// A beat is a command that was passed on.
type beat struct{ command, from string }

// startRelay makes a relay to an endpoint that need not be there yet.
func startRelay(t *testing.T, target string) *relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{ln: ln, target: strings.TrimPrefix(target, "tcp://"), heard: newStory[beat](), holes: make(chan struct{})}
	var accepting, passing sync.WaitGroup
	accepting.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", r.target)
			if err != nil {
				near.Close()
				continue
			}
			hole := r.keep(near, far)
			passing.Go(func() { r.pass(near, far, "dialler", hole) })
			passing.Go(func() { r.pass(far, near, "listener", hole) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		accepting.Wait()
		for _, c := range r.conns {
			c.Close()
		}
		passing.Wait()
	})
	return r
}

func (r *relay) endpoint() string { return "tcp://" + r.ln.Addr().String() }

func (r *relay) keep(conns ...net.Conn) (hole chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, conns...)
	return r.holes
}

// blackHole makes the connections of now pass on nothing more, not even their end. Later ones are not affected.
func (r *relay) blackHole() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.holes)
	r.holes = make(chan struct{})
}

// pass passes on until the connection ends, or swallows everything once it is a hole.
func (r *relay) pass(from, to net.Conn, who string, hole chan struct{}) {
	var last []byte // a command may be cut anywhere
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		select {
		case <-hole:
			if err != nil {
				from.Close()
				return
			}
			continue
		default:
		}
		if n > 0 {
			to.Write(b[:n])
			last = r.listen(append(last, b[:n]...), who)
		}
		if err != nil {
			to.Close()
			from.Close()
			return
		}
	}
}

// listen tells of the commands in b and returns the end of it that may be the beginning of one.
func (r *relay) listen(b []byte, who string) (rest []byte) {
	const name = "\x04PING"
	for {
		at := bytes.Index(b, []byte("\x04P"))
		if at < 0 || len(b) < at+len(name) {
			break
		}
		if command := string(b[at+1 : at+len(name)]); command == "PING" || command == "PONG" {
			r.heard.add(beat{command, who})
		}
		b = b[at+len(name):]
	}
	return bytes.Clone(b[max(0, len(b)-len(name)+1):])
}

// await waits until n more of a command have passed.
func (r *relay) await(t *testing.T, n int, want beat) {
	t.Helper()
	for range n {
		r.heard.await(t, want.command+" of the "+want.from, func(b beat) bool { return b == want })
	}
}
