package zmq_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
)

// Hostile input (contract.md §3, R1). testdata/hostile has the list; hostile_list_test.go reads it. Each input is tried on
// each type it names, as listener and as dialler, and in each of these ways:
//
//	written     as it stands, over the system's TCP and over a network in memory
//	waiting     with a Recv that waits from the beginning: it may read the connection by itself
//	coalesced   everything in one write
//	bytewise    a byte a write, and in memory a byte a read
//
// After each:
//
//  1. the connection ended as the list says, with exactly these events, in plain words;
//  2. the attacker was sent nothing but what the list says;
//  3. the program received what the list says and nothing else;
//  4. a good peer that was there before is unharmed, and one that comes after is served;
//  5. the whole story is legal, and every connection has its terminal event.
func TestHostile(t *testing.T) {
	for _, in := range hostileInputs(t) {
		t.Run(in.name, func(t *testing.T) {
			for _, typ := range in.types {
				for _, role := range in.roles {
					for _, way := range in.ways(typ) {
						t.Run(strings.Join([]string{typ, role, way}, "/"), func(t *testing.T) {
							newField(t, strings.HasPrefix(way, "memory"), func(t *testing.T, f *field) {
								a := &assault{t: t, field: f, in: in, typ: typ, dialled: role == "dialler", way: way}
								a.run()
							})
						})
					}
				}
			}
		})
	}
}

// A hundred named inputs are worth something only if each one is there: this holds their number against the scorecard's.
func TestHostileListIsLong(t *testing.T) {
	runs := 0
	all := hostileInputs(t)
	for _, in := range all {
		runs += len(in.types) * len(in.roles)
	}
	if len(all) < 150 {
		t.Errorf("%d hostile inputs on the list, and R1 asks for 150", len(all))
	}
	t.Logf("%d inputs, %d with their types and roles", len(all), runs)
}

// ways are those in which the input makes sense for a socket of this type.
func (in *input) ways(typ string) []string {
	ways := []string{"tcp written"}
	if typ == "PULL" || typ == "PAIR" {
		ways = append(ways, "tcp waiting")
	}
	if in.tcp {
		return ways
	}
	ways = append(ways, "memory written")
	if !in.ordered {
		ways = append(ways, "memory coalesced")
	}
	size := 0
	for _, s := range in.steps {
		if s.verb == ">" {
			b, _ := hostileWire(s.words, typ)
			size += len(b)
		}
	}
	if size <= 600 {
		ways = append(ways, "tcp bytewise", "memory bytewise")
	}
	return ways
}

// A field is where an assault takes place: the system's TCP, or a network in memory in a bubble of its own.
type field struct {
	x        *zmq.Context
	net      zmq.Network
	endpoint string // for who binds first
	settle   func() // waits until everything written has been read, where that can be told
	memory   bool
}

func newField(t *testing.T, memory bool, f func(*testing.T, *field)) {
	if memory {
		synctest.Test(t, func(t *testing.T) {
			n := zmqtest.NewNetwork()
			f(t, &field{n.Context(t), n.Network(), "tcp://hub:1", synctest.Wait, true})
		})
		return
	}
	var d net.Dialer
	var l net.ListenConfig
	f(t, &field{newContext(t), zmq.Network{Dial: d.DialContext, Listen: l.Listen}, "tcp://127.0.0.1:0", func() {}, false})
}

// address is what Dial and Listen are called with.
func address(endpoint string) string { return strings.TrimPrefix(endpoint, "tcp://") }

// socket makes one that comes back at once.
func (f *field) socket(t *testing.T, typ string, cfg zmq.Config) zmq.Socket {
	t.Helper()
	kind, err := zmq.ParseType(typ)
	must(t, err)
	cfg.Context, cfg.ReconnectMin, cfg.ReqRelaxed = f.x, time.Millisecond, typ == "REQ"
	s, err := zmq.New(kind, cfg)
	must(t, err)
	return s
}

// An assault is one input on one socket.
type assault struct {
	t       *testing.T
	field   *field
	in      *input
	typ     string
	dialled bool
	way     string

	ours, old zmq.Socket // the socket under attack; a good peer of it, nil if there is none
	inbox     *inbox
	watch     *monitor.Subscription
	story     []zmq.Event
	raw       net.Listener // where our socket dials
	attacker  *stranger
	opened    bool // the attacker has read our opening
	gone      bool // it has reset the connection
}

