package zmq_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// TestStoriesOverTCP plays each story over the system's TCP, through the production path: no hook, no sleep. After each
// command it waits, by watching events, until what the story says has happened, and then holds against the story what
// timing cannot change: what each connection went through, kind by kind with who, phase and reason; why attempts failed;
// what happened to endpoints; what the commands returned.
func TestStoriesOverTCP(t *testing.T) {
	for name, path := range stories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w := newTCP(t, string(text))
			play(t, w, parseStory(string(text)), func(c *scene, caused []string) {
				if got, want := w.spoken(caused), w.spoken(c.caused); !slices.Equal(got, want) {
					t.Errorf("%s: returned %q, want %q", c.command, got, want)
				}
			})
		})
	}
}

// tcp is the world of real connections on 127.0.0.1. Where a story breaks the network, a relay stands before each
// listener, and dialled is the relay.
type tcp struct {
	t      *testing.T
	parts  int // times of the story are divided by this
	places map[string]*place
	names  *strings.Replacer // back to the story's
	golden map[string]*trace // what each socket has gone through in the story so far
}

// A place is one endpoint of a story.
type place struct {
	front, back string // where it is dialled, and where it listens
	relay       *relay // nil: front is back
}

func newTCP(t *testing.T, story string) *tcp {
	w := &tcp{t: t, parts: 1, places: map[string]*place{}, golden: map[string]*trace{}}
	var names []string
	breaks := strings.Contains(story, "\nnet ")
	for _, word := range strings.Fields(story) {
		if !strings.HasPrefix(word, "tcp://") || w.places[word] != nil {
			continue
		}
		p := &place{back: freePort(t)}
		p.front = p.back
		if breaks {
			p.front = freePort(t)
			p.relay = newRelay(t, p)
		}
		w.places[word] = p
		names = append(names, "tcp://"+p.front, word, "tcp://"+p.back, word)
	}
	w.names = strings.NewReplacer(names...)
	return w
}

func (w *tcp) context(t *testing.T) *zmq.Context  { return zmq.NewContext(zmq.ContextConfig{}) }
func (w *tcp) restore(text string) string         { return w.names.Replace(text) }
func (w *tcp) scale(n int)                        { w.parts = n }
func (w *tcp) time(d time.Duration) time.Duration { return d / time.Duration(w.parts) }
func (w *tcp) advance(time.Duration)              {} // settle waits for what that brings
func (w *tcp) dial(ctx context.Context, endpoint string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", w.places[endpoint].front)
}
func (w *tcp) listen(ctx context.Context, endpoint string) (net.Listener, error) {
	var l net.ListenConfig
	return l.Listen(ctx, "tcp", w.places[endpoint].back)
}

func (w *tcp) endpoint(text string, side monitor.Side) string {
	p := w.places[text]
	switch {
	case p == nil: // inproc
		return text
	case side == monitor.SideBind:
		return "tcp://" + p.back
	}
	return "tcp://" + p.front
}

func (w *tcp) bound(endpoint string, on bool) {
	if p := w.places[endpoint]; p != nil && p.relay != nil {
		p.relay.bound(on)
	}
}

func (w *tcp) fault(what, endpoint, how string) error {
	return w.places[endpoint].relay.fault(what, how)
}

// hint is what a read in this scene is to bring.
func (w *tcp) hint(c *scene) string {
	for _, line := range w.spoken(c.caused) {
		return line
	}
	return ""
}

// spoken are the lines that commands returned.
func (w *tcp) spoken(lines []string) (said []string) {
	for _, line := range lines {
		if strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "! ") {
			said = append(said, line)
		}
	}
	return said
}

func (w *tcp) settle(s *stage) {
	w.t.Helper()
	w.dialled(s)
	for _, line := range s.scene.caused {
		if name, rest, _ := strings.Cut(line, " "); name != ">" && name != "!" {
			if w.golden[name] == nil {
				w.golden[name] = &trace{}
			}
			w.golden[name].add(rest)
		}
	}
	for _, a := range s.cast {
		if golden := w.golden[a.name]; golden != nil {
			w.follow(s, a, golden)
		}
	}
	for want := len(w.spoken(s.scene.caused)); s.spoke() < want; { // by commands in the background
		select {
		case <-s.more:
		case <-time.After(longest):
			w.t.Fatalf("%s: after %v not everything has returned that should have", s.scene.command, longest)
		}
	}
}

