package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A line is one event as a program reads it.
type line struct {
	Event, Conn, Remote, Endpoint, Local, Reason, Why string
	PeerType                                          string `json:"peer_type"`
	RxMsgs                                            *int   `json:"rx_msgs"`
}

// A glass is a glass watch in this process, whose JSON lines the test reads as they come.
type glass struct {
	t      *testing.T
	events *json.Decoder
	notes  bytes.Buffer // to be read after wait
	code   int
	done   sync.WaitGroup
	end    context.CancelFunc // Ctrl-C
}

func watch(t *testing.T, args ...string) *glass {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r, w := io.Pipe()
	g := &glass{t: t, events: json.NewDecoder(r), end: cancel}
	g.done.Go(func() {
		g.code = run(ctx, append([]string{"watch", "-o", "jsonl"}, args...), nil, w, &g.notes)
		w.Close()
	})
	t.Cleanup(func() {
		cancel()
		io.Copy(io.Discard, r) // a test need not read all
		g.done.Wait()
	})
	return g
}

// next is the next event, which must be of this kind.
func (g *glass) next(kind monitor.Kind) (l line) {
	g.t.Helper()
	if err := g.events.Decode(&l); err != nil {
		g.t.Fatalf("waiting for %v: %v", kind, err)
	}
	if l.Event != kind.String() {
		g.t.Fatalf("got %s, want %v", l.Event, kind)
	}
	return l
}

// wait waits for the end, after which there must be no event more.
func (g *glass) wait(code int) {
	g.t.Helper()
	var l line
	if err := g.events.Decode(&l); err != io.EOF {
		g.t.Errorf("want the end of the events, got %+v, %v", l, err)
	}
	g.done.Wait()
	if g.code != code {
		g.t.Errorf("exit code %d, want %d; notes: %s", g.code, code, &g.notes)
	}
}

// dial makes a socket of this process that is ready for the one at an endpoint.
func dial[S zmq.Socket](t *testing.T, s S, endpoint string) S {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	if err := s.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	if err := s.WaitReady(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPeerComesAndLeaves(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	g := watch(t, "PULL", "-b", "tcp://127.0.0.1:*", "--until", "disconnected")
	at := g.next(monitor.Listening).Local
	peer := dial(t, zmq.NewPush(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}), at)
	accepted, ready := g.next(monitor.Accepted), g.next(monitor.HandshakeSucceeded)
	if err := peer.Send(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := peer.Close(); err != nil {
		t.Fatal(err)
	}
	left := g.next(monitor.Disconnected)
	g.wait(exitOK)
	if accepted.Conn == "" || ready.Conn != accepted.Conn || left.Conn != accepted.Conn {
		t.Errorf("one connection has the ids %q, %q and %q", accepted.Conn, ready.Conn, left.Conn)
	}
	for _, l := range []line{accepted, ready, left} {
		if !strings.HasPrefix(l.Remote, "tcp://127.0.0.1:") || l.Remote != accepted.Remote || l.Endpoint != "tcp://127.0.0.1:*" {
			t.Errorf("%s: remote %q, endpoint %q", l.Event, l.Remote, l.Endpoint)
		}
	}
	if ready.PeerType != "PUSH" || left.PeerType != "PUSH" {
		t.Errorf("the peer's type is %q, then %q: want PUSH", ready.PeerType, left.PeerType)
	}
	if left.Reason != "peer_closed" || left.RxMsgs == nil || *left.RxMsgs != 1 {
		t.Errorf("the end is %+v: want one message received, and the peer to have closed", left)
	}
	if !strings.Contains(g.notes.String(), "watching PULL bound to "+at) {
		t.Errorf("the notes do not say where: %s", &g.notes)
	}
}

func TestCtrlCEndsWithTheWholeStory(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	g := watch(t, "PULL", "-b", "tcp://127.0.0.1:*")
	dial(t, zmq.NewPush(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}), g.next(monitor.Listening).Local)
	conn := g.next(monitor.Accepted).Conn
	g.next(monitor.HandshakeSucceeded)
	g.end()
	var kinds []string
	for l := (line{}); l.Event != "monitor_stopped"; kinds = append(kinds, l.Event) {
		l = line{}
		if err := g.events.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if l.Event == "local_closed" && (l.Conn != conn || l.Reason != "close") {
			t.Errorf("the connection ended as %+v", l)
		}
	}
	g.wait(exitOK)
	if slices.Sort(kinds); !slices.Equal(kinds, []string{"closed", "local_closed", "monitor_stopped", "unbound"}) {
		t.Errorf("the end is %v", kinds)
	}
}

func TestCtrlCBeforeTheGoalIsAFailure(t *testing.T) {
	g := watch(t, "PULL", "-b", "tcp://127.0.0.1:*", "--until", "accepted=2", "--event", "listening")
	g.next(monitor.Listening)
	g.end()
	g.wait(exitFailure)
	if !strings.Contains(g.notes.String(), "glass: accepted=2 did not happen (0 of 2): interrupted") {
		t.Errorf("notes: %s", &g.notes)
	}
}

func TestTheWatchedSocketKeepsItsPeersGoing(t *testing.T) {
	context := func() *zmq.Context { return zmq.NewContext(zmq.ContextConfig{}) }
	t.Run("REP answers", func(t *testing.T) {
		g := watch(t, "REP", "-b", "tcp://127.0.0.1:*")
		req := dial(t, zmq.NewReq(zmq.Config{Context: context()}), g.next(monitor.Listening).Local)
		for _, q := range []string{"one", "two"} {
			answer, err := req.Do(t.Context(), []byte(q), []byte("more"))
			if err != nil || answer.Len() != 2 || string(answer.Frame(0)) != q || string(answer.Body()) != "more" {
				t.Errorf("asked %s and got %v, %v", q, answer, err)
			}
		}
	})
	t.Run("PULL drains", func(t *testing.T) {
		g := watch(t, "PULL", "-b", "tcp://127.0.0.1:*", "-O", "rcvhwm=1")
		drains(t, dial(t, zmq.NewPush(zmq.Config{Context: context(), SendHWM: 1}), g.next(monitor.Listening).Local))
	})
	t.Run("PAIR drains", func(t *testing.T) {
		g := watch(t, "PAIR", "-b", "tcp://127.0.0.1:*", "-O", "rcvhwm=1")
		drains(t, dial(t, zmq.NewPair(zmq.Config{Context: context(), SendHWM: 1}), g.next(monitor.Listening).Local))
	})
}

// drains sends more than the kernel's buffers and both queues hold: it comes to an end only if the other side reads.
func drains(t *testing.T, s zmq.Sender) {
	t.Helper()
	message := make([]byte, 1<<20)
	for range 64 {
		if err := s.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
}

// full is a disk that is.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestOutputThatFailsIsAFailure(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	for _, args := range [][]string{
		{"watch", "PULL", "-b", "tcp://127.0.0.1:*"},
		{"watch", "PULL", "-b", "tcp://127.0.0.1:*", "-o", "jsonl"},
		{"demo"},
		{"demo", "-o", "jsonl"},
		{"version"},
		{"explain"},
		{"explain", "refused", "-o", "json"},
		{"probe", "tcp://127.0.0.1:1"},
		{"probe", "tcp://127.0.0.1:1", "-o", "json"},
	} {
		var notes bytes.Buffer
		if code := run(t.Context(), args, nil, full{}, &notes); code != exitFailure {
			t.Errorf("%v: exit code %d, want %d", args, code, exitFailure)
		}
		if !strings.Contains(notes.String(), errFull.Error()) {
			t.Errorf("%v: the notes do not say why: %s", args, &notes)
		}
	}
}

