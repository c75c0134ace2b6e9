package zmq_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What options do that no other test is about. config_test.go has which of them apply to what, options_linux_test.go
// those that ask something of the operating system.

func networks(s ...string) (all []netip.Prefix) {
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// Who comes from outside the filter's networks is turned away before a byte, and the event says who and why; a filter that
// lets it in does so on the next Bind.
func TestAcceptFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := zmqtest.NewNetwork()
		x := net.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x, AcceptFilter: networks("10.0.0.0/8", "::1/128")})
		push := zmq.NewPush(zmq.Config{Context: x})
		ours, theirs := zmqtest.Record(t, pull, monitor.Lifecycle), zmqtest.Record(t, push, monitor.Lifecycle)
		bindTo(t, pull, "tcp://hub:1")
		connect(t, push, "tcp://hub:1")
		synctest.Wait()
		ours.Want(
			"+0s listening tcp://hub:1",
			"+0s accept_failed tcp://hub:1 reason=filtered n=1")
		if e := theirs.WaitFor(monitor.HandshakeFailedNoDetail, 1); e.Phase != monitor.InGreeting { // whose greeting was never read
			t.Errorf("%+v", e)
		}
		e := ours.WaitFor(monitor.AcceptFailed, 1)
		if !strings.HasPrefix(e.Remote, "tcp://127.0.0.1:") || e.Who != monitor.ByLocal || e.Errno() != int(syscall.EACCES) ||
			e.Why() != e.Remote+" was turned away: AcceptFilter does not let its address in" {
			t.Errorf("%+v, because %s", e, e.Why())
		}
		if last := pull.State().Endpoints[0].LastErr; last == nil || len(pull.State().Peers) != 0 {
			t.Errorf("the endpoint's last error is %v, and there are peers: %v", last, pull.State().Peers)
		}

		must(t, pull.Unbind("tcp://hub:1"))
		must(t, pull.Update(func(c *zmq.Config) { c.AcceptFilter = append(c.AcceptFilter, networks("127.0.0.0/8")...) }))
		bindTo(t, pull, "tcp://hub:1")
		send(t, push, "let in")
		recv(t, pull, "let in")
	})
}

// A crowd outside the filter costs at most ten events a second, whose counts sum; failures of another kind are told apart.
func TestAcceptFilterStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd = 500
		network := zmqtest.NewNetwork()
		pull := zmq.NewPull(zmq.Config{Context: network.Context(t), AcceptFilter: networks("10.0.0.0/8")})
		story := zmqtest.Record(t, pull, monitor.Lifecycle)
		bindTo(t, pull, "tcp://hub:1")
		for range crowd {
			c, err := network.Network().Dial(t.Context(), "tcp", "hub:1")
			must(t, err)
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Fatalf("a byte for a stranger: %d, %v", n, err)
			}
			c.Close()
			time.Sleep(time.Millisecond) // in the bubble
		}
		time.Sleep(time.Second)
		sum, events := uint64(0), 0
		for _, e := range story.Events() {
			if e.Kind == monitor.AcceptFailed {
				sum += e.Count
				events++
				if e.Reason != monitor.ReasonFiltered {
					t.Errorf("%+v", e)
				}
			}
		}
		if sum != crowd || events > crowd/100+1 || events < 3 {
			t.Errorf("%d events for %d strangers in %d ms", events, sum, crowd)
		}
	})
}

// The filter is about tcp addresses: over ipc everybody is on this machine. An address that cannot be read is let in by no
// filter.
func TestAcceptFilterElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x, AcceptFilter: networks("10.0.0.0/8")})
		push := zmq.NewPush(zmq.Config{Context: x})
		bindTo(t, pull, "ipc:///run/x")
		connect(t, push, "ipc:///run/x")
		send(t, push, "local")
		recv(t, pull, "local")
	})
	near, far := net.Pipe() // whose address is "pipe"
	defer far.Close()
	conns := make(chan net.Conn, 1)
	conns <- near
	pull := zmq.NewPull(zmq.Config{Context: newContext(t), AcceptFilter: networks("0.0.0.0/0", "::/0"), Network: zmq.Network{
		Listen: func(context.Context, string, string) (net.Listener, error) { return &handed{conns: conns}, nil }}})
	story := zmqtest.Record(t, pull, monitor.Lifecycle)
	bindTo(t, pull, "tcp://anywhere:1")
	if e := story.WaitFor(monitor.AcceptFailed, 1); e.Reason != monitor.ReasonFiltered {
		t.Errorf("%+v", e)
	}
}

// A handed listener accepts what is put into its channel, until it is closed.
type handed struct{ conns chan net.Conn }

func (l *handed) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l *handed) Close() error   { close(l.conns); return nil }
func (l *handed) Addr() net.Addr { return nil }

// StopDisconnected is about peers that go: not about attempts that fail before there was one, nor about connections that
// we end ourselves.
func TestStopDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := zmqtest.NewNetwork()
		x := network.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x})
		push := zmq.NewPush(zmq.Config{Context: x, ReconnectStop: zmq.StopDisconnected})
		story := zmqtest.Record(t, push, monitor.Lifecycle)
		connect(t, push, "tcp://hub:1")
		synctest.Wait()
		bindTo(t, pull, "tcp://hub:1")
		ready(t, push, 1)
		must(t, push.CloseConn(push.State().Peers[0].Conn))
		synctest.Wait()
		ready(t, push, 1)
		network.Reset("tcp://hub:1")
		time.Sleep(time.Hour)
		story.Want(
			"+0s connect_failed tcp://hub:1 attempt=1 reason=refused",
			"+0s closed tcp://hub:1 attempt=1",
			"+0s connect_retried tcp://hub:1 interval=100ms",
			"+100ms connected tcp://hub:1 #1 attempt=2",
			"+100ms handshake_succeeded tcp://hub:1 #1 peer=PULL",
			"+100ms local_closed tcp://hub:1 #1 phase=traffic reason=conn_closed",
			"+100ms connect_retried tcp://hub:1 interval=100ms",
			"+200ms connected tcp://hub:1 #2 attempt=1",
			"+200ms handshake_succeeded tcp://hub:1 #2 peer=PULL",
			"+200ms disconnected tcp://hub:1 #2 who=network phase=traffic reason=reset",
			"+200ms gave_up tcp://hub:1 attempt=1 reason=no_more_retries")
		e := push.State().Endpoints[0]
		if e.Conn != 0 || !e.NextTry.IsZero() || !errors.Is(e.LastErr, syscall.ECONNRESET) {
			t.Errorf("%+v; want an endpoint that has given up after a reset", e)
		}
		if err := push.Send(zmq.NoWait, []byte("to nobody")); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("Send to an endpoint that gave up: %v", err)
		}
		must(t, push.Disconnect("tcp://hub:1"))
	})
}

// What a peer hears first is what the options say when it becomes ready, not when the endpoint was made.
func TestGreetingsAreLive(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		router := zmq.NewRouter(zmq.Config{Context: x})
		bound := bindTo(t, router, endpoint)
		must(t, router.Update(func(c *zmq.Config) { c.ProbeRouter, c.HelloMessage = true, []byte("hello") }))
		dealer := zmq.NewDealer(zmq.Config{Context: x})
		connect(t, dealer, bound)
		recv(t, dealer, "")
		recv(t, dealer, "hello")
	})
}
