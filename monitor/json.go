package monitor

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// jsonVersion is the key "v". It rises only when a key changes its meaning;
// new keys and kinds do not count.
const jsonVersion = "1"

// MarshalJSON is one flat object, without a line break, under the keys of
// docs/events.md. It never fails.
func (e Event) MarshalJSON() ([]byte, error) { return e.appendJSON(nil), nil }

func (e *Event) appendJSON(b []byte) []byte {
	b = append(b, `{"v":`+jsonVersion...)
	if !e.Time.IsZero() {
		b = append(b, `,"ts":"`...)
		b = e.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000000Z")
		b = append(b, '"')
	}
	add := func(key string, v slog.Value) { b = appendField(b, key, v) }
	f := fieldList(add)
	f.uint("seq", e.Seq)
	f.text("event", e.Kind.String())
	if e.Kind != 0 && e.Kind&^ClassicV2 == 0 {
		f.uint("zmq_event", uint64(e.Kind))
		if e.Kind.value() != fdValue || e.FD >= 0 {
			add("zmq_value", slog.Uint64Value(e.values()[0]))
		}
	}
	f.text("sev", strings.ToLower(e.Level().String()))
	e.fields(add)
	return append(b, '}')
}

func appendField(b []byte, key string, v slog.Value) []byte {
	b = append(append(append(b, `,"`...), key...), `":`...)
	switch v.Kind() {
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindDuration:
		return appendMillis(b, v.Duration())
	default: // fields yields nothing else
		return appendQuoted(b, v.String())
	}
}

// appendMillis writes milliseconds with all nanoseconds and no float between.
func appendMillis(b []byte, d time.Duration) []byte {
	n := uint64(d)
	if d < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendUint(b, n/1e6, 10)
	if rest := n % 1e6; rest != 0 {
		b = append(b, '.')
		digits := fmt.Appendf(nil, "%06d", rest)
		b = append(b, strings.TrimRight(string(digits), "0")...)
	}
	return b
}

// appendQuoted writes a JSON string (RFC 8259, section 7). Bytes that are not
// UTF-8 become U+FFFD; characters that could act on a terminal which shows the
// line (controls, changes of direction) are escaped beyond what JSON demands.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s { // an invalid byte comes as utf8.RuneError
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case !unicode.IsPrint(r) && r <= 0xFFFF:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// UnmarshalJSON reads what MarshalJSON wrote, here or elsewhere. Unknown keys
// pass; an unknown kind keeps its libzmq number, or is 0. What follows from
// other fields (sev, why, hint, transport) is not read. Err comes back as its
// error number where it has one, so errors.Is works, else as its text; Time
// without its monotonic reading; of Topic the first 64 bytes.
func (e *Event) UnmarshalJSON(b []byte) error {
	var w jsonEvent
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("monitor event: %w", err)
	}
	*e = Event{
		Kind: w.kind(), Seq: w.Seq, Time: w.TS, Value: w.ZMQValue,
		SocketID: w.Sock, SocketName: w.SockName, SocketType: w.SockType,
		EndpointID: w.EndpointID, Endpoint: w.Endpoint, Side: w.Side, Conn: ConnID(w.Conn),
		Local: w.Local, Remote: w.Remote, FD: -1,
		PeerID: w.peerID(), PeerType: w.PeerType, Mechanism: w.Mechanism, UserID: w.UserID, Version: w.ZMTP,
		Phase: w.Phase, Who: w.Who, Reason: w.Reason, Err: w.err(),
		Attempt: w.Attempt, Interval: time.Duration(w.IntervalMS), Duration: time.Duration(w.DurMS),
		MessagesOut: w.TxMsgs, MessagesIn: w.RxMsgs, BytesOut: w.TxBytes, BytesIn: w.RxBytes,
		Unsent: w.Dropped, QueueOut: w.TxQueue, QueueIn: w.RxQueue, Topic: w.topic(), Count: w.N,
	}
	if w.FD != nil {
		e.FD = *w.FD
	}
	if w.PeerUID != nil {
		p := e.Peer()
		p.Process = &Process{PID: w.PeerPID, UID: *w.PeerUID, GID: w.PeerGID}
		e.peer = &p
	}
	return nil
}