// Two processes, and a signal: what no call of run can show.
func TestTwoProcesses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another one Ctrl-C there")
	}
	t.Setenv("GORACE", raceEndsAtOnce)
	server := exec.Command("glass", "watch", "REP", "-b", "tcp://127.0.0.1:*", "-O", "name=clock")
	events, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var notes bytes.Buffer
	server.Stderr = &notes
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill() })
	story := bufio.NewScanner(events)
	_, at, _ := strings.Cut(find(t, story, " clock listening "), "bound=")
	client := exec.Command("glass", "watch", "REQ", "-c", at, "--until", "handshake_succeeded", "--for", "1m")
	if out, err := client.CombinedOutput(); err != nil || !strings.Contains(string(out), " REQ handshake_succeeded "+at) {
		t.Fatalf("%v: %s", err, out)
	}
	again := exec.Command("glass", "watch", "PUSH", "-c", at, "--until", "failures", "--for", "1m")
	if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), at+" is a REP, and a PUSH cannot talk to it") {
		t.Fatalf("%v: %s", err, out)
	}
	find(t, story, " clock handshake_succeeded tcp://127.0.0.1:* conn=1 ")
	find(t, story, " REQ who=peer reason=peer_closed ")
	find(t, story, " clock handshake_failed_protocol tcp://127.0.0.1:* conn=2 ")
	find(t, story, "is a PUSH, and a REP cannot talk to it. Hint: ")
	find(t, story, " clock disconnected ")
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	find(t, story, " clock monitor_stopped")
	if story.Scan() {
		t.Errorf("after the last event: %s", story.Text())
	}
	if err := server.Wait(); err != nil {
		t.Errorf("Ctrl-C is an orderly end, but: %v", err)
	}
	if !strings.HasPrefix(notes.String(), "watching REP bound to "+at+"; Ctrl-C ends\n") {
		t.Errorf("the note is %s", &notes)
	}
	if !strings.Contains(notes.String(), ": listening 1, accepted 2, closed 1, disconnected 2, ") {
		t.Errorf("the summary is %s", &notes)
	}
}

// find reads lines up to the next one with words in it.
func find(t *testing.T, story *bufio.Scanner, words string) string {
	t.Helper()
	for story.Scan() {
		if strings.Contains(story.Text(), words) {
			return story.Text()
		}
	}
	t.Fatalf("no line has %q: %v", words, story.Err())
	return ""
}
