package zmq_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// throwers are the types that can send a socket of another what its own peers would not.
var throwers = map[string]string{"REP": "DEALER", "PUB": "XSUB", "XPUB": "XSUB", "PULL": "PUSH", "PAIR": "PAIR", "DEALER": "DEALER"}

// Within a process there is no wire to break, and so what is left of the list is what is wrong with messages. The good peer
// that was there before, the one that comes afterwards, and the story, are as over the network.
func TestHostileInproc(t *testing.T) {
	n := 0
	for _, in := range hostileInputs(t) {
		if !in.Inproc {
			continue
		}
		for _, typ := range in.Types {
			n++
			t.Run(in.Name+"/"+typ, func(t *testing.T) {
				a := &raid{t: t, field: &field{x: newContext(t), endpoint: "inproc://hub", settle: func() {}}, in: in, typ: typ, heard: map[zmq.Socket]bool{}}
				a.throw()
			})
		}
	}
	if n < 15 { // a list that shrinks is noticed
		t.Errorf("%d inputs of the list are tried over inproc", n)
	}
}

func (a *raid) throw() {
	t := a.t
	cfg, err := configOf(a.in)
	must(t, err)
	if a.typ != "PUB" {
		cfg.RecvHWM = zmq.Unlimited
	}
	a.ours = a.field.socket(t, a.typ, cfg)
	a.watch = a.ours.Watch(monitor.Lifecycle | monitor.Flow)
	a.inbox = &inbox{socket: a.ours}
	bindTo(t, a.ours, a.field.endpoint)
	if a.typ != "PAIR" {
		a.old = a.companion(zmq.Config{})
		connect(t, a.old, a.field.endpoint)
		ready(t, a.ours, 1)
		a.greetOld()
	}
	attacker := a.field.socket(t, throwers[a.typ], zmq.Config{SendHWM: zmq.Unlimited})
	connect(t, attacker, a.field.endpoint)
	ready(t, attacker, 1)
	for _, step := range a.in.Steps {
		if step.Verb != ">" {
			t.Fatalf("%s: over inproc there are only messages", step.Verb)
		}
		b := spelled(t, strings.Join(step.Words, " "), a.typ)
		rest, ok := bytes.CutPrefix(b, spelled(t, "peer", a.typ))
		if !ok {
			t.Fatal("over inproc there is no handshake but the ordinary one")
		}
		for _, m := range messagesIn(t, rest) {
			send(t, attacker.(zmq.Sender), m...)
		}
	}
	a.received()
	must(t, attacker.Shutdown(within(t)))
	a.serve()
	a.end()
}

// messagesIn are the messages that bytes are on the wire.
func messagesIn(t *testing.T, b []byte) (all [][]string) {
	t.Helper()
	var parts []string
	for len(b) > 0 {
		h, n, err := zmtp.ParseHeader(b, 0)
		if err != nil || n == 0 || h.Command || uint64(len(b)-n) < h.Size {
			t.Fatalf("over inproc there are only messages: %+v, %v", h, err)
		}
		parts = append(parts, string(b[n:n+int(h.Size)]))
		b = b[n+int(h.Size):]
		if !h.More {
			all, parts = append(all, parts), nil
		}
	}
	return all
}

// A type that can be attacked has who attacks it.
func TestHostileThrowers(t *testing.T) {
	for typ, by := range throwers {
		if !zmtp.Compatible(by, typ) || assault.Fitting[typ] == "" {
			t.Errorf("%s throws at %s", by, typ)
		}
	}
}
