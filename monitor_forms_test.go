package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What the forms of the monitor promise: libzmq's frames over inproc (zmq_socket_monitor(3), zmq_socket_monitor_versioned(3)),
// and the callback (ZMQ_MONITOR).

// A monitored is a socket with a PAIR monitor and its reader.
type monitored struct {
	x      *zmq.Context
	pull   *zmq.Pull
	reader *zmq.Pair
}

func newMonitored(t *testing.T, m zmq.Mask) *monitored {
	t.Helper()
	x := newContext(t)
	p := &monitored{x, zmq.NewPull(zmq.Config{Context: x}), zmq.NewPair(zmq.Config{Context: x})}
	must(t, p.pull.Monitor("inproc://monitor", m))
	must(t, p.reader.Connect("inproc://monitor"))
	return p
}

// next is the next event of the reader.
func (p *monitored) next(t *testing.T) zmq.Event {
	t.Helper()
	ctx, cancel := patient()
	defer cancel()
	m, err := p.reader.Recv(ctx)
	must(t, err)
	e, err := monitor.Parse(m.AppendFrames(nil))
	must(t, err)
	return e
}

// The errors of Monitor come in libzmq's order: each call here is wrong in more ways than one, and the first counts.
func TestMonitorErrors(t *testing.T) {
	const tooMuch = monitor.Classic | monitor.PipesStats
	for _, c := range []struct {
		name     string
		endpoint string
		mask     zmq.Mask
		version  int
		typ      zmq.Type
		is       error
		errno    syscall.Errno
		says     string
	}{
		{"the mask before all else", "", tooMuch, 1, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL, "16 bits"},
		{"the mask before the endpoint", "nonsense", tooMuch, 1, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL, "16 bits"},
		{"no transport", "nonsense", monitor.Classic, 3, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL, "no transport"},
		{"no name", "inproc://", monitor.Classic, 3, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL, "nothing after"},
		{"the version before the transport", "tcp://127.0.0.1:*", monitor.Classic, 3, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL, "version 3"},
		{"the transport before the type", "tcp://127.0.0.1:*", monitor.Classic, 1, zmq.REQ, zmq.ErrNotSupported, syscall.EPROTONOSUPPORT, "inproc"},
		{"an unknown transport", "pigeon://loft", monitor.Classic, 1, zmq.REQ, zmq.ErrNotSupported, syscall.EPROTONOSUPPORT, "pigeon"},
		{"the type before the name", "inproc://taken", monitor.Classic, 1, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL, "PAIR, PUB or PUSH"},
		{"a name that is taken", "inproc://taken", monitor.Classic, 1, zmq.PAIR, nil, syscall.EADDRINUSE, "has bound it"},
		{"more kinds than version 1 has, in version 2", "inproc://taken", monitor.All, 2, zmq.PUSH, nil, syscall.EADDRINUSE, "has bound it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newMonitored(t, monitor.Classic)
			_, err := zmq.NewPull(zmq.Config{Context: p.x}).Bind("inproc://taken")
			must(t, err)
			err = p.pull.MonitorVersioned(c.endpoint, c.mask, c.version, c.typ)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || zmq.Errno(err) != c.errno || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v (errno %d), want %v and %q in it", err, zmq.Errno(err), c.errno, c.says)
			}
			if op := (*zmq.OpError)(nil); !errors.As(err, &op) || op.Op != "monitor" || op.Endpoint != c.endpoint {
				t.Errorf("%#v is no OpError of the call", err)
			}
			bindTCP(t, p.pull) // the monitor that runs goes on as if nothing had been
			if e := p.next(t); e.Kind != monitor.Listening {
				t.Errorf("the next event is %v", e)
			}
		})
	}
}

// The end of the Context comes before every other error, also of a call that only stops.
func TestMonitorOfAnEndedContext(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	x.Terminate()
	for _, endpoint := range []string{"", "nonsense", "inproc://monitor"} {
		if err := pull.MonitorVersioned(endpoint, monitor.All, 1, zmq.REQ); !errors.Is(err, zmq.ErrTerminated) {
			t.Errorf("Monitor(%q): %v, want ErrTerminated", endpoint, err)
		}
	}
	if zmq.Errno(zmq.ErrTerminated) != 156384765 { // ETERM, zmq.h
		t.Errorf("ETERM is %d", zmq.Errno(zmq.ErrTerminated))
	}
}

