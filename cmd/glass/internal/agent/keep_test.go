package agent

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe/fact"
)

// A disk that takes nothing costs the history, and nothing else; it is said once, and what was not kept is counted.
func TestWhatHappensIsToldWhenItCannotBeKept(t *testing.T) {
	h := openHistory(t, filepath.Join(t.TempDir(), "h.db"))
	var said notes
	a, stop := start(t, Options{History: h, Note: said.take})
	if err := h.Close(); err != nil { // under the agent's hands
		t.Fatal(err)
	}
	r := get(t, a, "/events")
	feed(t, a, 1, 3)
	stream(t, r, isSeq(3))
	until(t, func() bool { _, _, err := a.keeper.state(); return err != nil })
	if about := text(t, get(t, a, "/api/v1/about")); !strings.Contains(about, `"trouble"`) {
		t.Errorf("about says nothing of it: %s", about)
	}
	stop()
	if got := said.String(); strings.Count(got, "not kept") != 1 || !strings.Contains(got, "3 facts are not in the history") {
		t.Errorf("it was said:\n%s", got)
	}
}

func TestTheLastFactsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	a, stop := start(t, Options{History: openHistory(t, path)})
	feed(t, a, 1, 3000)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	h := openHistory(t, path)
	defer h.Close()
	if s := h.Stats(); s.Events != 3000 {
		t.Errorf("the history has %d facts", s.Events)
	}
}

// A socket's numbers that came a moment before the end are kept as well.
func TestTheLastStatesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	a, err := New(Options{Listen: "127.0.0.1:0", History: openHistory(t, path)})
	if err != nil {
		t.Fatal(err)
	}
	a.Take(nil, []fact.State{{Instance: here, At: time.Now(), Sock: 1, Name: "md", Type: "PUB", Full: true, MessagesOut: 42}})
	if err := a.Close(); err != nil { // sooner than states are gathered
		t.Fatal(err)
	}
	h := openHistory(t, path)
	defer h.Close()
	all, err := h.Samples(t.Context(), history.SampleFilter{})
	if err != nil || len(all) != 1 || all[0].Tx != 42 {
		t.Errorf("the history has %+v, %v", all, err)
	}
}

// What waits for a slow disk is bounded by what it holds, not only by how many it is.
func TestWhatWaitsIsBoundedInBytes(t *testing.T) {
	k := &keeper{wake: make(chan struct{})} // nobody takes anything off
	long := fact.Fact{Line: make([]byte, 4<<20)}
	short := fact.Fact{Line: make([]byte, 100)}
	for n := range uint64(20) {
		k.take([]fact.Fact{short, long}, []fact.State{{Peers: make([]fact.Peer, 20_000)}}, 2*n+2)
	}
	if k.bytes > keepBytes || k.bytes+len(long.Line) < keepBytes {
		t.Errorf("%d bytes of facts wait; the bound is %d", k.bytes, keepBytes)
	}
	if got := uint64(len(k.facts)) + k.dropped; got != 40 || k.dropped == 0 || len(k.numbers) != len(k.facts) {
		t.Errorf("%d wait under %d numbers, %d are dropped: of 40", len(k.facts), len(k.numbers), k.dropped)
	}
	if k.weight > keepBytes || len(k.states) == 0 || len(k.states) == 20 {
		t.Errorf("%d states wait, of about %d bytes", len(k.states), k.weight)
	}
	weighed := 0
	for _, f := range k.facts {
		weighed += len(f.Line)
	}
	if weighed != k.bytes {
		t.Errorf("%d bytes wait, it believes %d", weighed, k.bytes)
	}
}

// When facts have gone to the disk there is room for others.
func TestWhatHasBeenKeptMakesRoom(t *testing.T) {
	a, _ := start(t, Options{History: openHistory(t, filepath.Join(t.TempDir(), "h.db"))})
	feed(t, a, 1, 300)
	until(t, a.keeper.idle)
	a.keeper.mu.Lock()
	defer a.keeper.mu.Unlock()
	if a.keeper.bytes != 0 || a.keeper.weight != 0 {
		t.Errorf("nothing waits, and it believes %d and %d bytes", a.keeper.bytes, a.keeper.weight)
	}
}

// Whoever asks for what is rare hears at once that he is heard, and if it cannot be read, why.
func TestAnAnswerBeginsAtOnce(t *testing.T) {
	h := openHistory(t, filepath.Join(t.TempDir(), "h.db"))
	a, _ := start(t, Options{History: h})
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/events?sock=none", nil)
	r.Host = "127.0.0.1"
	a.Handler().ServeHTTP(w, r)
	if !w.Flushed || w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("%d %q, flushed: %v", w.Code, w.Body, w.Flushed)
	}
	if err := h.Close(); err != nil { // under the agent's hands
		t.Fatal(err)
	}
	c, err := client.New(a.URL(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, err := range c.Events(t.Context(), client.Filter{}) {
		if err == nil || !strings.Contains(err.Error(), "breaks off: ") || !strings.Contains(err.Error(), h.Path()) {
			t.Errorf("the answer is %v", err)
		}
	}
}
