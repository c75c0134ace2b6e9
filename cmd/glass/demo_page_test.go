package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A told is what was noted, by several goroutines.
type told struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *told) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(b)
}

func (t *told) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// While somebody has the page open the demo goes on, and when it is closed it ends; nobody looking, it ends with its story.
func TestTheDemoGoesOnWhileSomebodyLooks(t *testing.T) {
	var said told
	p, err := openPage("127.0.0.1:0", &said)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	story, over := context.WithCancel(t.Context())
	defer over()
	ctx, end := p.whileLookedAt(t.Context(), story)
	defer end()
	looking, close := context.WithCancel(t.Context())
	defer close()
	r, err := http.NewRequestWithContext(looking, http.MethodGet, p.agent.URL()+"/events?changes=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for piece := make([]byte, 4096); !p.agent.Watched(); {
		if _, err := answer.Body.Read(piece); err != nil {
			t.Fatal(err)
		}
	}
	over()
	for !strings.Contains(said.String(), "the page is open") {
		if err := context.Cause(ctx); err != nil {
			t.Fatalf("the demo ended while somebody looked: %v", err)
		}
		time.Sleep(5 * time.Millisecond) // what it says has no event of its own
	}
	if ctx.Err() != nil {
		t.Error("the demo ended while somebody looked")
	}
	close()
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
		t.Error("the demo goes on, and nobody looks")
	}
}

func TestTheDemoEndsWithItsStory(t *testing.T) {
	var said told
	p, err := openPage("127.0.0.1:0", &said)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	story, over := context.WithCancel(t.Context())
	ctx, end := p.whileLookedAt(t.Context(), story)
	defer end()
	over()
	<-ctx.Done()
	if strings.Contains(said.String(), "the page is open") {
		t.Error("nobody looks")
	}
}
