package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/assault"
)

// A trial is one input at one target, on a socket of one type in one role:
//
//  1. the target makes a socket, and the attacker is let in;
//  2. it takes the steps, and it is seen what becomes of the connection;
//  3. a good peer comes, and is served or is not;
//  4. the socket is closed, and all is told that it has seen.
type trial struct {
	in       *assault.Input
	typ      string
	role     string
	patience time.Duration

	socket  socket
	at      string       // where the target listens
	from    string       // where the attacker comes from, as the target sees it; "" if the target dials
	lobby   net.Listener // where it dials
	outcome outcome
	good    int // messages of good peers that its program must receive
}

// An outcome is what a target did.
type outcome struct {
	ended      error // io.EOF for a goodbye; nil: the connection was left open
	after      time.Duration
	alive      bool // it answers a PING
	told       []string
	strayed    error // a step that went otherwise
	received   [][]string
	events     []string
	served     error // nil: the good peer was
	died       bool
	impossible error // nothing could be tried
}

// fromGood is what a good peer says, and toGood what it is told.
const fromGood, toGood = "to us", "for you" // five bytes: inputs have limits

func (r *trial) run(ctx context.Context, t target) *outcome {
	o := &r.outcome
	o.impossible = r.begin(ctx, t)
	if r.lobby != nil {
		defer r.lobby.Close()
	}
	if r.socket == nil {
		return o
	}
	if o.impossible == nil {
		var conn net.Conn
		if conn, o.impossible = r.meet(ctx); conn != nil {
			if r.lobby == nil {
				r.from = "tcp://" + conn.LocalAddr().String()
			}
			r.strike(ctx, conn)
			o.served = r.serve(ctx)
			if t.name() == "ours" {
				r.awaitStory(ctx)
			}
		}
	}
	r.socket.close()
	o.died, o.events, o.received = r.socket.died(), r.socket.events(r.from), r.attackers(r.socket.messages())
	return o
}

// awaitStory gives our socket the time to tell how the connection ended: the attacker hears of that before it is told, and
// on a busy machine the socket's own end would overtake it.
func (r *trial) awaitStory(ctx context.Context) {
	r.until(ctx, func() bool { return len(r.socket.events(r.from)) >= len(r.in.Ending.Story(r.role)) })
}

func (r *trial) begin(ctx context.Context, t target) (err error) {
	dial := ""
	if r.role == assault.Dialler {
		if r.lobby, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
		dial = "tcp://" + r.lobby.Addr().String()
	}
	r.socket, r.at, err = t.socket(ctx, r.in, r.typ, dial)
	return err
}

// meet is a connection with the target: ours to it, or its to us.
func (r *trial) meet(ctx context.Context) (net.Conn, error) {
	if r.lobby != nil {
		r.lobby.(*net.TCPListener).SetDeadline(time.Now().Add(r.patience))
		return r.lobby.Accept()
	}
	d := net.Dialer{Timeout: r.patience}
	return d.DialContext(ctx, "tcp", r.at)
}

func (r *trial) strike(ctx context.Context, conn net.Conn) {
	began := time.Now()
	a := &assault.Attack{In: r.in, Type: r.typ, Conn: conn, Patience: r.patience, Loose: true, Socket: r.socketOf(ctx)}
	a.Begin()
	defer a.Close()
	r.outcome.strayed = a.Strike(ctx)
	o := &r.outcome
	kept := r.in.Ending.How == "kept"
	if kept {
		o.alive = a.Alive(ctx) == nil
	} else if !a.Gone() {
		a.Rest(ctx)
	}
	var when time.Time
	if when, o.ended = a.Ended(); o.ended != nil {
		o.after = when.Sub(began)
	}
	if a.Gone() {
		o.ended = io.EOF // it was the attacker who went
	}
	o.told = a.Told()
	if kept && o.ended == nil { // it says goodbye, and waits for the answer
		a.FIN()
		a.Rest(ctx)
	}
	r.awaitAll(ctx)
}

// awaitAll gives the target's program the time to receive what it has to.
func (r *trial) awaitAll(ctx context.Context) {
	r.until(ctx, func() bool { return !r.socket.sees() || len(r.attackers(r.socket.messages())) >= len(r.in.Delivers) })
}

// until waits for what the target is about to do, for as long as it has, and lives.
func (r *trial) until(ctx context.Context, done func() bool) {
	for late := time.Now().Add(r.patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) || ctx.Err() != nil || r.socket.died() {
			return
		}
	}
}

// socketOf is the socket as an attack's steps see it.
func (r *trial) socketOf(ctx context.Context) assault.Socket { return &seat{r, ctx} }

type seat struct {
	*trial
	ctx context.Context
}

