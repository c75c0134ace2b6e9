package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// The forms of a result.
const (
	Nagios     = "nagios"     // one line, with performance data, and one for each figure if there are several
	JSON       = "json"       // one object
	Prometheus = "prometheus" // text for the collector of files
	Text       = "text"       // lines for people
)

// Forms are all of them, the default first.
var Forms = []string{Nagios, JSON, Prometheus, Text}

// Format is the result in a form, with its last line's end.
func (r *Result) Format(form string) (string, error) {
	switch form {
	case JSON:
		return r.json()
	case Prometheus:
		return r.prometheus()
	case Text:
		return r.text(), nil
	}
	return r.nagios(), nil
}

// line is text without what would end a line or write to a terminal; a peer may call itself what it likes.
func line(text string) string { return table.Printable(text) }

// nagios is what the Monitoring Plugins Development Guidelines have under "Plugin Output for Nagios": a bar begins the
// performance data, so there is none in a text.
func (r *Result) nagios() string {
	var b strings.Builder
	bare := func(text string) string { return strings.ReplaceAll(line(text), "|", "/") }
	fmt.Fprintf(&b, "GLASS %s %v - %s", strings.ToUpper(r.Kind), r.Level, bare(r.Text))
	for i, f := range r.Figures {
		if f.Missing {
			continue
		}
		if i == 0 {
			b.WriteString(" |")
		}
		label := strings.NewReplacer("'", "''", "=", "_", "|", "/").Replace(line(f.Of))
		fmt.Fprintf(&b, " '%s'=%s%s;%v;%v;0", label, plain(rounded(f.Value)), f.Unit, r.Limits.Warn, r.Limits.Critical)
	}
	b.WriteByte('\n')
	if len(r.Figures) > 1 {
		for _, f := range r.Figures {
			fmt.Fprintf(&b, "%v %s: %s\n", f.Level, bare(f.Of), bare(f.Text))
		}
	}
	return b.String()
}

// rounded has what can be read off a clock or a counter, and not what a division leaves.
func rounded(n float64) float64 { return math.Round(n*1e6) / 1e6 }

func (r *Result) json() (string, error) {
	figures := r.Figures
	if figures == nil {
		figures = []Figure{}
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(struct {
		Check    string   `json:"check"`
		Status   Level    `json:"status"`
		Exit     int      `json:"exit"`
		Text     string   `json:"text"`
		Warn     string   `json:"warn,omitempty"`
		Critical string   `json:"critical,omitempty"`
		Figures  []Figure `json:"figures"`
	}{r.Kind, r.Level, int(r.Level), r.Text, r.Limits.Warn.String(), r.Limits.Critical.String(), figures})
	return b.String(), err
}

// prometheus is text for the textfile collector of node_exporter, or to be pushed.
func (r *Result) prometheus() (string, error) {
	status := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "glass_check_status", Help: "What the check says: 0 OK, 1 warning, 2 critical, 3 unknown."}, []string{"check"})
	value := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "glass_check_value", Help: "What the check has held against its thresholds."}, []string{"check", "of", "unit"})
	status.WithLabelValues(r.Kind).Set(float64(r.Level))
	for _, f := range r.Figures {
		if !f.Missing {
			value.WithLabelValues(r.Kind, strings.ToValidUTF8(f.Of, "�"), f.Unit).Set(rounded(f.Value))
		}
	}
	all := prometheus.NewRegistry()
	all.MustRegister(status, value)
	families, err := all.Gather()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func (r *Result) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v, %s\n", r.Kind, r.Level, line(r.Text))
	if r.Limits.Warn.IsSet() || r.Limits.Critical.IsSet() {
		fmt.Fprintf(&b, "  in order is %s\n", r.Limits.words())
	}
	for _, f := range r.Figures {
		if len(r.Figures) > 1 {
			fmt.Fprintf(&b, "  %-8v %s: %s\n", f.Level, line(f.Of), line(f.Text))
		}
		if f.Hint != "" && f.Level != OK {
			fmt.Fprintf(&b, "           do: %s\n", line(f.Hint))
		}
	}
	return b.String()
}

// words are the limits for people.
func (l Limits) words() string {
	switch {
	case !l.Critical.IsSet():
		return l.Warn.words() + ", all else is a warning"
	case !l.Warn.IsSet():
		return l.Critical.words() + ", all else is critical"
	}
	return l.Warn.words() + ", all else is a warning; and what is not " + l.Critical.words() + " is critical"
}
