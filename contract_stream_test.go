package zmq_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// STREAM (zmq_socket(3), ZMQ_STREAM): peers that speak no ZMTP, over tcp.

// dialTCP is a peer without ZMTP.
func dialTCP(t *testing.T, endpoint string) *net.TCPConn {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(endpoint, "tcp://"), patience)
	must(t, err)
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// readAll reads so many bytes.
func readAll(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	b := make([]byte, n)
	if got, err := io.ReadFull(c, b); err != nil {
		t.Fatalf("%d of %d bytes: %v", got, n, err)
	}
	return string(b)
}

// notice receives that a peer came or went, and returns its id.
func notice(t *testing.T, s zmq.Receiver) []byte {
	t.Helper()
	m, err := s.Recv(within(t))
	must(t, err)
	if m.Len() != 2 || len(m.Body()) != 0 {
		t.Fatalf("received %q, want an empty message behind an id", m.AppendFrames(nil))
	}
	return m.Frame(0)
}

// A stranger comes, talks and leaves. Nothing but the program's bytes is on the wire, and both ends of the visit are
// told as empty messages.
func TestStreamTalksToAStranger(t *testing.T) {
	stream := zmq.NewStream(zmq.Config{Context: newContext(t)})
	story := zmqtest.Record(t, stream, monitor.Lifecycle)
	bound := bindTo(t, stream, "tcp://127.0.0.1:*")
	c := dialTCP(t, bound)
	id := notice(t, stream)
	if len(id) != 5 || id[0] != 0 {
		t.Errorf("its id is %q: want five bytes, the first of them zero", id)
	}
	if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	m := recv(t, stream, string(id), "GET / HTTP/1.0\r\n\r\n")
	if p := m.Peer(); p.RoutingID != string(id) || p.Remote != "tcp://"+c.LocalAddr().String() {
		t.Errorf("whose is it? %+v", p)
	}
	must(t, stream.Send(within(t), id, []byte("HTTP/1.0 200 OK\r\n\r\n")))
	must(t, stream.Send(within(t), id, []byte("hel"), []byte("lo"))) // frames are only bytes here
	if got, want := readAll(t, c, 24), "HTTP/1.0 200 OK\r\n\r\nhello"; got != want {
		t.Errorf("the stranger was sent %q, want %q", got, want)
	}
	c.Close()
	if again := notice(t, stream); !bytes.Equal(again, id) {
		t.Errorf("%q has left, and %q had come", again, id)
	}
	if err := stream.Send(within(t), id, []byte("too late")); !errors.Is(err, zmq.ErrHostUnreachable) {
		t.Errorf("Send to one who has left: %v", err)
	}
	e := story.WaitFor(monitor.Disconnected, 1)
	if e.Who != monitor.ByPeer || e.MessagesIn != 1 || e.MessagesOut != 2 {
		t.Errorf("its end is told as %v", e)
	}
}

// An empty message hangs up, behind what was sent before it.
func TestStreamHangsUp(t *testing.T) {
	stream := zmq.NewStream(zmq.Config{Context: newContext(t)})
	bound := bindTo(t, stream, "tcp://127.0.0.1:*")
	for _, share := range []bool{false, true} {
		c := dialTCP(t, bound)
		id := notice(t, stream)
		last := bytes.Repeat([]byte("last words "), 100_000)
		must(t, stream.Send(within(t), id, last))
		if share {
			must(t, stream.SendMessage(within(t), zmq.NewMessage(id, []byte{})))
		} else {
			must(t, stream.Send(within(t), id, nil))
		}
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, last) {
			t.Errorf("of %d bytes came %d before the end: %v", len(last), len(got), err)
		}
		notice(t, stream)
		if err := stream.CanSendTo(id); !errors.Is(err, zmq.ErrHostUnreachable) {
			t.Errorf("after it has hung up: %v", err)
		}
	}
}

