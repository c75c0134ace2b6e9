package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// REQ and REP, and PAIR (RFC 28, 31).

func TestReqRep(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		req := zmq.NewReq(zmq.Config{Context: x})
		connect(t, req, bindTo(t, rep, endpoint))
		if _, err := req.Recv(within(t)); !errors.Is(err, zmq.ErrState) {
			t.Errorf("REQ Recv before Send: %v", err)
		}
		if err := rep.Send(within(t), []byte("x")); !errors.Is(err, zmq.ErrState) {
			t.Errorf("REP Send before Recv: %v", err)
		}
		for i := range 100 {
			send(t, req, fmt.Sprint(i), "", "x")
			if err := req.Send(within(t), []byte("x")); !errors.Is(err, zmq.ErrState) {
				t.Errorf("REQ Send twice: %v", err)
			}
			recv(t, rep, fmt.Sprint(i), "", "x")
			if _, err := rep.Recv(within(t)); !errors.Is(err, zmq.ErrState) {
				t.Errorf("REP Recv twice: %v", err)
			}
			send(t, rep, "", fmt.Sprint(i))
			recv(t, req, "", fmt.Sprint(i))
		}
		if zmq.Errno(rep.Send(within(t), []byte("x"))) != 156384712+51 {
			t.Error("ErrState is not EFSM")
		}
	})
}

func TestDoGivesUpAndStartsClean(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, correlate := range []bool{false, true} {
			rep := zmq.NewRep(zmq.Config{Context: x})
			req := zmq.NewReq(zmq.Config{Context: x, ReqCorrelate: correlate})
			connect(t, req, bindTo(t, rep, endpoint))
			release := make(chan struct{})
			go func() {
				for {
					m, err := rep.Recv(context.Background())
					if err != nil {
						return
					}
					if string(m.Body()) == "slow" {
						<-release
					}
					rep.Send(context.Background(), append([]byte("re: "), m.Body()...))
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := req.Do(ctx, []byte("slow"))
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, zmq.ErrWouldBlock) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Do with a deadline: %v", err)
			}
			close(release) // the late answer is on its way
			for i := range 20 {
				m, err := req.Do(within(t), fmt.Append(nil, i))
				if err != nil || string(m.Body()) != fmt.Sprint("re: ", i) {
					t.Fatalf("correlate %v: question %d was answered %q, %v", correlate, i, m.Body(), err)
				}
			}
			req.Close()
			rep.Close()
		}
	})
}

func TestDoIsSharedByGoroutines(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		req := zmq.NewReq(zmq.Config{Context: x})
		connect(t, req, bindTo(t, rep, endpoint))
		go func() {
			for {
				m, err := rep.Recv(context.Background())
				if err != nil {
					return
				}
				rep.SendMessage(context.Background(), m)
			}
		}()
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 200 {
					want := fmt.Sprint(g, " ", i)
					if m, err := req.Do(within(t), []byte(want)); err != nil || string(m.Body()) != want {
						t.Errorf("asked %s, answered %s, %v", want, m.Body(), err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

func TestReplyToAPeerThatIsGone(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		w := rep.Watch(monitor.Disconnected | monitor.Inproc)
		bound := bindTo(t, rep, endpoint)
		gone := zmq.NewReq(zmq.Config{Context: x})
		connect(t, gone, bound)
		send(t, gone, "anybody there?")
		recv(t, rep, "anybody there?")
		gone.Shutdown(zmq.NoWait)
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		send(t, rep, "yes")
		if n := rep.State().Dropped; n != 1 {
			t.Errorf("%d replies counted as dropped, want 1", n)
		}
		next := zmq.NewReq(zmq.Config{Context: x})
		connect(t, next, bound)
		send(t, next, "and now?")
		recv(t, rep, "and now?")
		send(t, rep, "still")
		recv(t, next, "still")
	})
}

// TestAnswerBehindOneThatHasArrived answers a second question while the engine has not come to know that the first answer is
// written, which the asker has long since: it does not count against the mark, and the second is not dropped.
func TestAnswerBehindOneThatHasArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x, network := n.Context(t), n.Network()
		stuck := make(chan struct{})
		var answering atomic.Bool
		dial := network.Dial
		network.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			conn, err := dial(ctx, kind, address)
			return &lateWriter{conn, &answering, stuck}, err
		}
		req, rep := zmq.NewReq(zmq.Config{Context: x}), zmq.NewRep(zmq.Config{Context: x, Network: network, SendHWM: 1})
		connect(t, rep, bindTo(t, req, "tcp://hub:1"))
		for _, q := range []string{"first", "second"} {
			send(t, req, q)
			recv(t, rep, q)
			answering.Store(true)
			send(t, rep, "re: "+q)
			if q == "second" {
				close(stuck)
			}
			recv(t, req, "re: "+q)
		}
		if d := rep.State().Dropped; d != 0 {
			t.Errorf("%d answers were dropped", d)
		}
	})
}

// A lateWriter's writes return late, once that is asked for: what they wrote has arrived.
type lateWriter struct {
	net.Conn
	late  *atomic.Bool
	until chan struct{}
}

func (w *lateWriter) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	if w.late.Load() {
		<-w.until
	}
	return n, err
}

func TestPairHasOnePeer(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		a := zmq.NewPair(zmq.Config{Context: x})
		bound := bindTo(t, a, endpoint)
		b := zmq.NewPair(zmq.Config{Context: x})
		connect(t, b, bound)
		ready(t, a, 1)
		c := zmq.NewPair(zmq.Config{Context: x})
		connect(t, c, bound)
		send(t, c, "intruder")
		for i := range 100 {
			send(t, b, fmt.Sprint(i))
			recv(t, a, fmt.Sprint(i))
			send(t, a, fmt.Sprint(i))
			recv(t, b, fmt.Sprint(i))
		}
		if err := a.Connect("tcp://127.0.0.1:1"); !errors.Is(err, zmq.ErrInvalid) {
			t.Errorf("a PAIR with a peer dialled another: %v", err)
		}
		b.Close() // and now it is the other's turn
		recv(t, a, "intruder")
	})
}
