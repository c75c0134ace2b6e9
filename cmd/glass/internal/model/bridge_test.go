package model

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
	"github.com/glassmq/zmq/zmqtest"
)

// The events of a socket as libzmq's monitor sends them, in its bytes: no ids, one address, no reasons. The model comes to the
// same connections as the socket all the same.
func TestEventsOfLibzmqAreJoined(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			x := zmq.NewContext(zmq.ContextConfig{})
			defer x.Close()
			pull := zmq.NewPull(zmq.Config{Context: x, Name: "tasks"})
			story := zmqtest.Record(t, pull, monitor.Classic)
			at, err := pull.Bind("tcp://127.0.0.1:*")
			if err != nil {
				t.Fatal(err)
			}
			var clients []*zmq.Push
			for range 5 {
				c := zmq.NewPush(zmq.Config{Context: x})
				if err := c.Connect(at); err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
			}
			story.WaitFor(monitor.HandshakeSucceeded, 5)
			stranger, err := net.Dial("tcp", at[len("tcp://"):])
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(stranger, "GET / HTTP/1.1\r\n\r\n")
			story.WaitFor(monitor.Disconnected, 1)
			stranger.Close()
			clients[1].Close()
			clients[3].Close()
			story.WaitFor(monitor.Disconnected, 3)
			late := zmq.NewPush(zmq.Config{Context: x}) // with a descriptor that another had
			if err := late.Connect(at); err != nil {
				t.Fatal(err)
			}
			story.WaitFor(monitor.HandshakeSucceeded, 6)
			if err := pull.WaitReady(context.Background(), 4); err != nil {
				t.Fatal(err)
			}
			m := bridged(t, story.Events(), version)
			s := m.Snapshot()
			sock := s.Sockets[0]
			if sock.Connections != 4 || sock.Ready != 4 || len(sock.Endpoints) != 1 || sock.Endpoints[0].State != Listening || sock.Endpoints[0].Endpoint != at {
				t.Fatalf("the socket is %+v", sock)
			}
			for _, c := range s.Connections {
				if c.Endpoint != at || c.EndpointID != sock.Endpoints[0].ID {
					t.Errorf("%s is at %q, endpoint %d", c.Key, c.Endpoint, c.EndpointID)
				}
			}
			if len(s.Closed) != 3 || s.Closed[2].Reason != monitor.ReasonMalformed && s.Closed[2].Why == "" {
				t.Errorf("closed are %+v", s.Closed)
			}
		})
	}
}

// bridged is the model of one socket whose events come as frames.
func bridged(t *testing.T, story []monitor.Event, version int) *Model {
	t.Helper()
	m := New()
	for i, e := range story {
		frames := e.AppendFrames(nil, version)
		parsed, err := monitor.Parse(frames)
		if err != nil {
			t.Fatalf("%v: %v", e, err)
		}
		parsed.Seq, parsed.Time, parsed.SocketID, parsed.SocketType = uint64(i+1), e.Time, 1, "PULL"
		m.Apply(fact.Fact{Instance: fact.Instance{ID: "b"}, Event: parsed, Name: parsed.Kind.String()})
	}
	return m
}

// A dialler of libzmq's: attempts that are refused have a number, and the endpoint a state.
func TestAnEndpointOfLibzmqsIsFollowed(t *testing.T) {
	m := newTape(New(), "b")
	dial := func(k monitor.Kind) monitor.Event {
		return monitor.Event{Kind: k, Side: monitor.SideConnect, Remote: "tcp://db:1", FD: 9}
	}
	at := func(k monitor.Kind, fd int) monitor.Event {
		return monitor.Event{Kind: k, Endpoint: "tcp://db:1", FD: fd}
	}
	want := func(state string, attempt, ready int) {
		t.Helper()
		s := m.Snapshot().Sockets[0]
		if ep := s.Endpoints[0]; len(s.Endpoints) != 1 || ep.State != state || ep.Attempt != attempt || s.Ready != ready {
			t.Fatalf("want %s, attempt %d, %d ready: %+v", state, attempt, ready, s)
		}
	}
	for n := range 3 {
		m.event(dial(monitor.ConnectDelayed))
		want(Connecting, n+1, 0)
		m.event(at(monitor.Closed, 9)).event(dial(monitor.ConnectRetried))
		want(Waiting, n+1, 0)
	}
	m.event(dial(monitor.ConnectDelayed)).event(dial(monitor.Connected)).event(at(monitor.HandshakeSucceeded, -1))
	want(Connected, 0, 1)
	m.event(at(monitor.Disconnected, 9)).event(dial(monitor.ConnectRetried))
	want(Waiting, 1, 0)
	m.event(dial(monitor.Connected)).event(dial(monitor.Connected)) // the end between them was missed
	s := m.Snapshot()
	if len(s.Connections) != 1 || len(s.Closed) != 2 || s.Connections[0].Key == s.Closed[0].Key {
		t.Errorf("connected are %+v, closed %+v", s.Connections, s.Closed)
	}
}
