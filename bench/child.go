package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// childGrace is how long a child may take to end after it was told to, or
// after its own limit should have ended it.
const childGrace = 10 * time.Second

// A child is one process that plays a role. It cannot outlive its limit: it
// ends itself then, and if it hangs so badly that it does not, its context
// kills it, by its pid.
type child struct {
	name   string // "ours pull"
	cmd    *exec.Cmd
	kill   context.CancelFunc
	killed context.Context // done: kill was called, or the time is up
	stdin  io.WriteCloser
	stdout *bufio.Scanner
	stderr *bytes.Buffer // read only after Wait
	ended  error
	waited bool
}

// startChild runs argv, with our environment and what environ adds. name says in
// errors who it is.
func startChild(ctx context.Context, name string, limit time.Duration, argv []string, environ ...string) (*child, error) {
	ctx, cancel := context.WithTimeout(ctx, limit+childGrace)
	c := &child{name: name, kill: cancel, killed: ctx, stderr: new(bytes.Buffer)}
	c.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.cmd.Env = append(os.Environ(), environ...)
	c.cmd.Stderr = c.stderr
	c.cmd.WaitDelay = childGrace // nobody else holds its pipes, but a wait must end
	stdin, err := c.cmd.StdinPipe()
	if err == nil {
		c.stdin = stdin
		var stdout io.Reader
		stdout, err = c.cmd.StdoutPipe()
		c.stdout = bufio.NewScanner(stdout)
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// line is the next line the child prints. There is none: it ended too early,
// and the error says how.
func (c *child) line() (string, error) {
	if c.stdout.Scan() {
		return c.stdout.Text(), nil
	}
	if err := c.wait(); err != nil {
		return "", err
	}
	return "", fmt.Errorf("%s (pid %d) ended without its result", c.name, c.cmd.Process.Pid)
}

// reading is the next line, which must be one.
func (c *child) reading() (reading, error) {
	var r reading
	text, err := c.line()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("%s printed %q: %w", c.name, text, err)
	}
	return r, nil
}

// ask requests a reading of a role that answers readings.
func (c *child) ask() (reading, error) {
	if _, err := io.WriteString(c.stdin, "reading\n"); err != nil {
		return reading{}, errors.Join(fmt.Errorf("%s: %w", c.name, err), c.wait())
	}
	return c.reading()
}

// end tells the child to exit and waits until it has. Further calls return
// what the first did.
func (c *child) end() error {
	if c.waited {
		return c.ended
	}
	c.stdin.Close()
	late := time.AfterFunc(childGrace, c.kill)
	defer late.Stop()
	return c.wait()
}

func (c *child) wait() error {
	if c.waited {
		return c.ended
	}
	c.waited = true
	err := c.cmd.Wait()
	if err != nil {
		c.ended = fmt.Errorf("%s (pid %d): %s%s", c.name, c.cmd.Process.Pid, c.cause(err), c.lastWords())
	}
	c.kill() // frees the timer
	return c.ended
}

// cause puts "signal: killed" into words: it was us, and this is why.
func (c *child) cause(err error) string {
	switch c.killed.Err() {
	case context.DeadlineExceeded:
		return "hung and was killed at its time limit"
	case context.Canceled:
		return "was killed: it did not exit when told to, or the run was interrupted"
	}
	return err.Error()
}

// lastWords is the beginning of what the child wrote to stderr: where a Go
// program panics, the reason is at the top.
func (c *child) lastWords() string {
	const enough = 1500
	text := strings.TrimSpace(c.stderr.String())
	if text == "" {
		return ""
	}
	if len(text) > enough {
		text = text[:enough] + " …"
	}
	return ": " + text
}
