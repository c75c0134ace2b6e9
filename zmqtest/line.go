package zmqtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A teller writes the lines of one story. A line has only what is the same in every run: no address that the system
// chose, no descriptor, no id of the process, no duration (the times of two lines tell it).
//
//	+0s connected tcp://hub:1 #1 attempt=1
//	+0s handshake_succeeded tcp://hub:1 #1 peer=PULL
//	+2s disconnected tcp://hub:1 #1 who=network phase=traffic reason=reset out=3
//	+2s connect_retried tcp://hub:1 interval=100ms
type teller struct {
	began time.Time
	conns map[monitor.ConnID]int // their numbers, in the order in which they came up
}

func newTeller(began time.Time) teller {
	return teller{began: began, conns: map[monitor.ConnID]int{}}
}

// Kinds whose lines say which attempt it was, and those that say who ended what.
const (
	attempts = monitor.ConnectDelayed | monitor.Connected | monitor.ConnectFailed | monitor.Closed | monitor.GaveUp
	ends     = monitor.Disconnected | monitor.HandshakeFailedNoDetail | monitor.HandshakeFailedProtocol |
		monitor.HandshakeFailedAuth | monitor.HeartbeatTimeout
)

// line is e's. Text that a peer chose is quoted, so that it stays one line.
func (t *teller) line(e *zmq.Event) string {
	l := words{"+" + e.Time.Sub(t.began).String(), e.Kind.String()}
	l.add("", e.Endpoint)
	number := t.number(e)
	l.add("#", number)
	if e.Kind&attempts != 0 || e.Kind == monitor.LocalClosed && number == "" {
		l.count("attempt", e.Attempt)
	}
	if e.Kind == monitor.HandshakeSucceeded {
		l.add("peer=", e.PeerType)
		l.quoted("id=", e.PeerID)
		l.quoted("user=", e.UserID)
	}
	if e.Kind != monitor.ConnectRetried { // the line before it has said why
		l.cause(e)
	}
	if e.Interval > 0 {
		l.add("interval=", e.Interval.String())
	}
	l.totals(e)
	return strings.Join(l, " ")
}

// number is the connection's. An attempt has none until it comes up: how many failed before is a matter of luck, and
// attempt= tells it.
func (t *teller) number(e *zmq.Event) string {
	n := t.conns[e.Conn]
	early := e.Kind&(monitor.ConnectDelayed|monitor.ConnectFailed) != 0 || e.Phase == monitor.InConnect
	if n == 0 && e.Conn != 0 && !early {
		n = len(t.conns) + 1
		t.conns[e.Conn] = n
	}
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// words are the parts of a line; what is empty or zero is left out.
type words []string

func (l *words) add(key, value string) {
	if value != "" {
		*l = append(*l, key+value)
	}
}

func (l *words) quoted(key, value string) {
	if value != "" {
		l.add(key, strconv.Quote(value))
	}
}

func (l *words) count(key string, n int) {
	if n != 0 {
		l.add(key+"=", strconv.Itoa(n))
	}
}

func (l *words) cause(e *zmq.Event) {
	if e.Kind&ends != 0 {
		l.add("who=", string(e.Who))
	}
	if e.Phase != monitor.InConnect { // which connect_failed says already
		l.add("phase=", string(e.Phase))
	}
	l.add("reason=", string(e.Reason))
}

func (l *words) totals(e *zmq.Event) {
	for _, total := range [...]struct {
		key string
		n   uint64
	}{
		{"in", e.MessagesIn}, {"out", e.MessagesOut}, {"unsent", e.Unsent}, {"n", e.Count},
		{"queue_in", uint64(e.QueueIn)}, {"queue_out", uint64(e.QueueOut)},
	} {
		if total.n != 0 {
			l.add(total.key+"=", fmt.Sprint(total.n))
		}
	}
	l.quoted("topic=", e.Topic)
}
