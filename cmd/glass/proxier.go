package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/device"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

// A proxier is one proxy:
//
//  1. sockets, to which nothing happens yet (make), and two readers of their events (read);
//  2. Bind and Connect, notes of where, and warnings (reach);
//  3. messages pass, which is zmq.Proxy's work alone (pass), until --for, Ctrl-C or TERMINATE is the end;
//  4. what is there is passed on, and what is queued goes out, as long as linger says (end);
//  5. the account.
type proxier struct {
	flags  *proxying
	mask   monitor.Mask // of events to print
	out    *show.Stream
	stdout io.Writer
	notes  io.Writer

	x           *zmq.Context // all sockets are in it
	front, back device.Side
	proxy       zmq.Proxy
	tape        *device.Tape // nil: no file
	file        *os.File
	sockets     map[*part]zmq.Socket
}

// make makes the sockets.
func (d *proxier) make() error {
	d.sockets = make(map[*part]zmq.Socket)
	for _, s := range d.flags.parts() {
		if len(s.binds)+len(s.connects) == 0 {
			if len(s.opening.options) > 0 {
				return usagef("-O %s.%s: there is no %s socket, without an endpoint for it", s.role, s.opening.options[0], s.role)
			}
			continue
		}
		if s.role != frontend && s.role != backend && s.key == "" && s.users == "" {
			s.security = security{} // clients' keys are for a server that we dial, and nobody's who dials us
		}
		socket, err := s.socket(s.typ, d.usual(s.role))
		if f := (*failure)(nil); errors.As(err, &f) {
			f.err = roled(s.role, f.err)
			if len(s.opening.options) > 0 {
				f.hint = fmt.Sprintf("an option without a socket's name before it is for frontend and backend: write -O %s.NAME=VALUE for one of them", s.role)
			}
			return f
		}
		d.sockets[s] = socket
	}
	f := d.flags
	d.front = device.Side{Role: frontend, Socket: d.sockets[&f.front], Ledger: new(device.Ledger)}
	d.back = device.Side{Role: backend, Socket: d.sockets[&f.back], Ledger: new(device.Ledger)}
	d.proxy.Front, d.proxy.Back = d.front.Socket, d.back.Socket
	if s := d.sockets[&f.control]; s != nil {
		d.proxy.Control = s
	}
	if s := d.sockets[&f.captured]; s != nil {
		d.proxy.Capture = s.(zmq.Sender)
	}
	return d.check()
}

// roled says whose error it is.
func roled(role string, err error) error {
	return fmt.Errorf("%s: %w", role, &unprefixed{err})
}

// An unprefixed is an error without the library's name before it.
type unprefixed struct{ error }

func (e *unprefixed) Error() string { return strings.TrimPrefix(e.error.Error(), "zmq: ") }
func (e *unprefixed) Unwrap() error { return e.error }

// usual is a socket's Config before its options.
func (d *proxier) usual(role string) func(zmq.Type) zmq.Config {
	return func(t zmq.Type) zmq.Config {
		c := zmq.Config{Context: d.x, Name: d.flags.name + "." + role}
		if t == zmq.SUB {
			c.Subscribe = []string{""}
		}
		return c
	}
}

// check asks the proxy whether it could run, which it says before it begins.
func (d *proxier) check() error {
	if err := d.proxy.Run(zmq.NoWait); errors.Is(err, zmq.ErrInvalid) {
		return usage(err)
	}
	return nil
}

func (d *proxier) run(ctx context.Context) error {
	var reading sync.WaitGroup
	defer reading.Wait()
	defer d.x.Shutdown(zmq.NoWait) // which ends the reading
	if err := d.record(); err != nil {
		return err
	}
	defer d.rewind()
	d.read(&reading)
	stop, err := d.serve()
	if err != nil {
		return err
	}
	defer stop()
	if err := d.reach(); err != nil {
		return err
	}
	began := time.Now()
	err = d.pass(ctx)
	d.end()
	stop()
	reading.Wait()
	return errors.Join(err, d.account(time.Since(began)))
}

// read reads the events of all sockets, to the end of their Context: one goroutine keeps the ledgers, and is never held up
// by the other, which prints.
func (d *proxier) read(reading *sync.WaitGroup) {
	ledgers := map[uint64]*device.Ledger{d.front.Socket.ID(): d.front.Ledger, d.back.Socket.ID(): d.back.Ledger}
	books, told := d.x.Watch(device.LedgerMask), d.x.Watch(d.mask)
	reading.Go(func() {
		for e := range books.Events(context.Background()) {
			if l := ledgers[e.SocketID]; l != nil {
				l.Fold(e)
			}
		}
	})
	reading.Go(func() {
		defer told.Close()
		for e := range told.Events(context.Background()) {
			if e.Kind&(d.mask|monitor.Lost) == 0 {
				continue
			}
			if _, err := d.out.Event(e); err != nil {
				d.note("events are not printed any more: %v", err) // which is no reason to stop what others need
				return
			}
		}
	})
}

