package history

import (
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

const insertEvent = `INSERT INTO events
	(inst, sock, seq, ts, event, sev, app, sock_name, conn, remote, peer_id, user_id, reason, json)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (inst, sock, seq) DO NOTHING`

// Append keeps facts. When it returns nil they are on disk, all of them; with an error, usually none of those that were new. A
// fact that is there already, by its instance, socket and number, is not kept twice, so what is not sure to have been kept may
// be appended again. One without a number is new each time. Batches of some hundred are worth their wait: each costs one
// write that goes to the disk itself.
func (h *History) Append(facts []fact.Fact) error {
	_, err := h.Number(facts)
	return err
}

// Number is Append that says under which numbers the facts are kept: rising from 1, in the order in which they came, and
// never used again. 0: it was there already. Numbers and an error mean that the facts are on disk, and that room could not be
// made for those to come.
func (h *History) Number(facts []fact.Fact) (ids []int64, err error) {
	if h.readOnly {
		return nil, &Failure{Path: h.path, Err: ErrReadOnly, Words: "it was opened to be read"}
	}
	if len(facts) == 0 {
		return nil, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ids = make([]int64, len(facts))
	err = h.transact(func(tx *sql.Tx) error {
		insert, now := tx.Stmt(h.insert), h.now()
		for i := range facts {
			if ids[i], err = put(insert, &facts[i], now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	size := int64(0)
	for i := range facts {
		size += int64(len(facts[i].Line))
	}
	return ids, h.grew(len(facts), size)
}

// grew makes room if it is time, after so many rows of so many bytes, about. Its error is about the file, not about these rows,
// but comes again with the next ones.
func (h *History) grew(rows int, size int64) error {
	h.trimmed.rows += int64(rows)
	h.trimmed.bytes += size
	if now := h.now(); h.trimmed.due(h.options, now) {
		_, err := h.trim(now)
		return err
	}
	return nil
}

// transact does all of something or nothing, under mu.
func (h *History) transact(do func(*sql.Tx) error) error {
	tx, err := h.write.Begin()
	if err != nil {
		return explain(h.path, err)
	}
	if err := do(tx); err != nil {
		return explain(h.path, errors.Join(err, tx.Rollback()))
	}
	return explain(h.path, tx.Commit())
}

// put inserts one fact. What a stranger's line says may be anything, but each value is a parameter, and each has a type.
func put(insert *sql.Stmt, f *fact.Fact, now time.Time) (id int64, err error) {
	var seq any
	if f.Seq != 0 {
		seq = int64(f.Seq) // beyond 1<<63 it is negative, and still another one for each
	}
	line := f.Line
	if len(line) == 0 {
		if line, err = f.Instance.JSON(f.Event); err != nil {
			return 0, err
		}
	}
	done, err := insert.Exec(f.Instance.ID, int64(f.SocketID), seq, stamp(f.Time, now), f.Name, severity(f), f.App, f.SocketName,
		connOf(f), f.Remote, f.PeerID, f.UserID, string(f.Reason), string(line))
	if err != nil {
		return 0, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	return done.LastInsertId()
}

// ahead is how far another host's clock may be before ours. What says that it happened later still is kept as of then, though its
// line says what it said: else it would be the newest, and kept, for years.
const ahead = 5 * time.Minute

// sane is a time that can be: what has none, or one before 1970, happens now.
func sane(t, now time.Time) time.Time {
	latest := now.Add(ahead)
	switch {
	case t.Unix() <= 0:
		return now
	case t.After(latest):
		return latest
	}
	return t
}

// stamp is the time under which something is kept, in nanoseconds since 1970.
func stamp(t, now time.Time) int64 { return nanos(sane(t, now)) }

// maxTime is the last moment that nanoseconds of 64 bits can tell.
var maxTime = time.Unix(0, math.MaxInt64)

func nanos(t time.Time) int64 {
	if !t.Before(maxTime) {
		return math.MaxInt64
	}
	return t.UnixNano()
}

// connOf is the connection's id among those of all processes.
func connOf(f *fact.Fact) string {
	if f.Condition != nil {
		return f.Condition.Conn
	}
	return f.ConnKey(f.Conn)
}

// severity is the line's own word for a fact that monitor has no level for.
func severity(f *fact.Fact) string {
	if f.Condition != nil {
		return f.Condition.Severity
	}
	if f.Name != f.Kind.String() {
		var told struct {
			Sev string `json:"sev"`
		}
		if json.Unmarshal(f.Line, &told) == nil && told.Sev != "" {
			return told.Sev
		}
	}
	return strings.ToLower(f.Level().String())
}