func (a *assault) run() {
	a.begin()
	a.strike()
	conn := a.over()
	a.judge(conn)
	a.received()
	a.serve()
	a.end()
}

// begin sets up our socket and lets the attacker in.
func (a *assault) begin() {
	t := a.t
	cfg, err := a.in.config()
	must(t, err)
	a.ours = a.field.socket(t, a.typ, cfg)
	a.watch = a.ours.Watch(monitor.Lifecycle | monitor.Flow)
	if strings.HasSuffix(a.way, "waiting") {
		a.inbox = waitingInbox(a.ours)
	} else {
		a.inbox = &inbox{socket: a.ours}
	}
	var conn net.Conn
	if a.dialled {
		a.raw, err = a.field.net.Listen(within(t), "tcp", address(a.field.endpoint))
		must(t, err)
		a.field.endpoint = "tcp://" + a.raw.Addr().String()
		connect(t, a.ours, a.field.endpoint)
		conn, err = a.raw.Accept()
	} else {
		a.field.endpoint = bindTo(t, a.ours, a.field.endpoint)
		if a.typ != "PAIR" && a.typ != "REQ" && !strings.HasSuffix(a.way, "waiting") { // a waiting Recv reads by itself only where there is one peer
			a.old = a.field.socket(t, fitting[a.typ], zmq.Config{})
			connect(t, a.old, a.field.endpoint)
			ready(t, a.ours, 1)
		}
		conn, err = a.field.net.Dial(within(t), "tcp", address(a.field.endpoint))
	}
	must(t, err)
	a.attacker = &stranger{conn: conn, more: make(chan struct{})}
	a.attacker.work.Go(a.attacker.run)
	t.Cleanup(a.attacker.close)
}

// strike takes the steps.
func (a *assault) strike() {
	var waits [][]string // of what is written in one
	var all []byte
	for _, s := range a.in.steps {
		switch s.verb {
		case ">":
			b, _ := hostileWire(s.words, a.typ)
			if strings.HasSuffix(a.way, "coalesced") {
				all = append(all, b...)
			} else {
				a.write(b)
			}
		case "<":
			if strings.HasSuffix(a.way, "coalesced") {
				waits = append(waits, s.words)
			} else {
				a.expect(s.words)
			}
		case "send":
			send(a.t, a.ours.(zmq.Sender), hostileTexts(s.words)...)
		case "queued":
			a.awaitQueued()
		case "fin":
			a.write(all)
			all = nil
			a.attacker.conn.(interface{ CloseWrite() error }).CloseWrite()
		case "reset":
			a.gone = true
			a.attacker.conn.(*net.TCPConn).SetLinger(0)
			a.attacker.close()
		}
	}
	a.write(all)
	for _, words := range waits {
		a.expect(words)
	}
	if a.in.ending[0] == "kept" {
		a.expectAlive()
	}
}

// awaitQueued waits until a message lies where Recv will find it: no event tells of that.
func (a *assault) awaitQueued() {
	a.t.Helper()
	for late := within(a.t); late.Err() == nil; a.field.settle() {
		for _, p := range a.ours.State().Peers {
			if p.QueueIn > 0 {
				return
			}
		}
	}
	a.t.Fatal("no message came")
}

func hostileTexts(words []string) (texts []string) {
	for _, word := range words {
		texts = append(texts, hostileText(word))
	}
	return texts
}

// write writes; that our side has hung up by now is no fault.
func (a *assault) write(b []byte) {
	step := max(1, len(b))
	if strings.HasSuffix(a.way, "bytewise") {
		step = 1
	}
	a.attacker.conn.SetWriteDeadline(time.Now().Add(patience))
	for piece := range slices.Chunk(b, step) {
		if _, err := a.attacker.conn.Write(piece); err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				a.t.Fatalf("our socket has not read what the attacker wrote: %v", err)
			}
			return
		}
		a.field.settle()
	}
}

// expect waits until the attacker has been sent these bytes, no more and no others.
func (a *assault) expect(words []string) {
	a.t.Helper()
	want, err := hostileWire(words, a.typ)
	must(a.t, err)
	if got, err := a.attacker.take(within(a.t), len(want)); err != nil || !bytes.Equal(got, want) {
		a.t.Fatalf("the attacker was sent %q, %v, want %q", got, err, want)
	}
	a.opened = true
}