// It dials as well, by a name of the program's choice. The name is known at once, and what is sent waits for the peer.
func TestStreamConnectAs(t *testing.T) {
	x := newContext(t)
	server, client := zmq.NewStream(zmq.Config{Context: x}), zmq.NewStream(zmq.Config{Context: x, ReconnectMin: fast})
	bound := vacant(t, "tcp:")
	must(t, client.ConnectAs(bound, "server"))
	send(t, client, "server", "anybody there?")
	bindTo(t, server, bound)
	if id := notice(t, client); string(id) != "server" {
		t.Errorf("the server came as %q", id)
	}
	id := string(notice(t, server))
	recv(t, server, id, "anybody there?")
	send(t, server, id, "yes")
	recv(t, client, "server", "yes")
	for _, bad := range []string{"", "\x00x", strings.Repeat("x", 256), "server"} {
		if err := client.ConnectAs(bound, bad); !errors.Is(err, zmq.ErrInvalid) {
			t.Errorf("ConnectAs %.20q: %v", bad, err)
		}
	}
	send(t, client, "server", "") // hangs up: nobody wants it to be dialled again
	notice(t, server)
	notice(t, client)
	for ctx := within(t); len(client.State().Endpoints) > 0; {
		must(t, ctx.Err())
	}
}

// The stream arrives as it was sent, in pieces of whatever size.
func TestStreamCarriesManyBytes(t *testing.T) {
	x := newContext(t)
	server, client := zmq.NewStream(zmq.Config{Context: x}), zmq.NewStream(zmq.Config{Context: x, StreamSilent: true})
	must(t, client.ConnectAs(bindTo(t, server, "tcp://127.0.0.1:*"), "s"))
	notice(t, server)
	const total = 8 << 20
	sent := sha256.New()
	go func() {
		for n, size := 0, 1; n < total; size = size*3%70_001 + 1 {
			b := bytes.Repeat([]byte{byte(n)}, min(size, total-n))
			sent.Write(b)
			if client.Send(within(t), []byte("s"), b) != nil {
				return
			}
			n += len(b)
		}
		client.Send(within(t), []byte("s"), nil)
	}()
	got, n := sha256.New(), 0
	for {
		m, err := server.Recv(within(t))
		must(t, err)
		if len(m.Body()) == 0 {
			break
		}
		got.Write(m.Body())
		n += len(m.Body())
	}
	if n != total || !bytes.Equal(got.Sum(nil), sent.Sum(nil)) {
		t.Errorf("%d bytes arrived of %d, or not as they were sent", n, total)
	}
}

// A peer that does not read makes Send wait, for it alone.
func TestStreamWaitsAtTheMark(t *testing.T) {
	stream := zmq.NewStream(zmq.Config{Context: newContext(t), SendHWM: 3})
	bound := bindTo(t, stream, "tcp://127.0.0.1:*")
	slow := dialTCP(t, bound)
	slowID := string(notice(t, stream))
	quick := dialTCP(t, bound)
	quickID := string(notice(t, stream))
	n := choke(t, stream, slowID)
	if err := stream.CanSendTo([]byte(slowID)); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("CanSendTo a full peer: %v", err)
	}
	send(t, stream, quickID, "for you")
	readAll(t, quick, 7)
	sent := make(chan error, 1)
	go func() { sent <- stream.Send(within(t), []byte(slowID), []byte("end")) }()
	readAll(t, slow, n*len(chokeBody(0)))
	if got := readAll(t, slow, 3); got != "end" {
		t.Errorf("at the end came %q", got)
	}
	must(t, <-sent)
}