func (d *proxier) note(format string, args ...any) {
	fmt.Fprintf(d.notes, format+"\n", args...)
}

// reach binds and connects: first what messages go to.
func (d *proxier) reach() error {
	failed := d.x.Watch(monitor.BindFailed)
	defer failed.Close()
	for _, s := range d.flags.parts() {
		socket := d.sockets[s]
		if socket == nil {
			continue
		}
		if err := s.reach(socket); err != nil {
			e, _ := failed.Poll()
			return refused(roled(s.role, err), e.Hint())
		}
	}
	for _, s := range d.flags.parts() {
		if socket := d.sockets[s]; socket != nil {
			d.note("%s: %v %s", s.role, socket.Type(), s.places())
			for _, line := range s.exposures(socket) {
				d.note("%s", line)
			}
		}
	}
	return nil
}

// record begins to write the file of --capture.
func (d *proxier) record() error {
	path := d.flags.file
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // what others say to each other is for its owner
	if err == nil {
		d.file = file
		d.tape, err = device.NewTape(file, int64(d.flags.room), func(err error) {
			d.note("nothing is captured any more: %s: %v", path, err)
		})
	}
	if err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("--capture: %w", err)}
	}
	d.proxy.Capture = d.tape.Capture()
	return nil
}

// rewind ends the file.
func (d *proxier) rewind() {
	if d.tape == nil || d.file == nil {
		return
	}
	d.tape.Close() // why not all was written, was told
	if err := d.file.Close(); err != nil {
		d.note("--capture: %v", err)
	}
	d.file = nil
}

// pass passes messages on, and returns nil if the end was meant.
func (d *proxier) pass(ctx context.Context) error {
	ctx, cancel := d.flags.bounded(ctx)
	defer cancel()
	switch err := d.proxy.Run(ctx); {
	case err == nil:
		d.note("TERMINATE was received")
		return nil
	case ctx.Err() != nil:
		return nil
	default:
		return &failure{code: exitFailure, err: err}
	}
}

// end passes on what is there, and lets go out what is queued.
func (d *proxier) end() {
	const long = 300 * time.Millisecond // a person wonders
	patience := time.AfterFunc(long, func() {
		d.note("waiting for what is queued to be taken, as long as the option linger says; Ctrl-C ends")
	})
	defer patience.Stop()
	ctx, cancel := lingering(d.back.Socket.Config())
	defer cancel()
	device.Drain(ctx, &d.proxy, &d.front, &d.back)
	d.x.Close() // what was lost by it is in the account
	d.rewind()
}

// lingering is a context that lasts as long as a socket of this Config lingers.
func lingering(c zmq.Config) (context.Context, context.CancelFunc) {
	switch c.Linger {
	case zmq.Forever:
		return context.WithCancel(context.Background())
	case zmq.Off:
		return context.WithTimeout(context.Background(), 0)
	case 0:
		return context.WithTimeout(context.Background(), 5*time.Second) // Config's default
	}
	return context.WithTimeout(context.Background(), c.Linger)
}

// captured are how many copies the capture has taken, and how many it had no room for; 0 if there is none.
func (d *proxier) captured() (taken, dropped uint64) {
	if !d.captures() {
		return 0, 0
	}
	if d.tape != nil {
		return d.tape.Counts()
	}
	s := d.sockets[&d.flags.captured].State()
	return s.Copies - s.Dropped, s.Dropped
}

func (d *proxier) captures() bool { return d.proxy.Capture != nil }

// account prints what became of all messages.
func (d *proxier) account(took time.Duration) error {
	all := device.Accounts(&d.proxy, &d.front, &d.back)
	if d.flags.form.chosen == show.JSONL {
		return d.accountJSON(all, took)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %v\n", d.flags.name, took.Round(time.Millisecond))
	for i := range all {
		b.WriteString(all[i].Text())
	}
	if d.captures() {
		taken, dropped := d.captured()
		fmt.Fprintf(&b, "captured: %d; dropped, for lack of room: %d\n", taken, dropped)
	}
	_, err := io.WriteString(d.stdout, b.String())
	return err
}

// accountJSON is the last line of -o jsonl.
func (d *proxier) accountJSON(all []device.Account, took time.Duration) error {
	line := struct {
		V          int              `json:"v"`
		Time       time.Time        `json:"ts"`
		Event      string           `json:"event"`
		Name       string           `json:"name"`
		Took       float64          `json:"dur_ms"`
		Directions []device.Account `json:"directions"`
		Captured   *uint64          `json:"captured,omitempty"`
		Missed     *uint64          `json:"capture_dropped,omitempty"`
	}{V: 1, Time: time.Now().UTC(), Event: "proxy_account", Name: d.flags.name, Took: millis(took), Directions: all}
	if d.captures() {
		taken, dropped := d.captured()
		line.Captured, line.Missed = &taken, &dropped
	}
	return json.NewEncoder(d.stdout).Encode(line)
}
