package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq/internal/assault"
)

// libzmq is the program of libzmq's side; its first words say how it is spoken to. ours.go is the same for ours.
//
//go:embed libzmq.py
var libzmq string

// A child is a process that makes sockets. It may die of an input: the next socket is another process's.
type child struct {
	called   string
	command  []string
	patience time.Duration
	process  *process
	runs     int
}

func startChild(ctx context.Context, name string, patience time.Duration, command ...string) (*child, error) {
	c := &child{called: name, command: command, patience: patience}
	if err := c.start(); err != nil {
		return nil, err
	}
	if _, err := c.process.ask(map[string]any{"do": "hello"}, 10*time.Second); err != nil { // a first process takes its time
		c.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *child) name() string                              { return c.called }
func (c *child) suits(*assault.Input, string, string) bool { return true }
func (c *child) close()                                    { c.process.end() }

// start starts a process.
func (c *child) start() error {
	p := &process{cmd: exec.Command(c.command[0], c.command[1:]...), over: make(chan struct{}), answers: make(chan line, 1)}
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", c.called, err)
	}
	p.in = in
	go p.read(out)
	c.process = p
	return nil
}

// socket makes one in the process, and if that has died in a new one.
func (c *child) socket(_ context.Context, in *assault.Input, typ, dial string) (socket, string, error) {
	if c.process.died() {
		if err := c.start(); err != nil {
			return nil, "", err
		}
	}
	c.runs++
	c.process.begin(c.runs)
	endpoint := dial
	if dial == "" {
		endpoint = "tcp://127.0.0.1:*"
	}
	options := map[string]any{}
	for _, option := range in.Options {
		name, value, _ := strings.Cut(option, "=")
		options[name] = assault.Text(value)
		if d, err := time.ParseDuration(value); err == nil {
			options[name] = fmt.Sprint(d.Milliseconds())
		}
	}
	var zap [][]string
	for _, reply := range in.ZAP {
		zap = append(zap, append([]string{}, hexed(reply)...))
	}
	l, err := c.process.ask(map[string]any{"do": "open", "run": c.runs, "type": typ, "bind": dial == "", "endpoint": endpoint,
		"mechanism": in.Mechanism, "options": options, "zap": zap}, 10*time.Second)
	return &hosted{c.process, c.patience}, strings.TrimPrefix(l.Endpoint, "tcp://"), err
}

// hosted is a socket in a child.
type hosted struct {
	*process
	patience time.Duration
}

func (h *hosted) send(frames []string) error {
	_, err := h.ask(map[string]any{"do": "send", "run": h.run, "frames": hexed(frames)}, h.patience)
	return err
}

func (h *hosted) sees() bool { return true }
func (h *hosted) close() {
	if _, err := h.ask(map[string]any{"do": "close"}, 10*time.Second); err != nil && !h.died() {
		h.kill() // it hangs: that is as good as dead
	}
}

// A line is what a child says: an answer, or what its socket has seen.
type line struct {
	Answer   bool
	Error    string
	Endpoint string
	Run      int
	Message  []string
	Event    string
	Value    uint64
	Detail   string // ours: who, phase, reason
	Conn     uint64 // ours
	Peer     string // ours
}

// A process is one child.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	stderr  bytes.Buffer // to be read once over is closed
	hung    error        // why it was ended
	answers chan line
	over    chan struct{}

	mu sync.Mutex
	// mu guards:
	run  int
	came [][]string
	told []line
}

func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 256<<20) // a message of some megabytes in hexadecimal
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			continue // not ours: a library's warning
		}
		if l.Answer {
			p.answers <- l
			continue
		}
		p.mu.Lock()
		if l.Run == p.run && l.Message != nil {
			p.came = append(p.came, unhexed(l.Message))
		}
		if l.Run == p.run && l.Event != "" {
			p.told = append(p.told, l)
		}
		p.mu.Unlock()
	}
	p.cmd.Wait()
	close(p.over)
}

func number(value uint64) string {
	if value == 0 {
		return ""
	}
	return assault.Number(value)
}

func (p *process) begin(run int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run, p.came, p.told = run, nil, nil
}

func (p *process) messages() [][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([][]string{}, p.came...)
}

func (p *process) events(peer string) (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var conn uint64 // the attacker's: others may come by, and it is not ours to forbid it
	for _, l := range p.told {
		if conn == 0 && l.Conn != 0 && (peer == "" || l.Peer == peer) {
			conn = l.Conn
		}
		if l.Conn == 0 || l.Conn == conn {
			all = append(all, strings.Join(strings.Fields(l.Event+" "+l.Detail+" "+number(l.Value)), " "))
		}
	}
	return all
}

func (p *process) died() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// ask gives an order and waits for its answer.
func (p *process) ask(order map[string]any, patience time.Duration) (line, error) {
	text, err := json.Marshal(order)
	if err != nil {
		return line{}, err
	}
	if _, err := p.in.Write(append(text, '\n')); err != nil {
		<-p.over
	}
	select {
	case l := <-p.answers:
		if l.Error != "" {
			return l, errors.New(l.Error)
		}
		return l, nil
	case <-p.over:
		return line{}, fmt.Errorf("the process has died: %s", p.lastWords())
	case <-time.After(patience):
		p.hung = fmt.Errorf("no answer to %v in %v, and so it was ended", order["do"], patience)
		p.kill() // an answer that comes late would be taken for another's
		return line{}, p.hung
	}
}

// lastWords are what a process that is over has said about it: of a panic its first line, of a traceback the last.
func (p *process) lastWords() string {
	if p.hung != nil {
		return p.hung.Error()
	}
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	if strings.HasPrefix(lines[0], "panic: ") || strings.HasPrefix(lines[0], "fatal error: ") {
		return lines[0]
	}
	return lines[len(lines)-1]
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.over
}

// end lets the process end, and if it does not, ends it.
func (p *process) end() {
	p.in.Close()
	select {
	case <-p.over:
	case <-time.After(2 * time.Second):
		p.kill()
	}
}
