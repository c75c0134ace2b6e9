package table

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Text is a cell of text that anybody may have written: what is no printable character is escaped, so that a peer's name
// neither moves the cursor nor forges a row.
func Text(s string) Cell { return Cell{Text: Printable(s)} }

// At is c, as bad as l.
func (c Cell) At(l Level) Cell {
	c.Level = l
	return c
}

// Printable is s with what is no printable character escaped as in Go.
func Printable(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !unprintable(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// unprintable: unicode's Print has no space but the ordinary one, no control and no direction marks.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// Count is a number of things. Zero is nothing to look at.
func Count[N int | uint64](n N) Cell {
	return Cell{Text: fmt.Sprint(n), Order: float64(n), Level: quietAt(float64(n))}
}

// Rate is a number of things a second.
func Rate(perSecond float64) Cell {
	return Cell{Text: Short(perSecond), Order: perSecond, Level: quietAt(perSecond)}
}

// Bytes is a size.
func Bytes(n uint64) Cell {
	text := Short(float64(n))
	return Cell{Text: text, Order: float64(n), Level: quietAt(float64(n))}
}

func quietAt(n float64) Level {
	if n == 0 {
		return Quiet
	}
	return Plain
}

// Short is a number in at most five characters: 0, 0.25, 7.5, 812, 1.25k, 66.4M.
func Short(n float64) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return "-"
	}
	if n < 0 {
		return "-" + Short(-n)
	}
	unit := ""
	for _, u := range []string{"k", "M", "G", "T", "P", "E"} {
		if n < 999.5 {
			break
		}
		n, unit = n/1000, u
	}
	switch {
	case n < 0.005:
		return "0" + unit
	case unit == "" && n >= 10 || n >= 99.95:
		return strconv.FormatFloat(n, 'f', 0, 64) + unit
	}
	digits := 2
	if n >= 9.995 {
		digits = 1
	}
	text := strconv.FormatFloat(n, 'f', digits, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + unit
}

// Ago is how long before now t was; nothing if it never was. Right columns have the longest first.
func Ago(now, t time.Time) Cell {
	if t.IsZero() {
		return Cell{Order: -1}
	}
	d := max(now.Sub(t), 0)
	text := Span(d)
	if d < 10*time.Second {
		text = fmt.Sprintf("%ds", d/time.Second) // clocks of two hosts do not agree on more
	}
	return Cell{Text: text, Order: d.Seconds(), Level: Quiet}
}

// Millis is a time in milliseconds; nothing for 0, which is one that was not measured.
func Millis(ms float64) Cell {
	if ms <= 0 {
		return Cell{}
	}
	return Cell{Text: Span(time.Duration(ms * 1e6)), Order: ms}
}

// Span is a duration in its two largest units, as people say it: 3d4h, 2h5m, 12m40s, 7.5s, 310ms, 85µs.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d == 0:
		return "0s"
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", max(1, d.Microseconds()))
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return two(d, time.Hour, "h", time.Minute, "m")
	}
	return two(d, day, "d", time.Hour, "h")
}

// two is d in a unit and in one below it, this one only if there is any.
func two(d, large time.Duration, l string, small time.Duration, s string) string {
	text := fmt.Sprintf("%d%s", d/large, l)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf("%d%s", rest, s)
	}
	return text
}

// Clock is a moment, in local time: of today without its date.
func Clock(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if y, m, d := now.Local().Date(); !t.Before(time.Date(y, m, d, 0, 0, 0, 0, time.Local)) {
		return t.Local().Format("15:04:05")
	}
	return t.Local().Format("01-02 15:04")
}