func (s *seat) Send(frames []string) error { return s.socket.send(frames) }

// Queued waits long enough: no engine tells what lies in its queue.
func (s *seat) Queued(context.Context) error {
	time.Sleep(50 * time.Millisecond)
	return nil
}

func (s *seat) Meanwhile() error { return s.visit(s.ctx) }

// serve lets a good peer come. The attacker has gone; a socket that has room for one peer may need a moment to see that.
func (r *trial) serve(ctx context.Context) error {
	late := time.Now().Add(r.patience)
	for {
		err := r.visit(ctx)
		if err == nil || time.Now().After(late) || r.socket.died() || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond) // no event of another engine's tells when to come again
	}
}

// visit is a good peer's: a handshake, a PING that is answered, a message in each direction there is.
func (r *trial) visit(ctx context.Context) error {
	conn, err := r.meet(ctx)
	if err != nil {
		return err
	}
	in := &assault.Input{Mechanism: r.in.Mechanism, Steps: slices.Clone(assault.Entrance(r.in.Mechanism))}
	a := &assault.Attack{In: in, Type: r.typ, Conn: conn, Patience: r.patience, Loose: true}
	a.Begin()
	defer a.Close()
	sealed := strings.HasPrefix(r.in.Mechanism, "CURVE")
	if words := r.greeting(sealed); words != nil {
		in.Steps = append(in.Steps, assault.Step{Verb: ">", Words: words})
	}
	if err := a.Strike(ctx); err != nil {
		return err
	}
	if err := a.Alive(ctx); err != nil || !r.socket.sees() {
		return err
	}
	if r.receives() {
		if err := r.awaitGood(ctx); err != nil {
			return err
		}
	}
	if !slices.Contains([]string{"PUSH", "PAIR", "DEALER", "PUB", "XPUB"}, r.typ) {
		return nil
	}
	in.Steps = []assault.Step{{Verb: "hear", Words: []string{"message"}}}
	if sealed {
		in.Steps[0].Words[0] = "MESSAGE"
	}
	return r.tellGood(ctx, a)
}

// tellGood sends a message to a good peer, which has to hear it. A PUB of another engine may obey a subscription a while after it
// came, and drops what is sent until then: it tries again.
func (r *trial) tellGood(ctx context.Context, a *assault.Attack) error {
	tries := 1
	if r.typ == "PUB" || r.typ == "XPUB" {
		tries, a.Patience = 10, r.patience/10
	}
	for {
		if err := r.socket.send([]string{toGood}); err != nil {
			return err
		}
		err := a.Strike(ctx)
		if tries--; err == nil || tries == 0 {
			return err
		}
	}
}

func (r *trial) receives() bool {
	return slices.Contains([]string{"PULL", "PAIR", "DEALER", "ROUTER", "REP", "SUB", "XSUB"}, r.typ)
}

// greeting are the words of a good peer's message, or of its subscription.
func (r *trial) greeting(sealed bool) (words []string) {
	text := fmt.Sprintf("%q", fromGood)
	plain, more := "frame", "more"
	if sealed {
		plain, more = "curve.message", "curve.message:more"
	}
	switch {
	case r.typ == "REP":
		return []string{more, "{", "}", plain, "{", text, "}"}
	case r.receives():
		return []string{plain, "{", text, "}"}
	case (r.typ == "PUB" || r.typ == "XPUB") && sealed:
		return []string{"curve.message:command", "{", "name:SUBSCRIBE", "}"}
	case r.typ == "PUB" || r.typ == "XPUB":
		return []string{"SUBSCRIBE"}
	}
	return nil
}

// awaitGood waits until one more message of a good peer has reached the program.
func (r *trial) awaitGood(ctx context.Context) error {
	r.good++
	for late := time.Now().Add(r.patience); ; time.Sleep(time.Millisecond) {
		have := 0
		for _, m := range r.socket.messages() {
			if m[len(m)-1] == fromGood {
				have++
			}
		}
		switch {
		case have >= r.good:
			return nil
		case time.Now().After(late) || ctx.Err() != nil:
			r.good = have
			return errors.New("its message was not received")
		}
	}
}

// attackers are the messages that no good peer has sent.
func (r *trial) attackers(all [][]string) [][]string {
	return slices.DeleteFunc(all, func(m []string) bool {
		last := m[len(m)-1]
		return last == fromGood || r.typ == "XPUB" && (last == "\x01" || last == "\x00")
	})
}

// how is how the connection ended, in a word.
func (o *outcome) how() string {
	switch {
	case o.ended == nil:
		return "left open"
	case errors.Is(o.ended, io.EOF):
		return "closed"
	case errors.Is(o.ended, syscall.ECONNRESET):
		return "closed by a reset"
	}
	return o.ended.Error()
}
