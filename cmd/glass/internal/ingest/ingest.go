// Package ingest is where facts come in: a ROUTER to which watched programs send what happens to their sockets, each over a
// DEALER. Nothing is ever answered, and who sends must not wait, so that watching costs a program nothing.
//
// A message is one of
//
//	JSON lines   one frame that begins with {: events, conditions and states (package fact), with line breaks between
//	version 1    two frames, the first of 6 bytes: what libzmq's zmq_socket_monitor gives
//	version 2    frames of 8 bytes, then two addresses: what zmq_socket_monitor_versioned gives
//
// The last two are of no program's making but libzmq's, so they do not say whose they are: the DEALER's routing id does
// (bridge.go).
//
// The order of reading:
//
//  1. ingest.go: messages are received, and handed on as facts, some at a time
//  2. read.go: a message is taken apart
//  3. bridge.go: who a sender is, and the numbers of its events
//  4. complaint.go: what could not be read is counted, and told seldom
package ingest

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
	"github.com/glassmq/zmq/zmtp"
)

const (
	// maxMessage is a message of one state of the greatest length, or of some thousand events.
	maxMessage = fact.MaxLine + 4096
	// mark is how many messages wait for each sender: beyond it they wait in the kernel, then with the sender, who drops. It is
	// low because a message may be long: one sender can make us hold 64 of them, 256 MiB, and no more.
	mark = 64
	// batch is how many facts and states are handed on at a time, about: as many as the history writes in one piece.
	batch = 256
	// heartbeat finds senders whose host is gone: their routing id is free again then.
	heartbeat = 10 * time.Second
)

// Stats are how much has come in.
type Stats struct {
	Messages, Facts, States uint64
	Refused                 uint64 // lines and messages that could not be read
}

// An Ingest is one ROUTER, and the goroutine that reads it.
type Ingest struct {
	socket   *zmq.Router
	endpoint string
	take     func([]fact.Fact, []fact.State)
	reader   reader
	running  sync.WaitGroup

	messages, facts, states atomic.Uint64
}

// Options say who may send. Zero is the default: whoever reaches the endpoint.
type Options struct {
	Mechanism    zmtp.Mechanism    // curve.Server(…), beyond this machine; nil: none
	Authenticate zmq.Authenticator // decides about each sender, if there is a Mechanism
}

// Listen takes facts in at an endpoint. take is called from one goroutine, with what has come since the call before; what it
// is given is its own. It may take its time: senders notice, and drop. note is called, with one line of words, from any
// goroutine. The error is Bind's.
func Listen(x *zmq.Context, endpoint string, take func([]fact.Fact, []fact.State), note func(string), o Options) (*Ingest, error) {
	in := &Ingest{take: take}
	in.reader = reader{bridges: newBridges(), complaints: newComplaints(note)}
	in.socket = zmq.NewRouter(zmq.Config{
		Context: x, Mechanism: o.Mechanism, Authenticate: o.Authenticate, Name: "ingest", Linger: zmq.Off, RecvHWM: mark, MaxMessageSize: maxMessage, HeartbeatInterval: heartbeat,
		RouterNotify: zmq.NotifyDisconnect, // a program that is killed does not say monitor_stopped
		EventMask:    monitor.IdentityConflict, OnEvent: in.reader.complaints.conflict,
	})
	bound, err := in.socket.Bind(endpoint)
	if err != nil {
		in.socket.Close()
		return nil, err
	}
	in.endpoint = bound
	in.running.Go(in.run)
	return in, nil
}

// Endpoint is where senders connect to.
func (in *Ingest) Endpoint() string { return in.endpoint }

// Socket is the ROUTER's id: an agent that watches its own process leaves it out.
func (in *Ingest) Socket() uint64 { return in.socket.ID() }

// Stats are how much has come in so far.
func (in *Ingest) Stats() Stats {
	return Stats{in.messages.Load(), in.facts.Load(), in.states.Load(), in.reader.complaints.count.Load()}
}

// Close ends receiving, waits until take has returned for the last time, and tells the complaints that were held back.
func (in *Ingest) Close() error {
	err := in.socket.Close()
	in.running.Wait()
	in.reader.complaints.rest()
	return err
}

// run waits for a message, takes what else is there, in turn from all senders, and hands it on. So batches are as large as
// the rush is, and nobody waits for one to become full.
func (in *Ingest) run() {
	for {
		m, err := in.socket.Recv(context.Background()) // Close ends it
		if err != nil {
			return
		}
		now := time.Now()
		for err == nil {
			in.messages.Add(1)
			in.reader.read(m, now)
			if in.reader.full() {
				break
			}
			m, err = in.socket.Recv(zmq.NoWait)
		}
		if facts, states := in.reader.taken(); len(facts)+len(states) > 0 {
			in.facts.Add(uint64(len(facts)))
			in.states.Add(uint64(len(states)))
			in.take(facts, states)
		}
	}
}

// firstLine cuts the first line off.
func firstLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte{'\n'})
	return bytes.TrimSpace(line), rest
}
