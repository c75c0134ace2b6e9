// Package history keeps what happened: facts as they came, and every ten seconds the numbers of each socket, in one SQLite
// file that the sqlite3 shell reads as well.
//
// The order of reading:
//
//  1. history.go: a file is opened, made, or refused
//  2. schema.go: what is in it
//  3. append.go: facts go in, and are on disk when Append returns
//  4. samples.go: the numbers of sockets, rolled up
//  5. trim.go: what is too old or too much goes, and its bytes are given back
//  6. filter.go, events.go: facts come out
//  7. failure.go: what can go wrong, in words
//
// # The driver
//
// Two drivers need no C compiler. On 2 cores of an AMD EPYC that others used as well, so in processor time; Go 1.26:
//
//	                                                      modernc.org/sqlite v1.60.1   ncruces/go-sqlite3 v0.35.6
//	to build it, when the standard library has been       24.9 s                       23.8 s
//	a program that only opens a file, stripped            6.6 MB                       7.6 MB
//	one event in, four indexes, batches of 256            12.6 and 13.2 µs             11.6 and 13.2 µs
//
// That decides nothing, so the age of what touches the disk does: modernc.org translates SQLite's own, ncruces has written
// one anew, and is not at 1.0. The version is v1.59.0, the last that Go 1.25 builds, with the modernc.org/libc that it names.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options bound a History; zero is without a bound.
type Options struct {
	Retain      time.Duration // facts and samples older than this go
	RetainBytes int64         // of the file; the oldest go. At least a MiB. Beside it a log of some MiB may lie, which is being worked in
}

// leastBytes is the smallest bound that makes sense: some thousand events.
const leastBytes = 1 << 20

// A History is one open file. Its methods may be used from any goroutine; appending waits for its turn and for the disk,
// reading for neither.
type History struct {
	path     string
	options  Options
	readOnly bool
	write    *sql.DB // one connection; nil if readOnly
	read     *sql.DB

	mu      sync.Mutex // guards what follows, and is held while something is written
	insert  *sql.Stmt
	sockets map[socketKey]*rollup
	trimmed trimming

	now func() time.Time // which tests change
}

// Open opens the history at a path, or makes one, which only its owner may read, with the folders above it. An error says
// what is wrong with the file: it is another program's, a newer glass's, damaged, or cannot be written.
func Open(path string, o Options) (*History, error) {
	if o.Retain < 0 || o.RetainBytes < 0 || o.RetainBytes > 0 && o.RetainBytes < leastBytes {
		return nil, fmt.Errorf("history %s: keep for a time, or %d bytes and more; 0 is without a bound", path, leastBytes)
	}
	path, err := create(path)
	if err != nil {
		return nil, explain(path, err)
	}
	fresh, err := identify(path)
	if err != nil {
		return nil, err
	}
	h := &History{path: path, options: o, sockets: make(map[socketKey]*rollup), now: time.Now}
	// FULL: a transaction that has been committed is on disk, also when the power goes. auto_vacuum comes before
	// journal_mode, which writes the first page: later it has no effect.
	h.write, err = open(path, "mode=rw", "_txlock=immediate", "_pragma=auto_vacuum(incremental)", "_pragma=journal_mode(wal)",
		"_pragma=synchronous(full)", "_pragma=journal_size_limit(4194304)")
	if err != nil {
		return nil, explain(path, err)
	}
	h.write.SetMaxOpenConns(1)
	if h.read, err = open(path, "mode=ro", "_pragma=query_only(1)"); err == nil {
		err = h.begin(fresh)
	}
	if err != nil {
		h.Close()
		return nil, explain(path, err)
	}
	return h, nil
}

// begin makes the schema in a fresh file, and prepares what is done often.
func (h *History) begin(fresh bool) (err error) {
	if fresh {
		all := fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", schema, applicationID, version)
		if _, err := h.write.Exec(all); err != nil {
			return err
		}
	}
	h.insert, err = h.write.Prepare(insertEvent)
	return err
}

// Read opens a history that is there, and changes nothing in it; an agent may be writing to it at the same time.
func Read(path string) (*History, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = syscall.EISDIR
	}
	if err != nil {
		return nil, explain(path, err)
	}
	fresh, err := identify(path)
	if err != nil {
		return nil, err
	}
	if fresh {
		return nil, &Failure{Path: path, Words: "the file is empty", Cure: "give it time: the agent that keeps it has only just begun"}
	}
	h := &History{path: path, readOnly: true}
	h.read, err = open(path, readable(path)...)
	return h, explain(path, err)
}

