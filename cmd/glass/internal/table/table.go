// Package table is rows for people and for programs: columns that fit a terminal, or JSON. Every command of glass that
// prints rows does it here, and top shows the same rows.
//
// A Table is data: who makes one says what is in each cell, by what it sorts, and how bad it is. The rest is the same
// everywhere: order (order.go), columns that fit (layout.go), forms (write.go). cell.go has numbers and times as people
// read them.
package table

import "github.com/charmbracelet/x/ansi"

// A Table is rows under columns. It is a plain value, and not safe for concurrent use.
type Table struct {
	Columns []Column
	Rows    []Row
}

// A Column says what the cells under it have in common.
type Column struct {
	Name    string // its heading, in capitals; --sort knows it in any case
	Right   bool   // numbers: to the right, and the largest come first
	Wide    bool   // only in the form wide
	Elastic bool   // is cut when the rows are wider than the terminal; to elasticLeast columns at most
	Spare   bool   // is left out when that is not enough, the last one first
}

// A Row is one thing.
type Row struct {
	Key   string // which thing it is, also in the table of a second later
	Value any    // what JSON shows of it
	Cells []Cell // one under each column
}

// A Cell is what stands in one row under one column.
type Cell struct {
	Text  string  // for people, without line breaks or escape characters: see Text
	Order float64 // what a Right column sorts by
	Level Level
}

// A Level is how bad it is: on a terminal, a colour.
type Level int

// The levels.
const (
	Plain Level = iota
	Quiet       // nothing to look at: a zero, an age
	Good        // something was put right
	Warn
	Error
	Strong // a heading
)

// codes are the colours, as terminals have had them since ECMA-48: from the theme that the user has chosen, so they can be
// read on dark and on light.
var codes = [...]string{Quiet: "2", Good: "32", Warn: "33", Error: "31", Strong: "1"}

// Paint is s in the colour of l.
func (l Level) Paint(s string) string {
	if codes[l] == "" || s == "" {
		return s
	}
	return "\x1b[" + codes[l] + "m" + s + "\x1b[0m"
}

// Width is how many columns of a terminal s takes.
func Width(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return ansi.StringWidth(s)
		}
	}
	return len(s) // nearly every cell is plain ASCII, and tables have a hundred thousand of them
}

// Cut is s in so many columns, with an ellipsis at its end if it was longer.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(s, width, "…")
}
