package ingest

import (
	"crypto/rand"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A sender is who a message came from: its routing id, and its connection.
type sender struct {
	id     string
	conn   monitor.ConnID
	remote string
}

// An about is what a routing id says: app=NAME;socket=NAME;type=SUB;pid=123;n=RANDOM, each key optional, in any order, and
// each value as in an address of the web (%3B is a semicolon). n is for whoever else says the same. Unknown keys pass.
type about struct {
	app, socket, typ string
	pid              int
}

// name is what a bridge is remembered by.
func (s sender) name() string {
	if s.id == "" || s.id[0] == 0 { // RFC 28: such an id was made up for the connection
		return "\x00" + strconv.FormatUint(uint64(s.conn), 10)
	}
	return s.id
}

func parseID(id string) (a about) {
	for pair := range strings.SplitSeq(id, ";") {
		key, escaped, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(escaped)
		if !ok || err != nil {
			continue
		}
		value = strings.ToValidUTF8(value, "\uFFFD") // as it will be in JSON
		switch key {
		case "app":
			a.app = value
		case "socket":
			a.socket = value
		case "type":
			a.typ = strings.ToUpper(value)
		case "pid":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				a.pid = int(n)
			}
		}
	}
	return a
}

// maxBridges are those that are remembered. Of more, those are forgotten that were silent longest: when they speak again they
// are new.
const maxBridges = 10_000

// bridges know the senders that do not say who they are in every line: one for each socket that is watched through libzmq.
//
// A bridge is remembered by its routing id, so that one that lost its connection and came back goes on with its numbers; one
// without a routing id of its own, by its connection. What it is called is random and new whenever an agent begins: its
// numbers begin anew then, and must not be taken for those of before.
type bridges struct {
	all       map[string]*bridge
	processes map[process]*program
	host      string // this one's name
}

// A process is what bridges of one program have in common, if they say their pid.
type process struct {
	host, app string
	pid       int
}

// A program is an instance, and how many of its sockets are watched.
type program struct {
	instance fact.Instance
	sockets  uint64
	bridges  int // that are remembered
}

// A bridge is one socket of a program.
type bridge struct {
	of    *program
	key   process
	about about
	sock  uint64
	seq   uint64
	ended bool // its last event was monitor_stopped
	heard time.Time
}

func newBridges() *bridges {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return &bridges{all: make(map[string]*bridge), processes: make(map[process]*program), host: host}
}

// event is what happened to the socket behind a bridge, under the next number. libzmq's frames have neither a time nor a
// connection's id: the time is when they came.
func (all *bridges) event(who sender, e monitor.Event, now time.Time) (fact.Fact, error) {
	return all.bridge(who, now).tells(e, now)
}

func (b *bridge) tells(e monitor.Event, now time.Time) (fact.Fact, error) {
	b.seq++
	b.ended = e.Kind == monitor.MonitorStopped
	e.Seq, e.Time = b.seq, now
	e.SocketID, e.SocketName, e.SocketType = b.sock, b.about.socket, b.about.typ
	return fact.Of(b.of.instance, e)
}

// gone is the last word of a bridge whose connection has ended without one: its program was killed, most likely. One that comes
// back goes on.
func (all *bridges) gone(who sender, now time.Time) (f fact.Fact, ok bool, err error) {
	b := all.all[who.name()]
	if b == nil || b.ended {
		return f, false, nil
	}
	f, err = b.tells(monitor.Event{Kind: monitor.MonitorStopped, FD: -1, Who: monitor.ByPeer}, now)
	return f, err == nil, err
}

// instance is the process behind a sender whose lines do not say it.
func (all *bridges) instance(who sender, now time.Time) fact.Instance {
	return all.bridge(who, now).of.instance
}

func (all *bridges) bridge(who sender, now time.Time) *bridge {
	name := who.name()
	b := all.all[name]
	if b == nil {
		all.forget()
		b = all.newBridge(who)
		all.all[name] = b
	}
	b.heard = now
	return b
}

func (all *bridges) newBridge(who sender) *bridge {
	b := &bridge{about: parseID(who.id)}
	b.key = process{all.hostOf(who.remote), b.about.app, b.about.pid}
	b.of = all.processes[b.key]
	if b.of == nil {
		b.of = &program{instance: fact.Instance{ID: strings.ToLower(rand.Text()), App: b.key.app, Host: b.key.host, PID: b.key.pid}}
		if b.key.pid != 0 {
			all.processes[b.key] = b.of
		}
	}
	b.of.sockets++
	b.of.bridges++
	b.sock = b.of.sockets
	return b
}

// forget makes room for one more: an eighth goes at a time, so that the search for the silent is seldom.
func (all *bridges) forget() {
	if len(all.all) < maxBridges {
		return
	}
	var heard []time.Time
	for _, b := range all.all {
		heard = append(heard, b.heard)
	}
	limit := nth(heard, len(heard)/8)
	for name, b := range all.all {
		if b.heard.After(limit) {
			continue
		}
		delete(all.all, name)
		if b.of.bridges--; b.of.bridges == 0 {
			delete(all.processes, b.key)
		}
	}
}

// hostOf is whose a connection is: this host's, if it came over the loopback or a file.
func (all *bridges) hostOf(remote string) string {
	address, tcp := strings.CutPrefix(remote, "tcp://")
	if !tcp {
		return all.host
	}
	ap, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return ""
	case ap.Addr().IsLoopback():
		return all.host
	}
	return ap.Addr().Unmap().String()
}
