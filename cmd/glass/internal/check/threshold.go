package check

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Range is which numbers are in order, as in the Monitoring Plugins Development Guidelines, "Threshold and ranges": "10"
// is 0 to 10, "10:" is 10 and above, "~:10" is 10 and below, "10:20" is what it says, ends included, and "@10:20" is all but
// that. The zero Range is none: everything is in order.
type Range struct {
	text     string
	from, to float64
	inside   bool // what is in order lies outside
}

// ParseRange reads a Range. Numbers may have a unit of time, and are seconds then; a per cent sign is passed over.
func ParseRange(text string) (r Range, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Range{}, nil
	}
	r.text = text
	bounds, inside := strings.CutPrefix(text, "@")
	r.inside = inside
	from, to, both := strings.Cut(bounds, ":")
	if !both {
		from, to = "0", bounds
	}
	if r.from, err = number(from, math.Inf(-1)); err == nil {
		if to == "" && !both {
			return Range{}, errors.New("a threshold is a number or a range: 10, 10:, ~:10, 10:20, @10:20")
		}
		r.to, err = number(to, math.Inf(1))
	}
	switch {
	case err != nil:
		return Range{}, err
	case r.from > r.to:
		return Range{}, fmt.Errorf("the range %s ends before it begins", text)
	}
	return r, nil
}

// number reads one end; open is what "~" and nothing stand for.
func number(text string, open float64) (float64, error) {
	text = strings.TrimSuffix(text, "%")
	if text == "~" || text == "" {
		return open, nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
		return n, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d.Seconds(), nil
	}
	return 0, fmt.Errorf("%q is no number: a threshold is a number or a range: 10, 10:, ~:10, 10:20, @10:20", text)
}

// IsSet reports whether there is a threshold.
func (r Range) IsSet() bool { return r.text != "" }

// Alerts reports whether a number is not in order.
func (r Range) Alerts(n float64) bool {
	return r.IsSet() && (n >= r.from && n <= r.to) == r.inside
}

// String is the range as it was written, in numbers alone, for the performance data of Nagios.
func (r Range) String() string {
	if !r.IsSet() {
		return ""
	}
	text := ""
	switch {
	case math.IsInf(r.from, -1):
		text = "~:"
	case r.from != 0 || math.IsInf(r.to, 1):
		text = plain(r.from) + ":"
	}
	if !math.IsInf(r.to, 1) {
		text += plain(r.to)
	}
	if r.inside {
		text = "@" + text
	}
	return text
}

// words are the range for people.
func (r Range) words() string {
	from, to := plain(r.from), plain(r.to)
	switch {
	case r.inside:
		return "outside " + from + " to " + to
	case math.IsInf(r.to, 1):
		return from + " or more"
	case math.IsInf(r.from, -1):
		return to + " or less"
	case from == to:
		return from
	}
	return from + " to " + to
}

// plain is a number without an exponent, which not all readers know.
func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
