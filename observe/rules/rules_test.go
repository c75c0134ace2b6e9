package rules_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/rules"
)

// promtool runs Prometheus' own checker; without it the test is skipped, where ZMQ_INTEROP=required does not forbid that.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err == nil:
	case os.Getenv("ZMQ_INTEROP") == "required":
		t.Fatal("promtool is missing: install the package prometheus")
	default:
		t.Skip("promtool is missing")
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestAlertsAreValid(t *testing.T) { promtool(t, "check", "rules", "--lint-fatal", "alerts.yml") }

// alerts_test.yml says, for each alert, when it fires and when it does not.
func TestAlertsFireWhenTheyShould(t *testing.T) { promtool(t, "test", "rules", "alerts_test.yml") }

func TestEveryAlertHasATest(t *testing.T) {
	tests, err := os.ReadFile("alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(rules.Alerts(), -1)
	if len(names) != 6 {
		t.Errorf("%d alerts", len(names))
	}
	for _, name := range names {
		of := "alertname: " + name[1]
		if n := strings.Count(string(tests), of); n < 2 {
			t.Errorf("%s has %d tests: one when it fires, one when not", name[1], n)
		}
	}
}

var metricPattern = regexp.MustCompile(`\bzmq_[a-z_]+`)

// metrics are the names that a program of ours has.
func metrics() map[string]bool {
	ts := observe.NewTallies(observe.TallyOptions{})
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		ts.Describe(descs)
	}()
	names := map[string]bool{}
	for d := range descs {
		names[metricPattern.FindString(d.String())] = true
	}
	return names
}

func wantKnown(t *testing.T, where, text string) {
	t.Helper()
	known := metrics()
	for _, name := range metricPattern.FindAllString(text, -1) {
		base := name
		for _, of := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, of)
		}
		if !known[name] && !known[base] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

func TestAlertsAreAboutMetricsThatExist(t *testing.T) { wantKnown(t, "alerts.yml", rules.Alerts()) }

type panel struct {
	ID      int
	Title   string
	Type    string
	GridPos struct{ H, W, X, Y int }
	Targets []struct{ Expr, RefID string }
}

// The dashboard is JSON that Grafana reads, its panels do not overlap, and each of its queries is one that Prometheus takes,
// about metrics that exist.
func TestDashboard(t *testing.T) {
	var board struct {
		Title, UID    string
		SchemaVersion int
		Templating    struct{ List []struct{ Name string } }
		Panels        []panel
	}
	if err := json.Unmarshal([]byte(rules.Dashboard()), &board); err != nil {
		t.Fatal(err)
	}
	if board.Title == "" || board.UID == "" || board.SchemaVersion < 30 || len(board.Panels) < 10 {
		t.Errorf("the dashboard is %+v", board)
	}
	known := map[string]bool{"__rate_interval": true}
	for _, v := range board.Templating.List {
		known[v.Name] = true
	}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	var asRules strings.Builder
	asRules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("%s: number %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		p.occupy(t, cells)
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s asks nothing", p.Title)
		}
		for _, target := range p.Targets {
			wantKnown(t, p.Title, target.Expr)
			for _, name := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !known[name[1]] {
					t.Errorf("%s: there is no variable $%s", p.Title, name[1])
				}
			}
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")
			fmt.Fprintf(&asRules, "  - {record: 'panel:%d:%s', expr: %s}\n", p.ID, strings.ToLower(target.RefID), quoted(expr))
		}
	}
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(path, []byte(asRules.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (p panel) occupy(t *testing.T, cells map[[2]int]string) {
	t.Helper()
	for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
		for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
			if x >= 24 || cells[[2]int{x, y}] != "" {
				t.Errorf("%s lies on %q, or beside the page, at %d, %d", p.Title, cells[[2]int{x, y}], x, y)
				return
			}
			cells[[2]int{x, y}] = p.Title
		}
	}
}