// readable are the options of a connection that only reads. Where SQLite cannot make the files beside it that it reads
// through, in another's folder or on a medium that cannot be written, and nobody writes, the file alone will do.
func readable(path string) []string {
	ro := []string{"mode=ro", "_pragma=query_only(1)"}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return ro
	}
	db, err := open(path, ro...)
	if err == nil {
		defer db.Close()
		var n int
		err = db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n)
	}
	if err != nil {
		return append(ro, "immutable=1")
	}
	return ro
}

// create makes sure that there is a file, and returns its whole path.
func create(path string) (string, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return path, err
	}
	if err := os.MkdirAll(filepath.Dir(whole), 0o700); err != nil {
		return whole, err
	}
	f, err := os.OpenFile(whole, os.O_RDWR|os.O_CREATE, 0o600) // SQLite's other files take its mode
	if err != nil {
		return whole, err
	}
	return whole, f.Close()
}

// identify says whether a file is a history, or fresh. It looks before anything is changed: the file may be somebody's.
func identify(path string) (fresh bool, err error) {
	db, err := open(path, readable(path)...)
	if err != nil {
		return false, explain(path, err)
	}
	defer db.Close()
	var id, v, tables int
	err = db.QueryRow("SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version").Scan(&id, &v, &tables)
	if err != nil {
		return false, explain(path, err)
	}
	switch {
	case id == applicationID && v > version:
		return false, &Failure{Path: path, Err: ErrNewer, Words: fmt.Sprintf("a newer glass has made it (format %d, this one knows %d)", v, version),
			Cure: "use that glass, or another file"}
	case id == applicationID:
		return tables == 0, nil
	case tables == 0 && id == 0 && v == 0:
		return true, nil
	}
	return false, &Failure{Path: path, Err: ErrForeign, Words: "it is another program's database", Cure: "choose another file: this one was left as it is"}
}

// open is a set of connections to a file.
func open(path string, options ...string) (*sql.DB, error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	// A writer waits for another's transaction, which takes milliseconds, or a checkpoint, rather than to lose facts.
	options = append([]string{"_pragma=busy_timeout(5000)"}, options...)
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: strings.Join(options, "&")}
	return sql.Open(driverName, u.String())
}

// Close writes the samples that were not full yet, and closes the file. What was appended is there already.
func (h *History) Close() error {
	var errs []error
	if h.write != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.insert != nil {
			errs = append(errs, h.flush(maxTime), h.insert.Close())
		}
	}
	if h.read != nil {
		errs = append(errs, h.read.Close())
	}
	if h.write != nil {
		errs = append(errs, h.write.Close()) // the last one: it brings the log into the file, and removes it
	}
	return explain(h.path, errors.Join(errs...))
}

// Path is where the file is.
func (h *History) Path() string { return h.path }

// Stats are how much a History holds.
type Stats struct {
	Path           string    `json:"path"`
	Events         int64     `json:"events"` // about: what retention took out of the middle is counted
	Last           int64     `json:"last"`   // the number of the newest fact; 0: none
	Bytes          int64     `json:"bytes"`  // on disk, its log included
	Oldest, Newest time.Time // of the facts' own times; zero if there is none
}

// Stats asks the file; an error leaves what could not be told zero.
func (h *History) Stats() Stats {
	s := Stats{Path: h.path}
	for _, name := range []string{h.path, h.path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			s.Bytes += info.Size()
		}
	}
	var first, last, oldest, newest sql.NullInt64
	// Two looks at the ends of two indexes, however long the history is.
	row := h.read.QueryRowContext(context.Background(),
		"SELECT (SELECT min(id) FROM events), (SELECT max(id) FROM events), (SELECT min(ts) FROM events), (SELECT max(ts) FROM events)")
	if row.Scan(&first, &last, &oldest, &newest) == nil && last.Valid {
		s.Last, s.Events = last.Int64, last.Int64-first.Int64+1
		s.Oldest, s.Newest = time.Unix(0, oldest.Int64).UTC(), time.Unix(0, newest.Int64).UTC()
	}
	return s
}
