package table

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/show"
)

// The forms in which commands print rows: the argument of -o.
const (
	Aligned = "table" // columns, for people
	Wide    = "wide"  // more columns
	JSON    = "json"  // one array
	JSONL   = "jsonl" // one object a line
)

// Forms are all of them, the default first.
var Forms = []string{Aligned, Wide, JSON, JSONL}

// Write writes the rows to w, in a form. Columns are cut, and cells coloured, on a terminal only. Of no rows, people get no
// headings either: who calls says in words why there are none, and where.
func (t *Table) Write(w io.Writer, form string, noColour bool) error {
	switch form {
	case JSON, JSONL:
		return t.writeJSON(w, form == JSON)
	}
	width, colour := show.Screen(w, noColour)
	text := t.String(Look{Wide: form == Wide, Width: width, Colour: colour})
	_, err := io.WriteString(w, text)
	return err
}

// String is headings and rows, each line with its end; "" without rows.
func (t *Table) String(look Look) string {
	if len(t.Rows) == 0 {
		return ""
	}
	var b strings.Builder
	l := t.Layout(look)
	fmt.Fprintln(&b, l.Head())
	for i := range t.Rows {
		fmt.Fprintln(&b, l.Row(i))
	}
	return b.String()
}

func (t *Table) writeJSON(w io.Writer, whole bool) error {
	values := make([]any, len(t.Rows)) // no rows are [], not null
	for i, r := range t.Rows {
		values[i] = r.Value
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false) // endpoints have no need of it, and people read this too
	if whole {
		return out.Encode(values)
	}
	for _, v := range values {
		if err := out.Encode(v); err != nil {
			return err
		}
	}
	return nil
}
