package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A server goes and comes back while doctor looks: each change is told when it happens, and that it flaps at the end.
func TestDoctorKeepsLooking(t *testing.T) {
	t.Setenv("GLASS_SERVER", "")
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	server := zmq.NewPull(zmq.Config{Context: x})
	at, err := server.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, errs := newNotes(), newNotes()
	var doctor sync.WaitGroup
	code := 0
	doctor.Go(func() {
		code = run(ctx, []string{"doctor", at, "--for", "1h", "--every", "20ms"}, strings.NewReader(""), out, errs)
	})
	out.await(t, "    fine ", 1)
	server.Close()
	out.await(t, " ✗ refused: nothing listens on "+at, 1)
	server = zmq.NewPull(zmq.Config{Context: x})
	if _, err := server.Bind(at); err != nil {
		t.Fatal(err)
	}
	out.await(t, " ✓ fine: libzmq or compatible", 1)
	cancel()
	doctor.Wait()
	said := out.String()
	if code != exitFailure || !strings.Contains(said, ", changes 2, ping ") || !strings.HasSuffix(said, "; it flaps\n") {
		t.Errorf("exit code %d: %s%s", code, said, errs)
	}
	if told := errs.String(); !strings.HasSuffix(told, "glass: "+at+": refused\n") {
		t.Errorf("the notes are %s", told)
	}
}

// An agent that runs adds what it has seen go wrong at the endpoint; one that was named and does not run is spoken of.
func TestDoctorAsksTheAgent(t *testing.T) {
	nobody := "tcp://127.0.0.1:1"
	event, err := fact.Of(fact.Instance{ID: "k7q2m4", App: "md-gw\x1b", PID: 7}, monitor.Event{Kind: monitor.ConnectFailed, Seq: 41, Time: time.Now(), SocketName: "feed",
		Endpoint: nobody, Side: monitor.SideConnect, Who: monitor.ByPeer, Phase: monitor.InConnect, Reason: monitor.ReasonRefused})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards asked
	var asked []string
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path+" "+r.URL.Query().Get("sev")+" "+r.URL.Query().Get("grep"))
		w.Write(append(event.Line, '\n'))
	}))
	out, errs := newNotes(), newNotes()
	if code := run(t.Context(), []string{"doctor", nobody, "--server", agent.URL}, strings.NewReader(""), out, errs); code != exitFailure {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if want := ` md-gw\x1b feed connect_failed nothing listens on ` + nobody + "\n"; !strings.Contains(out.String(), "    agent       ") || !strings.Contains(out.String(), want) {
		t.Errorf("it says %s, want %s", out, want)
	}
	if len(asked) != 1 || asked[0] != `/api/v1/events warn (127\.0\.0\.1:1)\b` {
		t.Errorf("the agent was asked %q", asked)
	}
	agent.Close()
	out = newNotes()
	run(t.Context(), []string{"doctor", nobody, "--server", agent.URL, "-o", "json"}, strings.NewReader(""), out, errs)
	var o struct{ Agent []string }
	if err := json.Unmarshal([]byte(out.String()), &o); err != nil || len(o.Agent) != 1 || !strings.Contains(o.Agent[0], "no agent listens at "+agent.URL) {
		t.Errorf("%v: %s", err, out)
	}
}
