package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// Our own.

func (w *ward) bound(t zmq.Type, c zmq.Config) (zmq.Socket, string) {
	c.Context = zmq.NewContext(zmq.ContextConfig{})
	c.Linger = zmq.Off
	s, err := zmq.New(t, c)
	w.must(err)
	w.Cleanup(func() { s.Close(); c.Context.Close() })
	at, err := s.Bind("tcp://127.0.0.1:*")
	w.must(err)
	return s, at
}

func (w *ward) rep(c zmq.Config) string {
	_, at := w.bound(zmq.REP, c)
	return at
}

func (w *ward) guard() func(*zmq.Config) {
	guard, err := auth.New(auth.Rules{Passwords: map[string]string{"ann": "secret"}, KeyFolder: w.file("clients")})
	w.must(err)
	return func(c *zmq.Config) { c.Authenticate = guard.Authenticate }
}

func (w *ward) pull() string {
	_, at := w.bound(zmq.PULL, zmq.Config{})
	return at
}

func (w *ward) curve() string {
	c := zmq.Config{Mechanism: curve.Server(w.hub.KeyPair)}
	w.guard()(&c)
	return w.rep(c)
}

func (w *ward) plain() string {
	c := zmq.Config{Mechanism: zmtp.PlainServer()}
	w.guard()(&c)
	return w.rep(c)
}

// Their Context has no ZAP handler, to whom their domain sends them.
func (w *ward) curveUnasked() string {
	return w.rep(zmq.Config{Mechanism: curve.Server(w.hub.KeyPair), ZAPDomain: "ward"})
}

func (w *ward) plainUnasked() string {
	return w.rep(zmq.Config{Mechanism: zmtp.PlainServer(), ZAPDomain: "ward"})
}

// client is a socket that is bound, and CURVE's client.
func (w *ward) client() string {
	return w.rep(zmq.Config{Mechanism: curve.Client(curve.NewKeyPair(), w.hub.Public)})
}

// router answers, and its peer "ann" is there.
func (w *ward) router() string {
	s, at := w.bound(zmq.ROUTER, zmq.Config{})
	w.befriend(s, zmq.DEALER, at, zmq.Config{RoutingID: "ann"})
	router := s.(*zmq.Router)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			m, err := router.Recv(w.whole.Context())
			if err != nil {
				return // closed
			}
			router.SendMessage(w.whole.Context(), m)
		}
	})
	w.Cleanup(func() { s.Close(); work.Wait() })
	return at
}

func (w *ward) pair() string {
	s, at := w.bound(zmq.PAIR, zmq.Config{})
	w.befriend(s, zmq.PAIR, at, zmq.Config{})
	return at
}

func (w *ward) freePair() string {
	_, at := w.bound(zmq.PAIR, zmq.Config{})
	return at
}

// befriend gives s a peer.
func (w *ward) befriend(s zmq.Socket, t zmq.Type, at string, c zmq.Config) {
	c.Linger = zmq.Off
	peer, err := zmq.New(t, c)
	w.must(err)
	w.Cleanup(func() { peer.Close() })
	w.must(peer.Connect(at))
	w.must(s.WaitReady(w.whole.Context(), 1))
}

// watch is a process of ours that binds a REP, and its events; limit is of its descriptors.
func (w *ward) watch(limit int) (pid int, events func() monitor.Event) {
	cmd := exec.Command("sh", "-c", fmt.Sprintf("ulimit -n %d && exec glass watch REP -b 'tcp://127.0.0.1:*' -o jsonl", limit))
	stdout, err := cmd.StdoutPipe()
	w.must(err)
	w.must(cmd.Start())
	lines := bufio.NewScanner(stdout)
	w.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid, func() (e monitor.Event) {
		if !lines.Scan() {
			w.Fatal("it has ended")
		}
		w.must(json.Unmarshal(lines.Bytes(), &e))
		return e
	}
}

// listening waits for the event that says where.
func listening(events func() monitor.Event) string {
	for {
		if e := events(); e.Kind == monitor.Listening {
			return e.Local
		}
	}
}

// limited is a process without descriptors: it may have few, and gets so many connections that the last one stays without. Its
// monitor tells when that is so.
func (w *ward) limited() string {
	_, events := w.watch(16)
	at := listening(events)
	for range 20 {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(at, "tcp://"), 5*time.Second)
		w.must(err)
		w.Cleanup(func() { c.Close() })
	}
	for {
		if e := events(); e.Kind == monitor.AcceptFailed && e.Reason == monitor.ReasonFDLimit {
			return at // what it tells from now on stays in the pipe: it has room for more than comes
		}
	}
}

// stopped is a process that was stopped.
func (w *ward) stopped() string {
	pid, events := w.watch(64)
	at := listening(events)
	w.must(syscall.Kill(pid, syscall.SIGSTOP))
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		w.Fatal(err, status)
	}
	return at
}

// libzmq's.

// python starts a program of testdata that lives as long as the row, and tells something in its first line.
func (w *ward) python(args ...string) *bufio.Scanner {
	return startPython(w.T, w, args...)
}

func startPython(t *testing.T, w *ward, args ...string) *bufio.Scanner {
	t.Helper()
	if interpreter() == "" {
		w.absent("no libzmq here: install its Python binding, on Debian the package python3-zmq")
	}
	cmd := exec.Command(interpreter(), args...)
	stdin, err := cmd.StdinPipe()
	w.must(err)
	stdout, err := cmd.StdoutPipe()
	w.must(err)
	cmd.Stderr = os.Stderr
	w.must(cmd.Start())
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return bufio.NewScanner(stdout)
}

func (w *ward) spoken(lines *bufio.Scanner) string {
	w.Helper()
	if !lines.Scan() {
		w.Fatal("the peers have ended")
	}
	return lines.Text()
}

func (w *ward) places(lines *bufio.Scanner) map[string]string {
	var told struct{ Places map[string]string }
	w.must(json.Unmarshal([]byte(w.spoken(lines)), &told))
	return told.Places
}

// libzmqs is a socket of the process that has most of them.
func libzmqs(name string) func(*ward) string {
	return func(w *ward) string {
		if w.libzmq == nil {
			w.libzmq = w.places(startPython(w.whole, w, "testdata/twenty.py", w.folder))
		}
		at := w.libzmq[name]
		if at == "" {
			w.Fatalf("libzmq has no %s", name)
		}
		return at
	}
}

func (w *ward) limitedLibzmq() string {
	return w.places(w.python("testdata/twenty.py", w.folder, "limited"))["REP"]
}
