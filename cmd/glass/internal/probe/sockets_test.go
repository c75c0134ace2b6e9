package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// bound is a socket of this process, over tcp and ipc.
func bound(t *testing.T, typ zmq.Type, cfg zmq.Config) (s zmq.Socket, places []string) {
	t.Helper()
	cfg.Context = zmq.NewContext(zmq.ContextConfig{})
	cfg.Linger = zmq.Off
	s, err := zmq.New(typ, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); cfg.Context.Close() })
	wanted := []string{"tcp://127.0.0.1:*", "ipc://" + filepath.Join(t.TempDir(), "s")}
	if typ == zmq.STREAM {
		wanted = wanted[:1] // it is for tcp
	}
	for _, endpoint := range wanted {
		at, err := s.Bind(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, at)
	}
	return s, places
}

// types are all with ZMTP.
var types = []zmq.Type{zmq.PAIR, zmq.PUB, zmq.SUB, zmq.REQ, zmq.REP, zmq.DEALER, zmq.ROUTER, zmq.PULL, zmq.PUSH, zmq.XPUB, zmq.XSUB}

func TestEveryTypeIsNamed(t *testing.T) {
	t.Parallel()
	for _, typ := range types {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			s, places := bound(t, typ, zmq.Config{Metadata: map[string]string{"X-Zone": "a"}})
			for _, at := range places {
				r := run(t, at)
				if r.Failure != nil || r.Type != typ.String() || r.Version() != "3.1" || r.Mechanism != "NULL" {
					t.Fatalf("%s: %+v, %v", at, r, r.Failure)
				}
				if mate := mates[typ.String()]; (r.RTT > 0) != (mate != "") {
					t.Errorf("%s: a PING took %v", at, r.RTT)
				}
				if zone, _ := r.Properties.Get("X-Zone"); zone != "a" && typ != zmq.PAIR { // which says no READY to who is no PAIR
					t.Errorf("%s: the properties are %q", at, r.Properties)
				}
				if r.Connections > 1 {
					t.Errorf("%s: %d connections", at, r.Connections)
				}
			}
			untouched(t, s)
		})
	}
	t.Run("STREAM", func(t *testing.T) {
		t.Parallel()
		_, places := bound(t, zmq.STREAM, zmq.Config{})
		if r := run(t, places[0], impatient); r.Failure == nil || r.Failure.Reason != monitor.ReasonHandshakeTimeout {
			t.Errorf("%+v", r)
		}
	})
}

// untouched looks whether the application of a probed socket has noticed.
func untouched(t *testing.T, s zmq.Socket) {
	t.Helper()
	if r, ok := s.(zmq.Receiver); ok && s.Type() != zmq.REQ {
		if m, err := r.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("it received %v, %v", m, err)
		}
	}
	if state := s.State(); state.MessagesIn+state.MessagesOut+state.Dropped > 0 {
		t.Errorf("messages in %d, out %d, dropped %d", state.MessagesIn, state.MessagesOut, state.Dropped)
	}
}

