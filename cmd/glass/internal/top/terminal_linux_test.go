package top

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/ptytest"
)

// A watcher keeps what a terminal has shown.
type watcher struct {
	mu   sync.Mutex // guards seen
	seen bytes.Buffer
	more chan struct{} // something was shown
}

func watch(t *testing.T, screen *os.File) *watcher {
	w := &watcher{more: make(chan struct{}, 1)}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := screen.Read(b)
			w.mu.Lock()
			w.seen.Write(b[:n])
			w.mu.Unlock()
			select {
			case w.more <- struct{}{}:
			default:
			}
			if err != nil {
				return // the terminal is closed
			}
		}
	}()
	return w
}

// until waits until all words were shown since the last call, and forgets what was.
func (w *watcher) until(t *testing.T, words ...string) {
	t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		w.mu.Lock()
		missing := ""
		for _, word := range words {
			if !bytes.Contains(w.seen.Bytes(), []byte(word)) && !bytes.Contains([]byte(ansi.Strip(w.seen.String())), []byte(word)) {
				missing = word
			}
		}
		if missing == "" {
			w.seen.Reset()
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		select {
		case <-w.more:
		case <-late.C:
			w.mu.Lock()
			defer w.mu.Unlock()
			t.Fatalf("no %q was shown: %q", missing, w.seen.String())
		}
	}
}

// All of it, from a terminal to an agent's HTTP and back: the screen comes, keys work, q ends it, and the terminal is as before.
func TestARealTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	agent := httptest.NewServer((&agenttest.Agent{}).Handler())
	defer agent.Close()
	c, err := client.New(agent.URL, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	screen, tty := ptytest.Open(t, 100)
	w := watch(t, screen)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(t.Context(), c, agenttest.Snapshot(), tty, tty, Options{View: "sockets", Delay: 100 * time.Millisecond, Colour: true})
	}()
	w.until(t, ansi.SetModeAltScreenSaveCursor, "md-gw/md-pub", "12:00:00", "server_down")
	for _, step := range []struct{ keys, want string }{
		{"j\r", "risk-2"}, {"\r", "1000 of 1000 out"}, {"?", "copy the row as JSON"}, {":peers\r", "192.168.7.20"}, {"/risk-1\r", "/risk-1"},
	} {
		io.WriteString(screen, step.keys)
		w.until(t, step.want)
	}
	io.WriteString(screen, "q")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.until(t, ansi.ResetModeAltScreenSaveCursor)
}

// The end of the command's context ends the screen, as Ctrl-C does elsewhere.
func TestTheContextEndsTheScreen(t *testing.T) {
	screen, tty := ptytest.Open(t, 80)
	w := watch(t, screen)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, &scene{now: agenttest.Snapshot(), err: errors.New("gone")}, agenttest.Snapshot(), tty, tty, Options{View: "conns", Delay: 100 * time.Millisecond})
	}()
	w.until(t, "risk-2", "gone; asking again")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.until(t, ansi.ResetModeAltScreenSaveCursor)
}
