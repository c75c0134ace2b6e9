package main

import (
	"fmt"
	"strings"
	"time"
)

// layouts are the ways to write a moment: with a zone it is there, without one here.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

// clocks are the ways to write a moment of the last 24 hours.
var clocks = []string{"15:04", "15:04:05"}

// parseMoment reads a time as --since, --until and --at take it: how long ago (10m, 2h, 3d), a time of day (14:03, which is the
// last one that is not to come), a date, RFC 3339, now. The empty text is the zero time.
func parseMoment(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	}
	if ago, err := parseAgo(strings.TrimSuffix(strings.TrimPrefix(text, "-"), " ago")); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range clocks {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			y, m, d := now.Date()
			t = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
			if t.After(now) {
				t = t.AddDate(0, 0, -1)
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write how long ago it was, as in 10m, 2h or 3d, a time of day, as in 14:03, or a date, as in 2026-11-22T14:03:00Z", text)
}

// parseAgo is time.ParseDuration, with days and weeks before the hours.
func parseAgo(text string) (time.Duration, error) {
	total := time.Duration(0)
	for _, unit := range []struct {
		letter string
		long   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, rest, found := strings.Cut(text, unit.letter)
		if !found {
			continue
		}
		n := 0
		if _, err := fmt.Sscanf(number+";", "%d;", &n); err != nil || n < 0 || n > 10_000 {
			return 0, fmt.Errorf("%q is no number of days or weeks", number)
		}
		total, text = total+time.Duration(n)*unit.long, rest
	}
	if text == "" && total > 0 {
		return total, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time", text)
	}
	return total + d, nil
}
