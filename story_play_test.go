package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// The commands of a story. Names are the author's; & at the end of a line lets the command run in the background.
//
//	socket a push Linger=1s     a socket, and options of its Config
//	bind a tcp://hub:1          also connect, unbind, disconnect
//	send a one two              a message of two frames; x*1000 is a thousand x
//	recv a                      waits for a message; recv a nowait does not
//	subscribe a one two         also unsubscribe
//	ask a 1s one                a REQ's Do that waits for so long
//	wait a 1                    WaitReady
//	closeconn a                 CloseConn of the oldest connection
//	close a                     also shutdown a 1s
//	terminate                   the Context; end closes it
//	advance 250ms               lets time pass
//	net reset tcp://hub:1       the network breaks: reset, refuse … on, black … on, cut … 70, corrupt … 3
//	dial r tcp://hub:1          a peer that is not a socket; see story_stranger_test.go
//	zap knows ann               who may come in; see story_secured_test.go
//	scale 100                   over TCP all times of this story are a hundredth
//
// A line that begins with > is what a command returned, with ! its error; the others are events, after the socket's name.

// A world is where a story is played.
type world interface {
	context(t *testing.T) *zmq.Context
	endpoint(text string, side monitor.Side) string // what sockets are told
	restore(text string) string                     // what the story calls it
	scale(n int)
	time(d time.Duration) time.Duration
	advance(d time.Duration)
	fault(what, endpoint, how string) error
	bound(endpoint string, on bool) // somebody listens there, or no longer
	dial(ctx context.Context, endpoint string) (net.Conn, error)
	listen(ctx context.Context, endpoint string) (net.Listener, error)
	hint(c *scene) string // what a read waits for; "": what is there is all
	settle(s *stage)      // waits until what the command causes has happened
}

// memory is the world in which time stands still until everybody waits.
type memory struct{ net *zmqtest.Network }

func (m *memory) context(t *testing.T) *zmq.Context              { return m.net.Context(t) }
func (m *memory) endpoint(text string, side monitor.Side) string { return text }
func (m *memory) restore(text string) string                     { return text }
func (m *memory) time(d time.Duration) time.Duration             { return d }
func (m *memory) advance(d time.Duration)                        { time.Sleep(d) }
func (m *memory) bound(string, bool)                             {}
func (m *memory) settle(*stage)                                  { synctest.Wait() }
func (m *memory) hint(*scene) string                             { return "" }
func (m *memory) scale(int)                                      {}
func (m *memory) dial(ctx context.Context, endpoint string) (net.Conn, error) {
	return m.net.Network().Dial(ctx, "tcp", strings.TrimPrefix(endpoint, "tcp://"))
}
func (m *memory) listen(ctx context.Context, endpoint string) (net.Listener, error) {
	return m.net.Network().Listen(ctx, "tcp", strings.TrimPrefix(endpoint, "tcp://"))
}

func (m *memory) fault(what, endpoint, how string) error {
	bytes, _ := strconv.Atoi(how)
	switch what {
	case "reset":
		m.net.Reset(endpoint)
	case "refuse":
		m.net.Refuse(endpoint, how == "on")
	case "black":
		m.net.BlackHole(endpoint, how == "on")
	case "cut":
		m.net.CutAfter(endpoint, bytes)
	case "corrupt":
		m.net.Corrupt(endpoint, bytes)
	default:
		return fmt.Errorf("the network has no fault called %s", what)
	}
	return nil
}

// A stage is one playing.
type stage struct {
	t         *testing.T
	world     world
	zctx      *zmq.Context
	cast      []*actor // in the order of entrance
	strangers map[string]*stranger
	listeners map[string]net.Listener
	jobs      sync.WaitGroup
	scene     *scene // that is being played
	porter    porter // who decides who may come in

	mu   sync.Mutex
	said []string      // by the command that is through, …
	away []string      // … and by those in the background: between the two there is no order; mu guards both
	more chan struct{} // has one when there is more
}

// An actor is a socket with its story.
type actor struct {
	name   string
	socket zmq.Socket
	story  *zmqtest.Recorder
	told   int // lines
	binds  []string
}

// play plays a story, hands on what each scene caused, and returns the events of all, a socket's after another's.
func play(t *testing.T, w world, story *script, see func(c *scene, caused []string)) (all []zmq.Event) {
	s := &stage{t: t, world: w, zctx: w.context(t), strangers: map[string]*stranger{}, listeners: map[string]net.Listener{}, more: make(chan struct{}, 1)}
	defer s.end() // also of a story that goes wrong
	for _, c := range story.scenes {
		s.scene = c
		s.do(c.command)
		w.settle(s)
		see(c, s.tell())
	}
	s.end()
	for _, a := range s.cast {
		all = append(all, a.story.Events()...)
	}
	watchTogether(t, all)
	return all
}

// end is what every story ends with; its events are not told, but Check reads them.
func (s *stage) end() {
	for _, l := range s.listeners {
		l.Close()
	}
	for _, r := range s.strangers {
		r.close()
	}
	s.zctx.Shutdown(zmq.NoWait)
	s.jobs.Wait()
}

