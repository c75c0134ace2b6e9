package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// begin sets up our socket and lets the attacker in.
func (a *assault) begin() {
	t := a.t
	cfg, err := a.in.config()
	must(t, err)
	a.ours = a.field.socket(t, a.typ, cfg)
	a.watch = a.ours.Watch(monitor.Lifecycle | monitor.Flow)
	if strings.HasSuffix(a.way, "waiting") {
		a.inbox = waitingInbox(a.ours)
	} else {
		a.inbox = &inbox{socket: a.ours}
	}
	var conn net.Conn
	if a.dialled {
		a.raw, err = a.field.net.Listen(within(t), "tcp", address(a.field.endpoint))
		must(t, err)
		a.field.endpoint = "tcp://" + a.raw.Addr().String()
		connect(t, a.ours, a.field.endpoint)
		conn, err = a.raw.Accept()
	} else {
		a.field.endpoint = bindTo(t, a.ours, a.field.endpoint)
		if a.typ != "PAIR" && a.typ != "REQ" && !strings.HasSuffix(a.way, "waiting") { // a waiting Recv reads by itself only where there is one peer
			a.old = a.field.socket(t, fitting[a.typ], zmq.Config{})
			connect(t, a.old, a.field.endpoint)
			ready(t, a.ours, 1)
		}
		conn, err = a.field.net.Dial(within(t), "tcp", address(a.field.endpoint))
	}
	must(t, err)
	a.attacker = &stranger{conn: conn, more: make(chan struct{})}
	a.attacker.work.Go(a.attacker.run)
	t.Cleanup(a.attacker.close)
}

// strike takes the steps.
func (a *assault) strike() {
	var waits [][]string // of what is written in one
	var all []byte
	for _, s := range a.in.steps {
		switch s.verb {
		case ">":
			b, _ := hostileWire(s.words, a.typ)
			if strings.HasSuffix(a.way, "coalesced") {
				all = append(all, b...)
			} else {
				a.write(b)
			}
		case "<":
			if strings.HasSuffix(a.way, "coalesced") {
				waits = append(waits, s.words)
			} else {
				a.expect(s.words)
			}
		case "send":
			send(a.t, a.ours.(zmq.Sender), hostileTexts(s.words)...)
		case "queued":
			a.awaitQueued()
		case "fin":
			a.write(all)
			all = nil
			a.attacker.conn.(interface{ CloseWrite() error }).CloseWrite()
		case "reset":
			a.gone = true
			a.attacker.conn.(*net.TCPConn).SetLinger(0)
			a.attacker.close()
		}
	}
	a.write(all)
	for _, words := range waits {
		a.expect(words)
	}
	if a.in.ending[0] == "kept" {
		a.expectAlive()
	}
}

// awaitQueued waits until a message lies where Recv will find it: no event tells of that.
func (a *assault) awaitQueued() {
	a.t.Helper()
	for late := within(a.t); late.Err() == nil; a.field.settle() {
		for _, p := range a.ours.State().Peers {
			if p.QueueIn > 0 {
				return
			}
		}
	}
	a.t.Fatal("no message came")
}

func hostileTexts(words []string) (texts []string) {
	for _, word := range words {
		texts = append(texts, hostileText(word))
	}
	return texts
}

// write writes; that our side has hung up by now is no fault.
func (a *assault) write(b []byte) {
	step := max(1, len(b))
	if strings.HasSuffix(a.way, "bytewise") {
		step = 1
	}
	a.attacker.conn.SetWriteDeadline(time.Now().Add(patience))
	for piece := range slices.Chunk(b, step) {
		if _, err := a.attacker.conn.Write(piece); err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				a.t.Fatalf("our socket has not read what the attacker wrote: %v", err)
			}
			return
		}
		a.field.settle()
	}
}

// expect waits until the attacker has been sent these bytes, no more and no others.
func (a *assault) expect(words []string) {
	a.t.Helper()
	want, err := hostileWire(words, a.typ)
	must(a.t, err)
	if got, err := a.attacker.take(within(a.t), len(want)); err != nil || !bytes.Equal(got, want) {
		a.t.Fatalf("the attacker was sent %q, %v, want %q", got, err, want)
	}
	a.opened = true
}

// take waits for n bytes that were not taken yet, or the end.
func (r *stranger) take(ctx context.Context, n int) ([]byte, error) {
	for {
		r.mu.Lock()
		in, ended, more := r.in, r.ended, r.more
		if len(in) >= n || ended {
			n = min(n, len(in))
			r.in = in[n:]
			r.mu.Unlock()
			if ended && n == 0 {
				return nil, io.EOF
			}
			return in[:n], nil
		}
		r.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return in, ctx.Err()
		}
	}
}

// expectAlive asks for a sign of life, and then says goodbye.
func (a *assault) expectAlive() {
	a.t.Helper()
	a.write(zmtp.AppendPing(nil, zmtp.Ping{Context: []byte("alive?")}))
	want := append(a.opening(), zmtp.AppendPong(nil, []byte("alive?"))...)
	got, err := a.attacker.take(within(a.t), len(want))
	if err != nil || !bytes.Equal(got, want) {
		a.t.Fatalf("the attacker was sent %q, %v, want %q", got, err, want)
	}
	a.opened = true
	a.attacker.conn.(interface{ CloseWrite() error }).CloseWrite()
}

// opening is what the attacker is sent unasked, and has not read.
func (a *assault) opening() []byte {
	if a.opened {
		return nil
	}
	return hostileOpening(a.typ)
}