// take waits for n bytes that were not taken yet, or the end.
func (r *stranger) take(ctx context.Context, n int) ([]byte, error) {
	for {
		r.mu.Lock()
		in, ended, more := r.in, r.ended, r.more
		if len(in) >= n || ended {
			n = min(n, len(in))
			r.in = in[n:]
			r.mu.Unlock()
			if ended && n == 0 {
				return nil, io.EOF
			}
			return in[:n], nil
		}
		r.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return in, ctx.Err()
		}
	}
}

// expectAlive asks for a sign of life, and then says goodbye.
func (a *assault) expectAlive() {
	a.t.Helper()
	a.write(zmtp.AppendPing(nil, zmtp.Ping{Context: []byte("alive?")}))
	want := append(a.opening(), zmtp.AppendPong(nil, []byte("alive?"))...)
	got, err := a.attacker.take(within(a.t), len(want))
	if err != nil || !bytes.Equal(got, want) {
		a.t.Fatalf("the attacker was sent %q, %v, want %q", got, err, want)
	}
	a.opened = true
	a.attacker.conn.(interface{ CloseWrite() error }).CloseWrite()
}

// opening is what the attacker is sent unasked, and has not read.
func (a *assault) opening() []byte {
	if a.opened {
		return nil
	}
	return hostileOpening(a.typ)
}

// over follows the story to the terminal event of the attacker's connection, which is the first that is not old's.
func (a *assault) over() (conn []zmq.Event) {
	a.t.Helper()
	var id monitor.ConnID
	known := map[monitor.ConnID]bool{}
	for {
		e, err := a.watch.Next(within(a.t))
		if err != nil {
			a.t.Fatalf("the connection has not ended: %v, after\n%s", err, storyText(a.story))
		}
		a.story = append(a.story, e)
		if e.Kind&(monitor.Accepted|monitor.Connected) != 0 && !known[e.Conn] {
			known[e.Conn] = true
			if len(known) == 1 && a.old == nil || len(known) == 2 && a.old != nil {
				id = e.Conn
			}
		}
		if e.Conn == id && id != 0 && e.Kind != monitor.ConnectDelayed {
			if conn = append(conn, e); e.Terminal() {
				return conn
			}
		}
	}
}

