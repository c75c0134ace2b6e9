package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// asPublisher in the environment makes the test's own program a publisher.
const asPublisher = "KVEVENTS_TEST_PUBLISHER"

func TestMain(m *testing.M) {
	if life := os.Getenv(asPublisher); life != "" {
		obey(life)
		return
	}
	os.Exit(m.Run())
}

// obey does what it is told in lines, as testdata/publisher.py does.
func obey(life string) {
	p := NewPublisher(nil, "kv-events", 100_000)
	next := 0
	event := func() []byte {
		next++
		return fmt.Appendf(nil, "event %d of life %s", next-1, life)
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		words := strings.Fields(in.Text())
		var answer any
		switch words[0] {
		case "bind":
			_, _, answer = p.Bind(words[1], words[2])
		case "asked":
			answer = p.Asked()
		default:
			count, _ := strconv.Atoi(words[1])
			for range count {
				if words[0] == "keep" {
					p.Keep(event())
				} else if err := p.Publish(event()); err != nil {
					answer = err
				}
			}
		}
		fmt.Println(answer)
	}
}

// A process is a publisher of its own.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
	ended  bool
}

// A program makes a command that is a publisher.
type program func(t *testing.T, life int) *exec.Cmd

func ours(_ *testing.T, life int) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", asPublisher, life))
	return cmd
}

func libzmqs(t *testing.T, life int) *exec.Cmd {
	t.Helper()
	path, err := python()
	if err != nil && os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	return exec.Command(path, "testdata/publisher.py", "kv-events", strconv.Itoa(life))
}

// python finds one that knows libzmq; the system's comes first, for it alone has the system's packages.
var python = sync.OnceValues(func() (path string, err error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if path, err = exec.LookPath(name); err == nil {
			if err = exec.Command(path, "-c", "import zmq").Run(); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("no libzmq publisher here: %w: install its Python binding (on Debian the package python3-zmq)", err)
})

// launch starts a publisher that ends with the test.
func launch(t *testing.T, make program, life int) *process {
	t.Helper()
	p := &process{cmd: make(t, life)}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if p.stderr.Len() > 0 {
			t.Errorf("the publisher complained:\n%s", p.stderr.Bytes())
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	if !p.ended {
		p.ended = true
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

// tell gives a command, done is its answer.
func (p *process) tell(t *testing.T, command string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.stdin, command); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

func (p *process) done(t *testing.T, commands ...string) (answer string) {
	t.Helper()
	late := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	for _, command := range commands {
		p.tell(t, command)
		line, err := p.stdout.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v: %s", command, err, p.stderr.Bytes())
		}
		answer = strings.TrimSpace(line)
	}
	return answer
}

// A place is where a publisher is, again and again: ports that no system hands out by itself, which is from 32768 on.
func place(t *testing.T) (stream, replay string) {
	t.Helper()
	var found []string
	for port := 20000 + time.Now().UnixNano()/1000%12000; len(found) < 2; port++ {
		endpoint := fmt.Sprintf("127.0.0.1:%d", 20000+port%12000)
		if ln, err := net.Listen("tcp", endpoint); err == nil {
			ln.Close()
			found = append(found, "tcp://"+endpoint)
		}
	}
	return found[0], found[1]
}

// follower runs a consumer until the test ends.
func follower(t *testing.T, stream, replay string) *heard {
	t.Helper()
	h := &heard{more: make(chan struct{})}
	x := zmq.NewContext(zmq.ContextConfig{})
	watched(t, x)
	c := Consumer{Stream: stream, Replay: replay, Topic: "kv-events", Deliver: h.deliver, Log: h.note, Context: x}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if t.Failed() {
			t.Logf("the consumer said:\n  %s", strings.Join(h.log, "\n  "))
		}
	})
	return h
}

// reached waits until n batches were delivered, for at most d.
func (h *heard) reached(n int, d time.Duration) bool {
	late := time.NewTimer(d)
	defer late.Stop()
	for {
		h.mu.Lock()
		got, more := len(h.batches), h.more
		h.mu.Unlock()
		if got >= n {
			return true
		}
		select {
		case <-more:
		case <-late.C:
			return false
		}
	}
}

func (h *heard) await(t *testing.T, n int) {
	t.Helper()
	if !h.reached(n, patience) {
		t.Fatalf("%d batches in %v, waited for %d", len(h.all()), patience, n)
	}
}

func (h *heard) want(t *testing.T, batches []string) {
	t.Helper()
	h.await(t, len(batches))
	got := h.all()
	for i := range got {
		if i >= len(batches) || got[i] != batches[i] {
			t.Fatalf("batch %d is %s, want %s", i, got[i], slices.Concat(batches, []string{"nothing more"})[min(i, len(batches))])
		}
	}
}

// everyProgram runs a test with each publisher, over real connections.
func everyProgram(t *testing.T, test func(t *testing.T, publisher program)) {
	t.Run("ours", func(t *testing.T) { test(t, ours) })
	t.Run("libzmq's", func(t *testing.T) { test(t, libzmqs) })
}

// A publisher is killed and comes back with its log. What it added meanwhile comes from there, with nothing new being said.
func TestKilled(t *testing.T) {
	everyProgram(t, func(t *testing.T, publisher program) {
		stream, replay := place(t)
		h := follower(t, stream, replay)
		p := launch(t, publisher, 0)
		p.done(t, "keep 1", "bind "+stream+" "+replay)
		heardOf := listened(t, p, h, 1)
		for range 3 {
			p.kill()
			p = launch(t, publisher, 0)
			p.done(t, fmt.Sprintf("keep %d", heardOf+50), "bind "+stream+" "+replay)
			h.want(t, numbers(0, 0, heardOf+50-1))
			heardOf = listened(t, p, h, heardOf+50)
		}
	})
}

// listened has the publisher, which is at number next, publish until the consumer has heard, and returns its next number.
func listened(t *testing.T, p *process, h *heard, next int) int {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		p.done(t, "publish 1")
		next++
		if h.reached(next, 20*time.Millisecond) {
			return next
		}
		if time.Now().After(deadline) {
			t.Fatal("the consumer hears nothing")
		}
	}
}

