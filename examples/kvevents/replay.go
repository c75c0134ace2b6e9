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
// Else what lies in the SUB's queue may be a former life's, with the numbers of the new one. So we hang up on the SUB's
// connection: what comes over the next one is no older than the answer.
func (c *Consumer) catchUp(ctx context.Context, back bool, e event) {
	a := answer{c: c, back: back, message: e}
	for again := c.Replay != ""; again; {
		life, next := c.life, c.next
		whole, err := a.replay(ctx)
		if err != nil {
			c.log("asking %s: %v", c.Replay, err)
		}
		again = !whole && (c.life > life || c.next > next)
	}
	if a.doubt {
		c.log("connecting anew: what is still on its way may be older than the answer")
		c.over, c.live = a.conn, 0
		for _, p := range c.sub.State().Peers {
			c.sub.CloseConn(p.Conn)
		}
	}
}

// An answer is what comes over one connection: ["", number, payload] for each event that the publisher still has from the
// number on that it was asked for, and ["", -1, ""] at the end.
type answer struct {
	c       *Consumer
	back    bool
	message event
	doubt   bool // somebody else may have answered

	conn  monitor.ConnID
	from  uint64 // what was asked for
	known bool   // that is the last one that we have
	some  bool   // it has begun
	same  bool   // it is the publisher's whose messages we get
}

// end is the number that ends an answer, -1.
const end = 1<<64 - 1

var errSilent = errors.New("connected, but no answer: is this the publisher's replay endpoint?")

// replay asks one question, ["", number]. The answer is not whole if something was dropped on its way, or if it turns out
// that another publisher gives it.
//
// One question has many answers, so the socket is a DEALER: a REQ hears one. It is this question's own, so that no late
// answer to another comes in between. And it asks when its monitor says that it is connected, each time: a connection that
// breaks costs a question to whoever is there then, and not the answer.
func (a *answer) replay(ctx context.Context) (whole bool, err error) {
	ask := zmq.NewDealer(zmq.Config{Context: a.c.Context, Name: "kv-replay", Immediate: true})
	defer ask.Shutdown(zmq.NoWait)
	up := ask.Watch(monitor.HandshakeSucceeded)
	defer up.Close()
	if err := ask.Connect(a.c.Replay); err != nil {
		return false, err
	}
	patience := time.NewTimer(a.c.patience())
	defer patience.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-patience.C:
			if err := ask.WaitReady(zmq.NoWait, 1); err != nil {
				return false, err // says what the dialling is stuck on
			}
			return false, errSilent
		case <-up.Ready():
			if e, ok := up.Poll(); ok {
				ask.Send(zmq.NoWait, nil, a.question(e.Conn)) // if it is gone again, it comes again
			}
		case <-ask.Readable():
			m, err := ask.Recv(zmq.NoWait)
			if err != nil {
				return false, err
			}
			if m.Conn() != a.conn {
				continue // its connection is gone, and the question was asked again
			}
			if over, whole, err := a.take(m); over {
				return whole, err
			}
			patience.Reset(a.c.patience())
		}
	}
}

// question asks for the last one that we have as well: it shows who answers.
func (a *answer) question(conn monitor.ConnID) []byte {
	a.conn, a.known, a.some, a.same = conn, a.c.next > 0, false, false
	a.from = max(a.c.next, 1) - 1
	return binary.BigEndian.AppendUint64(nil, a.from)
}

// take is for one message; over says that no further one matters.
func (a *answer) take(m zmq.Message) (over, whole bool, err error) {
	c := a.c
	e, ok := parse(m)
	ours := a.known && !a.some && e.seq == a.from // the last one that we have, as the publisher has it
	switch {
	case !ok || len(m.Frame(0)) > 0:
		return true, false, fmt.Errorf("%d frames that are no answer: is this the publisher's replay endpoint?", m.Len())
	case e.seq == end && a.known && !a.some && a.back, ours && !bytes.Equal(e.payload, c.last): // who knew us would have it
		c.begin()
		a.doubt = true
		return true, false, nil
	case e.seq == end:
		return true, true, nil
	case e.seq > c.next && a.some: // a ROUTER drops above its mark; what the publisher no longer has is missing at the beginning
		return true, false, nil
	}
	a.some = true
	a.same = a.same || ours || e.seq == a.message.seq && a.message.payload != nil && bytes.Equal(e.payload, a.message.payload)
	if a.same {
		a.doubt = false
	}
	if e.seq >= c.next {
		a.doubt = !a.same
		c.deliver(e)
	}
	return false, false, nil
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