// So does the end of the socket.
func TestMonitorOfAClosedSocket(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{Context: newContext(t)})
	must(t, pull.Close())
	for _, endpoint := range []string{"", "nonsense", "inproc://monitor"} {
		if err := pull.MonitorVersioned(endpoint, monitor.All, 1, zmq.REQ); !errors.Is(err, zmq.ErrClosed) || zmq.Errno(err) != syscall.ENOTSOCK {
			t.Errorf("Monitor(%q): %v, want ErrClosed", endpoint, err)
		}
	}
	if err := pull.MonitorPipesStats(); !errors.Is(err, zmq.ErrClosed) {
		t.Errorf("MonitorPipesStats: %v, want ErrClosed", err)
	}
}

// To monitor anew on the same name works at once, and the reader, who only knows the name, goes on with the new monitor.
func TestMonitorAnewOnTheSameName(t *testing.T) {
	p := newMonitored(t, monitor.Classic)
	for range 20 {
		must(t, p.pull.Monitor("inproc://monitor", monitor.Classic))
		if e := p.next(t); e.Kind != monitor.MonitorStopped {
			t.Fatalf("the former monitor's last event is %v", e)
		}
	}
	bindTCP(t, p.pull)
	if e := p.next(t); e.Kind != monitor.Listening {
		t.Errorf("the next event is %v", e)
	}
}

// "" stops, any number of times; the last event says so, and the name is free.
func TestMonitorStops(t *testing.T) {
	p := newMonitored(t, monitor.Classic)
	for range 3 {
		must(t, p.pull.Monitor("", 0))
	}
	if e := p.next(t); e.Kind != monitor.MonitorStopped || e.Value != 0 || e.Addr() != "" {
		t.Errorf("the last event is %v", e)
	}
	other := zmq.NewPull(zmq.Config{Context: p.x})
	must(t, other.Monitor("inproc://monitor", monitor.Classic))
	bindTCP(t, p.pull) // no longer monitored
	bindTCP(t, other)
	if e := p.next(t); e.Kind != monitor.Listening {
		t.Errorf("the next event is %v", e)
	}
	if m, err := p.reader.Recv(zmq.NoWait); err == nil {
		t.Errorf("one more event: %q", m.AppendFrames(nil))
	}
}

// A mask without MonitorStopped gets none.
func TestMonitorStopsWithoutAWord(t *testing.T) {
	p := newMonitored(t, monitor.Listening)
	bindTCP(t, p.pull)
	must(t, p.pull.Monitor("", 0))
	if e := p.next(t); e.Kind != monitor.Listening {
		t.Errorf("the first event is %v", e)
	}
	if m, err := p.reader.Recv(zmq.NoWait); err == nil {
		t.Errorf("one more event: %q", m.AppendFrames(nil))
	}
}

// Every frame, byte by byte, of sockets that go through most of what a socket can: written here from the manual pages and
// from what Watch says happened, which knows the descriptors.
func TestMonitorFrames(t *testing.T) {
	for _, version := range []int{1, 2} {
		for _, typ := range []zmq.Type{zmq.PAIR, zmq.PUSH, zmq.PUB} {
			t.Run(typ.String()+" version "+string(rune('0'+version)), func(t *testing.T) {
				x := newContext(t)
				rep, req := zmq.NewRep(zmq.Config{Context: x}), zmq.NewReq(zmq.Config{Context: x})
				framed := [2]*framed{newFramed(t, x, rep, version, typ), newFramed(t, x, req, version, typ)}
				live(t, rep, req)
				for _, f := range framed {
					f.compare(t)
				}
			})
		}
	}
}

