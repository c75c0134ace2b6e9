package curve

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// What libzmq says is in testdata/libzmq.txt: one talk with its server and one with its client, both with the keys of
// zmq_curve(7), with what we say to it in between. Our side is as in every test here, the same bytes each time, so a talk
// that was recorded can be had again without libzmq; and what we say must be what we said then.
//
// The talks with a libzmq that is there are in the folder interop.

var update = flag.Bool("update", false, "talk to libzmq (the package python3-zmq must be there) and write testdata/libzmq.txt anew")

const transcript = "testdata/libzmq.txt"

// echo is a DEALER of libzmq that gives four messages back: over sys.argv[2], as server or as client.
const echo = `
import sys, zmq
s = zmq.Context().socket(zmq.DEALER)
s.linger, s.rcvtimeo = 2000, 10000
if sys.argv[1] == "server":
    s.curve_server, s.curve_secretkey = True, b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
else:
    s.curve_publickey, s.curve_secretkey = b"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", b"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
    s.curve_serverkey = b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
s.connect(sys.argv[2])
for _ in range(4):
    s.send_multipart(s.recv_multipart())
s.close()
`

// echoed are the frames of the four messages.
var echoed = []struct {
	more bool
	body string
}{{false, ""}, {false, "hello"}, {true, "one of two"}, {false, strings.Repeat("the other ", 8)}, {false, strings.Repeat("long", 100)}}

// ours is our side for a talk with libzmq's role.
func ours(theirs string) zmtp.Handshake {
	if theirs == "server" {
		return newClient(alice, bob.Public, seeded(1)).Begin(dealer)
	}
	return newServer(bob, newClock().now, seeded(2)).Begin(dealer)
}

// A party is who says what to our side: libzmq, or the record of it.
type party interface {
	hear(t *testing.T, command bool, body []byte)
	say(t *testing.T) (command bool, body []byte)
}

// converse has the whole talk.
func converse(t *testing.T, h zmtp.Handshake, with party) {
	t.Helper()
	s, err := h.Next(zmtp.Command{})
	for {
		if err != nil {
			t.Fatal(err)
		}
		if s.Ask != nil {
			if s.Ask.PublicKey != alice.Public {
				t.Fatalf("libzmq's client shows another key: %x", s.Ask.PublicKey)
			}
			s, err = h.Decide(zmtp.AuthReply{}, nil)
			continue
		}
		for _, c := range s.Send {
			with.hear(t, true, whole(c))
		}
		if s.Done {
			break
		}
		_, body := with.say(t)
		c, bad := zmtp.ParseCommand(body)
		if bad != nil {
			t.Fatal(bad)
		}
		s, err = h.Next(c)
	}
	if typ, _ := s.Remote.Get(zmtp.SocketType); typ != "DEALER" {
		t.Errorf("libzmq says of itself %q", s.Remote)
	}
	for _, m := range echoed {
		with.hear(t, false, sealed(t, s.Codec, zmtp.Header{More: m.more}, []byte(m.body)))
	}
	for i, m := range echoed {
		command, body := with.say(t)
		head, text, err := s.Codec.Open(body)
		if err != nil || command || head.More != m.more || head.Command || string(text) != m.body {
			t.Fatalf("frame %d: %+v %q, %v, in a command: %v", i, head, text, err, command)
		}
	}
}

func TestTalksWithLibzmq(t *testing.T) {
	if *update {
		var out bytes.Buffer
		fmt.Fprintln(&out, "# Talks with libzmq, recorded by go test ./zmtp/curve -run TestTalksWithLibzmq -update. Who speaks, c for a command's\n# frame and m for a message's, the frame's body.")
		for _, theirs := range []string{"server", "client"} {
			fmt.Fprintf(&out, "\n# libzmq is the %s\n", theirs)
			converse(t, ours(theirs), &recorder{dialEcho(t, theirs), &out})
		}
		if err := os.WriteFile(transcript, out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	talks := strings.Split(string(text), "\n\n")
	if len(talks) != 3 {
		t.Fatalf("%d paragraphs in %s", len(talks), transcript)
	}
	for i, theirs := range []string{"server", "client"} {
		r := &record{strings.Split(strings.TrimSpace(talks[i+1]), "\n")[1:]}
		converse(t, ours(theirs), r)
		if len(r.lines) != 0 {
			t.Errorf("libzmq's %s has %d more lines to say", theirs, len(r.lines))
		}
	}
}

// A record is what is left of a recorded talk.
type record struct{ lines []string }

func (r *record) next(t *testing.T, who string) (command bool, body []byte) {
	t.Helper()
	if len(r.lines) == 0 {
		t.Fatalf("the record has no more of %s", who)
	}
	words := strings.Fields(r.lines[0])
	if len(words) != 3 || words[0] != who || words[1] != "c" && words[1] != "m" {
		t.Fatalf("the record has %q where %s should speak", r.lines[0], who)
	}
	r.lines = r.lines[1:]
	return words[1] == "c", unhex(t, words[2])
}

func (r *record) say(t *testing.T) (bool, []byte) { return r.next(t, "libzmq") }

func (r *record) hear(t *testing.T, command bool, body []byte) {
	t.Helper()
	if c, want := r.next(t, "we"); c != command || !bytes.Equal(body, want) {
		t.Fatalf("we say %x (in a command: %v), and said %x", body, command, want)
	}
}

// A recorder is libzmq, and writes down what is said.
type recorder struct {
	conn *bufio.ReadWriter
	out  io.Writer
}

func (r *recorder) write(who string, command bool, body []byte) {
	kind := "m"
	if command {
		kind = "c"
	}
	fmt.Fprintln(r.out, who, kind, hex.EncodeToString(body))
}

func (r *recorder) hear(t *testing.T, command bool, body []byte) {
	t.Helper()
	r.conn.Write(append(zmtp.AppendHeader(nil, zmtp.Header{Command: command, Size: uint64(len(body))}), body...))
	if err := r.conn.Flush(); err != nil {
		t.Fatal(err)
	}
	r.write("we", command, body)
}

func (r *recorder) say(t *testing.T) (command bool, body []byte) {
	t.Helper()
	for n := 2; ; n = 9 {
		b, err := r.conn.Peek(n)
		if err != nil {
			t.Fatal(err)
		}
		h, size, err := zmtp.ParseHeader(b, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if size > 0 {
			r.conn.Discard(size)
			body = make([]byte, h.Size)
			if _, err := io.ReadFull(r.conn, body); err != nil {
				t.Fatal(err)
			}
			r.write("libzmq", h.Command, body)
			return h.Command, body
		}
	}
}

// dialEcho is a connection to an echo of libzmq, with the greetings exchanged. Whether a party is client or server says
// nothing about who connects: libzmq always does, so that we need not be told where it is.
func dialEcho(t *testing.T, theirs string) *bufio.ReadWriter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cmd := exec.Command("/usr/bin/python3", "-c", echo, theirs, "tcp://"+ln.Addr().String())
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })
	deadline := time.Now().Add(10 * time.Second)
	ln.(*net.TCPListener).SetDeadline(deadline)
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // before the Wait
	c.SetDeadline(deadline)
	c.Write(zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: "CURVE", AsServer: theirs == "client"}))
	in := bufio.NewReader(c)
	b := make([]byte, 64)
	if _, err := io.ReadFull(in, b); err != nil {
		t.Fatal(err)
	}
	if g, _, err := zmtp.ParseGreeting(b); err != nil || g.Mechanism != "CURVE" {
		t.Fatalf("libzmq greets with %+v, %v", g, err)
	}
	return bufio.NewReadWriter(in, bufio.NewWriter(c))
}
