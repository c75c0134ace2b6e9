package main

import (
	"context"
	"errors"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A Batch is what the publisher said with one number: once, in the order of the numbers.
type Batch struct {
	Life    int    // of the publisher, from 0: when it changes, numbers and caches have begun anew
	Seq     uint64 // from 0 in each life
	Missing uint64 // so many before it are lost for good; whoever builds on all of them begins anew
	Payload []byte // msgpack, untouched; nobody changes it
}

// A Consumer follows one publisher of KV-cache events:
//
//  1. messages come over a SUB, as [topic, number, payload] (Run);
//  2. what says that some were missed is that the publisher came back, which the socket's monitor tells at once and a quiet
//     publisher's next message perhaps in minutes (reach), or a number that is too high (take);
//  3. then the publisher is asked for what it has behind the last one that we have, while new messages wait in the SUB's
//     queue (replay.go);
//  4. each number is delivered when all before it have been, or are known to be lost (deliver).
//
// Its exported fields are set before Run, and not changed after.
type Consumer struct {
	Stream   string                           // endpoint of the publisher's PUB
	Replay   string                           // endpoint of its ROUTER; "": what was missed is lost
	Topic    string                           // what topics begin with
	Deliver  func(Batch)                      // is called by Run; while it takes its time, messages wait
	Log      func(format string, args ...any) // for the operator; nil: nobody
	Patience time.Duration                    // how long an answer may make no progress; 0: 5 s
	Context  *zmq.Context                     // nil: the default

	sub  *zmq.Sub
	conn monitor.ConnID // the newest one of sub; what was missed before it has been asked for
	over monitor.ConnID // what comes over this one, or an older one, may be a former life's
	life int
	next uint64 // the number to be delivered next …
	last []byte // … and the payload of the one before it
	live uint64 // what sub's next message has at least for a number: a publisher never goes back
}

// Run follows the publisher, whether it is there already or not, until ctx is done. It returns the context's error, or
// that of an endpoint that is none. It runs once.
func (c *Consumer) Run(ctx context.Context) error {
	c.sub = zmq.NewSub(zmq.Config{Context: c.Context, Name: "kv-events", Subscribe: []string{c.Topic},
		RecvHWM: 100_000, HeartbeatInterval: 2 * time.Second}) // vLLM's own mark; a host that vanishes says no goodbye
	defer c.sub.Shutdown(zmq.NoWait)
	events := c.sub.Watch(monitor.HandshakeSucceeded | monitor.Disconnected | monitor.Failures)
	defer events.Close()
	if err := c.sub.Connect(c.Stream); err != nil {
		return err
	}
	var up monitor.ConnID
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-events.Ready():
			e, ok := events.Poll()
			switch {
			case ok && e.Kind == monitor.HandshakeSucceeded:
				if up = e.Conn; up <= c.over {
					c.sub.CloseConn(up)
				}
			case ok && e.Why() != "":
				c.log("%s. Hint: %s", e.Why(), e.Hint())
			}
		case <-c.sub.Readable():
			m, err := c.sub.Recv(zmq.NoWait)
			if errors.Is(err, zmq.ErrWouldBlock) {
				continue // what came was none that we subscribed to
			}
			if err != nil {
				return err
			}
			c.take(ctx, m)
		}
		if c.sub.CanRecv() != nil { // messages from before go first
			c.reach(ctx, up, event{})
		}
	}
}

// An event is a number and what was said with it; the zero event has no payload.
type event struct {
	seq     uint64
	payload []byte
}

// reach asks once for each connection but the first what was missed before it. e is the message that came over it, if one
// was faster than the monitor's event.
func (c *Consumer) reach(ctx context.Context, conn monitor.ConnID, e event) {
	if conn <= max(c.conn, c.over) { // ids grow, from socket to socket
		return
	}
	first := c.conn == 0
	c.conn = conn
	if !first {
		c.log("the publisher is back, and number %d is due", c.next)
		c.catchUp(ctx, true, e)
	}
}

// take is for what came over the SUB.
func (c *Consumer) take(ctx context.Context, m zmq.Message) {
	e, ok := parse(m)
	if !ok {
		c.log("%s sent %d frames that are no topic, number and payload: is it a publisher of KV events?", c.Stream, m.Len())
		return
	}
	c.reach(ctx, m.Conn(), e)
	if m.Conn() <= c.over {
		return
	}
	if e.seq < c.live {
		c.begin()
	}
	if c.live = e.seq + 1; e.seq > c.next {
		c.log("number %d came, and %d was due", e.seq, c.next)
		c.catchUp(ctx, false, e)
	}
	if e.seq >= c.next && m.Conn() > c.over { // else the answer had it, or was another publisher's
		c.deliver(e)
	}
}

// begin: the numbers mean something else from now on.
func (c *Consumer) begin() {
	c.log("the publisher has begun anew")
	c.life, c.next, c.last, c.live = c.life+1, 0, nil, 0
}

func (c *Consumer) deliver(e event) {
	missing := e.seq - c.next
	if missing > 0 {
		c.log("%d before number %d are lost", missing, e.seq)
	}
	c.next, c.last = e.seq+1, e.payload
	c.Deliver(Batch{c.life, e.seq, missing, e.payload})
}

func (c *Consumer) log(format string, args ...any) {
	if c.Log != nil {
		c.Log(format, args...)
	}
}
