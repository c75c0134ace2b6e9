package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/monitor"
)

func mustRange(t testing.TB, text string) Range {
	t.Helper()
	r, err := ParseRange(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The table of the Monitoring Plugins Development Guidelines, and our own units.
func TestRanges(t *testing.T) {
	for text, want := range map[string]struct {
		alerts, fine []float64
		text         string
	}{
		"10":        {[]float64{-0.1, 10.1}, []float64{0, 10}, "10"},
		"0":         {[]float64{1, -1}, []float64{0}, "0"},
		"10:":       {[]float64{9.9}, []float64{10, 1e9}, "10:"},
		"0:":        {[]float64{-1}, []float64{0, 5}, "0:"},
		":10":       {[]float64{10.1}, []float64{-5, 10}, "~:10"},
		"~:10":      {[]float64{10.1}, []float64{-1e9, 10}, "~:10"},
		"10:20":     {[]float64{9, 21}, []float64{10, 20}, "10:20"},
		"@10:20":    {[]float64{10, 15, 20}, []float64{9, 21}, "@10:20"},
		"-5:-1":     {[]float64{0}, []float64{-3}, "-5:-1"},
		"100ms":     {[]float64{0.11}, []float64{0.1}, "0.1"},
		"100ms:2s":  {[]float64{0.01, 3}, []float64{1}, "0.1:2"},
		"50%":       {[]float64{51}, []float64{50}, "50"},
		"":          {nil, []float64{1, -1}, ""},
		"0.000001:": {[]float64{0}, []float64{0.000001}, "0.000001:"},
	} {
		r := mustRange(t, text)
		for _, n := range want.alerts {
			if !r.Alerts(n) {
				t.Errorf("%q does not alert at %v", text, n)
			}
		}
		for _, n := range want.fine {
			if r.Alerts(n) {
				t.Errorf("%q alerts at %v", text, n)
			}
		}
		if r.String() != want.text {
			t.Errorf("%q is written as %q, want %q", text, r, want.text)
		}
	}
	for _, text := range []string{"ten", "10:5", "1:2:3", "@", "NaN", "inf", "10 20"} {
		if r, err := ParseRange(text); err == nil {
			t.Errorf("%q was read as %q", text, r)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, text := range []string{"10", "10:", "~:10", "@10:20", "100ms:", "1e3", "-1:1", "@:"} {
		f.Add(text, 15.0)
	}
	f.Fuzz(func(t *testing.T, text string, n float64) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		again, err := ParseRange(r.String())
		if err != nil || again.Alerts(n) != r.Alerts(n) {
			t.Errorf("%q is written as %q, which is read as %q, %v", text, r, again, err)
		}
	})
}

func TestTheWorstIsTold(t *testing.T) {
	figure := func(of string, l Level) Figure { return Figure{Of: of, Level: l, Text: "text"} }
	for _, c := range []struct {
		figures []Figure
		level   Level
		text    string
	}{
		{[]Figure{figure("a", OK)}, OK, "a: text"},
		{[]Figure{figure("a", OK), figure("b", OK)}, OK, "2 sockets"},
		{[]Figure{figure("a", OK), figure("b", Warning)}, Warning, "b: text"},
		{[]Figure{figure("a", Warning), figure("b", Critical), figure("c", Unknown)}, Critical, "b: text; 3 of 3 sockets are not in order"},
		{[]Figure{figure("a", Unknown), figure("b", Warning)}, Warning, "b: text; 2 of 2 sockets are not in order"},
		{[]Figure{figure("a", OK), figure("b", Unknown)}, Unknown, "b: text"},
	} {
		if r := Judge("queue", Limits{}, "sockets", c.figures); r.Level != c.level || r.Text != c.text {
			t.Errorf("%v: got %v %q, want %v %q", c.figures, r.Level, r.Text, c.level, c.text)
		}
	}
}

// The scene's sockets are held against thresholds.
func TestTheScene(t *testing.T) {
	s := agenttest.Snapshot()
	limits := Limits{Warn: mustRange(t, "2:"), Critical: mustRange(t, "1:")}
	all, gone, err := Choice{}.Sockets(&s)
	if err != nil || gone || len(all) != 4 {
		t.Fatalf("%d sockets live, %v: want 4, for one process has gone", len(all), err)
	}
	for what, c := range map[string]struct {
		figures []Figure
		want    string
	}{
		"peers":   {Peers(all, limits), "md-gw/md-pub 3 OK, md-gw/ctl 0 CRITICAL, orders/push-1 0 CRITICAL, risk/md-sub 1 WARNING"},
		"traffic": {Traffic(&s, all, limits), "md-gw/md-pub 12480 OK, md-gw/ctl 0 CRITICAL, orders/push-1 0 CRITICAL, risk/md-sub 6240.5 OK"},
		"queue": {Queues(&s, all, Limits{Warn: mustRange(t, "50"), Critical: mustRange(t, "90")}),
			"md-gw/md-pub 100 CRITICAL, md-gw/ctl 0 OK, orders/push-1 0 OK, risk/md-sub 0 OK"},
		"connect": {Connects(all, Limits{Critical: mustRange(t, "1:")}),
			"orders/push-1 tcp://10.0.0.5:5557 0 CRITICAL, risk/md-sub tcp://h1:5556 1 OK"},
	} {
		var got []string
		for _, f := range c.figures {
			got = append(got, fmt.Sprintf("%s %v %v", f.Of, f.Value, f.Level))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: got %q, want %q", what, strings.Join(got, ", "), c.want)
		}
	}
	if f := Queues(&s, all, limits)[0]; !strings.HasPrefix(f.Text, "100 % of the mark: 1000 messages to risk-2") {
		t.Errorf("the queue's text is %q", f.Text)
	}
	if f := Traffic(&s, all, limits)[2]; f.Text != "no messages for 31s" {
		t.Errorf("the traffic's text is %q", f.Text)
	}
	if f := Connects(all, limits)[0]; f.Text != "not connected, and waiting to try again, attempt 31: connection refused" {
		t.Errorf("the endpoint's text is %q", f.Text)
	}
}

func TestDropsAreAddedUp(t *testing.T) {
	s := agenttest.Snapshot()
	all, _, _ := Choice{App: "md-gw"}.Sockets(&s)
	lost := make(Loss)
	for _, f := range agenttest.Facts() {
		lost.Add(&f)
	}
	figures := Drops(all, lost, "5m0s", Limits{Warn: mustRange(t, "0")})
	if f := figures[0]; f.Value != 932 || f.Level != Warning || f.Text != "932 messages lost in the last 5m0s, most of them for hwm" || f.Hint == "" {
		t.Errorf("got %+v: want 920 dropped and 12 unsent", f)
	}
	if f := figures[1]; f.Value != 0 || f.Level != OK {
		t.Errorf("got %+v", f)
	}
}

func TestWhichSockets(t *testing.T) {
	s := agenttest.Snapshot()
	twin := s.Sockets[0]
	twin.Key, twin.ID = twin.Inst+"/9", 9
	s.Sockets = append(s.Sockets, twin)
	all, _, err := Choice{Socket: "md-pub"}.Sockets(&s)
	if err != nil || len(all) != 2 || all[0].Name == all[1].Name {
		t.Errorf("two sockets of one name are %+v, %v", all, err)
	}
	for c, want := range map[Choice]struct {
		gone bool
		text string
	}{
		{App: "batch"}:               {true, "no socket is left that fits --app batch"},
		{App: "x", Type: "PUB"}:      {false, "6 sockets, and none that fits --app x --type PUB"},
		{Socket: "md-pub", App: "x"}: {false, "none that fits --app x --sock md-pub"},
	} {
		if _, gone, err := c.Sockets(&s); gone != want.gone || err == nil || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%v: gone %v, %v; want %v, %q", c, gone, err, want.gone, want.text)
		}
	}
	if _, _, err := (Choice{}).Sockets(&model.Snapshot{}); err == nil || err.Error() != "the agent knows of no socket" {
		t.Errorf("an agent without sockets: %v", err)
	}
}

// The forms, of a result in which somebody has chosen a name that would do harm.
func TestForms(t *testing.T) {
	limits := Limits{Warn: mustRange(t, "50"), Critical: mustRange(t, "90")}
	r := Judge("queue", limits, "sockets", []Figure{
		{Of: "md-gw/md-pub", Value: 100.0 / 3, Unit: "%", Text: "33 % of the mark"},
		{Of: "it's a=b|c\n\x1b[31m", Value: 94, Unit: "%", Level: Critical, Text: "94 %|of the\nmark", Hint: "make the reader faster"},
		{Of: "x", Level: Unknown, Text: "not known", Missing: true},
	})
	for form, want := range map[string]string{
		Nagios: `GLASS QUEUE CRITICAL - it's a=b/c\n\x1b[31m: 94 %/of the\nmark; 2 of 3 sockets are not in order | 'md-gw/md-pub'=33.333333%;50;90;0 'it''s a_b/c\n\x1b[31m'=94%;50;90;0
OK md-gw/md-pub: 33 % of the mark
CRITICAL it's a=b/c\n\x1b[31m: 94 %/of the\nmark
UNKNOWN x: not known
`,
		JSON: `{"check":"queue","status":"CRITICAL","exit":2,"text":"it's a=b|c\n\u001b[31m: 94 %|of the\nmark; 2 of 3 sockets are not in order","warn":"50","critical":"90","figures":[` +
			`{"of":"md-gw/md-pub","value":33.333333333333336,"unit":"%","status":"OK","text":"33 % of the mark"},` +
			`{"of":"it's a=b|c\n\u001b[31m","value":94,"unit":"%","status":"CRITICAL","text":"94 %|of the\nmark","hint":"make the reader faster"},` +
			`{"of":"x","value":0,"status":"UNKNOWN","text":"not known"}]}` + "\n",
		Prometheus: `# HELP glass_check_status What the check says: 0 OK, 1 warning, 2 critical, 3 unknown.
# TYPE glass_check_status gauge
glass_check_status{check="queue"} 2
# HELP glass_check_value What the check has held against its thresholds.
# TYPE glass_check_value gauge
glass_check_value{check="queue",of="it's a=b|c\n` + "\x1b" + `[31m",unit="%"} 94
glass_check_value{check="queue",of="md-gw/md-pub",unit="%"} 33.333333
`,
		Text: `queue: CRITICAL, it's a=b|c\n\x1b[31m: 94 %|of the\nmark; 2 of 3 sockets are not in order
  in order is 0 to 50, all else is a warning; and what is not 0 to 90 is critical
  OK       md-gw/md-pub: 33 % of the mark
  CRITICAL it's a=b|c\n\x1b[31m: 94 %|of the\nmark
           do: make the reader faster
  UNKNOWN  x: not known
`,
	} {
		got, err := r.Format(form)
		if err != nil || got != want {
			t.Errorf("%s, %v:\n%s\nwant\n%s", form, err, got, want)
		}
		if form == Prometheus {
			if problems, err := promlint.New(strings.NewReader(got)).Lint(); err != nil || len(problems) > 0 {
				t.Errorf("promlint: %v %v", problems, err)
			}
		}
	}
}

func TestProbes(t *testing.T) {
	limits := Limits{Warn: mustRange(t, "100ms"), Critical: mustRange(t, "1")}
	fine := &probe.Report{Endpoint: "tcp://db:1", Major: 3, Minor: 1, Mechanism: "NULL", Type: "ROUTER"}
	if f := Reached(fine, 150*time.Millisecond, limits); f.Level != Warning || f.Value != 0.15 || f.Unit != "s" || !strings.HasSuffix(f.Text, "ROUTER, after 150ms") {
		t.Errorf("a slow one is %+v", f)
	}
	if f := Reached(fine, time.Millisecond, limits, "PUB"); f.Level != Critical || !f.Missing || !strings.Contains(f.Text, "is a ROUTER, not a PUB") {
		t.Errorf("one of another type is %+v", f)
	}
	refused := &probe.Report{Endpoint: "tcp://db:1", Failure: &monitor.Event{Kind: monitor.ConnectFailed, Endpoint: "tcp://db:1",
		Side: monitor.SideConnect, Who: monitor.ByPeer, Phase: monitor.InConnect, Reason: monitor.ReasonRefused}}
	if f := Reached(refused, time.Millisecond, limits); f.Level != Critical || f.Text != "nothing listens on tcp://db:1" || f.Hint == "" {
		t.Errorf("one that is not there is %+v", f)
	}
	if f := Reached(&probe.Report{Interrupted: true}, 0, limits); f.Level != Unknown {
		t.Errorf("one that was interrupted is %+v", f)
	}
	if f := Accepted(fine, limits); f.Level != Unknown || !strings.Contains(f.Text, "on its own host only") {
		t.Errorf("one whose kernel was not asked is %+v", f)
	}
	if f := Accepted(refused, limits); f.Level != Critical {
		t.Errorf("one that is not there has %+v", f)
	}
}
