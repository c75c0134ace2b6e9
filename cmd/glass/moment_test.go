package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
)

func TestMoments(t *testing.T) {
	here := time.FixedZone("here", 2*3600)
	now := time.Date(2026, 11, 22, 12, 30, 15, 0, here)
	day := func(d, h, m, s int) time.Time { return time.Date(2026, 11, d, h, m, s, 0, here) }
	for text, want := range map[string]time.Time{
		"":                     {},
		"now":                  now,
		"10m":                  now.Add(-10 * time.Minute),
		"10m ago":              now.Add(-10 * time.Minute),
		"-90s":                 now.Add(-90 * time.Second),
		"3d":                   day(19, 12, 30, 15),
		"1w2d12h":              day(13, 0, 30, 15),
		"12:30":                day(22, 12, 30, 0),
		"12:31":                day(21, 12, 31, 0), // today that is still to come
		"00:00:01":             day(22, 0, 0, 1),
		"2026-11-20":           day(20, 0, 0, 0),
		"2026-11-20 14:03":     day(20, 14, 3, 0),
		"2026-11-20T14:03:07":  day(20, 14, 3, 7),
		"2026-11-20T14:03:07Z": day(20, 16, 3, 7),
		" 14:03 ":              day(21, 14, 3, 0),
	} {
		if got, err := parseMoment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"soon", "25:00", "10", "d", "-", "2026-13-01", "1d2w", "99999d", "1.5d", "--5m"} {
		if got, err := parseMoment(text, now); err == nil {
			t.Errorf("%q is %v", text, got)
		} else if !strings.Contains(err.Error(), "write how long ago") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSpansOfTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 30, 15, 0, time.UTC)
	from, to, err := parseSpan("20m..10m", now)
	if err != nil || !from.Equal(now.Add(-20*time.Minute)) || !to.Equal(now.Add(-10*time.Minute)) {
		t.Error(from, to, err)
	}
	if _, to, err := parseSpan("20m..", now); err != nil || !to.IsZero() {
		t.Errorf("until now is %v, %v; want the zero time, of which the history is not asked", to, err)
	}
}

// --watch prints a table for each answer, until Ctrl-C, which is no failure.
func TestLsWatchesUntilItIsEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	a := &agenttest.Agent{Asked: func(*http.Request) {
		if asked.Add(1) == 3 {
			cancel() // in the midst of the third
		}
	}}
	s := httptest.NewServer(a.Handler())
	defer s.Close()
	var out, notes bytes.Buffer
	code := run(ctx, []string{"ls", "instances", "--watch=100ms", "--server", s.URL}, nil, &out, &notes)
	if code != exitOK || notes.Len() > 0 {
		t.Errorf("exit code %d, notes %q", code, notes.String())
	}
	if n := strings.Count(out.String(), "APP "); n != 2 {
		t.Errorf("%d tables:\n%s", n, out.String())
	}
}