type jsonEvent struct {
	TS         time.Time  `json:"ts"`
	Seq        uint64     `json:"seq"`
	Event      string     `json:"event"`
	ZMQEvent   uint64     `json:"zmq_event"`
	ZMQValue   uint64     `json:"zmq_value"`
	Sock       uint64     `json:"sock"`
	SockName   string     `json:"sock_name"`
	SockType   string     `json:"sock_type"`
	Conn       jsonConn   `json:"conn"`
	Side       Side       `json:"side"`
	EndpointID uint64     `json:"endpoint_id"`
	Endpoint   string     `json:"endpoint"`
	Local      string     `json:"local"`
	Remote     string     `json:"remote"`
	FD         *int       `json:"fd"`
	PeerType   string     `json:"peer_type"`
	PeerID     string     `json:"peer_id"`
	PeerIDHex  string     `json:"peer_id_hex"`
	ZMTP       string     `json:"zmtp"`
	Mechanism  string     `json:"mechanism"`
	UserID     string     `json:"user_id"`
	PeerPID    int        `json:"peer_pid"`
	PeerUID    *uint32    `json:"peer_uid"`
	PeerGID    uint32     `json:"peer_gid"`
	Phase      Phase      `json:"phase"`
	Who        Who        `json:"who"`
	Reason     Reason     `json:"reason"`
	Errno      int64      `json:"errno"`
	Error      string     `json:"error"`
	Attempt    int        `json:"attempt"`
	IntervalMS jsonMillis `json:"interval_ms"`
	DurMS      jsonMillis `json:"dur_ms"`
	TxMsgs     uint64     `json:"tx_msgs"`
	RxMsgs     uint64     `json:"rx_msgs"`
	TxBytes    uint64     `json:"tx_bytes"`
	RxBytes    uint64     `json:"rx_bytes"`
	Dropped    uint64     `json:"dropped"`
	TxQueue    int        `json:"tx_queue"`
	RxQueue    int        `json:"rx_queue"`
	Topic      string     `json:"topic"`
	N          uint64     `json:"n"`
}

func (w *jsonEvent) kind() Kind {
	for k := range Kinds() {
		if k.String() == w.Event {
			return k
		}
	}
	if n, err := strconv.ParseUint(w.Event, 0, 64); err == nil {
		return oneKind(n) // as Kind.String writes one that has no name
	}
	return oneKind(w.ZMQEvent)
}

// oneKind is the kind of that number: a bit. A set of kinds is nobody's event.
func oneKind(n uint64) Kind {
	if n&(n-1) != 0 || Kind(n) == Inproc {
		return 0
	}
	return Kind(n)
}

func (w *jsonEvent) peerID() string {
	if raw, err := hex.DecodeString(w.PeerIDHex); err == nil && len(raw) > 0 {
		return string(raw)
	}
	return w.PeerID
}

func (w *jsonEvent) topic() string {
	if raw, err := strconv.Unquote(`"` + w.Topic + `"`); err == nil {
		return raw
	}
	return w.Topic
}

// err goes by the symbol first: the line may come from a system with other
// numbers.
func (w *jsonEvent) err() error {
	if n, ok := errnoNamed(w.Error); ok {
		return n
	}
	n := syscall.Errno(max(w.Errno, 0))
	switch {
	case w.Error == "" && n == 0:
		return nil
	case w.Error == "" || w.Error == n.Error():
		return n
	case n == 0:
		return errors.New(w.Error)
	}
	return &remoteError{w.Error, n}
}

// errnoNamed is this system's number for a symbol; of several the smallest,
// which on Windows is the one that the system itself answers with.
func errnoNamed(name string) (least syscall.Errno, ok bool) {
	for n, have := range errnoNames {
		if have == name && (!ok || n < least) {
			least, ok = n, true
		}
	}
	return least, ok
}

// A remoteError is an error from another process: its text and its number.
type remoteError struct {
	text  string
	errno syscall.Errno
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.errno }

// jsonConn reads "7", and "k7q2m4/7" where a collector put the instance first.
type jsonConn ConnID

func (c *jsonConn) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	text = text[strings.LastIndexByte(text, '/')+1:]
	if text == "null" || text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("key conn is %s: want a number, or instance/number", b)
	}
	*c = jsonConn(n)
	return nil
}

// jsonMillis reads milliseconds to the nanosecond, exactly where they are
// written as appendMillis does.
type jsonMillis time.Duration

func (d *jsonMillis) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	fraction = (fraction + "000000")[:6]
	n, err := strconv.ParseUint(whole+fraction, 10, 63)
	if err == nil {
		*d = jsonMillis(n)
		if text[0] == '-' {
			*d = -*d
		}
		return nil
	}
	f, err := strconv.ParseFloat(text, 64) // 1e3, or too large
	if err != nil || math.Abs(f) > math.MaxInt64/1e6-1 {
		return fmt.Errorf("%s is no duration in milliseconds", text)
	}
	*d = jsonMillis(f * 1e6)
	return nil
}