// A message that waits for a peer waits on, and goes to the real one.
func TestNoMessageIsLost(t *testing.T) {
	t.Parallel()
	for typ, real := range map[zmq.Type]zmq.Type{zmq.PUSH: zmq.PULL, zmq.DEALER: zmq.DEALER, zmq.PAIR: zmq.PAIR, zmq.REQ: zmq.REP} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			s, places := bound(t, typ, zmq.Config{})
			sent := make(chan error, 1)
			go func() { sent <- s.(zmq.Sender).Send(t.Context(), []byte("for one peer")) }()
			for range 3 {
				if r := run(t, places[0]); r.Type != typ.String() || r.Failure != nil {
					t.Fatalf("%+v", r)
				}
			}
			peer, _ := bound(t, real, zmq.Config{})
			if err := peer.Connect(places[0]); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			m, err := peer.(zmq.Receiver).Recv(ctx)
			if err != nil || string(m.Body()) != "for one peer" {
				t.Errorf("the peer received %q, %v", m.Body(), err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

// A PAIR that has its peer keeps it.
func TestAPairKeepsItsPeer(t *testing.T) {
	t.Parallel()
	s, places := bound(t, zmq.PAIR, zmq.Config{})
	peer, _ := bound(t, zmq.PAIR, zmq.Config{})
	if err := peer.Connect(places[0]); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if r := run(t, places[0]); r.Failure != nil || r.Type != "PAIR" {
		t.Errorf("%+v, %v", r, r.Failure)
	}
	if err := peer.(zmq.Sender).Send(ctx, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if m, err := s.(zmq.Receiver).Recv(ctx); err != nil || string(m.Body()) != "still here" {
		t.Errorf("%q, %v", m.Body(), err)
	}
}

// The peer's own events tell a probe from a client.
func TestWhatThePeerSees(t *testing.T) {
	t.Parallel()
	s, places := bound(t, zmq.PULL, zmq.Config{})
	events := s.Watch(monitor.HandshakeSucceeded | monitor.Disconnected)
	defer events.Close()
	if r := run(t, places[0]); r.Failure != nil {
		t.Fatal(r.Failure)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, kind := range []monitor.Kind{monitor.HandshakeSucceeded, monitor.Disconnected} {
		e, err := events.Next(ctx)
		if err != nil || e.Kind != kind || e.Peer().Property("X-Glass-Probe") == "" {
			t.Errorf("%v, %v: want %v with the property", e, err, kind)
		}
	}
}

// startPeers runs a program with libzmq's sockets until the test is over, or its standard input is.
func startPeers(t *testing.T, args ...string) (stdin io.WriteCloser, stdout io.Reader) {
	t.Helper()
	cmd := exec.Command(python(t), args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err = cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return stdin, stdout
}

// libzmqPeers are sockets of libzmq, one of each type. received asks what their applications have had since the last time,
// and who of those that choose one peer could send.
func libzmqPeers(t *testing.T) (places map[string][]string, received func() (map[string][][]string, []string)) {
	t.Helper()
	stdin, stdout := startPeers(t, "testdata/peers.py", t.TempDir())
	lines := bufio.NewScanner(stdout)
	answer := func(v any) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the peers have ended")
		}
		if err := json.Unmarshal(lines.Bytes(), v); err != nil {
			t.Fatal(err)
		}
	}
	answer(&places)
	return places, func() (map[string][][]string, []string) {
		t.Helper()
		fmt.Fprintln(stdin)
		var a struct {
			Received map[string][][]string
			Sent     []string
		}
		answer(&a)
		return a.Received, a.Sent
	}
}

// python is one that knows libzmq, or the end of the test.
func python(t *testing.T) string {
	t.Helper()
	var why error
	for _, name := range []string{"/usr/bin/python3", "python3"} { // packages of the system are its alone
		out, err := exec.Command(name, "-c", "import zmq").CombinedOutput()
		if err == nil {
			return name
		}
		why = fmt.Errorf("%s: %w %s", name, err, strings.TrimSpace(string(out)))
	}
	text := fmt.Sprintf("no libzmq peer here: %v: install its Python binding (on Debian the package python3-zmq)", why)
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}

func TestEveryTypeOfLibzmqIsNamed(t *testing.T) {
	t.Parallel()
	places, received := libzmqPeers(t)
	for name, ats := range places {
		for _, at := range ats {
			switch r := run(t, at, impatient); name {
			case "STREAM":
				if r.Failure == nil || r.Failure.Reason != monitor.ReasonHandshakeTimeout {
					t.Errorf("%s: %+v", name, r)
				}
			case "PLAIN", "CURVE":
				if r.Failure == nil || r.Failure.Reason != monitor.ReasonMechanismMismatch || r.Mechanism != name {
					t.Errorf("%s: %+v", name, r)
				}
			default:
				if r.Failure != nil || r.Type != name || r.Version() != "3.1" || (r.RTT > 0) != (mates[name] != "") || r.Connections != 1 {
					t.Errorf("%s at %s: %+v, %v", name, at, r, r.Failure)
				}
			}
		}
	}
	got, sent := received()
	delete(got, "STREAM") // which gives its application the bytes of a greeting
	if len(got)+len(sent) > 0 {
		t.Errorf("the applications received %v, and messages for others went from %v", got, sent)
	}
}
