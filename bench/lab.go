package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/glassmq/zmq/zmtp/curve"
)

// The implementations that are measured.
const (
	ours   = "ours"
	libzmq = "libzmq"
	raw    = "raw"
)

// A lab is what trials need: the programs and the windows.
type lab struct {
	self          string // this executable
	peer          string // libzmq/peer.c, built
	libzmqVersion string
	libzmqAbsent  error // why there is no peer
	dir           string
	warm, run     time.Duration
	warmMessages  int // see fillsQueues
	idle          int // connections of S8
}

// A role that takes longer than its windows and roleLimit counts as hung:
// process start and handshake are some milliseconds on a quiet machine, the
// 2000 handshakes of S8 a second. A warm-up of large messages takes time of
// its own; slowest is a rate, in bytes a second, that no side falls below.
const (
	roleLimit = 10 * time.Second
	slowest   = 100e6
)

// fillsQueues messages fill the queues of both ends, 1000 each by default, and
// what lies between. Until then a sender runs ahead, and each message of 1 MiB
// is new memory from the system: thousands of page faults that no steady state
// has.
const fillsQueues = 3000

// openLab builds the libzmq side if it can. done removes what it made.
func openLab(ctx context.Context, quick bool) (l *lab, done func(), err error) {
	l = &lab{warm: 300 * time.Millisecond, run: time.Second, warmMessages: fillsQueues, idle: 2000}
	if quick {
		l.warm, l.run = 100*time.Millisecond, 300*time.Millisecond
	}
	if l.self, err = os.Executable(); err != nil {
		return nil, nil, err
	}
	if l.dir, err = os.MkdirTemp("", "glassmq-bench-"); err != nil {
		return nil, nil, err
	}
	l.peer, l.libzmqVersion, l.libzmqAbsent = buildPeer(ctx, l.dir)
	return l, func() { os.RemoveAll(l.dir) }, nil
}

// start starts side's process for role, with the lab's windows.
func (l *lab) start(ctx context.Context, side, role string, s settings) (*child, error) {
	s.warm, s.run, s.warmMessages = l.warm, l.run, l.warmMessages
	filling := float64(s.warmMessages) * float64(s.size) / slowest
	s.limit = s.warm + s.run + roleLimit + time.Duration(filling*float64(time.Second))
	argv := []string{l.self, roleCommand, side}
	if side == libzmq {
		if l.libzmqAbsent != nil {
			return nil, l.libzmqAbsent
		}
		argv = []string{l.peer}
	}
	argv = append(append(argv, role), s.args()...)
	return startChild(ctx, side+" "+role, s.limit, argv, s.environ()...)
}

// A sample is what one trial measured.
type sample map[quantity]float64

type quantity string

const (
	rate        quantity = "messages/s"
	cpuPerM     quantity = "CPU seconds per million messages"
	p50         quantity = "median, µs"
	p99         quantity = "99th percentile, µs"
	sendMallocs quantity = "allocations per message sent"
	recvMallocs quantity = "allocations per message received"
	idleKiB     quantity = "KiB per idle connection"
	peakMiB     quantity = "MiB at most, both ends"
)

// pair starts a role that binds and one that connects to it, and ends both,
// the connecting one first, when use is done with them.
func (l *lab) pair(ctx context.Context, side, binds, connects string, s settings, use func(b, c *child) error) (err error) {
	b, err := l.start(ctx, side, binds, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, once(err, b.end())) }()
	if s.endpoint, err = b.line(); err != nil {
		return err
	}
	c, err := l.start(ctx, side, connects, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, once(err, c.end())) }()
	return use(b, c)
}

// once is next, unless err already tells it.
func once(err, next error) error {
	if errors.Is(err, next) {
		return nil
	}
	return next
}

const anyPort = "tcp://127.0.0.1:*"

