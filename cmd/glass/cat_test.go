package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
)

// A prompt is a glass cat in this process, whose lines the test writes and reads.
type prompt struct {
	t     *testing.T
	in    *io.PipeWriter
	out   *io.PipeReader
	notes *notes
	end   context.CancelFunc // Ctrl-C
	code  int
	done  sync.WaitGroup
}

func cat(t *testing.T, args ...string) *prompt {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	inr, inw := io.Pipe()
	outr, outw := io.Pipe()
	p := &prompt{t: t, in: inw, out: outr, notes: newNotes(), end: cancel}
	p.done.Go(func() {
		p.code = run(ctx, append([]string{"cat"}, args...), inr, outw, p.notes)
		inr.Close()
		outw.Close()
	})
	t.Cleanup(func() {
		cancel()
		inw.Close()
		io.Copy(io.Discard, outr)
		p.done.Wait()
	})
	return p
}

func (p *prompt) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// hear waits for a line.
func (p *prompt) hear(want string) {
	p.t.Helper()
	line, one := []byte{}, make([]byte, 1)
	for {
		if _, err := p.out.Read(one); err != nil {
			p.t.Fatalf("waiting for %q after %q: %v; notes: %s", want, line, err, p.notes)
		}
		if one[0] == '\n' {
			break
		}
		line = append(line, one[0])
	}
	if string(line) != want {
		p.t.Errorf("got %q, want %q", line, want)
	}
}

func (p *prompt) wait(code int) {
	p.t.Helper()
	rest, _ := io.ReadAll(p.out)
	p.done.Wait()
	if p.code != code || len(rest) > 0 {
		p.t.Errorf("exit code %d, want %d; unread: %q; notes: %s", p.code, code, rest, p.notes)
	}
}

// notes are a standard error that a test can wait for.
type notes struct {
	mu    sync.Mutex // guards text
	text  bytes.Buffer
	grown *sync.Cond
}

func newNotes() *notes {
	n := &notes{}
	n.grown = sync.NewCond(&n.mu)
	return n
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.grown.Broadcast()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// await waits for words, so many times, and returns what is noted by then.
func (n *notes) await(t *testing.T, words string, times int) string {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.text.WriteString("[the test lost its patience]")
		n.grown.Broadcast()
	})
	defer late.Stop()
	n.mu.Lock()
	defer n.mu.Unlock()
	for strings.Count(n.text.String(), words) < times {
		if strings.Contains(n.text.String(), "[the test") {
			t.Fatalf("no %q (%d times) in %s", words, times, &n.text)
		}
		n.grown.Wait()
	}
	return n.text.String()
}

// endpointOf finds where a cat is bound.
func (p *prompt) endpointOf() string {
	p.t.Helper()
	_, at, _ := strings.Cut(p.notes.await(p.t, "bound to tcp://127.0.0.1:", 1), "bound to ")
	at, _, _ = strings.Cut(at, "\n")
	return at
}

func TestTwoPeopleTalk(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	a := cat(t, "PAIR", "-b", "tcp://127.0.0.1:*")
	b := cat(t, "PAIR", "-c", a.endpointOf())
	for i := range 3 {
		a.say(fmt.Sprint("ping ", i))
		b.hear(fmt.Sprint("ping ", i))
		b.say(fmt.Sprint("pong ", i))
		a.hear(fmt.Sprint("pong ", i))
	}
	a.in.Close() // who has said all still listens
	b.say("and?")
	a.hear("and?")
	b.end()
	b.wait(exitOK)
	a.end()
	a.wait(exitOK)
	if said := a.notes.String(); strings.Contains(said, "disconnected") {
		t.Errorf("a peer that leaves in good order is no trouble: %s", said)
	}
}

func TestCtrlCSaysWhatIsLost(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "tcp://" + l.Addr().String()
	l.Close()
	p := cat(t, "PUSH", "-c", at)
	p.notes.await(t, "connect_failed", 1)
	for range 3 {
		p.say("into the void")
	}
	p.say("and this one has been read") // so the three before are queued
	began := time.Now()
	p.end()
	p.wait(exitFailure)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v to leave: the time of linger is for who waits", took)
	}
	if said := p.notes.String(); !strings.Contains(said, "dropped, ") || !strings.Contains(said, "for "+at+" (connection refused)") {
		t.Errorf("the notes are %s", said)
	}
}

// The input ends, and while what is queued waits for a peer, Ctrl-C cuts it short.
func TestCtrlCWhileItLingers(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "tcp://" + l.Addr().String()
	l.Close()
	p := cat(t, "PUSH", "-c", at, "-O", "linger=forever")
	p.say("into the void")
	p.in.Close()
	p.notes.await(t, "waiting for what is queued", 1)
	p.end()
	p.wait(exitFailure)
	if said := p.notes.String(); !strings.Contains(said, "glass: 1 messages ") {
		t.Errorf("the notes are %s", said)
	}
}

