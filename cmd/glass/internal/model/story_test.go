package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
	"github.com/glassmq/zmq/zmqtest"
)

// What the model says of sockets is what they say of themselves, after any story: real sockets on a network in memory bind,
// dial, talk, break and leave at random, and the model learns of it as an agent does, by lines, with states that come before
// or after the events that they take in.
func TestTheModelEqualsTheSockets(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t, seed)
				for range 60 {
					p.step()
					p.watch()
				}
			})
		})
	}
}

type play struct {
	t     *testing.T
	rand  *rand.Rand
	net   *zmqtest.Network
	x     *zmq.Context
	sub   *monitor.Subscription
	cast  []talker
	here  fact.Instance
	model *Model
	told  map[uint64]monitor.State // what each socket said of itself last
	stale map[uint64]monitor.State // and before that

	quarrel bool // over routing ids: several have the same, over tcp
}

type talker interface {
	zmq.Socket
	CloseConn(monitor.ConnID) error
	Send(context.Context, ...[]byte) error
}

var places = []string{"tcp://a:1", "tcp://b:1", "tcp://c:1", "inproc://d"}

func newPlay(t *testing.T, seed uint64) *play {
	net := zmqtest.NewNetwork()
	p := &play{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), net: net, x: net.Context(t),
		here: fact.Instance{ID: "i", App: "play", Host: "h", PID: 7}, model: New(), told: make(map[uint64]monitor.State),
		quarrel: seed%2 == 0,
	}
	p.sub = p.x.Watch(monitor.All)
	for range 5 {
		p.enter()
	}
	return p
}

func (p *play) enter() {
	n := len(p.cast)
	cfg := zmq.Config{
		Context: p.x, Name: fmt.Sprint("s", n), Linger: 10 * time.Millisecond,
		HandshakeTimeout: time.Second, HeartbeatInterval: 700 * time.Millisecond,
	}
	if p.quarrel {
		cfg.RoutingID = fmt.Sprint("id", n%3)
	}
	if p.rand.IntN(2) == 0 {
		p.cast = append(p.cast, zmq.NewDealer(cfg))
	} else {
		p.cast = append(p.cast, zmq.NewRouter(cfg))
	}
}

// step is something that happens. What is not possible at the moment is an error of no interest.
func (p *play) step() {
	s := p.cast[p.rand.IntN(len(p.cast))]
	at := places[p.rand.IntN(len(places))]
	if p.quarrel {
		at = places[p.rand.IntN(3)]
	}
	switch p.rand.IntN(12) {
	case 0, 1:
		s.Bind(at)
	case 2, 3, 4:
		if !strings.HasPrefix(at, "inproc") || !bound(s, at) {
			s.Connect(at)
		}
	case 5:
		s.Disconnect(at)
	case 6:
		s.Unbind(at)
	case 7:
		if peers := s.State().Peers; len(peers) > 0 {
			s.CloseConn(peers[p.rand.IntN(len(peers))].Conn)
		}
	case 8:
		p.net.Reset(places[p.rand.IntN(3)])
	case 9:
		p.net.Refuse(places[p.rand.IntN(3)], p.rand.IntN(2) == 0)
	case 10:
		s.Send(zmq.NoWait, []byte("id1"), []byte("hello"))
	case 11:
		if p.rand.IntN(4) == 0 {
			s.Close()
			p.cast = slices.DeleteFunc(p.cast, func(o talker) bool { return o == s })
			p.enter()
		}
	}
	time.Sleep(time.Duration(p.rand.IntN(2000)) * time.Millisecond)
	synctest.Wait()
}

// bound says whether s is bound to a name: a socket that meets itself is a story of its own.
func bound(s zmq.Socket, at string) bool {
	return slices.ContainsFunc(s.State().Endpoints, func(ep monitor.EndpointState) bool { return ep.Bound == at })
}

// watch brings the model up to date, in one of the ways in which that happens, and compares.
func (p *play) watch() {
	p.stale, p.told = p.told, make(map[uint64]monitor.State)
	for _, s := range p.cast {
		p.told[s.ID()] = s.State()
	}
	when := p.rand.IntN(4)
	if when == 0 {
		p.states(p.told)
	}
	p.events()
	switch when {
	case 1:
		p.states(p.told)
	case 2:
		p.states(p.stale)
	}
	got := p.model.Snapshot()
	for _, s := range p.cast {
		p.compare(&got, s.ID())
	}
	if n := len(got.Closed); n > keepClosed {
		p.t.Fatalf("%d closed connections are kept", n)
	}
	p.gone(&got)
}

func (p *play) events() {
	for {
		e, ok := p.sub.Poll()
		if !ok {
			return
		}
		sent, err := fact.Of(p.here, e)
		if err != nil {
			p.t.Fatal(err)
		}
		f, _, err := fact.Parse(sent.Line)
		if err != nil {
			p.t.Fatal(err)
		}
		p.model.Apply(*f)
	}
}

