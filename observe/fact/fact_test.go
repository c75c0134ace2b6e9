package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
)

func TestAnEventComesBackAsItWentOut(t *testing.T) {
	for name, e := range events {
		sent, err := Of(here, e)
		if err != nil {
			t.Fatal(err)
		}
		got, state, err := Parse(sent.Line)
		if err != nil || state != nil {
			t.Fatalf("%s: %v, state %v", name, err, state)
		}
		if got.Instance != here || got.String() != e.String() || got.Name != sent.Name || !bytes.Equal(got.Line, sent.Line) {
			t.Errorf("%s: got %+v\nwant %+v", name, got, sent)
		}
	}
}

func TestAConditionComesBackAsItWentOut(t *testing.T) {
	at := time.Date(2026, 11, 22, 2, 14, 10, 5e8, time.UTC)
	want := Condition{Name: "slow_subscriber", State: Raised, Since: at.Add(-5 * time.Second), Severity: "warn", Sock: 3,
		SockName: "md", SockType: "PUB", Conn: here.ConnKey(12), Remote: "tcp://10.0.0.7:50022", Peer: "risk-2", Why: "why", Hint: "hint", Count: 1840}
	sent, err := Found(here, at, want)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := Parse(sent.Line)
	if err != nil {
		t.Fatal(err)
	}
	if got.Condition == nil || *got.Condition != want {
		t.Errorf("got %+v\nwant %+v", got.Condition, want)
	}
	if !got.Time.Equal(at) || got.SocketID != 3 || got.Conn != 12 || got.Instance != here || got.Name != "condition" {
		t.Errorf("the row is %+v", got)
	}
}

func TestAStateComesBackAsItWentOut(t *testing.T) {
	at := time.Date(2026, 11, 22, 2, 14, 10, 0, time.UTC)
	s := monitor.State{Seq: 9, SocketID: 3, SocketName: "md", SocketType: "PUB", MessagesOut: 1<<64 - 1, Dropped: 4,
		Endpoints: []monitor.EndpointState{{ID: 1, Side: monitor.SideConnect, Endpoint: "tcp://db:1", Attempt: 3, NextTry: at, LastErr: errors.New("refused")}},
		Peers: []monitor.PeerState{{Peer: monitor.Peer{Conn: 7, FD: -1, Type: "SUB", RoutingID: "risk", Since: at, Process: &monitor.Process{PID: 12}},
			Ready: true, QueueOut: 5, Subscriptions: 2, RTT: time.Millisecond}},
	}
	sent := StateOf(here, at, s, 1000, 0)
	line, err := sent.Line()
	if err != nil {
		t.Fatal(err)
	}
	f, got, err := Parse(line)
	if err != nil || f != nil {
		t.Fatal(f, err)
	}
	if !reflect.DeepEqual(*got, sent) {
		t.Errorf("got %+v\nwant %+v", *got, sent)
	}
}

// What a program writes with monitor.JSON alone has no instance; who collects it gives it one, and nothing else changes.
func TestALineWithoutAnInstanceIsGivenOne(t *testing.T) {
	plain, _ := events["everything known"].MarshalJSON()
	plain = append(plain[:len(plain)-1], `,"of_tomorrow":[1]}`...)
	f, _, err := Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := f.In(here)
	if err != nil {
		t.Fatal(err)
	}
	if signed.Instance != here || !strings.Contains(string(signed.Line), `"conn":"k7q2m4/9"`) || !strings.Contains(string(signed.Line), `"of_tomorrow":[1]`) {
		t.Errorf("got %s", signed.Line)
	}
	again, err := signed.In(Instance{ID: "other"})
	if err != nil || again.Instance != here {
		t.Errorf("a line that has an instance was given another: %+v, %v", again.Instance, err)
	}
}

func TestWhatIsNoLineIsRefusedWithAReason(t *testing.T) {
	for line, want := range map[string]string{
		"":                                       "no JSON object",
		"[]":                                     "no JSON object",
		"{}":                                     `without the key "event"`,
		`{"event":7}`:                            "no JSON object",
		`{"event":"connected"`:                   "no JSON object",
		`{"event":"connected","conn":"x/y"}`:     "key conn",
		`{"event":"state","peers":7}`:            "peers",
		`{"event":"condition","n":"many"}`:       "n",
		`"` + strings.Repeat("x", MaxLine) + `"`: "at most",
	} {
		if f, s, err := Parse([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, %v, error %v, want one about %q", line, f, s, err, want)
		}
	}
}

// A key that is there and empty, or of another process than the one that sent the line, is not in the way.
func TestALineIsGivenItsInstanceWhole(t *testing.T) {
	f, _, err := Parse([]byte(`{"v":1,"inst":"","seq":3,"app":"other","event":"listening","pid":9,"k\u007f":1}`))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := f.In(here)
	if err != nil {
		t.Fatal(err)
	}
	if back, _, err := Parse(signed.Line); err != nil || back.Instance != here || back.Seq != 3 {
		t.Errorf("%s reads back as %+v, %v", signed.Line, back, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, e := range events {
		line, _ := here.JSON(e)
		f.Add(line)
	}
	found, _ := Found(here, time.Unix(0, 0), Condition{Name: "drops", State: Raised})
	f.Add(found.Line)
	state, _ := StateOf(here, time.Unix(0, 0), monitor.State{Peers: make([]monitor.PeerState, 1)}, 1, 1).Line()
	f.Add(state)
	f.Fuzz(func(t *testing.T, line []byte) {
		fact, state, err := Parse(line)
		switch {
		case err != nil:
		case state != nil:
			if again, err := state.Line(); err != nil || !json.Valid(again) {
				t.Fatalf("%s cannot be written again: %s, %v", line, again, err)
			}
		case fact.Instance.ID == "":
			if signed, err := fact.In(here); err != nil || !json.Valid(signed.Line) {
				t.Fatalf("%s under an instance: %s, %v", line, signed.Line, err)
			}
		}
	})
}