// live lets two sockets find each other, meet strangers, and part.
func live(t *testing.T, rep *zmq.Rep, req *zmq.Req) {
	bound := bindTCP(t, rep)
	must(t, req.Connect("tcp://"+freePort(t))) // nobody
	must(t, req.Connect(bound))
	must(t, req.WaitReady(t.Context(), 1))
	must(t, rep.WaitReady(t.Context(), 1))
	for _, hello := range []string{"GET / HTTP/1.1\r\n\r\n", ""} {
		c, err := net.Dial("tcp", strings.TrimPrefix(bound, "tcp://"))
		must(t, err)
		c.Write([]byte(hello))
		c.(*net.TCPConn).CloseWrite()
		c.Read(make([]byte, 128)) // their greeting
		c.Read(make([]byte, 128)) // and the end
		c.Close()
	}
	if _, err := rep.Bind(bound); err == nil {
		t.Error("bound twice")
	}
	must(t, req.Disconnect(bound))
	must(t, rep.Close())
	must(t, req.Close())
}

// A framed is a socket with its events and its frames.
type framed struct {
	story   *zmqtest.Recorder
	reader  zmq.Receiver
	version int
}

func newFramed(t *testing.T, x *zmq.Context, s zmq.Socket, version int, typ zmq.Type) *framed {
	name := "inproc://" + s.Type().String()
	f := &framed{story: zmqtest.Record(t, s, monitor.Classic), version: version}
	must(t, s.MonitorVersioned(name, monitor.Classic, version, typ))
	switch typ {
	case zmq.PAIR:
		f.reader = zmq.NewPair(zmq.Config{Context: x})
	case zmq.PUSH:
		f.reader = zmq.NewPull(zmq.Config{Context: x})
	case zmq.PUB:
		f.reader = zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{""}})
	}
	must(t, f.reader.Connect(name))
	return f
}

func (f *framed) compare(t *testing.T) {
	seen := monitor.Kind(0)
	for i, e := range f.story.Events() {
		m, err := f.reader.Recv(zmq.NoWait)
		if err != nil {
			t.Fatalf("event %d, %v, did not come as frames: %v", i, e, err)
		}
		if got, want := m.AppendFrames(nil), manualPage(e, f.version); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%v\ncame as %q\nand is   %q", e, got, want)
		}
		seen |= e.Kind
	}
	if m, err := f.reader.Recv(zmq.NoWait); err == nil {
		t.Errorf("one more event: %q", m.AppendFrames(nil))
	}
	if !strings.Contains(seen.String(), "|") || seen&monitor.MonitorStopped == 0 {
		t.Errorf("only %v", seen)
	}
}

// manualPage is an event as the manual pages have it.
func manualPage(e zmq.Event, version int) [][]byte {
	value, local, remote := uint64(0), e.Local, e.Remote
	switch e.Kind {
	case monitor.Listening, monitor.Accepted, monitor.Connected, monitor.Closed, monitor.Disconnected:
		value = uint64(uint32(e.FD)) // "socket descriptor"
	case monitor.ConnectDelayed, monitor.BindFailed, monitor.HandshakeFailedNoDetail:
		value = uint64(e.Errno())
	case monitor.ConnectRetried:
		value = uint64(e.Interval.Milliseconds())
	case monitor.HandshakeFailedProtocol:
		value = 0x10000000 // ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED
	}
	if e.Side == monitor.SideConnect && remote == "" {
		remote = e.Endpoint
	}
	if version == 1 {
		addr := remote
		if e.Side == monitor.SideBind {
			addr = local
		}
		head := binary.NativeEndian.AppendUint16(nil, uint16(e.Kind))
		return [][]byte{binary.NativeEndian.AppendUint32(head, uint32(value)), []byte(addr)}
	}
	frame := func(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }
	return [][]byte{frame(uint64(e.Kind)), frame(1), frame(value), []byte(local), []byte(remote)}
}