// dialled waits until a connect has begun: over TCP an attempt has an event at once, where in memory one that will be
// refused has it and one that meets a black hole has none.
func (w *tcp) dialled(s *stage) {
	words, err := tokens(s.scene.command)
	if err != nil || words[0] != "connect" || w.places[words[2]] == nil || s.spoke() > 0 {
		return
	}
	a := s.actor(words[1])
	a.story.WaitFor(monitor.All, a.told+1)
}

func (s *stage) spoke() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.said) + len(s.away)
}

// follow waits until a has gone through what it goes through in the story so far.
func (w *tcp) follow(s *stage, a *actor, golden *trace) {
	w.t.Helper()
	for {
		n := 0
		var real trace
		for line := range strings.Lines(a.story.Story()) {
			real.add(w.restore(strings.TrimSpace(line)))
			n++
		}
		if err := real.differs(golden); err != nil {
			w.t.Fatalf("%s: %s: %v; over TCP it was:\n%s", s.scene.command, a.name, err, w.restore(a.story.Story()))
		}
		if real.covers(golden) {
			return
		}
		a.story.WaitFor(monitor.All, n+1)
	}
}

// A trace is what of a socket's story is the same whatever the timing.
type trace struct {
	conns    [][]string // what each connection went through
	failures []string   // why attempts failed, each reason once: how often is timing
	ends     []string   // of endpoints, and their beginnings
}

// add takes a line as a Recorder writes it.
func (r *trace) add(line string) {
	words := strings.Fields(line)
	var what []string
	n, attempt := 0, false
	for _, word := range words[1:] {
		key, _, _ := strings.Cut(word, "=")
		switch key {
		case "in", "out", "unsent", "n", "interval":
		case "attempt":
			attempt = true
		default:
			if _, err := fmt.Sscanf(word, "#%d", &n); err != nil {
				what = append(what, word)
			}
		}
	}
	happened := strings.Join(what, " ")
	switch {
	case words[1] == "connect_delayed", words[1] == "connect_retried": // Check sees that they are in their place
	case words[1] == "closed" && (attempt || len(what) == 2): // of an attempt, or of a Bind that failed; in memory that has no descriptor
	case words[1] == "connect_failed":
		if !slices.Contains(r.failures, happened) {
			r.failures = append(r.failures, happened)
		}
	case n == 0:
		r.ends = append(r.ends, happened)
	default:
		for len(r.conns) < n {
			r.conns = append(r.conns, nil)
		}
		r.conns[n-1] = append(r.conns[n-1], happened)
	}
}

// covers says that everything in the story has happened.
func (r *trace) covers(golden *trace) bool {
	if len(r.conns) < len(golden.conns) || len(r.ends) < len(golden.ends) {
		return false
	}
	for i, want := range golden.conns {
		if len(r.conns[i]) < len(want) {
			return false
		}
	}
	return !slices.ContainsFunc(golden.failures, func(why string) bool { return !slices.Contains(r.failures, why) })
}

// differs says what has happened that is not in the story. The clock goes on meanwhile, so more may have happened than
// the story has come to: another attempt, another connection that goes the way of one before.
func (r *trace) differs(golden *trace) error {
	for i, got := range r.conns {
		if i < len(golden.conns) && !agree(got, golden.conns[i]) {
			return fmt.Errorf("connection #%d went through %q, want %q", i+1, got, golden.conns[i])
		}
		if i >= len(golden.conns) && len(golden.conns) > 0 && !slices.ContainsFunc(golden.conns, func(way []string) bool { return agree(got, way) }) {
			return fmt.Errorf("connection #%d went through %q, as none in the story", i+1, got)
		}
	}
	if !agree(r.ends, golden.ends) {
		return fmt.Errorf("endpoints went through %q, want %q", r.ends, golden.ends)
	}
	return nil
}

// agree says that one is the beginning of the other.
func agree(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}
