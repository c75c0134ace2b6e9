package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// A process is one libzmq peer: testdata/peer.py with any number of sockets. It ends with its test, by its pid.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer // to be read once over is closed
	noise  []string     // so are these: lines that are none of ours
	over   chan struct{}

	mu sync.Mutex
	// mu guards:
	last    int
	calls   map[int]chan line  // by id: who waits for an answer
	sockets map[string]*socket // by name: whom a line without id is for
}

// A line is what the peer says: an answer, or with an ID of 0 what a socket saw by itself.
type line struct {
	ID        int
	Error     string
	Endpoint  string
	Endpoints []string
	Messages  []string // as printed
	Frames    []string // hexadecimal
	Count     int

	Socket string
	happening
	taken
}

// A happening is what libzmq's monitor said.
type happening struct {
	Event   monitor.Kind
	Value   uint64
	Address string
}

func (h happening) String() string { return fmt.Sprintf("%v %d %s", h.Event, h.Value, h.Address) }

// startPeer starts a process that ends when the test does.
func startPeer(t *testing.T) *process {
	t.Helper()
	p := &process{cmd: exec.Command(needPeer(t).path, "testdata/peer.py"), over: make(chan struct{}),
		calls: make(map[int]chan line), sockets: make(map[string]*socket)}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(stdout)
	t.Cleanup(func() { p.end(t) })
	return p
}

// read gives each line to who it is for, until the process has ended.
func (p *process) read(stdout io.Reader) {
	lines := bufio.NewReaderSize(stdout, 64<<10)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			p.noise = append(p.noise, fmt.Sprintf("%q: %v", text, err))
			continue
		}
		p.deliver(l)
	}
	p.cmd.Wait()
	close(p.over)
}

func (p *process) deliver(l line) {
	p.mu.Lock()
	call, s := p.calls[l.ID], p.sockets[l.Socket]
	delete(p.calls, l.ID)
	p.mu.Unlock()
	switch {
	case call != nil:
		call <- l
	case s != nil && l.Event != 0:
		s.story.add(l.happening)
	case s != nil:
		s.took.add(l.taken)
	}
}

// end lets the process end, and if it does not, ends it.
func (p *process) end(t *testing.T) {
	p.stdin.Close()
	select {
	case <-p.over:
	case <-time.After(patience):
		t.Error("the peer does not end when its commands do")
		p.kill(t)
	}
	if p.stderr.Len() > 0 || len(p.noise) > 0 {
		t.Errorf("the peer complained:\n%s%s", p.stderr.Bytes(), strings.Join(p.noise, "\n"))
	}
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	select {
	case <-p.over:
	case <-time.After(patience):
		t.Fatal("the peer outlived its kill")
	}
}

// args are what a command says beside what it is.
type args map[string]any

// A call is a command under way.
type call struct {
	p      *process
	what   string
	answer chan line
}

// tell gives a command; its answer is waited for with the call.
func (p *process) tell(t *testing.T, socket, do string, with args) *call {
	t.Helper()
	c := &call{p, socket + ": " + do, make(chan line, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	p.calls[p.last] = c.answer
	whole := args{"id": p.last, "socket": socket, "do": do}
	for k, v := range with {
		whole[k] = v
	}
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.stdin.Write(append(text, '\n')); err != nil {
		t.Fatalf("%s: the peer does not listen: %v", c.what, err)
	}
	return c
}

// done is the answer, which must be no error.
func (c *call) done(t *testing.T) line {
	t.Helper()
	l := c.answered(t)
	if l.Error != "" {
		t.Fatalf("libzmq's %s: %s", c.what, l.Error)
	}
	return l
}

// answered is the answer.
func (c *call) answered(t *testing.T) line {
	t.Helper()
	select {
	case l := <-c.answer:
		return l
	case <-c.p.over:
		t.Fatalf("libzmq's %s: the process has ended: %s", c.what, strings.TrimSpace(c.p.stderr.String()))
	case <-time.After(2 * patience):
		t.Fatalf("libzmq's %s: no answer", c.what)
	}
	return line{}
}
