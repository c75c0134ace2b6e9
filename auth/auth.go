// Package auth decides who may come in: a ready-made answer for zmq.Config.Authenticate, made of rules that can be changed
// while sockets are in use.
//
//	guard, err := auth.New(auth.Rules{PasswordFile: "/etc/hub/passwords"})
//	…
//	rep := zmq.NewRep(zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: guard.Authenticate})
//
// From then on m.Peer().UserID says whose message m is, and so do events and State. What is not allowed is refused, with
// the status 400 of RFC 27 and the reason in our own events, never in what the peer hears.
//
// For other rules than these write a function of your own: zmq.Authenticator is no more than that. It may ask a [Guard]
// first, or be asked by one ([Rules.Otherwise]).
//
// Reading order: rules.go, auth.go, table.go (how is decided), files.go, serve.go.
package auth

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/glassmq/zmq/zmtp"
)

// A Guard decides by Rules. Many sockets may share one; its methods may be called from any goroutine. The zero Guard lets
// nobody in. Printed, it shows no secret.
type Guard struct {
	// now is all that Authenticate reads. It has everything that is secret, too: inside of unexported fields package fmt
	// calls no methods, and of a plain pointer there %s prints what it points at, but an atomic one is a number to it.
	now atomic.Pointer[tables]

	// mu makes each change a whole one: no Reload puts back what an Update has replaced. Files are read under it, which
	// is no matter, for nobody waits for it but others who change the rules.
	mu sync.Mutex
}

// New is a Guard with these rules: see Update.
func New(rules Rules) (*Guard, error) {
	g := &Guard{}
	if err := g.Update(rules); err != nil {
		return nil, err
	}
	return g, nil
}

// Update has all handshakes from now on decided by these rules, of which it keeps a copy. It reads the files that they
// name. If a rule or a file is wrong nothing has changed; the error names the rule, or the file and its line, and no
// secret.
//
// Connections that are there stay, also of peers that could come in no more.
func (g *Guard) Update(rules Rules) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.use(rules.clone())
}

// Reload reads the files that the rules name again, all of them, and is otherwise Update with the rules that are there.
// Call it when they have changed: on SIGHUP, or whenever is convenient.
func (g *Guard) Reload() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.now.Load()
	if t == nil {
		return nil
	}
	return g.use(t.rules)
}

// use puts rules in force, or changes nothing. g.mu held.
func (g *Guard) use(rules *Rules) error {
	t, err := tabulate(rules)
	if err == nil {
		g.now.Store(t)
	}
	return err
}

// Authenticate is a zmq.Authenticator: use it as Config.Authenticate. Its error is an *zmtp.AuthError, or what
// Rules.Otherwise returns. It waits for nothing but that.
func (g *Guard) Authenticate(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
	t := g.now.Load()
	if t == nil {
		return zmtp.AuthReply{}, denied("this Guard has no rules: make it with New")
	}
	own := t.of(r.Domain)
	if !t.outer.admits(r.Address) || !own.admits(r.Address) {
		return zmtp.AuthReply{}, denied("its address %q is none that may come in", r.Address)
	}
	reply, err := own.decide(r)
	if err != nil && own.otherwise != nil {
		return own.otherwise(ctx, r)
	}
	return reply, err
}

// denied is a no to this peer. text is for our own events.
func denied(format string, args ...any) error {
	return &zmtp.AuthError{Status: 400, Text: fmt.Sprintf(format, args...)}
}
