package zmq_test

import (
	"context"
	"net"
	"slices"

	"github.com/glassmq/zmq"
)

// serve lets a good peer come, and talks to it and to the one that was there before.
func (a *assault) serve() {
	t := a.t
	good := []zmq.Socket{a.old}
	if a.old == nil {
		good = nil
	}
	var cfg zmq.Config
	if a.dialled { // it takes over where the attacker listened
		cfg.Network.Listen = func(context.Context, string, string) (net.Listener, error) { return a.raw, nil }
	}
	next := a.field.socket(t, fitting[a.typ], cfg)
	if a.dialled {
		bindTo(t, next, a.field.endpoint)
	} else {
		connect(t, next, a.field.endpoint)
	}
	good = append(good, next)
	ready(t, a.ours, len(good))
	a.talk(good)
	for _, s := range good {
		must(t, s.Shutdown(within(t)))
	}
}

// talk exchanges a message with each of the good peers, in each direction there is.
func (a *assault) talk(good []zmq.Socket) {
	t := a.t
	t.Helper()
	if a.typ == "PUSH" || a.typ == "REQ" || a.typ == "PAIR" {
		for range good {
			send(t, a.ours.(zmq.Sender), "from us")
		}
		for _, s := range good {
			recv(t, s.(zmq.Receiver), "from us")
		}
	}
	if a.typ == "PUSH" {
		return
	}
	for _, s := range good {
		send(t, s.(zmq.Sender), "to us")
		if got, err := a.inbox.next(within(t)); err != nil || !slices.Equal(got, []string{"to us"}) {
			t.Fatalf("from a good peer came %q, %v", got, err)
		}
		if a.typ == "REP" {
			send(t, a.ours.(zmq.Sender), "answer")
			recv(t, s.(zmq.Receiver), "answer")
		}
	}
	if what := a.inbox.peek(); what != "" {
		t.Errorf("there is more to receive: %s", what)
	}
}
