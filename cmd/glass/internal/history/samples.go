package history

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// sampleEvery is the length of a roll-up: what comes in it is one row.
const sampleEvery = 10 * time.Second

// sampleBytes is what a row takes in the file, with its index, about.
const sampleBytes = 200

// maxSockets are those whose numbers are rolled up at a time. Beyond it, new ones wait until others have been silent.
const maxSockets = 20_000

// A socketKey names a socket among those of all processes.
type socketKey struct {
	inst string
	sock uint64
}

// A rollup is a socket's numbers since its last row.
type rollup struct {
	latest  fact.State // without its peers and endpoints
	from    time.Time  // of the row that is growing
	heard   time.Time  // when a state came last, by our clock: theirs may say anything
	peers   int        // of the last full state
	tx, rx  int        // the deepest queue of one peer in this time
	waiting map[monitor.ConnID]queues
	kept    numbers // what the last row said
}

// queues are those of one peer, in messages, that were not empty when last heard of.
type queues struct{ tx, rx int }

// numbers are what a row has beside its time.
type numbers struct {
	tx, rx, dropped uint64
	txQ, rxQ, peers int
}

// AppendSamples takes the states of sockets, as they come once a second, and keeps one row of each in ten seconds: its totals
// at the end of them, and the deepest queue in them. A socket whose numbers stay as they are has no new row. States are of
// any process and order; those of one socket come in the order of their times. With none at all it keeps the last rows of sockets
// that have gone silent, and takes out what is too old, as it does each time.
func (h *History) AppendSamples(states []fact.State) error {
	if h.readOnly {
		return &Failure{Path: h.path, Err: ErrReadOnly, Words: "it was opened to be read"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var full []sampleRow
	now := h.now()
	for i := range states {
		s := &states[i]
		key, at := socketKey{s.Instance.ID, s.Sock}, sane(s.At, now)
		r := h.sockets[key]
		if r == nil {
			if len(h.sockets) >= maxSockets {
				continue
			}
			r = &rollup{from: at.Truncate(sampleEvery), kept: numbers{peers: -1}}
			h.sockets[key] = r
		}
		if row, ok := r.cut(at); ok {
			full = append(full, row)
		}
		r.add(s)
		r.heard = now
	}
	full = append(full, h.silent(now.Add(-3*sampleEvery))...)
	if err := h.putSamples(full); err != nil {
		return err
	}
	return h.grew(len(full), int64(len(full))*sampleBytes)
}

// cut ends the row that is growing if at is behind it.
func (r *rollup) cut(at time.Time) (row sampleRow, ok bool) {
	begun := at.Truncate(sampleEvery)
	if !begun.After(r.from) {
		return sampleRow{}, false
	}
	row, ok = r.row()
	r.from, r.tx, r.rx = begun, 0, 0
	for _, q := range r.waiting { // what is not told of again is as it was
		r.tx, r.rx = max(r.tx, q.tx), max(r.rx, q.rx)
	}
	return row, ok
}

// add takes a state in.
func (r *rollup) add(s *fact.State) {
	if s.Full || r.waiting == nil {
		r.waiting = make(map[monitor.ConnID]queues)
		r.peers = len(s.Peers)
	}
	for _, p := range s.Peers {
		r.tx, r.rx = max(r.tx, p.QueueOut), max(r.rx, p.QueueIn)
		if p.QueueOut == 0 && p.QueueIn == 0 {
			delete(r.waiting, p.Conn)
		} else {
			r.waiting[p.Conn] = queues{p.QueueOut, p.QueueIn}
		}
	}
	r.latest = *s
	r.latest.Peers, r.latest.Endpoints = nil, nil
}

// A sampleRow is a row of the table.
type sampleRow struct {
	of      fact.State
	from    time.Time
	numbers numbers
}

// row is what has grown, if it says anything new.
func (r *rollup) row() (row sampleRow, ok bool) {
	l := &r.latest
	n := numbers{l.MessagesOut, l.MessagesIn, l.Dropped, r.tx, r.rx, r.peers}
	if n == r.kept {
		return sampleRow{}, false
	}
	r.kept = n
	return sampleRow{*l, r.from, n}, true
}

// silent are the last rows of sockets of which nothing was heard since a time.
func (h *History) silent(since time.Time) (rows []sampleRow) {
	for key, r := range h.sockets {
		if r.heard.After(since) {
			continue
		}
		if row, ok := r.row(); ok {
			rows = append(rows, row)
		}
		delete(h.sockets, key)
	}
	return rows
}

// flush ends the rows of all sockets that were last heard of before a time, under mu.
func (h *History) flush(before time.Time) error { return h.putSamples(h.silent(before)) }

func (h *History) putSamples(rows []sampleRow) error {
	if len(rows) == 0 {
		return nil
	}
	return h.transact(func(tx *sql.Tx) error {
		// An agent that was started anew within these ten seconds has a row of them already: the later one knows more.
		put, err := tx.Prepare(`INSERT INTO samples (ts, inst, sock, app, sock_name, sock_type, tx_msgs, rx_msgs, dropped, tx_queue, rx_queue, peers)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET tx_msgs = excluded.tx_msgs, rx_msgs = excluded.rx_msgs,
			dropped = excluded.dropped, tx_queue = max(tx_queue, excluded.tx_queue), rx_queue = max(rx_queue, excluded.rx_queue), peers = excluded.peers`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, r := range rows {
			_, err := put.Exec(nanos(r.from), r.of.Instance.ID, int64(r.of.Sock), r.of.App, r.of.Name, r.of.Type,
				int64(r.numbers.tx), int64(r.numbers.rx), int64(r.numbers.dropped), r.numbers.txQ, r.numbers.rxQ, r.numbers.peers)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// A Sample is one socket in a piece of time that begins at At.
type Sample struct {
	At    time.Time `json:"t"`
	Inst  string    `json:"inst"`
	Sock  uint64    `json:"sock"`
	App   string    `json:"app,omitempty"`
	Name  string    `json:"sock_name,omitempty"`
	Type  string    `json:"sock_type"`
	Tx    uint64    `json:"tx_msgs"` // totals of the socket at the end of the time
	Rx    uint64    `json:"rx_msgs"`
	Drops uint64    `json:"dropped"`
	Peers int       `json:"peers"`

	TxRate   float64 `json:"tx_rate"` // a second, since the sample before; 0 in a socket's first
	RxRate   float64 `json:"rx_rate"`
	DropRate float64 `json:"drop_rate"`

	TxQueue int `json:"tx_queue"` // messages: the deepest queue of one peer
	RxQueue int `json:"rx_queue"`
}

// A SampleFilter says which samples are wanted; a zero field lets all through.
type SampleFilter struct {
	Sock         string // a socket's name, its key "inst/sock", or its type
	App          string
	Since, Until time.Time
	Step         time.Duration // the pieces of time; at least and by default the ten seconds in which they are kept
}

// maxSamples are those of one answer: a day of a hundred sockets, about.
const maxSamples = 1_000_000

// Samples are those that a filter lets through, socket by socket and by time. Where nothing changed there is none: the one
// before stands.
func (h *History) Samples(ctx context.Context, f SampleFilter) ([]Sample, error) {
	w := new(where)
	if f.Sock != "" {
		w.sampled(f.Sock)
	}
	if f.App != "" {
		w.and("app = ?", f.App)
	}
	if !f.Since.IsZero() {
		w.and("ts >= ?", bound(f.Since.Truncate(max(f.Step, sampleEvery))))
	}
	if !f.Until.IsZero() {
		w.and("ts <= ?", bound(f.Until))
	}
	all, err := h.readSamples(ctx, w)
	return coarser(all, f.Step), explain(h.path, err)
}

func (w *where) sampled(name string) {
	if key, ok := keyOf(name); ok {
		w.and("inst = ? AND sock = ?", key.inst, int64(key.sock))
		return
	}
	w.and("(sock_name = ? OR sock_name = '' AND sock_type = upper(?))", name, name)
}

func (h *History) readSamples(ctx context.Context, w *where) (all []Sample, err error) {
	rows, err := h.read.QueryContext(ctx, `SELECT ts, inst, sock, app, sock_name, sock_type, tx_msgs, rx_msgs, dropped, tx_queue, rx_queue, peers
		FROM samples`+w.String()+" ORDER BY inst, sock, ts LIMIT ?", append(w.args, maxSamples+1)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Sample
		var at, sock, tx, rx, drops int64
		if err := rows.Scan(&at, &s.Inst, &sock, &s.App, &s.Name, &s.Type, &tx, &rx, &drops, &s.TxQueue, &s.RxQueue, &s.Peers); err != nil {
			return nil, err
		}
		s.At = time.Unix(0, at).UTC()
		s.Sock, s.Tx, s.Rx, s.Drops = uint64(sock), uint64(tx), uint64(rx), uint64(drops)
		all = append(all, s)
	}
	if len(all) > maxSamples {
		return nil, &Failure{Path: h.path, Words: fmt.Sprintf("more than %d samples", maxSamples), Cure: "ask for one socket, or for less time"}
	}
	return all, rows.Err()
}

// coarser joins samples of one step, and fills in the rates.
func coarser(all []Sample, step time.Duration) []Sample {
	step = max(step, sampleEvery)
	out := all[:0]
	var before *Sample // the last one of the same socket; it is in out
	for _, s := range all {
		s.At = s.At.Truncate(step)
		last := len(out) - 1
		if last >= 0 && out[last].key() == s.key() && out[last].At.Equal(s.At) {
			out[last].join(s)
			continue
		}
		out = append(out, s)
	}
	for i := range out {
		if before != nil && before.key() == out[i].key() {
			out[i].rates(before, step)
		}
		before = &out[i]
	}
	return out
}

func (s *Sample) key() socketKey { return socketKey{s.Inst, s.Sock} }

// join adds a later sample of the same step.
func (s *Sample) join(later Sample) {
	tx, rx, at := max(s.TxQueue, later.TxQueue), max(s.RxQueue, later.RxQueue), s.At
	*s = later
	s.At, s.TxQueue, s.RxQueue = at, tx, rx
}

// rates are over the steps since the sample before, in which nothing happened but in this one: a socket whose numbers stay
// has no rows, so all of the difference is of the last step.
func (s *Sample) rates(before *Sample, step time.Duration) {
	rate := func(now, then uint64) float64 {
		if now < then {
			return 0
		}
		return math.Round(float64(now-then)/step.Seconds()*1000) / 1000
	}
	s.TxRate, s.RxRate, s.DropRate = rate(s.Tx, before.Tx), rate(s.Rx, before.Rx), rate(s.Drops, before.Drops)
}
