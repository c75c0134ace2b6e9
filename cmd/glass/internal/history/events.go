package history

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

// A Row is a fact under the number that it is kept under.
type Row struct {
	ID int64
	fact.Fact
	at int64 // the column ts
}

// Events yields the facts that a filter lets through, by their times, oldest first unless Descending, and one error at the
// end if there was one. Between facts nothing is held: who reads slowly, or for hours, hinders neither who writes nor who
// makes room.
func (h *History) Events(ctx context.Context, f Filter) iter.Seq2[fact.Fact, error] {
	return func(yield func(fact.Fact, error) bool) {
		for row, err := range h.Rows(ctx, f) {
			if !yield(row.Fact, err) {
				return
			}
		}
	}
}

// Rows is Events with numbers.
func (h *History) Rows(ctx context.Context, f Filter) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := f.Check(); err != nil {
			yield(Row{}, err)
			return
		}
		from, err := h.start(ctx, f)
		if err != nil {
			yield(Row{}, explain(h.path, err))
			return
		}
		n := f.N
		for row, err := range h.scan(ctx, f, from) {
			if err != nil {
				yield(Row{}, explain(h.path, err))
				return
			}
			if !yield(row, nil) {
				return
			}
			if n--; n == 0 {
				return
			}
		}
	}
}

// A place is where a scan goes on: behind this row.
type place struct{ at, id int64 }

// start is the place before the first row. The newest N in the order of their times begin where N of them end in the
// opposite order: that costs a second look, but no memory, however many N is.
func (h *History) start(ctx context.Context, f Filter) (place, error) {
	first := place{math.MinInt64, 0}
	if f.Descending {
		first = place{math.MaxInt64, math.MaxInt64}
	}
	if f.N == 0 || f.Descending || f.After > 0 {
		return first, nil
	}
	back := f
	back.Descending = true
	n := f.N
	for row, err := range h.scan(ctx, back, place{math.MaxInt64, math.MaxInt64}) {
		if err != nil {
			return place{}, err
		}
		if n--; n == 0 {
			return place{row.at, row.ID - 1}, nil
		}
	}
	return first, nil
}

// A scan asks for so many rows at first, and twice as many each time after: the first come at once, and where SQLite has to
// sort what it finds, that happens a few times only.
const (
	fewRows  = 256
	manyRows = 8192 // some MiB of lines
)

// scan yields what follows a place, N or not.
func (h *History) scan(ctx context.Context, f Filter, at place) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for limit := fewRows; ; limit = min(2*limit, manyRows) {
			rows, last, err := h.chunk(ctx, f, at, limit)
			if err != nil {
				yield(Row{}, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if last == at {
				return
			}
			at = last
		}
	}
}

// chunk reads up to so many rows from behind a place, and says where they end: at the place itself if there is none. Grep
// takes some of them out.
func (h *History) chunk(ctx context.Context, f Filter, at place, limit int) (found []Row, last place, err error) {
	w := f.where()
	order := "ts, id"
	switch {
	case f.After > 0 && f.Descending:
		order = "id DESC"
		w.and("id < ?", at.id)
	case f.After > 0:
		order = "id"
		w.and("id > ?", at.id)
	case f.Descending:
		order = "ts DESC, id DESC"
		w.and("(ts, id) < (?, ?)", at.at, at.id)
	default:
		w.and("(ts, id) > (?, ?)", at.at, at.id)
	}
	if err := ctx.Err(); err != nil {
		return nil, at, err
	}
	rows, err := h.read.QueryContext(ctx, "SELECT id, ts, json FROM events"+w.String()+" ORDER BY "+order+" LIMIT ?", append(w.args, limit)...)
	if err != nil {
		return nil, at, interrupted(ctx, err)
	}
	defer rows.Close()
	last = at
	for rows.Next() {
		var row Row
		var line []byte
		if err := rows.Scan(&row.ID, &row.at, &line); err != nil {
			return nil, at, err
		}
		last = place{row.at, row.ID}
		if f.Grep != nil && !f.Grep.Match(line) {
			continue
		}
		if row.Fact, err = read(line, row.at); err != nil {
			return nil, at, err
		}
		found = append(found, row)
	}
	return found, last, interrupted(ctx, rows.Err())
}

// interrupted is the end of ctx, if that is why SQLite stopped.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// read makes a fact of what put wrote. A line that no fact can be read from any more was changed by another hand.
func read(line []byte, at int64) (fact.Fact, error) {
	f, _, err := fact.Parse(line)
	switch {
	case err != nil:
		return fact.Fact{}, err
	case f == nil:
		return fact.Fact{Name: "state", Line: line}, nil
	case f.Time.IsZero():
		f.Time = time.Unix(0, at).UTC()
	}
	return *f, nil
}
