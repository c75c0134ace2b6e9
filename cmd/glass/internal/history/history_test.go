package history

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// noon is when the stories begin. They are over in december, which is what the clock of a History shows.
var noon = time.Date(2036, 11, 22, 12, 0, 0, 0, time.UTC)

var december = noon.AddDate(0, 0, 20)

var gateway = fact.Instance{ID: "k7q2m4", App: "md-gw", Host: "h1", PID: 812}

func at(second float64) time.Time { return noon.Add(time.Duration(second * float64(time.Second))) }

// told is an event of i as a forwarder sends it.
func told(t testing.TB, i fact.Instance, e monitor.Event) fact.Fact {
	t.Helper()
	f, err := fact.Of(i, e)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// event is number seq of the gateway's publisher, at so many seconds after noon.
func event(t testing.TB, seq uint64, second float64, change func(*monitor.Event)) fact.Fact {
	t.Helper()
	e := monitor.Event{Kind: monitor.Accepted, Seq: seq, Time: at(second), SocketID: 3, SocketName: "md", SocketType: "PUB",
		EndpointID: 1, Endpoint: "tcp://*:5556", Side: monitor.SideBind, FD: -1}
	if change != nil {
		change(&e)
	}
	return told(t, gateway, e)
}

func opened(t testing.TB, path string, o Options) *History {
	t.Helper()
	h, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	h.now = func() time.Time { return december }
	t.Cleanup(func() { h.Close() })
	return h
}

func fresh(t testing.TB) *History {
	t.Helper()
	return opened(t, filepath.Join(t.TempDir(), "history.db"), Options{})
}

func appended(t testing.TB, h *History, facts ...fact.Fact) {
	t.Helper()
	if err := h.Append(facts); err != nil {
		t.Fatal(err)
	}
}

// seqs are the numbers of the events that a filter lets through, in the order in which they come.
func seqs(t testing.TB, h *History, f Filter) (all []uint64) {
	t.Helper()
	for f, err := range h.Events(context.Background(), f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Seq)
	}
	return all
}

// A line comes out as it went in, to the byte, with what only its writer understands.
func TestWhatGoesInComesOut(t *testing.T) {
	h := fresh(t)
	alien, _, err := fact.Parse([]byte(`{"v":1,"ts":"2036-11-22T12:00:01Z","inst":"x","seq":9,"event":"of_tomorrow","sev":"error","sock":1,"new":{"key":[1]}}`))
	if err != nil {
		t.Fatal(err)
	}
	found, err := fact.Found(gateway, at(2), fact.Condition{Name: "slow_subscriber", State: fact.Raised, Severity: "warn", Sock: 3, SockName: "md",
		Conn: "k7q2m4/9", Peer: "risk-2", Why: "it does not read", Hint: "look at it"})
	if err != nil {
		t.Fatal(err)
	}
	in := []fact.Fact{event(t, 1, 0, func(e *monitor.Event) { e.Remote, e.PeerID = "tcp://10.0.0.9:4", "\x00\xff" }), *alien, found}
	appended(t, h, in...)
	i := 0
	for out, err := range h.Events(context.Background(), Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if string(out.Line) != string(in[i].Line) || out.Name != in[i].Name || out.Instance != in[i].Instance || !out.Time.Equal(in[i].Time) {
			t.Errorf("got %s\nwant %s", out.Line, in[i].Line)
		}
		i++
	}
	if i != len(in) {
		t.Errorf("%d facts came out, %d went in", i, len(in))
	}
}

// What was not acknowledged is sent again; nothing of it is there twice.
func TestAFactIsKeptOnce(t *testing.T) {
	h := fresh(t)
	first := event(t, 1, 0, nil)
	other := event(t, 1, 0, func(e *monitor.Event) { e.SocketID = 4 }) // numbers count per socket
	elsewhere := told(t, fact.Instance{ID: "other"}, first.Event)
	ids, err := h.Number([]fact.Fact{first, first, other, elsewhere})
	if err != nil || !slices.Equal(ids, []int64{1, 0, 2, 3}) {
		t.Fatalf("kept under %v, %v", ids, err)
	}
	huge := event(t, 1<<64-1, 1, nil)
	ids, err = h.Number([]fact.Fact{first, huge, event(t, 2, 2, nil), huge})
	if err != nil || !slices.Equal(ids, []int64{0, 4, 5, 0}) {
		t.Fatalf("kept under %v, %v", ids, err)
	}
}

