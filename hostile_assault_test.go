package zmq_test

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
)

// begin sets up our socket and lets the attacker in.
func (a *raid) begin() {
	t := a.t
	cfg, err := configOf(a.in)
	must(t, err)
	if a.in.ZAP != nil {
		a.answerZAP()
	}
	a.ours = a.field.socket(t, a.typ, cfg)
	a.watch = a.ours.Watch(monitor.Lifecycle | monitor.Flow)
	if strings.HasSuffix(a.way, "waiting") {
		a.inbox = waitingInbox(a.ours)
	} else {
		a.inbox = &inbox{socket: a.ours}
	}
	conn := a.meet()
	a.attacker = &assault.Attack{In: a.in, Type: a.typ, Conn: conn, Patience: patience, Settle: a.field.settle, Socket: a}
	switch {
	case strings.HasSuffix(a.way, "coalesced"):
		a.attacker.Way = assault.Coalesced
	case strings.HasSuffix(a.way, "bytewise"):
		a.attacker.Way = assault.Bytewise
	}
	a.attacker.Begin()
	t.Cleanup(a.attacker.Close)
}

// meet brings our socket and the attacker together, and before that, where our socket has room for more than one peer, a good
// one.
func (a *raid) meet() net.Conn {
	t := a.t
	if a.dialled {
		var err error
		a.raw, err = a.field.net.Listen(within(t), "tcp", address(a.field.endpoint))
		must(t, err)
		a.field.endpoint = "tcp://" + a.raw.Addr().String()
		connect(t, a.ours, a.field.endpoint)
		conn, err := a.raw.Accept()
		must(t, err)
		return conn
	}
	a.field.endpoint = bindTo(t, a.ours, a.field.endpoint)
	if a.typ != "PAIR" && a.typ != "REQ" && !strings.HasSuffix(a.way, "waiting") { // a waiting Recv reads by itself only where there is one peer
		a.old = a.companion(zmq.Config{})
		connect(t, a.old, a.field.endpoint)
		ready(t, a.ours, 1)
		a.greetOld()
	}
	conn, err := a.field.net.Dial(within(t), "tcp", address(a.field.endpoint))
	must(t, err)
	return conn
}

// strike takes the steps.
func (a *raid) strike() {
	a.t.Helper()
	must(a.t, a.attacker.Strike(a.t.Context()))
	if a.in.Ending.How == "kept" {
		must(a.t, a.attacker.Alive(a.t.Context()))
		a.attacker.FIN()
	}
}

// Send is a step's.
func (a *raid) Send(frames []string) error {
	return a.ours.(zmq.Sender).Send(within(a.t), byteFrames(frames)...)
}

// Queued waits until a message lies where Recv will find it: no event tells of that.
func (a *raid) Queued(context.Context) error {
	for late := within(a.t); late.Err() == nil; a.field.settle() {
		for _, p := range a.ours.State().Peers {
			if p.QueueIn > 0 {
				return nil
			}
		}
	}
	return errors.New("no message came")
}

// Meanwhile talks to the good peer that was there before.
func (a *raid) Meanwhile() error {
	if a.old == nil {
		return errors.New("there is no good peer")
	}
	a.talk([]zmq.Socket{a.old})
	return nil
}