// The classic mask shows what libzmq shows: no kind of ours.
func TestClassicShowsNoneOfOurs(t *testing.T) {
	x := newContext(t)
	push := zmq.NewPush(zmq.Config{Context: x})
	all, classic := zmqtest.Record(t, push, monitor.All), zmqtest.Record(t, push, monitor.Classic)
	must(t, push.Connect("tcp://"+freePort(t)))
	all.WaitFor(monitor.ConnectFailed, 1)
	must(t, push.Connect(bindTCP(t, zmq.NewPull(zmq.Config{Context: x}))))
	must(t, push.WaitReady(t.Context(), 1))
	must(t, push.Shutdown(zmq.NoWait))
	want := slices.DeleteFunc(all.Events(), func(e zmq.Event) bool { return e.Kind&^monitor.Classic != 0 })
	if got := classic.Events(); !slices.EqualFunc(got, want, func(a, b zmq.Event) bool { return a.Seq == b.Seq && a.Kind == b.Kind }) {
		t.Errorf("classic is\n%s\nof\n%s", classic.Story(), all.Story())
	}
	all.WaitFor(monitor.LocalClosed, 1)
}

// A calls is a callback that writes down what it is told.
type calls struct {
	mu     sync.Mutex // guards events
	events []zmq.Event
}

func (c *calls) call(e zmq.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
}

func (c *calls) told() []zmq.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

func (c *calls) kinds() (all []monitor.Kind) {
	for _, e := range c.told() {
		all = append(all, e.Kind)
	}
	return all
}

// bubbled runs f in virtual time with a PULL on a network in memory.
func bubbled(t *testing.T, cfg zmq.Config, f func(t *testing.T, s *zmq.Pull)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.Context = zmqtest.NewNetwork().Context(t)
		f(t, zmq.NewPull(cfg))
	})
}

// rebind makes three events: listening, closed, unbound.
func rebind(t *testing.T, s zmq.Socket) {
	t.Helper()
	_, err := s.Bind("tcp://hub:1")
	must(t, err)
	must(t, s.Unbind("tcp://hub:1"))
}

// Given in Config, the callback is there before the first event.
func TestCallbackFromTheFirstEvent(t *testing.T) {
	var c calls
	bubbled(t, zmq.Config{OnEvent: c.call}, func(t *testing.T, s *zmq.Pull) {
		rebind(t, s)
		synctest.Wait()
		if want := []monitor.Kind{monitor.Listening, monitor.Closed, monitor.Unbound}; !slices.Equal(c.kinds(), want) || c.told()[0].Seq != 1 {
			t.Errorf("told %v, want %v from number 1", c.kinds(), want)
		}
	})
}

// EventMask is what a Config's callback is told of, and what comes whatever the mask.
func TestCallbackMask(t *testing.T) {
	var c calls
	bubbled(t, zmq.Config{OnEvent: c.call, EventMask: monitor.Closed}, func(t *testing.T, s *zmq.Pull) {
		rebind(t, s)
		must(t, s.Close())
		synctest.Wait()
		if want := []monitor.Kind{monitor.Closed, monitor.MonitorStopped}; !slices.Equal(c.kinds(), want) {
			t.Errorf("told %v, want %v", c.kinds(), want)
		}
	})
}

// After OnEvent has returned no call of the former callback starts, and it waits for none that runs.
func TestCallbackRemoved(t *testing.T) {
	bubbled(t, zmq.Config{}, func(t *testing.T, s *zmq.Pull) {
		var former, next calls
		stuck := make(chan struct{})
		s.OnEvent(monitor.All, func(e zmq.Event) {
			former.call(e)
			<-stuck
		})
		rebind(t, s)
		synctest.Wait()
		s.OnEvent(monitor.All, next.call)
		close(stuck)
		rebind(t, s)
		synctest.Wait()
		if got := former.kinds(); !slices.Equal(got, []monitor.Kind{monitor.Listening}) {
			t.Errorf("the former callback was told %v, want only what it was busy with", got)
		}
		if got := next.kinds(); len(got) != 3 {
			t.Errorf("the next callback was told %v, want what came after it was set", got)
		}
		s.OnEvent(0, nil)
		s.OnEvent(0, nil)
		rebind(t, s)
		synctest.Wait()
		if got := next.kinds(); len(got) != 3 {
			t.Errorf("removed, it was told %v", got)
		}
	})
}

