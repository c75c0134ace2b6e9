package history

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A Filter says which facts are wanted; a zero field lets all through.
type Filter struct {
	Since, Until time.Time      // of the facts' own times, both included
	Events       []string       // names, as EventNames gives them
	App          string         // the service
	Sock         string         // a socket's name, its key "inst/sock", or its type, as in "PUB"
	Peer         string         // a routing id, a user id, or an address with or without tcp:// and port; and whatever else happened to the connections on which it was seen
	Conn         string         // "inst/n"
	Severity     string         // at least this: debug, info, warn, error
	Grep         *regexp.Regexp // over the JSON line
	After        int64          // facts with greater numbers, in the order of their numbers
	N            int            // at most so many: the newest, or with After the first
	Descending   bool           // newest first
}

// severities rise.
var severities = []string{"debug", "info", "warn", "error"}

// EventNames reads kinds of events as people write them, with commas between: names of events, "condition", and masks of
// docs/events.md such as failures. "" and "all" are all, for which it returns nil.
func EventNames(text string) (names []string, err error) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '|' || r == ' ' }) {
		if word == "all" {
			return nil, nil
		}
		if word == "condition" {
			names = append(names, word)
			continue
		}
		mask, err := monitor.ParseMask(word)
		if err != nil {
			return nil, fmt.Errorf("%q is no kind of event: the names and masks are in docs/events.md; there is also condition", word)
		}
		for k := range monitor.Kinds() {
			if k&mask != 0 {
				names = append(names, k.String())
			}
		}
	}
	return names, nil
}

// Check says what is wrong with a filter, nil if nothing.
func (f *Filter) Check() error {
	switch {
	case f.Severity != "" && !slices.Contains(severities, f.Severity):
		return fmt.Errorf("severity %q: one of %s", f.Severity, strings.Join(severities, ", "))
	case f.N < 0 || f.After < 0:
		return fmt.Errorf("%d facts after number %d: numbers from 0 on", f.N, f.After)
	case !f.Since.IsZero() && !f.Until.IsZero() && f.Until.Before(f.Since):
		return fmt.Errorf("until %v, which is before since %v", f.Until, f.Since)
	}
	return nil
}

// A where is a condition in SQL, and its parameters.
type where struct {
	terms []string
	args  []any
}

func (w *where) and(term string, args ...any) {
	w.terms = append(w.terms, term)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}

// where is what of the filter SQLite decides: all but Grep and N.
func (f *Filter) where() *where {
	w := new(where)
	if !f.Since.IsZero() {
		w.and("ts >= ?", bound(f.Since))
	}
	if !f.Until.IsZero() {
		w.and("ts <= ?", bound(f.Until))
	}
	if f.After > 0 {
		w.and("id > ?", f.After)
	}
	w.among("event", f.Events)
	if f.App != "" {
		w.and("app = ?", f.App)
	}
	if f.Conn != "" {
		w.and("conn = ? AND conn <> ''", f.Conn) // the second half lets SQLite use the partial index
	}
	if i := slices.Index(severities, f.Severity); i > 0 {
		w.among("sev", severities[i:])
	}
	w.socket(f.Sock)
	w.peer(f.Peer)
	return w
}

func bound(t time.Time) int64 {
	if t.Unix() <= 0 {
		return 0
	}
	return nanos(t)
}

func (w *where) among(column string, words []string) {
	if len(words) == 0 {
		return
	}
	args := make([]any, len(words))
	for i, word := range words {
		args[i] = word
	}
	w.and(column+" IN (?"+strings.Repeat(", ?", len(words)-1)+")", args...)
}

func (w *where) socket(name string) {
	if name == "" {
		return
	}
	if key, ok := keyOf(name); ok {
		w.and("inst = ? AND sock = ?", key.inst, int64(key.sock))
		return
	}
	w.and("(sock_name = ? OR sock_name = '' AND json_extract(json, '$.sock_type') = ?)", name, strings.ToUpper(name))
}

// keyOf reads "inst/sock".
func keyOf(name string) (key socketKey, ok bool) {
	inst, number, ok := strings.Cut(name, "/")
	n, err := strconv.ParseUint(number, 10, 64)
	return socketKey{inst, n}, ok && err == nil
}

// peer is about connections rather than facts: who it was is known only after the handshake, and one who asks for a peer
// wants to see the attempts before it as well, and the end.
func (w *where) peer(who string) {
	if who == "" {
		return
	}
	address := addressOf(who)
	w.and(`(peer_id = ? OR user_id = ? OR remote IN (?, ?) OR remote LIKE ? ESCAPE '\' OR conn IN (
		SELECT conn FROM events WHERE conn <> '' AND peer_id = ? AND peer_id <> ''
		UNION SELECT conn FROM events WHERE conn <> '' AND user_id = ? AND user_id <> ''))`,
		who, who, who, address, literal.Replace(address)+":%", who, who)
}

// addressOf is an address as events have it: with a scheme, and brackets around what has colons of its own.
func addressOf(who string) string {
	who = strings.TrimPrefix(who, "tcp://")
	if ip, err := netip.ParseAddr(who); err == nil && ip.Is6() {
		who = "[" + who + "]"
	}
	return "tcp://" + who
}

// literal makes a text mean itself in LIKE.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Match says whether the filter lets a fact through, as Events would: for what comes live. Connections on which a peer was
// seen before are not known here.
func (f *Filter) Match(of *fact.Fact) bool {
	switch {
	case !f.Since.IsZero() && of.Time.Before(f.Since), !f.Until.IsZero() && of.Time.After(f.Until):
		return false
	case len(f.Events) > 0 && !slices.Contains(f.Events, of.Name):
		return false
	case f.App != "" && f.App != of.App, f.Conn != "" && f.Conn != connOf(of):
		return false
	case slices.Index(severities, severity(of)) < slices.Index(severities[1:], f.Severity)+1: // -1 + 1 is for none, and for debug
		return false
	case f.Sock != "" && !ofSocket(of, f.Sock), f.Peer != "" && !ofPeer(of, f.Peer):
		return false
	}
	return f.Grep == nil || f.Grep.Match(of.Line)
}

func ofSocket(f *fact.Fact, name string) bool {
	if name == f.Instance.ID+"/"+strconv.FormatUint(f.SocketID, 10) {
		return true
	}
	return f.SocketName == name || f.SocketName == "" && strings.EqualFold(f.SocketType, name)
}

func ofPeer(f *fact.Fact, who string) bool {
	address := addressOf(who)
	id := f.PeerID
	if f.Condition != nil {
		id = f.Condition.Peer
	}
	return who == id || who == f.UserID || who == f.Remote || f.Remote == address || strings.HasPrefix(f.Remote, address+":")
}
