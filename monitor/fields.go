package monitor

import (
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fields yields what the event knows, under the keys of docs/events.md and in
// their order: JSON and slog say the same because both read it from here. A
// key that is absent is unknown.
func (e *Event) fields(add func(key string, v slog.Value)) {
	f := fieldList(add)
	f.uint("sock", e.SocketID)
	f.text("sock_name", e.SocketName)
	f.text("sock_type", e.SocketType)
	if e.Conn != 0 {
		f.text("conn", strconv.FormatUint(uint64(e.Conn), 10))
	}
	f.text("side", string(e.Side))
	f.text("transport", e.transport())
	f.uint("endpoint_id", e.EndpointID)
	f.text("endpoint", e.Endpoint)
	f.text("local", e.Local)
	f.text("remote", e.Remote)
	if e.FD >= 0 {
		add("fd", slog.IntValue(e.FD))
	}
	e.peerFields(f)
	e.causeFields(f)
	e.totalFields(f)
}

func (e *Event) peerFields(f fieldList) {
	f.text("peer_type", e.PeerType)
	if utf8.ValidString(e.PeerID) && strings.IndexFunc(e.PeerID, unprintable) < 0 {
		f.text("peer_id", e.PeerID)
	}
	f.text("peer_id_hex", hex.EncodeToString([]byte(e.PeerID)))
	f.text("zmtp", e.Version)
	f.text("mechanism", e.Mechanism)
	f.text("user_id", e.UserID)
	if e.peer != nil && e.peer.Process != nil {
		who := e.peer.Process
		f.int("peer_pid", who.PID)
		f("peer_uid", slog.Uint64Value(uint64(who.UID))) // 0 is a user
		f("peer_gid", slog.Uint64Value(uint64(who.GID)))
	}
}

func (e *Event) causeFields(f fieldList) {
	f.text("phase", string(e.Phase))
	f.text("who", string(e.who()))
	f.text("reason", string(e.Reason))
	if n, ok := errnoOf(e.Err); ok {
		f.int("errno", int(n))
	}
	f.text("error", e.errorText())
	f.text("why", e.Why())
	f.text("hint", e.Hint())
	f.int("attempt", e.Attempt)
	if e.Interval != 0 {
		f("interval_ms", slog.DurationValue(e.Interval))
	}
}

func (e *Event) totalFields(f fieldList) {
	known := e.ended()
	if e.Duration != 0 || known {
		f("dur_ms", slog.DurationValue(e.Duration))
	}
	for _, total := range [...]struct {
		key string
		n   uint64
	}{
		{"tx_msgs", e.MessagesOut}, {"rx_msgs", e.MessagesIn},
		{"tx_bytes", e.BytesOut}, {"rx_bytes", e.BytesIn},
		{"dropped", e.Unsent},
	} {
		if total.n != 0 || known {
			f(total.key, slog.Uint64Value(total.n))
		}
	}
	known = e.Kind.value() == queuesValue
	if e.QueueOut != 0 || known {
		f("tx_queue", slog.IntValue(e.QueueOut))
	}
	if e.QueueIn != 0 || known {
		f("rx_queue", slog.IntValue(e.QueueIn))
	}
	if e.Topic != "" || e.Kind&Subs != 0 {
		quoted := topicText(e.Topic)
		f("topic", slog.StringValue(quoted[1:len(quoted)-1]))
	}
	f.uint("n", e.Count)
}

// transport is the scheme of the endpoint, or of an address if that is all
// there is.
func (e *Event) transport() string {
	for _, addr := range [...]string{e.Endpoint, e.Local, e.Remote} {
		if scheme, _, ok := strings.Cut(addr, "://"); ok {
			return scheme
		}
	}
	return ""
}

// errorText is the symbol of the error number ("ECONNREFUSED"), which every
// system and log search understands; of an error without one, its text.
func (e *Event) errorText() string {
	if e.Err == nil {
		return ""
	}
	if n, ok := errnoOf(e.Err); ok && errnoNames[n] != "" {
		return errnoNames[n]
	}
	return e.Err.Error()
}

// A fieldList takes fields; its methods leave out what is unknown.
type fieldList func(key string, v slog.Value)

func (f fieldList) text(key, s string) {
	if s != "" {
		f(key, slog.StringValue(s))
	}
}

func (f fieldList) uint(key string, n uint64) {
	if n != 0 {
		f(key, slog.Uint64Value(n))
	}
}

func (f fieldList) int(key string, n int) {
	if n != 0 {
		f(key, slog.IntValue(n))
	}
}

// attrs are the fields for slog. Milliseconds become a plain number there:
// handlers print a Duration in units of their own, which the key would belie.
func (e *Event) attrs() []slog.Attr {
	as := make([]slog.Attr, 0, 24)
	if e.Seq != 0 {
		as = append(as, slog.Uint64("seq", e.Seq))
	}
	e.fields(func(key string, v slog.Value) {
		if v.Kind() == slog.KindDuration {
			v = slog.Float64Value(float64(v.Duration()) / 1e6)
		}
		as = append(as, slog.Attr{Key: key, Value: v})
	})
	return as
}

// LogValue is the event as a group of attributes, under the keys of JSON:
// slog.Any("zmq", e).
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(append([]slog.Attr{slog.String("event", e.Kind.String())}, e.attrs()...)...)
}
