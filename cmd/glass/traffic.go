package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/lines"
)

// work does what the socket's type does until ctx ends; stop ends it, and whoever does so first says why.
func (k *catter) work(ctx context.Context, stop context.CancelCauseFunc) {
	switch s := k.socket.(type) {
	case *zmq.Req:
		stop(k.ask(ctx, s))
		return
	case *zmq.Rep:
		stop(k.answer(ctx, s))
		return
	}
	sender, sends := k.socket.(zmq.Sender)
	receiver, receives := k.socket.(zmq.Receiver)
	var sending sync.WaitGroup
	if sends && !k.flags.echo {
		sending.Go(func() {
			if err := k.send(ctx, sender, !receives); err != errInputEnd || !receives || k.flags.eof {
				stop(err)
			}
		})
	}
	if receives {
		stop(k.receive(ctx, receiver, sender))
	}
	sending.Wait()
}

// A fed is a message of the input, or why there is none.
type fed struct {
	frames [][]byte
	err    error
}

// feed reads the input, a message ahead. A read that waits cannot be called back, so nobody waits for the end of this
// goroutine: it has none but the process's if the input has none.
func (k *catter) feed(ctx context.Context) <-chan fed {
	input := make(chan fed)
	go func() {
		for {
			frames, err := k.in.Next()
			if err == io.EOF {
				err = errInputEnd
			}
			select {
			case input <- fed{frames, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return input
}

// take is the next message of the input.
func take(ctx context.Context, input <-chan fed) ([][]byte, error) {
	select {
	case f := <-input:
		return f.frames, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pause waits for d, or for the end of ctx, which is its error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// each does something with each message of the input, at the pace of --interval, to the end of the input or an error.
func (k *catter) each(ctx context.Context, do func(frames [][]byte) error) error {
	input := k.feed(ctx)
	for first := true; ; first = false {
		frames, err := take(ctx, input)
		if err == nil && !first && k.flags.interval > 0 {
			err = pause(ctx, k.flags.interval)
		}
		if err == nil {
			err = do(frames)
		}
		if err != nil {
			return err
		}
	}
}

// send sends the input.
func (k *catter) send(ctx context.Context, s zmq.Sender, counts bool) error {
	if err := k.await(ctx, s); err != nil {
		return err
	}
	return k.each(ctx, func(frames [][]byte) error {
		k.stuck = "a message was not sent, as no peer took it"
		if err := s.Send(ctx, frames...); err != nil && !k.undelivered(err) {
			return err
		}
		k.stuck = ""
		if counts {
			return k.counted()
		}
		return nil
	})
}

// undelivered tells of a message that cannot go to whom it is for, which is no reason to stop.
func (k *catter) undelivered(err error) bool {
	if !errors.Is(err, zmq.ErrHostUnreachable) && !errors.Is(err, zmq.ErrInvalid) {
		return false
	}
	fmt.Fprintf(k.notes, "glass: not sent: %v\n", err)
	return true
}

// await waits for the peers of --wait.
func (k *catter) await(ctx context.Context, s zmq.Sender) error {
	n := k.flags.wait
	if n < 0 {
		n = 0
		if s.Type() == zmq.PUB || s.Type() == zmq.XPUB {
			n = 1
		}
	}
	if n == 0 || s.WaitReady(zmq.NoWait, n) == nil {
		return nil
	}
	k.note("waiting for peers that are ready: %d; --wait 0 sends without", n)
	k.stuck = "nothing was sent, as too few peers were ready"
	if err := s.WaitReady(ctx, n); err != nil {
		return err
	}
	k.stuck = ""
	return nil
}

// counted takes note of one message towards --count.
func (k *catter) counted() error {
	if k.count++; k.count == k.flags.most {
		return errEnough
	}
	return nil
}

// A printer prints messages as lines.
type printer struct {
	form string
	end  byte
	w    *bufio.Writer
	line []byte
}

func (k *catter) printer() *printer {
	return &printer{form: k.flags.out.chosen, end: k.end, w: bufio.NewWriterSize(k.out, 64<<10)}
}

// print prints m. What is printed gathers while more is there to be printed, for a write per message would be slower than
// the messages come.
func (p *printer) print(m zmq.Message, more bool) error {
	p.line = append(lines.Append(p.line[:0], p.form, m, time.Now()), p.end)
	if _, err := p.w.Write(p.line); err != nil || more {
		return err
	}
	return p.w.Flush()
}

// receive prints what comes, and for --echo sends it back.
func (k *catter) receive(ctx context.Context, s zmq.Receiver, back zmq.Sender) error {
	p := k.printer()
	var b zmq.Buffer
	for {
		err := s.RecvInto(ctx, &b)
		if err == nil {
			err = p.print(b.Message, s.CanRecv() == nil)
		}
		if err == nil && k.flags.echo {
			err = k.echo(ctx, back, b.Message)
		}
		if err == nil {
			err = k.counted()
		}
		if err != nil {
			if broken := p.w.Flush(); broken != nil {
				return broken
			}
			return err
		}
	}
}

// echo sends a message back. What a STREAM receives of a peer that comes or goes is empty, and would hang up if it was sent.
func (k *catter) echo(ctx context.Context, back zmq.Sender, m zmq.Message) error {
	if back.Type() == zmq.STREAM && len(m.Body()) == 0 {
		return nil
	}
	if err := back.Send(ctx, m.AppendFrames(nil)...); err != nil && !k.undelivered(err) {
		return err
	}
	return nil
}

// ask is REQ: question, answer, question, answer.
func (k *catter) ask(ctx context.Context, s *zmq.Req) error {
	p := k.printer()
	if err := k.await(ctx, s); err != nil {
		return err
	}
	return k.each(ctx, func(question [][]byte) error {
		k.stuck = "no answer came"
		answer, err := s.Do(ctx, question...)
		if err != nil {
			return err
		}
		k.stuck = ""
		if err := p.print(answer, false); err != nil {
			return err
		}
		return k.counted()
	})
}

// answer is REP: request, answer, request, answer. If answers come from the input, its end is the end: a request that could
// not be answered is left to another server.
func (k *catter) answer(ctx context.Context, s *zmq.Rep) error {
	p := k.printer()
	var input <-chan fed // nil: never ready
	if !k.flags.replies && !k.flags.echo {
		input = k.feed(ctx)
	}
	for {
		next, err := ahead(ctx, s, input)
		if err == nil {
			err = k.serve(ctx, s, p, input, next)
		}
		if err == nil {
			err = k.counted()
		}
		if err != nil {
			return err
		}
	}
}

// ahead waits for an answer or a request, whichever comes first. It returns the answer, nil if it was the request.
func ahead(ctx context.Context, s *zmq.Rep, input <-chan fed) (*fed, error) {
	select {
	case f := <-input:
		return &f, f.err
	case <-s.Readable():
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve takes one request and answers it, with next if there is one.
func (k *catter) serve(ctx context.Context, s *zmq.Rep, p *printer, input <-chan fed, next *fed) error {
	request, err := s.Recv(ctx)
	if err != nil {
		return err
	}
	if err := p.print(request, false); err != nil {
		return err
	}
	reply, err := k.replyTo(ctx, request, input, next)
	if err != nil {
		return err
	}
	return s.Send(ctx, reply...)
}

func (k *catter) replyTo(ctx context.Context, request zmq.Message, input <-chan fed, next *fed) ([][]byte, error) {
	switch {
	case k.flags.replies:
		return [][]byte{[]byte(k.flags.reply)}, nil
	case k.flags.echo:
		return request.AppendFrames(nil), nil
	case next != nil:
		return next.frames, nil
	}
	k.stuck = "a request was not answered"
	reply, err := take(ctx, input)
	if err == nil {
		k.stuck = ""
	}
	return reply, err
}
