package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func read(s string) (all []string, err error) {
	for e, failed := range sentEvents(strings.NewReader(s)) {
		if failed != nil {
			return all, failed
		}
		all = append(all, e.id+"|"+e.name+"|"+string(e.data))
	}
	return all, nil
}

// The examples of the HTML standard, "Server-sent events", and what an agent has to do with it.
func TestSentEvents(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"two lines of data":         {"data: YHOO\ndata: +2\ndata: 10\n\n", []string{"||YHOO\n+2\n10"}},
		"a comment, ids":            {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n", []string{"1||first event", "||second event", "|| third event"}},
		"no data is no event":       {"event: x\n\ndata: y\n\n", []string{"||y"}},
		"an id lasts":               {"id: 7\ndata: a\n\ndata: b\n\n", []string{"7||a", "7||b"}},
		"an id alone counts":        {"id: 7\n\n: x\n\ndata: b\n\n", []string{"7||", "7||b"}},
		"a name does not last":      {"event: gap\ndata: a\n\ndata: b\n\n", []string{"|gap|a", "||b"}},
		"a name without a colon":    {"data\ndata: x\n\n", []string{"||x"}},
		"CRLF":                      {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"||a", "||b"}},
		"what is cut off is none":   {"data: a\n\ndata: b\n", []string{"||a"}},
		"nor if the line is":        {"data: a\n\ndata: b", []string{"||a"}},
		"fields that are not known": {"retry: 5\ndatum: x\ndata: a\n\n", []string{"||a"}},
		"an id with a zero byte":    {"id: 1\nid: a\x00b\ndata: a\n\n", []string{"1||a"}},
		"nothing":                   {"", nil},
	} {
		if got, err := read(c.stream); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

// Bytes from outside never panic; however they are cut, whole events before the cut are the same.
func FuzzSentEvents(f *testing.F) {
	f.Add("id: 1\nevent: gap\ndata: a\ndata: b\n\n:\n\ndata: c\r\n\r\n", 20)
	f.Add("data: \n\n\n\n", 3)
	f.Add("data", 0)
	f.Fuzz(func(t *testing.T, stream string, cut int) {
		whole, err := read(stream)
		if err != nil {
			return // a line beyond the limit
		}
		if cut < 0 || cut > len(stream) || strings.HasSuffix(stream[:cut], "\r") {
			return
		}
		part, err := read(stream[:cut])
		if err != nil || len(part) > len(whole) || !slices.Equal(part, whole[:len(part)]) {
			t.Fatalf("%q cut at %d: %q, %v; whole: %q", stream, cut, part, err, whole)
		}
	})
}

// An agent that has gone without a word, as one does whose host lost its power, is noticed by its silence.
func TestAStreamThatIsSilentIsDead(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, ": here\n\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer s.Close()
	c, err := New(s.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.silence = 20 * time.Millisecond
	for _, err := range c.Follow(t.Context(), Filter{}) {
		if !errors.Is(err, ErrAway) {
			t.Errorf("told %v", err)
		}
		break
	}
}

func TestAnAnswerThatDoesNotGoOn(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"sockets":[`)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer s.Close()
	c, err := New(s.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.whole = 50 * time.Millisecond
	var e *Error
	if _, err := c.State(t.Context()); !errors.As(err, &e) || !e.Timeout || !strings.Contains(e.Error(), "does not go on") {
		t.Errorf("%v", err)
	}
}
