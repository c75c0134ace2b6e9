package zmq_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
)

// companions are the types of the good peers.
var companions = map[string]string{"PULL": "PUSH", "PUSH": "PULL", "PAIR": "PAIR", "REQ": "REP", "REP": "REQ", "DEALER": "DEALER",
	"ROUTER": "DEALER", "PUB": "SUB", "XPUB": "SUB", "SUB": "XPUB", "XSUB": "XPUB"}

// companion is a good peer.
func (a *raid) companion(with zmq.Config) zmq.Socket {
	cfg, err := security(opposite(a.in.Mechanism))
	must(a.t, err)
	cfg.Network = with.Network
	if a.typ == "PUB" || a.typ == "XPUB" {
		cfg.Subscribe = []string{""}
	}
	return a.field.socket(a.t, companions[a.typ], cfg)
}

// greetOld takes what an XPUB hears of its first subscriber.
func (a *raid) greetOld() {
	if a.typ == "XPUB" {
		recv(a.t, a.ours.(zmq.Receiver), "\x01")
	}
}

// serve lets a good peer come, and talks to it and to the one that was there before.
func (a *raid) serve() {
	t := a.t
	good := []zmq.Socket{a.old}
	if a.old == nil {
		good = nil
	}
	var cfg zmq.Config
	if a.dialled { // it takes over where the attacker listened
		cfg.Network.Listen = func(context.Context, string, string) (net.Listener, error) { return a.raw, nil }
	}
	next := a.companion(cfg)
	if a.dialled {
		bindTo(t, next, a.field.endpoint)
	} else {
		connect(t, next, a.field.endpoint)
	}
	good = append(good, next)
	ready(t, a.ours, len(good))
	if len(good) == 1 {
		a.greetOld()
	}
	a.talk(good)
	if what := a.inbox.peek(); what != "" {
		t.Errorf("there is more to receive: %s", what)
	}
	for _, s := range good {
		must(t, s.Shutdown(within(t)))
	}
}

// talk exchanges a message with each of the good peers, in each direction there is.
func (a *raid) talk(good []zmq.Socket) {
	t := a.t
	t.Helper()
	switch a.typ {
	case "PUSH", "REQ", "PAIR", "DEALER":
		for range good {
			send(t, a.ours.(zmq.Sender), "from us")
		}
		for _, s := range good {
			recv(t, s.(zmq.Receiver), "from us")
		}
	case "PUB", "XPUB":
		a.subscribed(len(good))
		send(t, a.ours.(zmq.Sender), "from us")
		for _, s := range good {
			recv(t, s.(zmq.Receiver), "from us")
		}
		return
	}
	if a.typ == "PUSH" {
		return
	}
	for _, s := range good {
		if a.typ == "SUB" || a.typ == "XSUB" {
			if !a.heard[s] {
				recv(t, s.(zmq.Receiver), "\x01")
			}
			a.heard[s] = true
		}
		send(t, s.(zmq.Sender), "to us")
		got, err := a.inbox.next(within(t))
		id := ""
		if a.typ == "ROUTER" && len(got) == 2 {
			id, got = got[0], got[1:]
		}
		if err != nil || !slices.Equal(got, []string{"to us"}) {
			t.Fatalf("from a good peer came %q, %v", got, err)
		}
		switch a.typ {
		case "REP":
			send(t, a.ours.(zmq.Sender), "answer")
			recv(t, s.(zmq.Receiver), "answer")
		case "ROUTER":
			send(t, a.ours.(zmq.Sender), id, "answer")
			recv(t, s.(zmq.Receiver), "answer")
		}
	}
}

// subscribed waits until so many peers have subscribed to everything: no event tells of that.
func (a *raid) subscribed(n int) {
	a.t.Helper()
	for late := within(a.t); late.Err() == nil; {
		a.field.settle()
		have := 0
		for _, p := range a.ours.State().Peers {
			if p.Subscriptions > 0 && (a.dialled || a.attacker == nil || p.Remote != "tcp://"+a.attacker.Conn.LocalAddr().String()) {
				have++
			}
		}
		if have == n {
			return
		}
		if a.field.memory { // there settled is settled
			break
		}
	}
	a.t.Fatalf("the good peers have not subscribed: %+v", a.ours.State().Peers)
}

// A raid needs no peer that fits: the list says which types there are.
func TestHostileCompanions(t *testing.T) {
	for typ := range assault.Fitting {
		if companions[typ] == "" {
			t.Errorf("no good peer for a %s", typ)
		}
	}
}