func storyText(story []zmq.Event) string {
	var b strings.Builder
	for _, e := range story {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// judge holds the connection's events, and what the attacker was sent, against the list.
func (a *assault) judge(conn []zmq.Event) {
	a.t.Helper()
	want := a.ending()
	var got []string
	for _, e := range conn {
		line := e.Kind.String()
		if e.Kind&(monitor.Accepted|monitor.Connected|monitor.HandshakeSucceeded) == 0 {
			line += fmt.Sprintf(" %s %s %s", e.Who, e.Phase, e.Reason)
			wantWords(a.t, e)
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("the connection's story is\n\t%s\nwant\n\t%s\n%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"), storyText(conn))
	}
	last := conn[len(conn)-1]
	if n := uint64(len(a.in.delivers)); last.MessagesIn != n && (a.typ == "PULL" || a.typ == "PAIR") {
		a.t.Errorf("%d messages counted, %d are delivered", last.MessagesIn, n)
	}
	if last.Reason == monitor.ReasonHandshakeTimeout {
		a.timed(last.Duration)
	}
	a.sent()
}

// ending is the list's, with the events that come before it.
func (a *assault) ending() []string {
	first := "accepted"
	if a.dialled {
		first = "connected"
	}
	how := a.in.ending
	if how[0] == "kept" {
		how = []string{"disconnected", "peer", "traffic", "peer_closed"}
	}
	cause := " " + strings.Join(how[1:], " ")
	if how[0] == "disconnected" {
		return []string{first, "handshake_succeeded", "disconnected" + cause}
	}
	return []string{first, "handshake_failed_" + how[0] + cause, "disconnected" + cause}
}

// timed holds the end of a slow peer against the limit: never before, and where the clock is ours not a moment after.
func (a *assault) timed(took time.Duration) {
	cfg, _ := a.in.config()
	if limit := cfg.HandshakeTimeout; took < limit || took > limit && a.field.memory || took > limit+patience/2 {
		a.t.Errorf("given up after %v, HandshakeTimeout is %v", took, limit)
	}
}

// sent holds what the attacker was sent, up to the end, against what it should have been.
func (a *assault) sent() {
	a.t.Helper()
	if a.gone {
		return
	}
	got, err := a.attacker.take(within(a.t), 1<<30) // more than there is: to the end
	if err != nil && err != io.EOF {
		a.t.Fatalf("the connection was not closed: %v", err)
	}
	opening := a.opening()
	told, whole := bytes.CutPrefix(got, opening)
	if !whole { // it never came to READY, or an ERROR took its place
		told, whole = bytes.CutPrefix(got, opening[:64])
	}
	if !whole {
		a.t.Errorf("the attacker was sent %q, want our opening", got)
		return
	}
	var said string
	if head, n, err := zmtp.ParseHeader(told, 0); err == nil && head.Command && len(told) == n+int(head.Size) {
		if cmd, err := zmtp.ParseCommand(told[n:]); err == nil && cmd.Name == zmtp.ERROR {
			said, _ = zmtp.ParseError(cmd.Data)
		}
	}
	switch {
	case a.in.answered && said == "":
		a.t.Errorf("the attacker was sent %q, want an ERROR that says why", told)
	case !a.in.answered && len(told) > 0:
		a.t.Errorf("the attacker was sent %q as well", told)
	}
}

// wantWords holds what an operator reads of a failure against what it must be: there, and one line of plain text whatever
// the peer has said.
func wantWords(t testing.TB, e zmq.Event) {
	t.Helper()
	if e.Why() == "" || e.Hint() == "" || e.Reason == monitor.ReasonOther || e.Reason == "" {
		t.Errorf("%v: why %q, hint %q", e, e.Why(), e.Hint())
	}
	if e.Kind == monitor.HandshakeFailedProtocol && e.Value == 0 {
		t.Errorf("%v has no code", e)
	}
	for _, text := range []string{e.String(), e.Why(), e.Hint()} {
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > 1000 {
			t.Errorf("not a short line of plain text: %q", text)
		}
	}
	if text, err := e.MarshalJSON(); err != nil || !json.Valid(text) {
		t.Errorf("%v is %s as JSON, %v", e, text, err)
	}
}

// received takes out what the program is to receive, and looks that there is no more.
func (a *assault) received() {
	a.t.Helper()
	for _, want := range a.in.delivers {
		if got, err := a.inbox.next(within(a.t)); err != nil || !slices.Equal(got, want) {
			a.t.Fatalf("received %q, %v, want %q", got, err, want)
		}
		if a.typ == "REP" {
			send(a.t, a.ours.(zmq.Sender), "to nobody")
		}
	}
	if what := a.inbox.peek(); what != "" {
		a.t.Errorf("there is more to receive: %s", what)
	}
}

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

// end closes our socket and reads the story to its end.
func (a *assault) end() {
	t := a.t
	t.Helper()
	must(t, a.ours.Shutdown(zmq.NoWait))
	for e := range a.watch.Events(within(t)) {
		a.story = append(a.story, e)
	}
	wantLegal(t, a.story)
	if a.dialled {
		a.wantRetry()
	}
}

// wantLegal holds a whole story against the grammar, and looks that every connection has its terminal event.
func wantLegal(t testing.TB, story []zmq.Event) {
	t.Helper()
	if err := monitor.Check(slices.Values(story)); err != nil {
		t.Errorf("%v in\n%s", err, storyText(story))
	}
	open := map[monitor.ConnID]bool{}
	for _, e := range story {
		if e.Conn != 0 {
			open[e.Conn] = true
		}
		if e.Terminal() {
			delete(open, e.Conn)
		}
	}
	if len(open) > 0 || len(story) == 0 || story[len(story)-1].Kind != monitor.MonitorStopped {
		t.Errorf("connections %v have no terminal event, or the story no end, in\n%s", open, storyText(story))
	}
}

// wantRetry looks that the dialler tells why it dials again.
func (a *assault) wantRetry() {
	a.t.Helper()
	var ended zmq.Event
	for _, e := range a.story {
		switch {
		case e.Terminal():
			ended = e
		case e.Kind == monitor.ConnectRetried:
			if e.Reason != ended.Reason || e.Who != ended.Who {
				a.t.Errorf("%v\nis the retry after\n%v", e, ended)
			}
			return
		}
	}
	a.t.Errorf("nothing was dialled again in\n%s", storyText(a.story))
}