// tell returns what has happened since the last time: what commands said, then each socket's events. Between sockets
// there is no order.
func (s *stage) tell() (lines []string) {
	s.mu.Lock()
	lines, s.said, s.away = append(s.said, s.away...), nil, nil
	s.mu.Unlock()
	for _, a := range s.cast {
		all := strings.SplitAfter(a.story.Story(), "\n")
		all = all[:len(all)-1]
		for _, line := range all[a.told:] {
			lines = append(lines, a.name+" "+s.world.restore(strings.TrimSpace(line)))
		}
		a.told = len(all)
	}
	return lines
}

func (s *stage) do(line string) {
	s.t.Helper()
	words, err := tokens(line)
	if err != nil || commands[words[0]] == nil {
		s.t.Fatalf("%q is no command: %v", line, err)
	}
	run, args := commands[words[0]], words[1:]
	if last := len(args) - 1; last >= 0 && args[last] == "&" {
		label := strings.Join(words[:min(2, last+1)], " ") + ": "
		s.jobs.Go(func() { s.say(label, run, args[:last]) })
		return
	}
	s.say("", run, args)
}

// say runs a command and keeps what it returned.
func (s *stage) say(label string, run command, args []string) {
	text, err := run(s, args)
	line := ""
	switch {
	case err != nil:
		line = "! " + label + s.world.restore(err.Error())
	case text != "":
		line = "> " + label + text
	case label != "":
		line = "> " + label + "done"
	default:
		return
	}
	s.mu.Lock()
	if label == "" {
		s.said = append(s.said, line)
	} else {
		s.away = append(s.away, line)
	}
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// A command returns what is to be said of it, and its error.
type command func(s *stage, args []string) (string, error)

var commands = map[string]command{
	"scale": (*stage).scale, "socket": (*stage).socket,
	"bind": (*stage).bind, "connect": (*stage).connect, "unbind": (*stage).unbind, "disconnect": (*stage).disconnect,
	"subscribe": (*stage).subscribe, "unsubscribe": (*stage).unsubscribe,
	"send": (*stage).send, "recv": (*stage).recv, "ask": (*stage).ask, "wait": (*stage).wait,
	"closeconn": (*stage).closeConn, "close": (*stage).close, "shutdown": (*stage).shutdown, "terminate": (*stage).terminate, "end": (*stage).endContext,
	"advance": (*stage).advance, "net": (*stage).net, "zap": (*stage).zap,
	"dial": (*stage).dial, "listen": (*stage).listen, "accept": (*stage).accept,
	"write": (*stage).write, "drip": (*stage).drip, "read": (*stage).read, "hangup": (*stage).hangup,
}

// tokens splits a line at spaces, but not in "quoted text".
func tokens(line string) (words []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		word, rest, _ := strings.Cut(line, " ")
		if strings.HasPrefix(line, `"`) {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, err
			}
			rest = line[len(quoted):]
			if word, err = strconv.Unquote(quoted); err != nil {
				return nil, err
			}
		}
		words, line = append(words, word), rest
	}
	if len(words) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return words, nil
}

func (s *stage) actor(name string) *actor {
	for _, a := range s.cast {
		if a.name == name {
			return a
		}
	}
	s.t.Fatalf("nobody is called %q", name)
	return nil
}

func (s *stage) scale(args []string) (string, error) {
	n, err := strconv.Atoi(args[0])
	if err == nil {
		s.world.scale(n)
	}
	return "", err
}

func (s *stage) socket(args []string) (string, error) {
	typ, err := zmq.ParseType(args[1])
	if err != nil {
		return "", err
	}
	cfg := zmq.Config{Context: s.zctx, Name: args[0]}
	for _, option := range args[2:] {
		if err := s.option(&cfg, option); err != nil {
			return "", err
		}
	}
	socket, err := zmq.New(typ, cfg)
	if err == nil {
		s.cast = append(s.cast, &actor{name: args[0], socket: socket, story: zmqtest.Record(s.t, socket, monitor.All)})
	}
	return "", err
}

// option sets one field of a Config.
func (s *stage) option(cfg *zmq.Config, text string) error {
	name, value, _ := strings.Cut(text, "=")
	f := reflect.ValueOf(cfg).Elem().FieldByName(name)
	if !f.IsValid() {
		return fmt.Errorf("Config has no field %s", name)
	}
	word := map[string]int64{"Off": int64(zmq.Off), "Forever": int64(zmq.Forever), "Unlimited": zmq.Unlimited}
	if n, ok := word[value]; ok {
		f.SetInt(n)
		return nil
	}
	var err error
	switch {
	case name == "Mechanism":
		cfg.Mechanism, err = s.mechanism(value)
	case f.Type() == reflect.TypeFor[time.Duration]():
		var d time.Duration
		d, err = time.ParseDuration(value)
		f.SetInt(int64(s.world.time(d)))
	case f.CanInt():
		var n int64
		n, err = strconv.ParseInt(value, 10, 64)
		f.SetInt(n)
	case f.CanUint():
		var n uint64
		n, err = strconv.ParseUint(value, 10, 64)
		f.SetUint(n)
	case f.Kind() == reflect.Bool:
		f.SetBool(value == "true")
	case f.Kind() == reflect.Slice:
		f.Set(reflect.ValueOf([]string{value}).Convert(f.Type()))
	default:
		f.SetString(value)
	}
	return err
}