// What goes wrong is told once, and that it goes well again; then the next trouble.
func TestTroubleIsToldOnce(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	server := zmq.NewPull(zmq.Config{Context: x})
	at, err := server.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	p := cat(t, "PUSH", "-c", at, "-O", "reconnect_ivl=1", "-O", "reconnect_ivl_max=5")
	p.notes.await(t, "connect_failed", 1)
	server = zmq.NewPull(zmq.Config{Context: x})
	time.Sleep(50 * time.Millisecond) // some more attempts, each of which fails
	if _, err := server.Bind(at); err != nil {
		t.Fatal(err)
	}
	said := p.notes.await(t, "handshake_succeeded", 1)
	if n := strings.Count(said, "connect_failed"); n != 1 {
		t.Errorf("the trouble was told %d times: %s", n, said)
	}
	p.say("hello")
	if m, err := server.Recv(t.Context()); err != nil || string(m.Body()) != "hello" {
		t.Errorf("%q, %v", m.Body(), err)
	}
	server.Close()
	p.notes.await(t, "connect_failed", 2)
	p.end()
	p.wait(exitOK)
}

// A REP whose answers are typed shows the request first.
func TestAnswersThatAreTyped(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	rep := cat(t, "REP", "-b", "tcp://127.0.0.1:*")
	req := cat(t, "REQ", "-c", rep.endpointOf())
	for _, s := range []string{"who?", "why?"} {
		req.say(s)
		rep.hear(s)
		rep.say("me, " + s)
		req.hear("me, " + s)
	}
	rep.say("an answer that nobody asks for")
	rep.in.Close()
	req.say("how?")
	rep.hear("how?")
	req.hear("an answer that nobody asks for")
	rep.wait(exitOK)
	req.end()
	req.wait(exitOK)

	rep = cat(t, "REP", "-b", "tcp://127.0.0.1:*", "-q")
	rep.end()
	rep.wait(exitOK)
}

func TestARequestWithoutAnAnswer(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	rep := cat(t, "REP", "-b", "tcp://127.0.0.1:*")
	req := cat(t, "REQ", "-c", rep.endpointOf())
	req.say("who?")
	rep.hear("who?")
	rep.end()
	rep.wait(exitFailure)
	if said := rep.notes.String(); !strings.HasSuffix(said, "glass: a request was not answered: interrupted\n") {
		t.Errorf("the notes are %s", said)
	}
	req.end()
	req.wait(exitFailure)
	if said := req.notes.String(); !strings.HasSuffix(said, "glass: no answer came: interrupted\n") {
		t.Errorf("the notes are %s", said)
	}
}

func TestThePaceOfTheInput(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	pull := cat(t, "PULL", "-b", "tcp://127.0.0.1:*", "-n", "3")
	push := cat(t, "PUSH", "-c", pull.endpointOf(), "--interval", "100ms")
	began := time.Now()
	go io.WriteString(push.in, "1\n2\n3\n")
	for _, want := range []string{"1", "2", "3"} {
		pull.hear(want)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("three messages took %v, want two pauses of 100 ms", took)
	}
	pull.wait(exitOK)
	push.end()
	push.wait(exitOK)
}

func TestInputThatBreaks(t *testing.T) {
	var notes bytes.Buffer
	code := run(t.Context(), []string{"cat", "PUSH", "-c", "tcp://127.0.0.1:1", "-q", "-O", "linger=0"}, iotest.ErrReader(errors.New("the disk is on fire")), io.Discard, &notes)
	if code != exitFailure || notes.String() != "glass: the disk is on fire\n" {
		t.Errorf("exit code %d, notes: %s", code, &notes)
	}
}

// Many messages are printed in few writes, and none of them waits for the next one.
func TestOutputIsGatheredAndNotKept(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	const n = 20_000
	out := &countingWriter{}
	var notes notes
	notes.grown = sync.NewCond(&notes.mu)
	var receiving sync.WaitGroup
	code := -1
	receiving.Go(func() {
		code = run(t.Context(), []string{"cat", "PULL", "-b", "tcp://127.0.0.1:*", "-n", fmt.Sprint(n)}, nil, out, &notes)
	})
	p := &prompt{t: t, notes: &notes}
	push := dial(t, zmq.NewPush(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}), p.endpointOf())
	for range n {
		if err := push.Send(t.Context(), []byte("message")); err != nil {
			t.Fatal(err)
		}
	}
	receiving.Wait()
	if code != exitOK || out.bytes != n*len("message\n") {
		t.Errorf("exit code %d, %d bytes; notes: %s", code, out.bytes, &notes)
	}
	if out.writes > n/2 {
		t.Errorf("%d writes for %d messages", out.writes, n)
	}
}

type countingWriter struct{ writes, bytes int }

func (w *countingWriter) Write(b []byte) (int, error) {
	w.writes++
	w.bytes += len(b)
	return len(b), nil
}
