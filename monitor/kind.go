package monitor

import (
	"fmt"
	"iter"
	"log/slog"
	"math/bits"
	"strconv"
	"strings"
)

// Kind is one kind of event, that is one bit, or a set of kinds. Up to 1<<16
// the bits have the numbers of libzmq's ZMQ_EVENT_* constants (manual page
// zmq_socket_monitor); the kinds above are ours.
type Kind uint64

// Mask is a set of kinds. It is the same type, so Connected|Closed is a mask
// without a conversion.
type Mask = Kind

// The kinds. docs/events.md says when each is emitted, what it carries and
// what an operator should do.
const (
	Connected               Kind = 0x0001
	ConnectDelayed          Kind = 0x0002
	ConnectRetried          Kind = 0x0004
	Listening               Kind = 0x0008
	BindFailed              Kind = 0x0010
	Accepted                Kind = 0x0020
	AcceptFailed            Kind = 0x0040
	Closed                  Kind = 0x0080
	CloseFailed             Kind = 0x0100
	Disconnected            Kind = 0x0200
	MonitorStopped          Kind = 0x0400 // this reader's last event; comes whatever the mask
	HandshakeFailedNoDetail Kind = 0x0800
	HandshakeSucceeded      Kind = 0x1000
	HandshakeFailedProtocol Kind = 0x2000
	HandshakeFailedAuth     Kind = 0x4000
	PipesStats              Kind = 0x10000

	// Ours: never seen through Classic, and not part of libzmq's frames
	// unless somebody asks for them with a version 2 monitor.
	ConnectFailed    Kind = 1 << 17
	GaveUp           Kind = 1 << 18
	LocalClosed      Kind = 1 << 19
	Unbound          Kind = 1 << 20
	QueueFull        Kind = 1 << 21
	QueueDrained     Kind = 1 << 22
	Dropped          Kind = 1 << 23
	Subscribed       Kind = 1 << 24
	Unsubscribed     Kind = 1 << 25
	IdentityConflict Kind = 1 << 26
	HeartbeatTimeout Kind = 1 << 27
	Lost             Kind = 1 << 28 // this reader lost Count events; comes whatever the mask
)

// Inproc is a modifier of masks: "and what happens over inproc". libzmq emits
// nothing there, so ported code must ask before it is told.
const Inproc Mask = 1 << 63

// Groups of kinds, by how often they can fire.
const (
	Classic   Mask = 0xFFFF  // ZMQ_EVENT_ALL: what version 1 frames can carry
	ClassicV2 Mask = 0x1FFFF // with PipesStats
	Failures  Mask = BindFailed | AcceptFailed | CloseFailed | ConnectFailed | GaveUp |
		HandshakeFailedNoDetail | HandshakeFailedProtocol | HandshakeFailedAuth |
		IdentityConflict | HeartbeatTimeout
	Lifecycle Mask = Classic | Failures | LocalClosed | Unbound      // a few per connection
	Flow      Mask = PipesStats | QueueFull | QueueDrained | Dropped // per congestion
	Subs      Mask = Subscribed | Unsubscribed                       // per subscription
	All       Mask = Lifecycle | Flow | Subs | Inproc
)

const (
	handshakeFailed = HandshakeFailedNoDetail | HandshakeFailedProtocol | HandshakeFailedAuth
	terminal        = ConnectFailed | Disconnected | LocalClosed
)

// A valueRule says which field of an Event is the number in its libzmq frame.
type valueRule uint8

const (
	noValue       valueRule = iota // always 0
	fdValue                        // FD
	errnoValue                     // Errno()
	intervalValue                  // Interval, in milliseconds
	codeValue                      // Value: a protocol code or a ZAP status
	queuesValue                    // QueueOut and QueueIn: the only pair
	countValue                     // Count
)

