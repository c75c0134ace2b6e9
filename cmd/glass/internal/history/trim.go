package history

import (
	"database/sql"
	"strconv"
	"time"
)

// Room is made in steps between appends, so that none of them waits long for it. A step takes out as many facts as can have
// come since the one before, so the file stays where it is.
const (
	trimEvery = time.Minute // a step comes so soon at the latest …
	trimRows  = 4096        // … or after so many facts, and takes out so many at most
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

// Trim takes out what the Options do not keep, and gives its bytes back to the system. Append does so step by step; an agent
// to whom nothing comes calls it now and then, so that what is too old goes also then.
func (h *History) Trim(now time.Time) error {
	for {
		more, err := h.trimOnce(now)
		if !more || err != nil {
			return err
		}
	}
}

func (h *History) trimOnce(now time.Time) (more bool, err error) {
	if h.readOnly {
		return false, &Failure{Path: h.path, Err: ErrReadOnly, Words: "it was opened to be read"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.trim(now)
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
	before := now.Add(-h.options.Retain).UnixNano()
	events, err := h.remove(`DELETE FROM events WHERE id IN (SELECT id FROM events WHERE ts < ? ORDER BY ts LIMIT ?)
		AND id <> (SELECT max(id) FROM events)`, before, trimRows)
	if err != nil {
		return false, err
	}
	samples, err := h.remove(removeSamples, before, trimRows)
	return events >= trimRows-1 || samples == trimRows, err // one of the events may have been the newest
}

const removeSamples = `DELETE FROM samples WHERE (inst, sock, ts) IN (SELECT inst, sock, ts FROM samples WHERE ts < ? ORDER BY ts LIMIT ?)`

// shrink removes the oldest if more than nine tenths of the bound are in use: so the next facts find room in the file. Samples
// go with the events of their time.
func (h *History) shrink() (more bool, err error) {
	if h.options.RetainBytes == 0 {
		return false, nil
	}
	size, err := h.size()
	excess := size.used - h.options.RetainBytes/10*9
	if err != nil || excess <= 0 {
		return false, err
	}
	// At a guess: rows differ in size, but by and by the guesses come out even.
	rows := min(max(size.rows*excess/size.used, 1), trimRows)
	events, err := h.remove(`DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)
		AND id <> (SELECT max(id) FROM events)`, rows)
	if err != nil {
		return false, err
	}
	samples, err := h.remove(`DELETE FROM samples WHERE (inst, sock, ts) IN (SELECT inst, sock, ts FROM samples
		WHERE ts < (SELECT coalesce(min(ts), 0) FROM events) ORDER BY ts LIMIT ?)`, trimRows)
	return events+samples > 0 && excess > size.used/20, err
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
	size, err := h.size()
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

// A size is how much of the file is in use, in bytes, by how many facts, about, and how long a page is.
type size struct{ used, empty, page, rows int64 }

func (h *History) size() (s size, err error) {
	var pages, free int64
	err = h.write.QueryRow(`SELECT page_count, freelist_count, page_size, coalesce((SELECT max(id) - min(id) + 1 FROM events), 0)
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&pages, &free, &s.page, &s.rows)
	s.used, s.empty = (pages-free)*s.page, free*s.page
	return s, explain(h.path, err)
}