// states tells of some sockets, all there is or only part of it.
func (p *play) states(said map[uint64]monitor.State) {
	for _, s := range p.cast {
		was, ok := said[s.ID()]
		if !ok {
			continue
		}
		st := fact.StateOf(p.here, time.Now(), was, 1000, 1000)
		switch p.rand.IntN(3) {
		case 0:
			continue
		case 1:
			st.Full = false
			st.Peers = slices.DeleteFunc(st.Peers, func(fact.Peer) bool { return p.rand.IntN(2) == 0 })
			st.Endpoints = slices.DeleteFunc(st.Endpoints, func(fact.Endpoint) bool { return p.rand.IntN(2) == 0 })
		}
		line, err := st.Line()
		if err != nil {
			p.t.Fatal(err)
		}
		_, parsed, err := fact.Parse(line)
		if err != nil {
			p.t.Fatal(err)
		}
		p.model.Update(*parsed)
	}
}

// An outline is what events and states have in common.
type outline struct {
	Endpoints []Endpoint
	Peers     []Connection
}

func (p *play) compare(got *Snapshot, id uint64) {
	p.t.Helper()
	want := p.told[id]
	if want.Seq == 0 && len(want.Endpoints) == 0 {
		return // nothing has happened to it, and nobody knows it
	}
	have, wanted := p.outlineOf(got, id), p.outlineFrom(&want)
	if !reflect.DeepEqual(have, wanted) {
		p.t.Fatalf("socket %d, at event %d:\nthe model has %+v\nthe socket    %+v", id, want.Seq, have, wanted)
	}
}

// outlineOf is the model's. Of an error it matters whether there is one: a state has its text, an event its words.
func (p *play) outlineOf(got *Snapshot, id uint64) (o outline) {
	for _, s := range got.Sockets {
		if s.ID != id {
			continue
		}
		for _, ep := range s.Endpoints {
			ep.Error = whether(ep.Error)
			ep.NextTry = ep.NextTry.Round(0).UTC()
			o.add(ep)
		}
	}
	for _, c := range got.Connections {
		if c.Sock == id {
			o.Peers = append(o.Peers, Connection{
				Key: c.Key, Side: c.Side, EndpointID: c.EndpointID, Endpoint: c.Endpoint, Local: c.Local, Remote: c.Remote, Ready: c.Ready,
				PeerType: c.PeerType, PeerID: c.PeerID, Mechanism: c.Mechanism, Version: c.Version, Since: c.Since.Round(0).UTC(),
			})
		}
	}
	return o
}

func whether(err string) string {
	if err != "" {
		return "error"
	}
	return ""
}

func (p *play) outlineFrom(s *monitor.State) (o outline) {
	ready := make(map[monitor.ConnID]bool)
	for _, c := range s.Peers {
		ready[c.Conn] = c.Ready
		o.Peers = append(o.Peers, Connection{
			Key: p.here.ConnKey(c.Conn), Side: c.Side, EndpointID: c.EndpointID, Endpoint: c.Endpoint, Local: c.Local, Remote: c.Remote,
			Ready: c.Ready, PeerType: c.Type, PeerID: text(c.RoutingID), Mechanism: c.Mechanism, Version: c.Version, Since: c.Since.Round(0).UTC(),
		})
	}
	for _, from := range s.Endpoints {
		ep := Endpoint{
			ID: from.ID, Side: from.Side, Endpoint: from.Endpoint, Bound: from.Bound, Conn: p.here.ConnKey(from.Conn), Attempt: from.Attempt,
			NextTry: from.NextTry.Round(0).UTC(), State: Waiting,
		}
		if from.LastErr != nil {
			ep.Error = "error"
		}
		switch {
		case from.Side == monitor.SideBind:
			ep.State = Listening
		case ready[from.Conn]:
			ep.State = Connected
		case from.Conn != 0 || from.Attempt == 0 && from.LastErr == nil && from.NextTry.IsZero():
			ep.State = Connecting
		}
		o.add(ep)
	}
	return o
}

// add leaves out what waits for a name over inproc: a socket has no more to say of that, and no event tells of it before
// somebody has met there.
func (o *outline) add(ep Endpoint) {
	waits := ep.Side == monitor.SideConnect && strings.HasPrefix(ep.Endpoint, "inproc") && ep.Conn == ""
	if !waits {
		o.Endpoints = append(o.Endpoints, ep)
	}
}

// gone: sockets that have closed are known as such, and have nothing.
func (p *play) gone(got *Snapshot) {
	for _, s := range got.Sockets {
		lives := slices.ContainsFunc(p.cast, func(o talker) bool { return o.ID() == s.ID })
		if s.Closed == lives {
			p.t.Fatalf("socket %d is closed: %v, it lives: %v", s.ID, s.Closed, lives)
		}
		if s.Closed && len(s.Endpoints)+s.Connections > 0 {
			p.t.Fatalf("a closed socket has %d endpoints and %d connections", len(s.Endpoints), s.Connections)
		}
	}
}
