package zmq_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// R10, the ledger of deliveries. A sender, a receiver and a checker are processes:
//
//  1. the sender sends numbered messages of one to three parts, up to 20 kB, as fast as they go, to an endpoint that it dials;
//  2. the receiver looks whether each is whole, and writes its number down a pipe, where a kill -9 cannot undo it;
//  3. the checker reads the pipe, and in the end hears what the sender's terminal events said: how many messages each
//     connection has handed over, and how many it has torn in two. It says what became of every message.
//
// A connection that has handed over o messages and torn u ends there: the next one must begin with message o+u after the first
// of this one. So each gap must end exactly where the counters say, and all together must be as large as they say.

var (
	messages = flag.Uint64("messages", 100_000_000, "how many messages R10 sends with -full")
	killings = flag.Int("kills", 1000, "how many receivers R10 kills with -full")
)

// A form is what a message looks like, by its number.
type form struct {
	pattern []byte
	frames  [][]byte
	head    []byte
}

const largest = 20_000

func newForm() *form {
	f := &form{pattern: make([]byte, largest+4096)}
	r := rand.New(rand.NewPCG(10, 10))
	for i := range f.pattern {
		f.pattern[i] = byte(r.Uint32())
	}
	return f
}

// of is message n, until the next call: its number and some bytes; now and then two more parts, or a large one.
func (f *form) of(n uint64) [][]byte {
	bytes := f.pattern[n%4096:]
	f.head = append(binary.BigEndian.AppendUint64(f.head[:0], n), bytes[:n%64]...)
	f.frames = append(f.frames[:0], f.head)
	switch {
	case n%4096 == 9:
		f.frames = append(f.frames, bytes[:largest])
	case n%16 == 7:
		f.frames = append(f.frames, nil, bytes[:n%300])
	}
	return f.frames
}

// number reads a message's, and looks whether all of it is there.
func (f *form) number(m zmq.Message) (n uint64, whole bool) {
	if len(m.Frame(0)) < 8 {
		return 0, false
	}
	n = binary.BigEndian.Uint64(m.Frame(0))
	frames := f.of(n)
	whole = m.Len() == len(frames)
	for i := 0; whole && i < len(frames); i++ {
		whole = bytes.Equal(m.Frame(i), frames[i])
	}
	return n, whole
}

// A carried is what one of the sender's connections said at its end.
type carried struct {
	Out, Unsent uint64
	ByUs        bool // at the sender's own end: then what is unsent is among what Close says it has dropped
}

// A sent is what the sender says at the end of all.
type sent struct {
	Messages uint64
	Dropped  uint64 // by Close
	Conns    []carried
}

// drop takes down what Close or Shutdown says; again it says the same.
func (s *sent) drop(err error) {
	var dropped *zmq.DroppedError
	if errors.As(err, &dropped) {
		s.Dropped = uint64(dropped.Messages)
	}
}

// A meeting is an endpoint, and who of the two binds there.
type meeting struct {
	Endpoint string
	Sender   bool
}

// take makes a socket's endpoint.
func (w meeting) take(t *testing.T, s zmq.Socket) {
	t.Helper()
	if w.Sender == (s.Type() == zmq.PUSH) {
		bindTo(t, s, w.Endpoint)
	} else {
		connect(t, s, w.Endpoint)
	}
}

