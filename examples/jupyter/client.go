package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq"
)

// Info is what a kernel says of itself.
type Info struct {
	Protocol       string `json:"protocol_version"`
	Implementation string `json:"implementation"`
	Language       struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"language_info"`
}

// An Exception is what the code has raised. It is also the error of Execute.
type Exception struct {
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"` // with colours for a terminal
}

func (e *Exception) Error() string { return e.Name + ": " + e.Value }

// Handlers take what happens while code runs; they are called by Execute, one at a time. nil: nobody. An error of Input ends
// Execute, and the kernel goes on waiting for its input (see Interrupt).
type Handlers struct {
	Output func(stream, text string)                        // "stdout", "stderr", "result", "display"
	Input  func(prompt string, secret bool) (string, error) // nil: the kernel is told that nobody will answer
}

// Execute runs code, and returns when it is through and all that it has put out was handed over. Its error is an *Exception
// if the code ended with one, ErrGone, or ctx's: then the code goes on (see Interrupt), and what comes late is passed over.
func (k *Kernel) Execute(ctx context.Context, code string, h Handlers) error {
	return k.request(ctx, "execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]string{},
		"allow_stdin":   h.Input != nil,
		"stop_on_error": false, // nothing waits behind it, and a kernel may abort what comes a moment later
	}, h, nil)
}

// Info asks the kernel what it is.
func (k *Kernel) Info(ctx context.Context) (info Info, err error) {
	return info, k.request(ctx, "kernel_info_request", struct{}{}, Handlers{}, &info)
}

// request sends a request over the shell and sees it through: its reply, which goes into reply, and on iopub the word that
// the kernel is idle again, before which lies everything that the request has caused (Request-Reply). Which comes first is
// chance: they come over two connections.
func (k *Kernel) request(ctx context.Context, typ string, content any, h Handlers, reply any) error {
	ctx, done := k.until(ctx)
	defer done()
	if err := take(ctx, k.turn); err != nil {
		return err
	}
	defer func() { <-k.turn }()
	m, err := k.send(ctx, k.shell, typ, Header{}, content)
	if err != nil {
		return err
	}
	r := running{kernel: k, id: m.Header.ID, handlers: h, reply: reply}
	for !r.replied || !r.idle {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-k.shell.Readable():
			err = r.next(k.shell, r.answer)
		case <-k.iopub.Readable():
			err = r.next(k.iopub, r.happened)
		case <-k.stdin.Readable():
			err = r.next(k.stdin, func(m Message) error { return r.asked(ctx, m) })
		}
		if err != nil {
			return err
		}
	}
	return r.err
}

// take waits for its turn.
func take(ctx context.Context, turn chan struct{}) error {
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// send sends a message of this session.
func (k *Kernel) send(ctx context.Context, s zmq.Sender, typ string, parent Header, content any) (m Message, err error) {
	if m, err = k.message(typ, parent, content); err != nil {
		return m, err
	}
	frames, err := k.frames(m)
	if err != nil {
		return m, err
	}
	return m, s.Send(ctx, frames...)
}

// A running request is one that is not seen through yet.
type running struct {
	kernel        *Kernel
	id            string
	handlers      Handlers
	reply         any
	replied, idle bool
	err           error // what the reply says
}

// next takes the next message that is about this request, if there is one.
func (r *running) next(s zmq.Receiver, about func(Message) error) error {
	came, err := s.Recv(zmq.NoWait)
	if err != nil {
		return err
	}
	m, err := r.kernel.parse(came)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name(), err)
	}
	if m.Parent.ID != r.id {
		return nil // another client's, or of a request that was given up
	}
	return about(m)
}

// answer is for the reply.
func (r *running) answer(m Message) error {
	var status struct {
		Status string `json:"status"`
		Exception
	}
	if err := m.read(&status); err != nil {
		return err
	}
	r.replied = true
	switch {
	case status.Status == "error":
		r.err = &status.Exception
	case status.Status != "ok" && status.Status != "": // "aborted", by an exception before it; an interrupt_reply need not say
		r.err = fmt.Errorf("the kernel has not run it: %s", status.Status)
	case r.reply != nil:
		return m.read(r.reply)
	}
	return nil
}

// happened is for what the kernel publishes (Messages on the IOPub channel).
func (r *running) happened(m Message) error {
	var content struct {
		State string                     `json:"execution_state"`
		Name  string                     `json:"name"`
		Text  string                     `json:"text"`
		Data  map[string]json.RawMessage `json:"data"`
	}
	if err := m.read(&content); err != nil {
		return err
	}
	switch m.Header.Type {
	case "status":
		r.idle = r.idle || content.State == "idle"
	case "stream":
		r.output(content.Name, content.Text)
	case "execute_result":
		r.output("result", plain(content.Data))
	case "display_data":
		r.output("display", plain(content.Data))
	}
	return nil
}

func (r *running) output(stream, text string) {
	if r.handlers.Output != nil {
		r.handlers.Output(stream, text)
	}
}

// plain is the form of a value that every kernel gives.
func plain(data map[string]json.RawMessage) (text string) {
	json.Unmarshal(data["text/plain"], &text)
	return text
}

// asked is for a kernel that wants input (Messages on the stdin channel). It waits for the answer.
func (r *running) asked(ctx context.Context, m Message) error {
	if m.Header.Type != "input_request" || r.handlers.Input == nil {
		return nil
	}
	var content struct {
		Prompt string `json:"prompt"`
		Secret bool   `json:"password"`
	}
	if err := m.read(&content); err != nil {
		return err
	}
	value, err := r.handlers.Input(content.Prompt, content.Secret)
	if err != nil {
		return err
	}
	_, err = r.kernel.send(ctx, r.kernel.stdin, "input_reply", m.Header, map[string]string{"value": value})
	return err
}

// Interrupt ends what runs, with a KeyboardInterrupt in Python. It may overtake the code that it shall end.
func (k *Kernel) Interrupt(ctx context.Context) error {
	return k.order(ctx, "interrupt_request", struct{}{})
}

// Shutdown asks the kernel to end, and waits until it has; then Close is left to do. If ctx ends before, the kernel is killed.
func (k *Kernel) Shutdown(ctx context.Context) error {
	err := k.order(ctx, "shutdown_request", map[string]bool{"restart": false})
	if err != nil && !errors.Is(err, ErrGone) { // it may be gone faster than its answer is read
		return err
	}
	return k.process.wait(ctx)
}

// order sends a request over the control, past everything that waits in the shell, and waits for the reply.
func (k *Kernel) order(ctx context.Context, typ string, content any) error {
	ctx, done := k.until(ctx)
	defer done()
	if err := take(ctx, k.orders); err != nil {
		return err
	}
	defer func() { <-k.orders }()
	m, err := k.send(ctx, k.control, typ, Header{}, content)
	if err != nil {
		return err
	}
	r := running{kernel: k, id: m.Header.ID}
	for !r.replied {
		select {
		case <-k.control.Readable():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := r.next(k.control, r.answer); err != nil {
			return err
		}
	}
	return r.err
}

// Beat sends a heartbeat and returns how long it took. It says no more than that the kernel's heartbeat thread is alive.
func (k *Kernel) Beat(ctx context.Context) (time.Duration, error) {
	ctx, done := k.until(ctx)
	defer done()
	began, ping := time.Now(), newID()
	m, err := k.beat.Do(ctx, []byte(ping))
	if err != nil {
		return 0, err
	}
	if m.Len() != 1 || string(m.Body()) != ping {
		return 0, fmt.Errorf("the heartbeat came back as %d frames, %q", m.Len(), m.Body())
	}
	return time.Since(began), nil
}
