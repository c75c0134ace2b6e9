package history

import (
	"database/sql"
	"errors"
	"math"
	"strconv"
	"time"
)

// What the Options do not keep is taken out, and its bytes are given back to the system, in steps after appends, so that none of
// them waits long for it. A step takes out as many rows, facts and samples, as can have come since the one before, so the file
// stays where it is. Who has nothing to append calls AppendSamples with nothing now and then.
const (
	trimEvery = time.Minute // a step comes so soon at the latest …
	trimRows  = 4096        // … or after so many rows, and takes out so many of each kind at most
	trimPages = 4096        // so many pages are given back to the system in a step, 16 MiB
)

// A trimming is what has come since the last step.
type trimming struct {
	at          time.Time
	rows, bytes int64
}

// due says whether the next step is.
func (t *trimming) due(o Options, now time.Time) bool {
	return t.rows >= trimRows || o.RetainBytes > 0 && t.bytes >= o.RetainBytes/10 || now.Sub(t.at) >= trimEvery
}

// trim is one step, under mu, and says whether there is more to do.
func (h *History) trim(now time.Time) (more bool, err error) {
	aged, err := h.forget(now)
	if err != nil {
		return false, err
	}
	excess, err := h.shrink()
	if err != nil {
		return false, err
	}
	spare, err := h.giveBack()
	if err != nil {
		return false, err
	}
	h.trimmed = trimming{at: now}
	if more = aged || excess || spare; more {
		h.trimmed.rows = trimRows // the next append goes on
	}
	return more, nil
}

// forget removes what is too old. The newest fact stays always: the next one's number is above its own.
func (h *History) forget(now time.Time) (more bool, err error) {
	if h.options.Retain == 0 {
		return false, nil
	}
	last := now.Add(-h.options.Retain).UnixNano() - 1
	events, err := h.remove(removeEvents, last, trimRows)
	if err != nil {
		return false, err
	}
	samples, err := h.remove(removeSamples, last, trimRows)
	return events >= trimRows-1 || samples == trimRows, err // one of the events may have been the newest
}

// The oldest rows until a moment, so many at most. Numbers are never used again, for the newest fact stays.
const (
	removeEvents = `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE ts <= ? ORDER BY ts LIMIT ?)
		AND id <> (SELECT max(id) FROM events)`
	removeSamples = `DELETE FROM samples WHERE (inst, sock, ts) IN (SELECT inst, sock, ts FROM samples WHERE ts <= ? ORDER BY ts LIMIT ?)`
)

// shrink removes the oldest, be it facts or samples, until no more than nine tenths of the bound are in use: so what comes next
// finds room in the file. How much a row frees is seen only afterwards, for one may be a MiB long, and a page is free when all of
// its rows are gone: so the step begins with one row, and doubles.
func (h *History) shrink() (more bool, err error) {
	if h.options.RetainBytes == 0 {
		return false, nil
	}
	most, gone := h.options.RetainBytes/10*9, int64(0)
	err = h.transact(func(tx *sql.Tx) error {
		for rows := int64(1); rows < trimRows; rows *= 2 {
			size, err := h.size(tx)
			if more = size.used > most; err != nil || !more {
				return err
			}
			n, err := removeOldest(tx, rows)
			if err != nil {
				return err
			}
			gone += n
		}
		return nil
	})
	return more && gone > 0, err
}

// oldestTime is the time of the row number n, from 0 on, of both tables in the order of their times; of no row if there are not
// so many. SQLite reads it off two indexes, side by side.
const oldestTime = `SELECT ts FROM events UNION ALL SELECT ts FROM samples ORDER BY ts LIMIT 1 OFFSET ?`

// removeOldest removes what is as old as the first so many rows: usually that many, and the facts of a moment with its samples.
func removeOldest(tx *sql.Tx, rows int64) (gone int64, err error) {
	last := int64(math.MaxInt64)
	if err := tx.QueryRow(oldestTime, rows-1).Scan(&last); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	for _, query := range []string{removeEvents, removeSamples} {
		done, err := tx.Exec(query, last, rows)
		if err != nil {
			return gone, err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return gone, err
		}
		gone += n
	}
	return gone, nil
}

// remove runs a DELETE in a transaction of its own.
func (h *History) remove(query string, args ...any) (n int64, err error) {
	err = h.transact(func(tx *sql.Tx) error {
		done, err := tx.Exec(query, args...)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	return n, err
}

// giveBack makes the file shorter if it is longer than its bound, or more than a fifth of it is empty: less will be filled
// again soon.
func (h *History) giveBack() (more bool, err error) {
	size, err := h.size(h.write)
	if err != nil {
		return false, err
	}
	file := size.used + size.empty
	spare := size.empty - file/5
	if spare < leastBytes/4 {
		spare = 0 // not worth it
	}
	if h.options.RetainBytes > 0 {
		spare = max(spare, min(size.empty, file-h.options.RetainBytes))
	}
	pages := (spare + size.page - 1) / size.page
	if pages <= 0 {
		return false, nil
	}
	// The answer is a row for each page: Query, for it takes one after the other.
	rows, err := h.write.Query("PRAGMA incremental_vacuum(" + strconv.FormatInt(min(pages, trimPages), 10) + ")")
	if err != nil {
		return false, explain(h.path, err)
	}
	defer rows.Close()
	for rows.Next() {
	}
	return pages > trimPages, explain(h.path, rows.Err())
}

// A size is how much of the file is in use, in bytes, and how long a page is.
type size struct{ used, empty, page int64 }

// size asks the connection that writes, or its transaction, which knows what it has freed itself.
func (h *History) size(on interface {
	QueryRow(query string, args ...any) *sql.Row
}) (s size, err error) {
	var pages, free int64
	err = on.QueryRow(`SELECT page_count, freelist_count, page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&pages, &free, &s.page)
	s.used, s.empty = (pages-free)*s.page, free*s.page
	return s, explain(h.path, err)
}