func (s *stage) bind(args []string) (string, error) {
	a, at := s.actor(args[0]), args[1]
	_, err := a.socket.Bind(s.world.endpoint(at, monitor.SideBind))
	if err == nil {
		a.binds = append(a.binds, at)
		s.world.bound(at, true)
	}
	return "", err
}

func (s *stage) connect(args []string) (string, error) {
	return "", s.actor(args[0]).socket.Connect(s.world.endpoint(args[1], monitor.SideConnect))
}

func (s *stage) disconnect(args []string) (string, error) {
	return "", s.actor(args[0]).socket.Disconnect(s.world.endpoint(args[1], monitor.SideConnect))
}

func (s *stage) unbind(args []string) (string, error) {
	s.world.bound(args[1], false)
	return "", s.actor(args[0]).socket.Unbind(s.world.endpoint(args[1], monitor.SideBind))
}

// longest is what a call that waits gets before the story is wrong.
const longest = 20 * time.Second

func patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), longest)
}

func (s *stage) send(args []string) (string, error) {
	ctx, cancel := patient()
	defer cancel()
	frames, err := frames(args[1:])
	if err != nil {
		return "", err
	}
	return "", s.actor(args[0]).socket.(zmq.Sender).Send(ctx, frames...)
}

// A subscriber is a SUB or XSUB.
type subscriber interface {
	Subscribe(prefixes ...string) error
	Unsubscribe(prefixes ...string) error
}

func (s *stage) subscribe(args []string) (string, error) {
	return "", s.actor(args[0]).socket.(subscriber).Subscribe(args[1:]...)
}

func (s *stage) unsubscribe(args []string) (string, error) {
	return "", s.actor(args[0]).socket.(subscriber).Unsubscribe(args[1:]...)
}

func (s *stage) recv(args []string) (string, error) {
	ctx, cancel := patient()
	defer cancel()
	if len(args) > 1 {
		ctx = zmq.NoWait
	}
	m, err := s.actor(args[0]).socket.(zmq.Receiver).Recv(ctx)
	return show(m), err
}

func (s *stage) ask(args []string) (string, error) {
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.world.time(d))
	defer cancel()
	frames, err := frames(args[2:])
	if err != nil {
		return "", err
	}
	m, err := s.actor(args[0]).socket.(*zmq.Req).Do(ctx, frames...)
	return show(m), err
}

// frames reads words, of which "x*3" stands for three of x.
func frames(words []string) (all [][]byte, err error) {
	for _, w := range words {
		n := 1
		if text, times, ok := strings.Cut(w, "*"); ok {
			if n, err = strconv.Atoi(times); err != nil {
				return nil, err
			}
			w = text
		}
		all = append(all, []byte(strings.Repeat(w, n)))
	}
	return all, nil
}

// show is the reverse of frames, as far as it helps.
func show(m zmq.Message) string {
	var words []string
	for _, f := range m.All() {
		switch {
		case len(f) > 40:
			words = append(words, fmt.Sprintf("(%d bytes)", len(f)))
		case len(f) == 0 || strings.ContainsAny(string(f), " *\"\n"):
			words = append(words, strconv.Quote(string(f)))
		default:
			words = append(words, string(f))
		}
	}
	return strings.Join(words, " ")
}

func (s *stage) wait(args []string) (string, error) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	ctx, cancel := patient()
	defer cancel()
	return "", s.actor(args[0]).socket.WaitReady(ctx, n)
}

func (s *stage) closeConn(args []string) (string, error) {
	a := s.actor(args[0])
	peers := a.socket.State().Peers
	if len(peers) == 0 {
		return "", errors.New("there is no connection")
	}
	return "", a.socket.CloseConn(peers[0].Conn)
}

func (s *stage) leaving(name string) zmq.Socket {
	a := s.actor(name)
	for _, at := range a.binds {
		s.world.bound(at, false)
	}
	return a.socket
}

func (s *stage) close(args []string) (string, error) { return "", s.leaving(args[0]).Close() }

func (s *stage) shutdown(args []string) (string, error) {
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.world.time(d))
	defer cancel()
	return "", s.leaving(args[0]).Shutdown(ctx)
}

func (s *stage) terminate([]string) (string, error) {
	s.zctx.Terminate()
	return "", nil
}

func (s *stage) endContext([]string) (string, error) { return "", s.zctx.Close() }

func (s *stage) advance(args []string) (string, error) {
	d, err := time.ParseDuration(args[0])
	if err == nil {
		s.world.advance(d)
	}
	return "", err
}

func (s *stage) net(args []string) (string, error) {
	how := ""
	if len(args) > 2 {
		how = args[2]
	}
	return "", s.world.fault(args[0], args[1], how)
}
