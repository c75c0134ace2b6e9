package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// answer prints what the file says to --sql: a table, unless JSON was asked for.
func (r *remembering) answer(ctx context.Context, h *history.History) error {
	columns, rows, err := h.Query(ctx, r.sql)
	if err != nil {
		return questioned(err)
	}
	t := table.Table{}
	for _, name := range columns {
		t.Columns = append(t.Columns, table.Column{Name: strings.ToUpper(table.Printable(name)), Elastic: true})
	}
	for row, err := range rows {
		if err != nil {
			return questioned(err)
		}
		if len(t.Rows) >= mostRows {
			return usagef("more than %d rows: ask for less, with LIMIT", mostRows)
		}
		t.Rows = append(t.Rows, rowOf(columns, row))
	}
	right(&t)
	if r.form.chosen == show.Text {
		r.form.chosen = table.Aligned
	}
	if len(t.Rows) == 0 {
		fmt.Fprintln(r.cmd.ErrOrStderr(), "no row")
	}
	return r.rowing.print(r.cmd, &t)
}

// right puts columns of numbers to the right: those that begin with one.
func right(t *table.Table) {
	if len(t.Rows) == 0 {
		return
	}
	for i, v := range t.Rows[0].Value.(record).values {
		switch v.(type) {
		case int64, float64:
			t.Columns[i].Right, t.Columns[i].Elastic = true, false
		}
	}
}

func rowOf(columns []string, row []any) (r table.Row) {
	for _, v := range row {
		r.Cells = append(r.Cells, cellOf(v))
	}
	r.Value = record{columns, row}
	return r
}

// cellOf is a value for people. Bytes are text, or not, as the file has them.
func cellOf(v any) table.Cell {
	switch v := v.(type) {
	case nil:
		return table.Cell{}
	case int64:
		return table.Cell{Text: strconv.FormatInt(v, 10), Order: float64(v)}
	case float64:
		return table.Cell{Text: strconv.FormatFloat(v, 'g', -1, 64), Order: v}
	case []byte:
		return table.Text(string(v))
	}
	return table.Text(fmt.Sprint(v))
}

// A record is a row as JSON, its columns in the order in which they were asked for.
type record struct {
	columns []string
	values  []any
}

func (o record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, name := range o.columns {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if raw, ok := o.values[i].([]byte); ok {
			o.values[i] = string(raw)
		}
		value, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		b.WriteByte("{,"[min(i, 1)])
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// questioned is a failure for an error of Query. What the file does not understand is the command line's fault.
func questioned(err error) error {
	f := agentFailure(err)
	if errors.Is(err, history.ErrQuestion) {
		var known *failure
		if errors.As(f, &known) {
			known.code, known.err = exitUsage, fmt.Errorf("--sql: %w", known.err)
		}
	}
	return f
}