// playSender sends from the order "send" on, so many, or until "stop" or "abandon", which does not wait for what is queued.
func playSender(p *part) {
	var where meeting
	p.cast(&where)
	push := zmq.NewPush(zmq.Config{ReconnectMin: 5 * time.Millisecond, ReconnectMax: 50 * time.Millisecond, Linger: time.Minute})
	w := push.Watch(monitor.Disconnected | monitor.LocalClosed)
	var conns []carried
	var reading sync.WaitGroup
	reading.Go(func() {
		for e := range w.Events(context.Background()) {
			switch e.Kind {
			case monitor.Lost:
				panic("a terminal event was lost")
			case monitor.Disconnected, monitor.LocalClosed:
				conns = append(conns, carried{e.MessagesOut, e.Unsent, e.Kind == monitor.LocalClosed})
			}
		}
	})
	where.take(p.t, push)
	var count atomic.Uint64
	var stop atomic.Bool
	var work sync.WaitGroup
	p.obey(func(o order) (any, bool) {
		var s sent
		switch o.Do {
		case "send":
			var most uint64
			p.read(o, &most)
			work.Go(func() {
				form := newForm()
				for n := uint64(0); n < most && !stop.Load(); n++ {
					if push.Send(context.Background(), form.of(n)...) != nil {
						return // abandoned
					}
					count.Store(n + 1)
				}
			})
			return nil, true
		case "full":
			// before the receiver died it was full, too, now and then
			return len(push.State().Peers) == 0 && push.CanSend() != nil, true
		case "stop":
			stop.Store(true)
		case "abandon":
			s.drop(push.Shutdown(zmq.NoWait))
		}
		work.Wait()
		s.drop(push.Close())
		reading.Wait() // the socket's last event is the last of the watch
		s.Messages, s.Conns = count.Load(), conns
		return s, false
	})
}

// The ledger's lines are eight bytes: a message's number, maybe with a mark, or the mark of a receiver that begins.
const (
	markTorn  = 1 << 63
	markBegin = 1 << 62
)

// playReceiver writes down what comes, in the file that it is given.
func playReceiver(p *part) {
	var where meeting
	p.cast(&where)
	ledger := os.NewFile(4, "ledger")
	pull := zmq.NewPull(zmq.Config{})
	where.take(p.t, pull)
	var seen atomic.Uint64
	go func() {
		form := newForm()
		var b zmq.Buffer
		const page = 4096 // so much is written whole or not at all (pipe(7), PIPE_BUF)
		lines := binary.BigEndian.AppendUint64(make([]byte, 0, page), markBegin)
		for {
			must(p.t, pull.RecvInto(context.Background(), &b))
			n, whole := form.number(b.Message)
			if !whole {
				n |= markTorn
			}
			if lines = binary.BigEndian.AppendUint64(lines, n); len(lines) == page || pull.CanRecv() != nil {
				ledger.Write(lines)
				seen.Add(uint64(len(lines)) / 8)
				lines = lines[:0]
			}
		}
	}()
	p.obey(func(order) (any, bool) {
		state, n := pull.State(), seen.Load()
		return written{n, len(state.Peers) == 0 && pull.CanRecv() != nil && n == 1+state.MessagesIn}, true
	})
}

// A written is how many lines a receiver has written, and whether there will be no more: nobody is there, nothing is on its way.
type written struct {
	Lines uint64
	Over  bool
}

// A verdict is what became of all messages.
type verdict struct {
	OK, Lost, Duplicated, Reordered, Partial uint64
	Handed, Torn, Dropped                    uint64 // by the sender's counters: each message is in one of them
	Receivers, Gaps                          int
	LongestGap                               uint64
	Wrong                                    []string // what the counters do not explain
}

// A block is messages that one receiver got one after the other.
type block struct {
	from, to uint64 // to is not among them
	receiver int
}

func playChecker(p *part) {
	var none any
	p.cast(&none)
	c := &checker{}
	var work sync.WaitGroup
	work.Go(func() { c.read(os.NewFile(4, "ledger")) })
	p.obey(func(o order) (any, bool) {
		var s sent
		p.read(o, &s)
		work.Wait()
		return c.judge(s), false
	})
}

type checker struct {
	blocks    []block
	torn      uint64
	receivers int
}

// read takes the ledger in, to its end: when nobody is left who could write.
func (c *checker) read(f io.Reader) {
	r := bufio.NewReaderSize(f, 64<<10)
	for line := make([]byte, 8); ; {
		if _, err := io.ReadFull(r, line); err != nil {
			return
		}
		n := binary.BigEndian.Uint64(line)
		switch last := len(c.blocks) - 1; {
		case n == markBegin:
			c.receivers++
		case n&markTorn != 0:
			c.torn++
		case last >= 0 && c.blocks[last].to == n && c.blocks[last].receiver == c.receivers:
			c.blocks[last].to++
		default:
			c.blocks = append(c.blocks, block{n, n + 1, c.receivers})
		}
	}
}

