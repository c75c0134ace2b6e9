package agent

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Nothing comes any more, and what is too old goes all the same.
func TestWhatIsTooOldGoesWhenNothingComes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	h := openHistory(t, path)
	var old []fact.Fact
	for seq := range uint64(10) {
		f, err := fact.Of(here, monitor.Event{Kind: monitor.Listening, Seq: seq + 1, Time: time.Now().Add(-2 * time.Hour), SocketID: 1, FD: -1})
		if err != nil {
			t.Fatal(err)
		}
		old = append(old, f)
	}
	if err := h.Append(old); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h, err := history.Open(path, history.Options{Retain: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	start(t, Options{History: h})
	until(t, func() bool { return h.Stats().Events == 1 }) // the newest stays: its number is not used again
}