// StreamSilent: no notices. RouterRaw is the same under another name, and drops what it cannot send, as a ROUTER does.
func TestStreamSilentAndRouterRaw(t *testing.T) {
	x := newContext(t)
	for name, s := range map[string]interface {
		zmq.Sender
		zmq.Receiver
	}{
		"STREAM": zmq.NewStream(zmq.Config{Context: x, StreamSilent: true}),
		"ROUTER": zmq.NewRouter(zmq.Config{Context: x, RouterRaw: true}),
	} {
		c := dialTCP(t, bindTo(t, s, "tcp://127.0.0.1:*"))
		c.Write([]byte("hi"))
		m, err := s.Recv(within(t))
		must(t, err)
		if m.Len() != 2 || string(m.Body()) != "hi" {
			t.Errorf("%s: received %q", name, m.AppendFrames(nil))
		}
		send(t, s, string(m.Frame(0)), "ho")
		if got := readAll(t, c, 2); got != "ho" {
			t.Errorf("%s: the stranger was sent %q", name, got)
		}
		send(t, s, string(m.Frame(0)), "")
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("%s: after the end came %q, %v", name, rest, err)
		}
	}
}

// No ZMTP, no other transport.
func TestStreamNeedsTCP(t *testing.T) {
	s := zmq.NewStream(zmq.Config{Context: newContext(t)})
	for _, endpoint := range []string{"ipc:///nowhere", "inproc://x"} {
		if _, err := s.Bind(endpoint); !errors.Is(err, zmq.ErrNotSupported) {
			t.Errorf("Bind %s: %v", endpoint, err)
		}
		if err := s.Connect(endpoint); !errors.Is(err, zmq.ErrNotSupported) {
			t.Errorf("Connect %s: %v", endpoint, err)
		}
	}
	if err := s.Send(within(t), []byte("nobody"), []byte("x")); !errors.Is(err, zmq.ErrHostUnreachable) {
		t.Errorf("Send to nobody: %v", err)
	}
	if err := s.Send(within(t), []byte("alone")); !errors.Is(err, zmq.ErrInvalid) {
		t.Errorf("Send of an id alone: %v", err)
	}
}

// What a STREAM's events count are the bytes on the wire.
func TestStreamCountsItsBytes(t *testing.T) {
	stream := zmq.NewStream(zmq.Config{Context: newContext(t)})
	w := stream.Watch(monitor.Disconnected)
	c := dialTCP(t, bindTo(t, stream, "tcp://127.0.0.1:*"))
	id := notice(t, stream)
	must(t, stream.Send(within(t), id, []byte("24 bytes, all in all, ")))
	must(t, stream.Send(within(t), id, []byte("o"), []byte("k")))
	readAll(t, c, 24)
	if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	recv(t, stream, string(id), "GET / HTTP/1.0\r\n\r\n")
	c.Close()
	e, err := w.Next(within(t))
	must(t, err)
	if e.BytesIn != 18 || e.BytesOut != 24 {
		t.Errorf("18 bytes came and 24 went, told are %d and %d", e.BytesIn, e.BytesOut)
	}
}

// Frames of no bytes take no place on the wire, but each message takes one in the queue until it is written: it is given back,
// also where nothing else is left to write.
func TestStreamMessagesOfNoBytes(t *testing.T) {
	stream := zmq.NewStream(zmq.Config{Context: newContext(t), StreamSilent: true, SendHWM: 4})
	c := dialTCP(t, bindTo(t, stream, "tcp://127.0.0.1:*"))
	_, err := c.Write([]byte("hi"))
	must(t, err)
	m, err := stream.Recv(within(t))
	must(t, err)
	id := string(m.Frame(0))
	giant, large := strings.Repeat("x", 16<<20), strings.Repeat("y", 70_000) // more than the kernel takes, and than is written at once
	for range 5 {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			send(t, stream, id, giant)
			send(t, stream, id, large)
			send(t, stream, id, "", "")
			send(t, stream, id, "", "")
		}()
		until(t, patience, "the writer is held up", func() bool { return stream.State().Peers[0].QueueOut == 4 })
		readAll(t, c, len(giant)+len(large))
		<-sent
		until(t, patience, "nothing is queued", func() bool { return stream.State().Peers[0].QueueOut == 0 })
	}
}