// judge goes through the blocks in the order in which they came.
func (c *checker) judge(s sent) (v verdict) {
	v.Receivers, v.Partial = c.receivers, c.torn
	begins, at := map[uint64]bool{}, uint64(0)
	v.Dropped = s.Dropped
	for _, conn := range s.Conns {
		begins[at] = true
		at += conn.Out + conn.Unsent
		v.Handed, v.Torn = v.Handed+conn.Out, v.Torn+conn.Unsent
		if conn.ByUs {
			v.Dropped -= conn.Unsent
		}
	}
	if at+v.Dropped != s.Messages {
		v.Wrong = append(v.Wrong, fmt.Sprintf("%d messages were sent; the connections have had %d, Close has dropped %d more", s.Messages, at, v.Dropped))
	}
	next := uint64(0)
	missed := map[uint64]bool{}
	gap := func(to uint64) {
		v.Gaps++
		v.LongestGap = max(v.LongestGap, to-next)
		for n := next; n < to; n++ {
			missed[n] = true
		}
		if !begins[to] && to != at+v.Dropped {
			v.Wrong = append(v.Wrong, fmt.Sprintf("messages %d to %d are missing, and no connection began with the next", next, to-1))
		}
	}
	for _, b := range c.blocks {
		if b.from > next {
			gap(b.from)
		}
		for n := b.from; n < min(b.to, next); n++ { // what should have come before
			if missed[n] {
				delete(missed, n)
				v.Reordered++
			} else {
				v.Duplicated++
			}
		}
		v.OK += b.to - max(b.from, min(b.to, next))
		next = max(next, b.to)
	}
	if next < s.Messages {
		gap(s.Messages)
	}
	v.Lost = uint64(len(missed))
	if handed := v.Handed + v.Torn + v.Dropped; v.Lost+v.OK+v.Reordered != handed {
		v.Wrong = append(v.Wrong, fmt.Sprintf("%d have come and %d are lost, of %d that were handed over, torn or dropped", v.OK+v.Reordered, v.Lost, handed))
	}
	return v
}

// A delivery is the three, for one test.
type delivery struct {
	t                *testing.T
	at               meeting
	pipe             *os.File // where receivers write
	sender, receiver *process
	checker          *process
}

func newDelivery(t *testing.T, senderBinds bool) *delivery {
	l := &delivery{t: t, at: meeting{vacantPort(t), senderBinds}}
	r, w, err := os.Pipe()
	must(t, err)
	l.pipe = w
	t.Cleanup(func() { w.Close() })
	l.checker = spawn(t, "checker", nil, r)
	r.Close()
	l.sender = spawn(t, "sender", l.at)
	l.receive()
	return l
}

// receive starts a receiver.
func (l *delivery) receive() { l.receiver = spawn(l.t, "receiver", l.at, l.pipe) }

// seen is what the present receiver has written down.
func (l *delivery) seen() (w written) {
	l.t.Helper()
	l.receiver.ask("tell", nil, &w)
	return w
}

// flows waits until messages come.
func (l *delivery) flows() {
	l.t.Helper()
	before := l.seen().Lines
	until(l.t, patience, "messages come", func() bool { return l.seen().Lines > before })
}

// judge ends the sender with an order, and hears the checker. breaks is how many there were.
func (l *delivery) judge(order string, breaks int) (s sent, v verdict) {
	t := l.t
	t.Helper()
	l.sender.ask(order, nil, &s)
	if !l.receiver.reaped {
		until(t, time.Minute, "the receiver has all that can come", func() bool { return l.seen().Over })
		l.receiver.kill()
	}
	l.pipe.Close()
	l.checker.ask("judge", s, &v)
	t.Logf("%d messages in %d connections, %d breaks: %d ok, %d lost, %d duplicated, %d reordered, %d partial; %d gaps, the longest of %d; the sender's counters: %d handed over, %d torn or queued, %d dropped",
		s.Messages, len(s.Conns), breaks, v.OK, v.Lost, v.Duplicated, v.Reordered, v.Partial, v.Gaps, v.LongestGap, v.Handed, v.Torn, v.Dropped)
	for _, words := range v.Wrong {
		t.Errorf("not explained: %s", words)
	}
	if v.Duplicated+v.Reordered+v.Partial > 0 || v.Dropped > 0 && order != "abandon" || v.Gaps > breaks || s.Messages == 0 {
		t.Errorf("%d are duplicated, %d reordered, %d partial, %d dropped; %d gaps after %d breaks", v.Duplicated, v.Reordered, v.Partial, v.Dropped, v.Gaps, breaks)
	}
	return s, v
}

