package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/cmd/glass/internal/client"
)

// A stage is an agent whose streams are written by the test, one after the other.
type stage struct {
	mu      sync.Mutex // guards what follows
	streams []string
	resumed []string // the Last-Event-ID of each
	status  int
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumed = append(s.resumed, r.Header.Get("Last-Event-ID"))
	if len(s.streams) == 0 {
		http.Error(w, "no more", s.status)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	io.WriteString(w, s.streams[0])
	s.streams = s.streams[1:]
}

func line(n int) string { return fmt.Sprintf("id: %d\ndata: %s\n\n", n+100, agenttest.Facts()[n].Line) }

// story is what Follow yields of some streams: names of events, and errors.
func story(t *testing.T, streams ...string) (told []string, resumed []string) {
	t.Helper()
	s := &stage{streams: streams, status: http.StatusForbidden}
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for f, err := range to(t, server.URL, client.Options{}).Follow(ctx, client.Filter{}) {
		switch {
		case errors.Is(err, client.ErrAway):
			told = append(told, "away")
		case errors.Is(err, client.ErrThere):
			told = append(told, "there")
		case errors.Is(err, client.ErrGap):
			told = append(told, "gap")
		case err != nil:
			told = append(told, "refused")
		default:
			told = append(told, f.Name)
		}
	}
	return told, s.resumed
}

// The agent goes twice and comes back: what is told goes on behind the last event; that it does not want us any more ends it.
func TestFollowComesBack(t *testing.T) {
	told, resumed := story(t, line(0)+line(1), line(2)+"id: 103\ndata: {\"event\":\"cut", ": nothing yet\n\nevent: gap\ndata: {}\n\n"+line(4))
	want := []string{"handshake_succeeded", "subscribed", "away", "accepted", "away", "gap", "handshake_succeeded", "away", "refused"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if want := []string{"", "101", "102", "104"}; !slices.Equal(resumed, want) {
		t.Errorf("resumed behind %q, want %q", resumed, want)
	}
}

// Where nothing is told, the stream says where it is, and there it is resumed; one that says nothing of it is resumed where the one
// before was.
func TestFollowComesBackToWhereNothingWasTold(t *testing.T) {
	told, resumed := story(t, line(0)+"id: 900\n\n", "event: hello\ndata: {}\n\n", line(1))
	want := []string{"handshake_succeeded", "away", "there", "away", "subscribed", "away", "refused"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if want := []string{"", "900", "900", "101"}; !slices.Equal(resumed, want) {
		t.Errorf("resumed behind %q, want %q", resumed, want)
	}
}

// Who was never there is not waited for; a page that is no stream is none.
func TestFollowEndsWhereThereIsNoStream(t *testing.T) {
	if told, _ := story(t); !slices.Equal(told, []string{"refused"}) {
		t.Errorf("told %v", told)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }))
	defer s.Close()
	var last error
	for _, err := range to(t, s.URL, client.Options{}).Follow(t.Context(), client.Filter{}) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "no stream of events") {
		t.Error(last)
	}
}

func TestFollowLeavesOutWhatItDoesNotKnow(t *testing.T) {
	told, _ := story(t, "data: of tomorrow\n\ndata: {\"event\":\"state\",\"sock\":1}\n\nretry: 10\nid\n\n"+strings.ReplaceAll(line(0), "\n", "\r\n"))
	if want := []string{"handshake_succeeded", "away", "refused"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestFollowEndsWithItsContextAndItsReader(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, line(0))
		http.NewResponseController(w).Flush()
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(hold)
	c := to(t, s.URL, client.Options{})
	for range c.Follow(t.Context(), client.Filter{}) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range c.Follow(ctx, client.Filter{}) {
		if err != nil {
			t.Error(err)
		}
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
}
