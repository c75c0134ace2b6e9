package page_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/fleet"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe/fact"
)

var screens = flag.String("screens", "", "make the pictures of the documentation, in this `folder`")

// TestScreens makes docs/screens: go test ./internal/page -run TestScreens -screens ../../../../docs/screens
func TestScreens(t *testing.T) {
	if *screens == "" {
		return // it tests nothing: it is a program that needs what the tests need
	}
	a := tradingHouse(t)
	b := open(t, 1440, 900)
	time.Sleep(65 * time.Second) // a minute of real traffic: the charts are of a minute
	take := func(name, at string) {
		t.Helper()
		b.visit(a.URL() + at)
		time.Sleep(1500 * time.Millisecond) // the fonts, and two seconds of changes
		if err := os.WriteFile(filepath.Join(*screens, name+".png"), b.picture(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.prefer("light")
	take("overview", "/#/overview")
	take("connections", "/#/connections")
	take("past", "/#/overview?at="+time.Now().Add(-40*time.Second).UTC().Format(time.RFC3339))
	take("events", "/#/events")
	socket := eval[string](b, `(async () => { const s = await (await fetch("/api/v1/state")).json(); const p = s.sockets.find((x) => x.sock_name === "prices"); return "/#/socket/" + p.key })()`)
	b.prefer("dark")
	take("overview-dark", "/#/overview")
	take("socket-dark", socket)
	take("topology-dark", "/#/topology")
}

// tradingHouse is an agent that sees the residents of the demo.
func tradingHouse(t *testing.T) *agent.Agent {
	t.Helper()
	h, err := history.Open(filepath.Join(t.TempDir(), "history.db"), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := run(t, agent.Options{History: h})
	residents, err := fleet.MoveIn(func(name string, x *zmq.Context) { go a.Watch(x, fact.Self(name)).Run(t.Context()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { residents.Close() })
	return a
}