// often is a number of rounds.
func often(short, long int) int {
	if *full {
		return long
	}
	return short
}

// Nothing happens, and nothing is lost.
func TestR10LedgerWithoutAFault(t *testing.T) {
	l := newDelivery(t, false)
	n := uint64(300_000)
	if *full {
		n = *messages
	}
	began := time.Now()
	l.sender.ask("send", n, nil)
	s, v := l.judge("finish", 0)
	t.Logf("%.0f messages a second", float64(n)/time.Since(began).Seconds())
	if s.Messages != n || v.OK != n {
		t.Errorf("%d of %d", v.OK, n)
	}
}

// The receiver is killed at a moment that chance chooses, and another takes its place, again and again.
func TestR10LedgerKill(t *testing.T) {
	kill(t, newDelivery(t, false), often(10, *killings))
}

// The same with a sender that binds: what is queued for a receiver goes with it, and its terminal event says how much that was.
func TestR10LedgerKillAccepted(t *testing.T) {
	kill(t, newDelivery(t, true), often(10, *killings/5))
}

func kill(t *testing.T, l *delivery, kills int) {
	l.sender.ask("send", uint64(1)<<60, nil)
	for range kills {
		l.flows()
		time.Sleep(rand.N(20 * time.Millisecond)) // the moment
		l.receiver.kill()
		l.receive()
	}
	l.flows()
	if _, v := l.judge("stop", kills); v.Receivers != kills+1 {
		t.Errorf("the checker has heard of %d receivers, there were %d", v.Receivers, kills+1)
	}
}

// The receiver is killed for good, and the sender closes without waiting: what was queued is what Shutdown says was dropped.
func TestR10LedgerAbandoned(t *testing.T) {
	for range often(2, 50) {
		l := newDelivery(t, false)
		l.sender.ask("send", uint64(1)<<60, nil)
		l.flows()
		l.receiver.kill()
		until(t, patience, "the sender waits", func() (full bool) {
			l.sender.ask("full", nil, &full)
			return full
		})
		if s, _ := l.judge("abandon", 1); s.Dropped == 0 {
			t.Error("nothing was dropped")
		}
	}
}

// The receiver is stopped and goes on: it has been slow, and nothing else.
func TestR10LedgerStop(t *testing.T) {
	l := newDelivery(t, false)
	stops := often(5, 200)
	l.sender.ask("send", uint64(1)<<60, nil)
	for range stops {
		l.flows()
		l.receiver.signal(syscall.SIGSTOP)
		time.Sleep(rand.N(20 * time.Millisecond)) // for how long
		l.receiver.signal(syscall.SIGCONT)
	}
	l.flows()
	if s, _ := l.judge("stop", 0); len(s.Conns) != 1 {
		t.Errorf("%d connections", len(s.Conns))
	}
}

// The connection is destroyed by who administers the machine (ss -K), while both its ends live.
func TestR10LedgerDestroyed(t *testing.T) {
	l := newDelivery(t, false)
	breaks := often(5, 200)
	_, port, _ := strings.Cut(address(l.at.Endpoint), ":")
	l.sender.ask("send", uint64(1)<<60, nil)
	done := 0
	for range breaks {
		l.flows()
		out, err := exec.Command("ss", "-K", "-H", "-n", "-t", "dport", "=", ":"+port).CombinedOutput()
		if err != nil {
			t.Skipf("ss -K is not to be had here: %v %s", err, out)
		}
		done += strings.Count(string(out), port)
	}
	l.flows()
	s, _ := l.judge("stop", breaks)
	if len(s.Conns) == 1 {
		t.Skip("ss -K destroys nothing here: the kernel was built without it, or this is not root")
	}
}