// Conditions have no number of their own, and each is another.
func TestAFactWithoutANumberIsNewEachTime(t *testing.T) {
	h := fresh(t)
	found, _ := fact.Found(gateway, at(1), fact.Condition{Name: "drops", State: fact.Raised})
	ids, err := h.Number([]fact.Fact{found, found})
	if err != nil || !slices.Equal(ids, []int64{1, 2}) {
		t.Fatalf("kept under %v, %v", ids, err)
	}
}

func TestFilters(t *testing.T) {
	h := fresh(t)
	on := func(conn monitor.ConnID, kind monitor.Kind) func(*monitor.Event) {
		return func(e *monitor.Event) {
			e.Kind, e.Conn, e.Remote = kind, conn, fmt.Sprintf("tcp://10.0.0.%d:40%d", conn%2, conn)
			if kind != monitor.Accepted {
				e.PeerID = fmt.Sprintf("risk_%d", conn%2)
			}
		}
	}
	appended(t, h,
		event(t, 1, 0, func(e *monitor.Event) { e.Kind = monitor.Listening }),
		event(t, 2, 1, on(1, monitor.Accepted)),
		event(t, 3, 2, on(1, monitor.HandshakeSucceeded)),
		event(t, 4, 3, on(2, monitor.Accepted)),
		event(t, 5, 4, func(e *monitor.Event) { on(2, monitor.HandshakeFailedAuth)(e); e.UserID = "ann"; e.PeerID = "" }),
		event(t, 6, 5, func(e *monitor.Event) { on(1, monitor.Disconnected)(e); e.Reason = monitor.ReasonReset }),
		event(t, 7, 6, func(e *monitor.Event) { on(3, monitor.Accepted)(e); e.SocketName = "" }),
		told(t, fact.Instance{ID: "z", App: "other"}, monitor.Event{Kind: monitor.Listening, Seq: 8, Time: at(7), SocketID: 1, SocketType: "REP", FD: -1}),
		told(t, fact.Instance{ID: "z", App: "other"}, monitor.Event{Kind: monitor.Accepted, Seq: 9, Time: at(8), SocketID: 1, SocketType: "REP",
			Remote: "tcp://[fe80::1]:7", Conn: 1, FD: -1}),
	)
	for name, c := range map[string]struct {
		f    Filter
		want []uint64
	}{
		"all":                        {Filter{}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"since, included":            {Filter{Since: at(4)}, []uint64{5, 6, 7, 8, 9}},
		"until, included":            {Filter{Until: at(1)}, []uint64{1, 2}},
		"between":                    {Filter{Since: at(1), Until: at(2)}, []uint64{2, 3}},
		"the newest two":             {Filter{N: 2}, []uint64{8, 9}},
		"the newest two, backwards":  {Filter{N: 2, Descending: true}, []uint64{9, 8}},
		"more than there are":        {Filter{N: 100}, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"the newest of some":         {Filter{N: 1, Events: []string{"accepted"}}, []uint64{9}},
		"after a number":             {Filter{After: 5}, []uint64{6, 7, 8, 9}},
		"the first after a number":   {Filter{After: 5, N: 1}, []uint64{6}},
		"events":                     {Filter{Events: []string{"listening", "disconnected"}}, []uint64{1, 6, 8}},
		"an app":                     {Filter{App: "other"}, []uint64{8, 9}},
		"a socket's name":            {Filter{Sock: "md"}, []uint64{1, 2, 3, 4, 5, 6}},
		"a socket's key":             {Filter{Sock: "z/1"}, []uint64{8, 9}},
		"a type of a nameless one":   {Filter{Sock: "pub"}, []uint64{7}},
		"a connection":               {Filter{Conn: "k7q2m4/1"}, []uint64{2, 3, 6}},
		"at least warnings":          {Filter{Severity: "warn"}, []uint64{5, 6}},
		"errors":                     {Filter{Severity: "error"}, []uint64{5}},
		"a peer, from its accept on": {Filter{Peer: "risk_1"}, []uint64{2, 3, 6}},
		"a user":                     {Filter{Peer: "ann"}, []uint64{4, 5}},
		"a whole address":            {Filter{Peer: "10.0.0.1:401"}, []uint64{2, 3, 6}},
		"an address without port":    {Filter{Peer: "10.0.0.1"}, []uint64{2, 3, 6, 7}},
		"with its scheme":            {Filter{Peer: "tcp://10.0.0.0"}, []uint64{4, 5}},
		"another, of a later IP":     {Filter{Peer: "fe80::1"}, []uint64{9}},
		"_ is itself":                {Filter{Peer: "10.0.0__"}, nil},
		"grep":                       {Filter{Grep: regexp.MustCompile(`"reason":"re.et"`)}, []uint64{6}},
		"grep, the newest":           {Filter{Grep: regexp.MustCompile(`accepted`), N: 2}, []uint64{7, 9}},
		"words of SQL":               {Filter{App: "' OR 1=1 --"}, nil},
	} {
		if got := seqs(t, h, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// More facts than a chunk, at the same moment, while others come in between: each once, in order.
func TestALongScanHoldsNothingAndMissesNothing(t *testing.T) {
	h := fresh(t)
	const n = 3 * fewRows
	var facts []fact.Fact
	for i := range n {
		facts = append(facts, event(t, uint64(i+1), float64(i/300), nil))
	}
	appended(t, h, facts...)
	for _, f := range []Filter{{}, {N: n - 1}, {Descending: true}, {After: 1}} {
		var got []uint64
		extra := uint64(n + 1)
		for row, err := range h.Rows(context.Background(), f) {
			if err != nil {
				t.Fatal(err)
			}
			if row.Seq <= n {
				got = append(got, row.Seq)
			}
			if len(got) == 100 { // a writer is not held up by who reads
				appended(t, h, event(t, extra, 1e6+float64(extra), nil))
				extra++
			}
		}
		want := make([]uint64, 0, n)
		for i := range uint64(n) {
			want = append(want, i+1)
		}
		switch {
		case f.N > 0, f.After > 0:
			want = want[1:]
		case f.Descending:
			slices.Reverse(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d facts, from %d to %d", f, len(got), got[0], got[len(got)-1])
		}
		h.remove("DELETE FROM events WHERE ts > ?", at(1e6).UnixNano())
	}
}

func TestAReaderCanBeCalledOff(t *testing.T) {
	h := fresh(t)
	appended(t, h, event(t, 1, 0, nil))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range h.Events(ctx, Filter{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		return
	}
	t.Fatal("it ended without a word")
}

func TestAFilterThatCannotBeMeantIsRefused(t *testing.T) {
	h := fresh(t)
	for want, f := range map[string]Filter{
		"one of debug": {Severity: "fatal"}, "from 0 on": {N: -1}, "before since": {Since: at(2), Until: at(1)},
	} {
		var got error
		for _, err := range h.Events(context.Background(), f) {
			got = err
		}
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%+v: %v, want a word of %q", f, got, want)
		}
	}
}

func TestEventNames(t *testing.T) {
	names, err := EventNames("flow,condition connected")
	if err != nil || !slices.Equal(names, []string{"pipes_stats", "queue_full", "queue_drained", "dropped", "condition", "connected"}) {
		t.Errorf("%v, %v", names, err)
	}
	if names, err := EventNames("all"); err != nil || names != nil {
		t.Errorf("all: %v, %v", names, err)
	}
	if _, err := EventNames("conected"); err == nil || !strings.Contains(err.Error(), `"conected"`) {
		t.Errorf("a slip: %v", err)
	}
}

// Match says of one fact what Events says of all, but for what only the file knows.
func TestMatchIsTheFilterForWhatComesLive(t *testing.T) {
	h := fresh(t)
	facts := []fact.Fact{
		event(t, 1, 0, func(e *monitor.Event) {
			e.Kind, e.Conn, e.Remote, e.PeerID = monitor.HandshakeSucceeded, 4, "tcp://10.0.0.4:1", "a"
		}),
		event(t, 2, 1, func(e *monitor.Event) { e.Kind, e.SocketName = monitor.BindFailed, "" }),
		told(t, fact.Instance{ID: "z", App: "other"}, monitor.Event{Kind: monitor.Listening, Seq: 3, Time: at(7), SocketID: 3, SocketName: "md", FD: -1}),
	}
	appended(t, h, facts...)
	for _, f := range []Filter{{}, {Since: at(1)}, {Until: at(0)}, {App: "other"}, {Sock: "md"}, {Sock: "k7q2m4/3"}, {Sock: "Pub"}, {Peer: "a"},
		{Peer: "10.0.0.4"}, {Peer: "10.0.0.4:1"}, {Conn: "k7q2m4/4"}, {Severity: "error"}, {Severity: "info"}, {Events: []string{"listening"}},
		{Grep: regexp.MustCompile("bind")}} {
		var live []uint64
		for i := range facts {
			if f.Match(&facts[i]) {
				live = append(live, facts[i].Seq)
			}
		}
		if want := seqs(t, h, f); !slices.Equal(live, want) {
			t.Errorf("%+v: live %v, from the file %v", f, live, want)
		}
	}
}
