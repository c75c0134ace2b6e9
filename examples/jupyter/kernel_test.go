package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// patience is how long a test waits for what must come: a Python may take seconds to start.
const patience = time.Minute

// python finds one that has a kernel; the system's comes first, for it alone has the system's packages.
var python = sync.OnceValues(func() (path string, err error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if path, err = exec.LookPath(name); err == nil {
			if err = exec.Command(path, "-c", "import ipykernel").Run(); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("no Jupyter kernel here: %w: install one (on Debian the package python3-ipykernel)", err)
})

// A trial is a kernel, with what our sockets tell of it.
type trial struct {
	*Kernel
	ctx context.Context

	mu sync.Mutex
	// mu guards:
	story []zmq.Event
	told  chan struct{} // closed when the story is at its end
}

// try starts a kernel that ends with the test.
func try(t *testing.T, transport string) *trial {
	t.Helper()
	path, err := python()
	if err != nil && os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	x := zmq.NewContext(zmq.ContextConfig{})
	tr := &trial{told: make(chan struct{})}
	w := x.Watch(monitor.Lifecycle)
	go func() {
		defer close(tr.told)
		for e := range w.Events(context.Background()) {
			tr.mu.Lock()
			tr.story = append(tr.story, e)
			tr.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		x.Close()
		<-tr.told
		tr.check(t)
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	tr.ctx = ctx
	if tr.Kernel, err = Start(ctx, Options{Command: []string{path, "-m", "ipykernel_launcher"}, Transport: transport, Context: x}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// check reads the story of the five sockets.
func (tr *trial) check(t *testing.T) {
	if err := monitor.Check(slices.Values(tr.story)); err != nil {
		t.Errorf("the sockets' story: %v", err)
	}
	if t.Failed() {
		for _, e := range tr.story {
			if e.Kind&(monitor.HandshakeSucceeded|monitor.Disconnected|monitor.LocalClosed) != 0 {
				t.Logf("%s: %v", e.SocketName, e)
			}
		}
	}
}

// of is the one event of this kind on a socket.
func (tr *trial) of(t *testing.T, name string, k monitor.Kind) (found zmq.Event) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	n := 0
	for _, e := range tr.story {
		if e.SocketName == name && e.Kind == k {
			found, n = e, n+1
		}
	}
	if n != 1 {
		t.Errorf("%s has %d × %v, want 1", name, n, k)
	}
	return found
}

// run executes code and returns what it put out, a line "stream: text" for each stream.
func (tr *trial) run(t *testing.T, code string, input func(string, bool) (string, error)) (output map[string]string, err error) {
	t.Helper()
	output = map[string]string{}
	err = tr.Execute(tr.ctx, code, Handlers{Output: func(stream, text string) { output[stream] += text }, Input: input})
	return output, err
}

func everyTransport(t *testing.T, test func(t *testing.T, tr *trial)) {
	for _, transport := range []string{"tcp", "ipc"} {
		t.Run(transport, func(t *testing.T) { test(t, try(t, transport)) })
	}
}

// A kernel's life, over all five of its connections.
func TestKernel(t *testing.T) {
	everyTransport(t, func(t *testing.T, tr *trial) {
		info, err := tr.Info(tr.ctx)
		if err != nil || info.Implementation != "ipython" || info.Language.Name != "python" || !strings.HasPrefix(info.Protocol, "5.") {
			t.Errorf("the kernel is %+v, %v", info, err)
		}
		tr.speak(t)
		tr.converse(t)
		tr.interrupt(t)
		const beats = 20
		for range beats {
			if _, err := tr.Beat(tr.ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := tr.Shutdown(tr.ctx); err != nil {
			t.Fatal(err)
		}
		if state := tr.process.cmd.ProcessState; !state.Success() {
			t.Errorf("the kernel ended with %v: %s", state, tr.process.said())
		}
		tr.farewell(t, beats)
	})
}

// speak is about what comes over shell and iopub.
func (tr *trial) speak(t *testing.T) {
	t.Helper()
	output, err := tr.run(t, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n6*7", nil)
	if err != nil || output["stdout"] != "out\n" || output["stderr"] != "err\n" || output["result"] != "42" {
		t.Errorf("put out %q, %v", output, err)
	}
	output, err = tr.run(t, "print('before')\n1/0", nil)
	var raised *Exception
	if !errors.As(err, &raised) || raised.Name != "ZeroDivisionError" || len(raised.Traceback) == 0 || output["stdout"] != "before\n" {
		t.Errorf("put out %q, %v", output, err)
	}
	const lines = 20_000
	output, err = tr.run(t, fmt.Sprintf("for i in range(%d): print(i, 'x' * 100)", lines), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(output["stdout"], "\n"), "\n")
	for i, line := range got {
		if want := fmt.Sprint(i, " ", strings.Repeat("x", 100)); line != want {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if len(got) != lines {
		t.Errorf("%d lines, want %d", len(got), lines)
	}
}

// converse is about what the kernel asks back.
func (tr *trial) converse(t *testing.T) {
	t.Helper()
	var asked []string
	answer := func(prompt string, secret bool) (string, error) {
		asked = append(asked, fmt.Sprint(prompt, secret))
		return fmt.Sprintf("answer %d, ümläut", len(asked)), nil
	}
	output, err := tr.run(t, "import getpass\na = input('who? ')\nb = getpass.getpass('word? ')\nprint(a, b)", answer)
	if err != nil || output["stdout"] != "answer 1, ümläut answer 2, ümläut\n" || !slices.Equal(asked, []string{"who? false", "word? true"}) {
		t.Errorf("asked %q, put out %q, %v", asked, output, err)
	}
	var raised *Exception
	if _, err = tr.run(t, "input()", nil); !errors.As(err, &raised) || raised.Name != "StdinNotImplementedError" {
		t.Errorf("nobody was there to answer: %v", err)
	}
}

// interrupt ends code that would go on for ever, as soon as it has said that it runs.
func (tr *trial) interrupt(t *testing.T) {
	t.Helper()
	var once sync.Once
	ordered := make(chan error, 1)
	err := tr.Execute(tr.ctx, "print('on and on', flush=True)\nwhile True: pass", Handlers{Output: func(string, string) {
		once.Do(func() { go func() { ordered <- tr.Interrupt(tr.ctx) }() })
	}})
	var raised *Exception
	if !errors.As(err, &raised) || raised.Name != "KeyboardInterrupt" {
		t.Errorf("interrupted: %v", err)
	}
	if err := <-ordered; err != nil {
		t.Error(err)
	}
	if output, err := tr.run(t, "print('alive')", nil); err != nil || output["stdout"] != "alive\n" {
		t.Errorf("after the interrupt: %q, %v", output, err)
	}
}

// farewell is about what the five sockets tell when the kernel has ended.
func (tr *trial) farewell(t *testing.T, beats uint64) {
	t.Helper()
	for _, s := range tr.sockets() {
		s.Shutdown(zmq.NoWait)
	}
	x := tr.shell.Config().Context
	x.Close()
	<-tr.told
	for name, peer := range map[string]string{"shell": "ROUTER", "iopub": "PUB", "stdin": "ROUTER", "control": "ROUTER", "heartbeat": "ROUTER"} {
		up, down := tr.of(t, name, monitor.HandshakeSucceeded), tr.of(t, name, monitor.Disconnected)
		if up.PeerType != peer || up.Mechanism != "NULL" {
			t.Errorf("%s has a %s with %s for a peer, want a %s", name, up.PeerType, up.Mechanism, peer)
		}
		if down.Conn != up.Conn || down.Who != monitor.ByPeer || down.Reason != monitor.ReasonPeerClosed || down.Unsent != 0 {
			t.Errorf("%s: %v", name, down)
		}
		in, out := down.MessagesIn, down.MessagesOut
		var right bool
		switch name {
		case "shell": // a reply to each request
			right = in == out && out > 0
		case "control": // the interrupt and the shutdown, whose reply may come too late
			right = out == 2 && (in == 1 || in == 2)
		case "stdin":
			right = in == 2 && out == 2
		case "heartbeat":
			right = in == beats && out == beats
		case "iopub":
			right = in > 0 && out == 0
		}
		if !right {
			t.Errorf("%s carried %d messages in and %d out", name, in, out)
		}
	}
}

// A kernel that dies while it works: the call ends at once and says so. No heartbeat is asked.
func TestKernelDies(t *testing.T) {
	everyTransport(t, func(t *testing.T, tr *trial) {
		_, err := tr.run(t, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", nil)
		if !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), tr.Why().Error()) || !regexp.MustCompile("(shell|iopub|stdin|control|heartbeat): (tcp|ipc)://").MatchString(err.Error()) {
			t.Errorf("the kernel has died, and Execute says: %v", err)
		}
		<-tr.Gone()
		if _, err := tr.Info(tr.ctx); !errors.Is(err, ErrGone) {
			t.Errorf("later: %v", err)
		}
		if _, err := tr.Beat(tr.ctx); !errors.Is(err, ErrGone) {
			t.Errorf("its heartbeat: %v", err)
		}
	})
}

// Who gives up on code has its peace: what comes of it later is no answer to what comes next.
func TestGivenUp(t *testing.T) {
	everyTransport(t, func(t *testing.T, tr *trial) {
		ctx, cancel := context.WithCancel(tr.ctx)
		err := tr.Execute(ctx, "print('first', flush=True)\nimport time\ntime.sleep(0.3)\nprint('late')", Handlers{Output: func(string, string) { cancel() }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		output, err := tr.run(t, "print('second')", nil)
		if err != nil || output["stdout"] != "second\n" {
			t.Errorf("put out %q, %v", output, err)
		}
	})
}

// A kernel that does not start is an error that says what it said, and leaves nothing behind.
func TestNoKernel(t *testing.T) {
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here that could be a kernel that does not start")
	}
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = Start(ctx, Options{Command: []string{path, "-c", "echo no such language >&2; exit 3"}})
	if !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such language") {
		t.Errorf("it said: %v", err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
