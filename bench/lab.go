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
	before = "before" // ours, at another revision: see against.go
)

// A lab is what trials need: the programs and the windows.
type lab struct {
	programs      map[string][]string // by implementation: how a role of it begins
	absent        map[string]error    // by implementation: why it is not measured
	versions      map[string]string   // by implementation, of those that have one
	dir           string
	warm, run     time.Duration
	warmMessages  int // see fillsQueues
	idle          int // connections of S8
	crowd         int // connections of S14, at most: what this machine has descriptors for
	subscriptions int // prefixes of S13, at most
}

// A role that takes longer than its windows and roleLimit counts as hung:
// process start and handshake are some milliseconds on a quiet machine, the
// 2000 handshakes of S8 a second, the million subscriptions of S13 three. A
// warm-up of large messages takes time of its own; slowest is a rate, in bytes
// a second, that no side falls below, and so do the connections of a crowd.
const (
	roleLimit   = 15 * time.Second
	clientLimit = 2 * time.Millisecond
	slowest     = 100e6
)

// fillsQueues messages fill the queues of both ends, 1000 each by default, and
// what lies between. Until then a sender runs ahead, and each message of 1 MiB
// is new memory from the system: thousands of page faults that no steady state
// has.
const fillsQueues = 3000

// openLab builds the programs of the other sides, those that it can. done
// removes what it made.
func openLab(ctx context.Context, c choice) (l *lab, done func(), err error) {
	l = &lab{
		programs: map[string][]string{}, absent: map[string]error{}, versions: map[string]string{},
		warm: 300 * time.Millisecond, run: time.Second, warmMessages: fillsQueues,
		idle: 2000, crowd: descriptors(10_000), subscriptions: 1_000_000,
	}
	if c.quick {
		l.warm, l.run, l.idle, l.crowd = 80*time.Millisecond, 150*time.Millisecond, 500, descriptors(1000)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	l.programs[ours] = []string{self, roleCommand, ours}
	l.programs[raw] = []string{self, roleCommand, raw}
	if l.dir, err = os.MkdirTemp("", "glassmq-bench-"); err != nil {
		return nil, nil, err
	}
	done = func() { os.RemoveAll(l.dir) }
	if c.against != "" {
		done, err = l.goBack(ctx, c.against)
		return l, done, err
	}
	l.build(ctx)
	return l, done, nil
}

// start starts who's process for role, with the lab's windows.
func (l *lab) start(ctx context.Context, who, role string, s settings) (*child, error) {
	s.warm, s.run, s.warmMessages = l.warm, l.run, max(l.warmMessages, s.warmMessages)
	filling := float64(s.warmMessages) * float64(s.size) / slowest
	s.limit = s.warm + s.run + roleLimit + time.Duration(s.clients)*clientLimit + time.Duration(filling*float64(time.Second))
	if err := l.absent[who]; err != nil {
		return nil, err
	}
	argv := append(append(append([]string{}, l.programs[who]...), role), s.args()...)
	return startChild(ctx, who+" "+role, s.limit, argv, s.environ()...)
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
	delivered   quantity = "percent of what was sent to all"
	lostEvents  quantity = "events that the monitor did not tell"
	listenerNs  quantity = "ns of the listener's CPU per message"
	readyMs     quantity = "ms until all are ready"
	sendNs      quantity = "ns per message that nobody gets"
	prefixBytes quantity = "bytes per prefix"
)

// A party is one of two that talk.
type party struct{ who, role string }

// pair starts a role that binds and one that connects to it, and ends both,
// the connecting one first, when use is done with them.
func (l *lab) pair(ctx context.Context, binds, connects party, s settings, use func(b, c *child) error) error {
	return l.bound(ctx, binds, s, func(b *child, s settings) (err error) {
		c, err := l.start(ctx, connects.who, connects.role, s)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, once(err, c.end())) }()
		return use(b, c)
	})
}

// bound starts a role that binds, and ends it when use is done. s has then the
// endpoint that it is bound to.
func (l *lab) bound(ctx context.Context, p party, s settings, use func(b *child, s settings) error) (err error) {
	if s.endpoint, err = l.endpoint(s.transport); err != nil {
		return err
	}
	b, err := l.start(ctx, p.who, p.role, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, once(err, b.end())) }()
	if s.endpoint, err = b.line(); err != nil {
		return err
	}
	return use(b, s)
}

// alone runs a role that has both ends in one process.
func (l *lab) alone(ctx context.Context, p party, s settings, use func(c *child) error) (err error) {
	c, err := l.start(ctx, p.who, p.role, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, once(err, c.end())) }()
	return use(c)
}

// once is next, unless err already tells it.
func once(err, next error) error {
	if errors.Is(err, next) {
		return nil
	}
	return next
}

const anyPort = "tcp://127.0.0.1:*"

// endpoint is one to bind to. An ipc one is new for each trial: a process that
// is told to exit leaves its socket file.
func (l *lab) endpoint(transport string) (string, error) {
	if transport != "ipc" {
		return anyPort, nil
	}
	dir, err := os.MkdirTemp(l.dir, "ipc-")
	return "ipc://" + filepath.Join(dir, "socket"), err
}

// secured is s with the keys of a CURVE server.
func secured(s settings) settings {
	own := curve.NewKeyPair()
	s.public, s.secret = own.Public.String(), own.Secret.Z85()
	return s
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// over is the lab's window over roles that are asked: what each did in it. It
// begins, and the warm-up before it, when all have done something.
func (l *lab) over(ctx context.Context, roles ...*child) ([]reading, error) {
	var first []reading
	for _, pause := range []time.Duration{l.warm, l.run} {
		begin, err := askAll(roles)
		if err == nil {
			err = sleep(ctx, pause)
		}
		if err != nil {
			return nil, err
		}
		first = begin
	}
	last, err := askAll(roles)
	if err != nil {
		return nil, err
	}
	for i := range last {
		last[i] = last[i].minus(first[i])
	}
	return last, nil
}

func askAll(roles []*child) ([]reading, error) {
	all := make([]reading, len(roles))
	for i, c := range roles {
		r, err := c.ask()
		if err != nil {
			return nil, fmt.Errorf("%s was asked: %w", c.name, err)
		}
		all[i] = r
	}
	return all, nil
}
