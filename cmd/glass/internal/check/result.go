package check

import "fmt"

// A Level is how bad it is, and the exit code of a plugin of Nagios.
type Level int

// The levels.
const (
	OK Level = iota
	Warning
	Critical
	Unknown
)

// String is the level as Nagios prints it.
func (l Level) String() string { return [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[l] }

// MarshalText is the level in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// worse is the one of two that is to be told: that something is certainly bad comes before that something is not known.
func worse(a, b Level) Level {
	rank := [...]int{OK: 0, Unknown: 1, Warning: 2, Critical: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// Limits are the thresholds of a check.
type Limits struct{ Warn, Critical Range }

// Level holds a number against the limits.
func (l Limits) Level(n float64) Level {
	switch {
	case l.Critical.Alerts(n):
		return Critical
	case l.Warn.Alerts(n):
		return Warning
	}
	return OK
}

// A Figure is one number, of one socket or endpoint.
type Figure struct {
	Of    string  `json:"of"`    // whose it is: "md-gw/md-pub", "tcp://db:5556"
	Value float64 `json:"value"` // not there if Missing
	Unit  string  `json:"unit,omitempty"`
	Level Level   `json:"status"`
	Text  string  `json:"text"`           // what it means: "94 % of its mark, 940 messages"
	Hint  string  `json:"hint,omitempty"` // what to do about it

	Missing bool `json:"-"` // it could not be had, and Text says why
}

// A Result is what a check has found out.
type Result struct {
	Kind    string
	Limits  Limits
	Figures []Figure
	Level   Level
	Text    string // the whole in one line
}

// Judge makes the result of figures: as bad as the worst, which it names. plural is what they are of: "sockets".
func Judge(kind string, limits Limits, plural string, figures []Figure) Result {
	r := Result{Kind: kind, Limits: limits, Figures: figures}
	worst := 0
	count := make(map[Level]int)
	for i, f := range figures {
		if w := worse(r.Level, f.Level); i == 0 || w != r.Level {
			r.Level, worst = w, i
		}
		count[f.Level]++
	}
	switch f := figures[worst]; {
	case len(figures) == 1:
		r.Text = f.Of + ": " + f.Text
	case r.Level == OK:
		r.Text = fmt.Sprintf("%d %s", len(figures), plural)
	default:
		r.Text = fmt.Sprintf("%s: %s", f.Of, f.Text)
		if n := len(figures) - count[OK]; n > 1 {
			r.Text += fmt.Sprintf("; %d of %d %s are not in order", n, len(figures), plural)
		}
	}
	return r
}

// Ignorance is the result of a check that could not be made.
func Ignorance(kind string, why error) Result {
	return Result{Kind: kind, Level: Unknown, Text: why.Error()}
}
