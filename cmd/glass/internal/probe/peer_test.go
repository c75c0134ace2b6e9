package probe

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/zmtp"
)

// A line is a connection of a peer that follows a script.
type line struct {
	net.Conn
	heard []byte
	n     int // which connection it is, from 1
}

// serve listens, follows the script on each connection, and then ends it. It returns the endpoint, and what was heard on
// each connection by the time that it ended.
func serve(t *testing.T, script func(*line)) (at string, heard func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	var lines []*line
	var mu sync.Mutex // guards lines
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			mu.Lock()
			one := &line{Conn: c, n: len(lines) + 1}
			lines = append(lines, one)
			mu.Unlock()
			work.Go(func() {
				defer c.Close()
				script(one)
				io.Copy(one, one.Conn) // lest a reset overtake what was said
			})
		}
	})
	end := sync.OnceFunc(func() { l.Close(); work.Wait() })
	t.Cleanup(end)
	return "tcp://" + l.Addr().String(), func() (all []string) {
		end()
		for _, one := range lines {
			all = append(all, string(one.heard))
		}
		return all
	}
}

// Write takes note of what was heard.
func (l *line) Write(b []byte) (int, error) {
	l.heard = append(l.heard, b...)
	return len(b), nil
}

func (l *line) say(parts ...[]byte) { l.Conn.Write(slices.Concat(parts...)) }

// hear waits until n bytes have come altogether.
func (l *line) hear(n int) {
	b := make([]byte, n-len(l.heard))
	got, _ := io.ReadFull(l.Conn, b)
	l.heard = append(l.heard, b[:got]...)
}

// hangUp says nothing more: the other side reads the end.
func (l *line) hangUp() { l.Conn.(*net.TCPConn).CloseWrite() }

// wait waits until the other side hangs up.
func (l *line) wait() { io.Copy(l, l.Conn) }

func greeting(minor uint8, mechanism string) []byte {
	return zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: minor, Mechanism: mechanism})
}

// hello is a greeting of today.
var hello = greeting(1, "NULL")

func command(name string, data string) []byte {
	return zmtp.AppendCommand(nil, zmtp.Command{Name: name, Data: []byte(data)})
}

// ready is READY with a type and properties, name and value in turn.
func ready(typ string, properties ...string) []byte {
	m := zmtp.Metadata{{Name: zmtp.SocketType, Value: typ}}
	for i := 0; i < len(properties); i += 2 {
		m = append(m, zmtp.Property{Name: properties[i], Value: properties[i+1]})
	}
	return command(zmtp.READY, string(zmtp.AppendMetadata(nil, m)))
}

// libzmq is what libzmq 4.3 does with its type: its signature at once, the rest of the greeting when it has heard our
// version, READY when it has heard our greeting, PONG for PING.
func libzmq(typ string) func(*line) {
	return func(l *line) {
		l.say(hello[:10])
		l.hear(11)
		l.say(hello[10:])
		l.hear(64)
		l.say(ready(typ))
		l.pong()
	}
}

// pong answers PING, and leaves everything else unanswered.
func (l *line) pong() {
	b := make([]byte, 4096)
	for {
		n, err := l.Read(b)
		l.heard = append(l.heard, b[:n]...)
		if err != nil {
			return
		}
		if _, ping, found := strings.Cut(string(b[:n]), "\x04PING"); found {
			l.say(zmtp.AppendPong(nil, []byte(ping[2:])))
		}
	}
}

// run probes with a limit that is long for what comes and short for what does not.
func run(t *testing.T, at string, change ...func(*Options)) Report {
	t.Helper()
	to, err := endpoint.ParseConnect(at)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Timeout: 10 * time.Second}
	for _, f := range change {
		f(&o)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return Run(ctx, at, to, o)
}

func impatient(o *Options) { o.Timeout = time.Second }

// stepNames are the steps that were told.
func (r *Report) stepNames() (names []string) {
	for _, s := range r.Steps {
		names = append(names, s.Name)
	}
	return names
}

// faraway is a connection to another machine, over which nothing may be said.
type faraway struct{ net.Conn }

func (faraway) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5555} }
