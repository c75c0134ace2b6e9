package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A Kernel is a running one, and our five connections to it:
//
//  1. shell, a DEALER: requests and their replies, one after the other;
//  2. iopub, a SUB: what requests cause, output above all, and when each is through;
//  3. stdin, a DEALER with the shell's routing id: the kernel asks back for input;
//  4. control, a DEALER: requests that do not wait behind those of the shell;
//  5. heartbeat, a REQ: the same bytes come back.
//
// That the kernel is gone is not for heartbeats to find out: the sockets' monitors say so at once (lost). All methods may be
// called from any goroutine; one Execute runs at a time.
type Kernel struct {
	session
	process *process
	shell   *zmq.Dealer
	iopub   *zmq.Sub
	stdin   *zmq.Dealer
	control *zmq.Dealer
	beat    *zmq.Req

	gone   context.Context // ends when a connection does; its cause says why
	lost   context.CancelCauseFunc
	turn   chan struct{} // holds the shell, iopub and stdin
	orders chan struct{} // holds the control
}

// Options say which kernel to start, and how to talk to it.
type Options struct {
	Command   []string     // "-f FILE" is appended; nil: python3 -m ipykernel_launcher
	Transport string       // "tcp" or "ipc"; "": tcp
	Context   *zmq.Context // nil: the default
}

// ErrGone is what calls return when the kernel has ended, or a connection to it; the error says more.
var ErrGone = errors.New("the kernel is gone")

// Start starts a kernel and waits until it answers, and until what it publishes arrives here. When it fails, nothing is
// left running.
func Start(ctx context.Context, o Options) (*Kernel, error) {
	if o.Command == nil {
		o.Command = []string{"python3", "-m", "ipykernel_launcher"}
	}
	if o.Transport == "" {
		o.Transport = "tcp"
	}
	dir, err := os.MkdirTemp("", "kernel")
	if err != nil {
		return nil, err
	}
	k := &Kernel{session: newSession(), turn: make(chan struct{}, 1), orders: make(chan struct{}, 1)}
	k.gone, k.lost = context.WithCancelCause(context.Background())
	c, err := newConnection(o.Transport, dir, k.session)
	if err == nil {
		k.process, err = launch(o.Command, c, dir)
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a Python that imports IPython for the first time takes a while
	defer cancel()
	k.open(o.Context)
	if err := k.connect(ctx, c); err != nil {
		k.Close()
		if said := k.process.said(); said != "" {
			err = fmt.Errorf("%w; the kernel said: %s", err, said)
		}
		return nil, err
	}
	return k, nil
}

// open makes the sockets.
func (k *Kernel) open(x *zmq.Context) {
	config := func(name string) zmq.Config {
		return zmq.Config{Context: x, Name: name, EventMask: monitor.Disconnected, OnEvent: k.ended,
			ReconnectMin: 20 * time.Millisecond, ReconnectMax: 200 * time.Millisecond, // a kernel takes a second to start, and users wait
			Linger: zmq.Off}
	}
	asking := func(name string) zmq.Config {
		cfg := config(name)
		cfg.RoutingID = k.session.id // stdin's must be the shell's: the kernel asks back whoever gave it the code
		return cfg
	}
	all := config("iopub")
	all.Subscribe = []string{""}
	all.RecvHWM = zmq.Unlimited // output that is printed faster than we read it is output all the same
	k.shell, k.stdin, k.control = zmq.NewDealer(asking("shell")), zmq.NewDealer(asking("stdin")), zmq.NewDealer(asking("control"))
	k.iopub, k.beat = zmq.NewSub(all), zmq.NewReq(config("heartbeat"))
}

func (k *Kernel) sockets() []zmq.Socket {
	return []zmq.Socket{k.shell, k.iopub, k.stdin, k.control, k.beat}
}

// ended is called with the end of a connection. A kernel binds once in its life: who is there now is another.
func (k *Kernel) ended(e zmq.Event) {
	k.lost(fmt.Errorf("%w: %s: %s", ErrGone, e.SocketName, e.Why()))
}

// connect waits until all five connections are up, the kernel answers, and what it publishes comes.
func (k *Kernel) connect(ctx context.Context, c connection) error {
	ctx, done := k.until(ctx)
	defer done()
	up := make(chan struct{})
	defer close(up)
	go func() {
		select {
		case <-k.process.ended: // before there is a connection whose end would tell
			k.lost(fmt.Errorf("%w: its process has ended, %v", ErrGone, k.process.cmd.ProcessState))
		case <-up:
		}
	}()
	for i, port := range []int{c.Shell, c.IOPub, c.Stdin, c.Control, c.Heartbeat} {
		if err := k.sockets()[i].Connect(c.endpoint(port)); err != nil {
			return err
		}
	}
	for _, s := range k.sockets() {
		if err := s.WaitReady(ctx, 1); err != nil {
			return errors.Join(k.Why(), fmt.Errorf("%s: %w", s.Name(), err))
		}
	}
	return k.nudge(ctx)
}

// nudge asks something simple until we hear on iopub that it was done. That the connection is up does not mean yet that the
// kernel has taken in our subscription.
func (k *Kernel) nudge(ctx context.Context) error {
	for {
		short, cancel := context.WithTimeout(ctx, time.Second/2)
		_, err := k.Info(short)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// until is ctx, which also ends when the kernel is gone.
func (k *Kernel) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(k.gone, func() { cancel(context.Cause(k.gone)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Gone is closed when the kernel is gone; Why says why, and is nil before.
func (k *Kernel) Gone() <-chan struct{} { return k.gone.Done() }

// Why is why the kernel is gone.
func (k *Kernel) Why() error { return context.Cause(k.gone) }

// Close ends the kernel at once if it has not ended, and removes its files. Shutdown lets it end by itself.
func (k *Kernel) Close() error {
	k.process.kill()
	k.lost(fmt.Errorf("%w: it was closed", ErrGone))
	for _, s := range k.sockets() {
		s.Close()
	}
	return os.RemoveAll(k.process.dir)
}
