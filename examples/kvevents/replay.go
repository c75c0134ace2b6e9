package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// catchUp asks for everything behind the last event that we have, until the publisher has said it all or an answer brings
// us no further; back if it is because a publisher is back, and e is the message that showed it, if one did.
//
// Who answers need not be who sends: one that dies and comes back between the two is another. It is the same
//
//   - if its event where we have our last one is that one: then nobody else can have been in between;
//   - if it has e.
//
// Else what lies in the SUB's queue may be a former life's, with numbers of the new one. So we hang up on connections that are
// older than the one that the answer came over (ids grow, from socket to socket): what comes over the next one is not.
func (c *Consumer) catchUp(ctx context.Context, back bool, e event) {
	a := answer{c: c, back: back, message: e, patience: time.NewTimer(c.patience())}
	defer a.patience.Stop()
	for again := c.Replay != ""; again; {
		life, next := c.life, c.next
		err := a.replay(ctx)
		switch {
		case errors.Is(err, errTorn):
			again = c.life > life || c.next > next
		case errors.Is(err, errBroken) && a.rest(ctx): // again
		case err != nil:
			c.log("asking %s: %v", c.Replay, err)
			again = false
		default:
			again = false
		}
	}
	if a.doubt {
		c.log("connecting anew: what is still on its way may be older than the answer")
		c.over, c.live = a.conn, 0
		for _, p := range c.sub.State().Peers { // one that is still being made is closed when it is there (Run)
			c.sub.CloseConn(p.Conn)
		}
	}
}

// An answer is ["", number, payload] for each event that the publisher still has, from the number on that it was asked for,
// and ["", -1, ""] at the end.
type answer struct {
	c        *Consumer
	back     bool
	message  event
	patience *time.Timer // begins anew with each message
	doubt    bool        // somebody else may have answered

	conn  monitor.ConnID
	from  uint64 // what was asked for
	known bool   // that is the last one that we have
	came  int    // messages
	same  bool   // it is the publisher's whose messages we get
}

// end is the number that ends an answer, -1.
const end = 1<<64 - 1

// mark is what a ROUTER queues for one peer if nobody tells it otherwise, and vLLM does not: what is more at once may be
// dropped, at the end of an answer too. A longer one is asked for again, until there is no more.
const mark = 1000

// pause is between two questions to a server that hangs up: libzmq's between two attempts to connect.
const pause = 100 * time.Millisecond

// What an answer may be instead of whole.
var (
	errSilent = errors.New("connected, but no answer: is this the publisher's replay endpoint?")
	errBroken = errors.New("it hung up")
	errTorn   = errors.New("something was dropped on the way, or may have been, or another publisher answers")
)

// replay asks one question, ["", number], and takes the answer. One question has many answers, so the socket is a DEALER: a
// REQ hears one. It is this question's own, so that no late answer to another comes in between; when its monitor says that
// the connection broke, the question goes to whoever is there then.
func (a *answer) replay(ctx context.Context) error {
	ask := zmq.NewDealer(zmq.Config{Context: a.c.Context, Name: "kv-replay"})
	defer ask.Shutdown(zmq.NoWait)
	down := ask.Watch(monitor.Disconnected)
	defer down.Close()
	if err := ask.Connect(a.c.Replay); err != nil {
		return err
	}
	if err := ask.Send(zmq.NoWait, nil, a.question()); err != nil { // waits for the connection in the queue
		return err
	}
	broken := down.Ready()
	for broken != nil || ask.CanRecv() == nil { // what came before it broke counts
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-a.patience.C:
			return a.silence(ask)
		case <-broken:
			broken = nil
		case <-ask.Readable():
			m, err := ask.Recv(zmq.NoWait)
			if err != nil {
				return err
			}
			if over, err := a.take(m); over {
				return err
			}
			a.patience.Reset(a.c.patience())
		}
	}
	return errBroken
}

// silence says what it means that nothing more comes.
func (a *answer) silence(ask *zmq.Dealer) error {
	if a.came > 0 { // the end is one more message that can be dropped
		a.patience.Reset(a.c.patience())
		return errTorn
	}
	if err := ask.WaitReady(zmq.NoWait, 1); err != nil {
		return err // says what the dialling is stuck on
	}
	return errSilent
}

// rest waits before the next question, and reports whether there is patience left for it.
func (a *answer) rest(ctx context.Context) bool {
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
	select {
	case <-a.patience.C: // during the pause, or with its end
		return false
	default:
		return ctx.Err() == nil
	}
}

// question asks for the last one that we have as well: it shows who answers.
func (a *answer) question() []byte {
	a.known, a.came, a.same = a.c.next > 0, 0, false
	a.from = max(a.c.next, 1) - 1
	return binary.BigEndian.AppendUint64(nil, a.from)
}

// take is for one message; over says that no further one matters, and why if the answer is not whole.
func (a *answer) take(m zmq.Message) (over bool, err error) {
	c := a.c
	a.conn = m.Conn()
	e, ok := parse(m)
	ours := a.known && a.came == 0 && e.seq == a.from // the last one that we have, as the publisher has it
	switch {
	case !ok || len(m.Frame(0)) > 0:
		return true, fmt.Errorf("%d frames that are no answer: is this the publisher's replay endpoint?", m.Len())
	case e.seq == end && a.known && a.came == 0 && a.back, ours && !bytes.Equal(e.payload, c.last): // who knew us would have it
		c.begin()
		a.doubt = true
		return true, errTorn
	case e.seq == end && a.came < mark:
		return true, nil
	case e.seq == end, e.seq > c.next && a.came > 0: // what the publisher no longer has is missing at the beginning
		return true, errTorn
	}
	a.came++
	proof := e.seq == a.message.seq && a.message.payload != nil && bytes.Equal(e.payload, a.message.payload)
	a.same = a.same || ours || proof
	a.doubt = a.doubt && !proof // ours is none: our last event may itself be from an answer in doubt
	if e.seq >= c.next {
		a.doubt = a.doubt || !a.same
		c.deliver(e)
	}
	return false, nil
}

// parse reads [topic, number, payload]; payloads are not nil.
func parse(m zmq.Message) (e event, ok bool) {
	if m.Len() != 3 || len(m.Frame(1)) != 8 {
		return e, false
	}
	return event{binary.BigEndian.Uint64(m.Frame(1)), m.Body()}, true
}

func (c *Consumer) patience() time.Duration {
	if c.Patience == 0 {
		return 5 * time.Second
	}
	return c.Patience
}