// A slow callback harms nobody: the socket and other readers go on, and it is told all, in order.
func TestCallbackSlow(t *testing.T) {
	bubbled(t, zmq.Config{}, func(t *testing.T, s *zmq.Pull) {
		var c calls
		s.OnEvent(monitor.All, func(e zmq.Event) {
			time.Sleep(time.Hour)
			c.call(e)
		})
		story := zmqtest.Record(t, s, monitor.All)
		began := time.Now()
		for range 10 {
			rebind(t, s)
		}
		if d := time.Since(began); d != 0 || len(story.Events()) != 30 {
			t.Errorf("%d events after %v", len(story.Events()), d)
		}
		time.Sleep(31 * time.Hour)
		if got := c.told(); len(got) != 30 || !slices.IsSortedFunc(got, func(a, b zmq.Event) int { return int(a.Seq) - int(b.Seq) }) {
			t.Errorf("told of %d, want 30 in order", len(got))
		}
		s.OnEvent(0, nil) // else it would be busy for an hour with the last event
	})
}

// A callback that panics is removed, and the other readers are told; the socket and a later callback do not notice.
func TestCallbackPanics(t *testing.T) {
	bubbled(t, zmq.Config{}, func(t *testing.T, s *zmq.Pull) {
		story := zmqtest.Record(t, s, monitor.All)
		n := 0
		s.OnEvent(monitor.All, func(zmq.Event) {
			n++
			panic("boom")
		})
		_, err := s.Bind("tcp://hub:1")
		must(t, err)
		synctest.Wait()
		must(t, s.Unbind("tcp://hub:1"))
		synctest.Wait()
		if n != 1 {
			t.Errorf("called %d times", n)
		}
		story.Want(
			"+0s listening tcp://hub:1",
			"+0s gave_up reason=callback_panic",
			"+0s closed tcp://hub:1 reason=unbind",
			"+0s unbound tcp://hub:1 reason=unbind",
		)
		if e := story.WaitFor(monitor.GaveUp, 1); e.Err == nil || !strings.Contains(e.Err.Error(), "boom") {
			t.Errorf("the event does not say what the panic said: %v", e.Err)
		}
		var c calls
		s.OnEvent(monitor.All, c.call)
		rebind(t, s)
		synctest.Wait()
		if got := c.kinds(); len(got) != 3 {
			t.Errorf("a later callback was told %v", got)
		}
	})
}

// All forms are readers of one story.
func TestFormsAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		pull, push, reader := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x}), zmq.NewPair(zmq.Config{Context: x})
		var c calls
		pull.OnEvent(monitor.Classic, c.call)
		must(t, pull.Monitor("inproc://monitor", monitor.Classic))
		must(t, reader.Connect("inproc://monitor"))
		channel := pull.Watch(monitor.Classic).C()
		story := zmqtest.Record(t, pull, monitor.Classic)
		_, err := pull.Bind("tcp://hub:1")
		must(t, err)
		must(t, push.Connect("tcp://hub:1"))
		synctest.Wait()
		n.Reset("tcp://hub:1")
		time.Sleep(time.Second)
		must(t, pull.Close())
		synctest.Wait()
		var want, framed, received []monitor.Kind
		for _, e := range story.Events() {
			want = append(want, e.Kind)
		}
		for m, err := reader.Recv(zmq.NoWait); err == nil; m, err = reader.Recv(zmq.NoWait) {
			e, err := monitor.Parse(m.AppendFrames(nil))
			must(t, err)
			framed = append(framed, e.Kind)
		}
		for e := range channel {
			received = append(received, e.Kind)
		}
		for form, got := range map[string][]monitor.Kind{"callback": c.kinds(), "frames": framed, "channel": received} {
			if !slices.Equal(got, want) {
				t.Errorf("the %s told %v, Watch %v", form, got, want)
			}
		}
	})
}

// A Watch of a socket that has ended is a story that is over.
func TestWatchAfterTheEnd(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{Context: newContext(t)})
	must(t, pull.Close())
	promptly(t, "a Watch of a closed socket", func() {
		for e := range pull.Watch(monitor.All).Events(context.Background()) {
			t.Errorf("event %v", e)
		}
	})
}