// kinds has a row per kind, at the index of its bit. Bit 15 is free in libzmq.
var kinds = [...]struct {
	name  string // the same word in Go, text, JSON and docs
	level slog.Level
	value valueRule
}{
	0:  {"connected", slog.LevelInfo, fdValue},
	1:  {"connect_delayed", slog.LevelDebug, errnoValue},
	2:  {"connect_retried", slog.LevelWarn, intervalValue},
	3:  {"listening", slog.LevelInfo, fdValue},
	4:  {"bind_failed", slog.LevelError, errnoValue},
	5:  {"accepted", slog.LevelInfo, fdValue},
	6:  {"accept_failed", slog.LevelError, errnoValue},
	7:  {"closed", slog.LevelInfo, fdValue},
	8:  {"close_failed", slog.LevelError, errnoValue},
	9:  {"disconnected", slog.LevelWarn, fdValue}, // Event.Level: info if it was clean
	10: {"monitor_stopped", slog.LevelInfo, noValue},
	11: {"handshake_failed_no_detail", slog.LevelError, errnoValue},
	12: {"handshake_succeeded", slog.LevelInfo, noValue},
	13: {"handshake_failed_protocol", slog.LevelError, codeValue},
	14: {"handshake_failed_auth", slog.LevelError, codeValue},
	16: {"pipes_stats", slog.LevelDebug, queuesValue},
	17: {"connect_failed", slog.LevelWarn, errnoValue},
	18: {"gave_up", slog.LevelError, errnoValue},
	19: {"local_closed", slog.LevelInfo, fdValue}, // Event.Level: warn if messages were lost
	20: {"unbound", slog.LevelInfo, fdValue},
	21: {"queue_full", slog.LevelWarn, queuesValue},
	22: {"queue_drained", slog.LevelInfo, queuesValue},
	23: {"dropped", slog.LevelWarn, countValue},
	24: {"subscribed", slog.LevelDebug, noValue},
	25: {"unsubscribed", slog.LevelDebug, noValue},
	26: {"identity_conflict", slog.LevelError, noValue},
	27: {"heartbeat_timeout", slog.LevelWarn, fdValue},
	28: {"lost", slog.LevelWarn, countValue},
}

// groups are the names that ParseMask knows besides those of the kinds.
var groups = []struct {
	name string
	mask Mask
}{
	{"none", 0},
	{"classic", Classic},
	{"classic_v2", ClassicV2},
	{"failures", Failures},
	{"lifecycle", Lifecycle},
	{"flow", Flow},
	{"subs", Subs},
	{"all", All},
	{"inproc", Inproc},
}

// Kinds yields every kind, in the order of its number.
func Kinds() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for bit, row := range kinds {
			if row.name != "" && !yield(1<<bit) {
				return
			}
		}
	}
}

// known says whether k is exactly one kind that has a row; only then is bit
// its index.
func (k Kind) known() (bit int, ok bool) {
	bit = bits.TrailingZeros64(uint64(k))
	return bit, bits.OnesCount64(uint64(k)) == 1 && bit < len(kinds) && kinds[bit].name != ""
}

func (k Kind) value() valueRule {
	if bit, ok := k.known(); ok {
		return kinds[bit].value
	}
	return codeValue // an unknown number comes and goes with its value as it is
}

// String is the kind's name in snake case, as in JSON: "connected"; of a set
// "connected|closed". Bits without a name are written as one hexadecimal
// number, the empty set is "none". ParseMask is the reverse.
func (k Kind) String() string {
	if bit, ok := k.known(); ok {
		return kinds[bit].name
	}
	if k == 0 {
		return "none"
	}
	var words []string
	rest := k
	for one := range Kinds() {
		if k&one != 0 {
			words = append(words, one.String())
			rest &^= one
		}
	}
	if rest&Inproc != 0 {
		words = append(words, "inproc")
		rest &^= Inproc
	}
	if rest != 0 {
		words = append(words, "0x"+strconv.FormatUint(uint64(rest), 16))
	}
	return strings.Join(words, "|")
}

// ParseMask reads what String writes, and the names of the groups: "classic",
// "classic_v2", "failures", "lifecycle", "flow", "subs", "all", the modifier
// "inproc", and "none". Words are joined by "|" or ",", in any case; a number
// stands for its bits ("0x20", "32").
func ParseMask(s string) (Mask, error) {
	var m Mask
	for word := range strings.SplitSeq(strings.ReplaceAll(s, ",", "|"), "|") {
		one, err := parseWord(strings.ToLower(strings.TrimSpace(word)))
		if err != nil {
			return 0, fmt.Errorf("event mask %q: %w", s, err)
		}
		m |= one
	}
	return m, nil
}

func parseWord(word string) (Mask, error) {
	for bit, row := range kinds {
		if row.name != "" && row.name == word {
			return 1 << bit, nil
		}
	}
	for _, g := range groups {
		if g.name == word {
			return g.mask, nil
		}
	}
	if n, err := strconv.ParseUint(word, 0, 64); err == nil {
		return Mask(n), nil
	}
	return 0, fmt.Errorf(`no event is called %q: docs/events.md has the names; "none" is no event, "all" is every one`, word)
}