// The same with a server that forgets, as vLLM does: its next life has numbers of its own.
func TestKilledForgets(t *testing.T) {
	everyProgram(t, func(t *testing.T, publisher program) {
		stream, replay := place(t)
		h := follower(t, stream, replay)
		p := launch(t, publisher, 0)
		p.done(t, "keep 1", "bind "+stream+" "+replay)
		want := numbers(0, 0, listened(t, p, h, 1)-1)
		for life, n := range []int{3, len(want), len(want) + 40} {
			p.kill()
			p = launch(t, publisher, life+1)
			p.done(t, fmt.Sprintf("keep %d", n), "bind "+stream+" "+replay)
			want = append(want, numbers(life+1, 0, n-1)...)
			h.want(t, want)
		}
	})
}

// Killed in the middle of a stream: every number once, from the stream or from the log. vLLM's ROUTER drops above a mark of
// 1000 messages, so an answer of this size may come in pieces.
func TestKilledInStream(t *testing.T) {
	everyProgram(t, func(t *testing.T, publisher program) {
		const all = 30_000
		stream, replay := place(t)
		h := follower(t, stream, replay)
		p := launch(t, publisher, 0)
		p.done(t, "keep 1", "bind "+stream+" "+replay)
		n := listened(t, p, h, 1)
		p.tell(t, fmt.Sprintf("publish %d", all-n))
		h.await(t, n+100)
		p.kill()
		p = launch(t, publisher, 0)
		p.done(t, fmt.Sprintf("keep %d", all), "bind "+stream+" "+replay)
		h.want(t, numbers(0, 0, all-1))
		t.Logf("asked %s times", p.done(t, "asked"))
	})
}