// stream is one trial of PUSH to PULL. The receiver counts; the CPU is that of
// both ends, each per message of its own window.
func (l *lab) stream(ctx context.Context, side string, s settings) (sample, error) {
	s.endpoint = anyPort
	var in, out reading
	err := l.pair(ctx, side, rolePull, rolePush, s, func(pull, push *child) (err error) {
		if in, err = pull.reading(); err != nil {
			return err
		}
		out, err = push.reading()
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:        per(float64(in.Messages), in.Seconds),
		cpuPerM:     1e6 * (per(in.CPU, float64(in.Messages)) + per(out.CPU, float64(out.Messages))),
		sendMallocs: perMessage(out),
		recvMallocs: perMessage(in),
		peakMiB:     peakOf(in, out),
	}, nil
}

// secured is s with the keys of a CURVE server.
func secured(s settings) settings {
	own := curve.NewKeyPair()
	s.public, s.secret = own.Public.String(), own.Secret.Z85()
	return s
}

// visits is one trial of CURVE handshakes. One is counted when the visitor, a new
// REQ each time, has connected, has the answer to its one request, and is closed.
func (l *lab) visits(ctx context.Context, side string) (sample, error) {
	s := secured(settings{endpoint: anyPort, size: 1})
	var in, out reading
	err := l.pair(ctx, side, roleGreet, roleVisit, s, func(greet, visit *child) (err error) {
		if out, err = visit.reading(); err != nil {
			return err
		}
		in, err = greet.ask()
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:    per(float64(out.Messages), out.Seconds),
		cpuPerM: 1e6 * (per(in.CPU, float64(in.Messages)) + per(out.CPU, float64(out.Messages))),
		peakMiB: peakOf(in, out),
	}, nil
}

// peakOf is the memory of both ends.
func peakOf(in, out reading) float64 { return float64(in.Peak+out.Peak) / (1 << 20) }

// perMessage is r's allocations per message to three decimals: the runtime's
// own allocations in a window (a collection, a timer) are below that.
func perMessage(r reading) float64 {
	return round3(per(float64(r.Mallocs), float64(r.Messages)))
}

// roundTrip is one trial of REQ and REP over transport.
func (l *lab) roundTrip(ctx context.Context, side, transport string, s settings) (sample, error) {
	s.endpoint = anyPort
	if transport == "ipc" {
		dir, err := os.MkdirTemp(l.dir, side) // one for each trial: a process that is told to exit leaves its socket file
		if err != nil {
			return nil, err
		}
		s.endpoint = "ipc://" + filepath.Join(dir, "socket")
	}
	var r reading
	err := l.pair(ctx, side, roleReply, roleRequest, s, func(_, request *child) (err error) {
		r, err = request.reading()
		return err
	})
	return sample{p50: r.P50 / 1000, p99: r.P99 / 1000}, err
}

// inproc is one trial of a role that has both ends in one process.
func (l *lab) inproc(ctx context.Context, side, role string, s settings) (sample, error) {
	c, err := l.start(ctx, side, role, s)
	if err != nil {
		return nil, err
	}
	r, err := c.reading()
	if err = errors.Join(err, once(err, c.end())); err != nil {
		return nil, err
	}
	return sample{
		rate:    per(float64(r.Messages), r.Seconds),
		cpuPerM: 1e6 * per(r.CPU, float64(r.Messages)),
		p50:     r.P50 / 1000,
		p99:     r.P99 / 1000,
	}, nil
}

// memory is one trial of a listener's growth per idle connection.
func (l *lab) memory(ctx context.Context, side string) (_ sample, err error) {
	c, err := l.start(ctx, side, roleListen, settings{endpoint: anyPort})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, once(err, c.end())) }()
	endpoint, err := c.line()
	if err != nil {
		return nil, err
	}
	first, err := connectIdle(ctx, endpoint, 1) // brings in the code and the tables
	defer closeAll(first)
	if err != nil {
		return nil, fmt.Errorf("%s listener: %w", side, err)
	}
	before, err := c.ask()
	if err != nil {
		return nil, err
	}
	conns, err := connectIdle(ctx, endpoint, l.idle)
	defer closeAll(conns)
	if err != nil {
		return nil, fmt.Errorf("%s listener: %w", side, err)
	}
	after, err := c.ask()
	return sample{idleKiB: float64(after.RSS-before.RSS) / 1024 / float64(l.idle)}, err
}
