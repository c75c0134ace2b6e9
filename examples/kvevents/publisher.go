package main

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/glassmq/zmq"
)

// A Publisher stands in for a vLLM server: what Publish says goes out over a PUB and is kept, and whoever missed some asks
// a ROUTER for it.
type Publisher struct {
	topic  []byte
	keep   int // at most so many
	pub    *zmq.Pub
	replay *zmq.Router
	served sync.WaitGroup

	mu sync.Mutex
	// mu guards:
	first uint64   // the number of kept[0]
	kept  [][]byte // payloads
	asked int      // questions
}

// NewPublisher makes one that nobody can reach yet. x may be nil.
func NewPublisher(x *zmq.Context, topic string, keep int) *Publisher {
	return &Publisher{topic: []byte(topic), keep: keep,
		pub:    zmq.NewPub(zmq.Config{Context: x, Name: "kv-events", SendHWM: 100_000}),
		replay: zmq.NewRouter(zmq.Config{Context: x, Name: "kv-replay", RouterMandatory: true})} // an answer waits for room, and is not dropped above the mark
}

// Bind makes it reachable, and answers questions until Close. It returns where it is bound.
func (p *Publisher) Bind(stream, replay string) (boundStream, boundReplay string, err error) {
	if boundReplay, err = p.replay.Bind(replay); err != nil { // first: who hears that it is here may ask at once
		return "", "", err
	}
	if boundStream, err = p.pub.Bind(stream); err != nil {
		return "", "", err
	}
	p.served.Go(p.serve)
	return boundStream, boundReplay, nil
}

// Publish sends a payload with the next number. It is for one goroutine, and keeps payload.
func (p *Publisher) Publish(payload []byte) error {
	seq := p.Keep(payload) // first: what somebody has heard of can be asked for
	return p.pub.Send(context.Background(), p.topic, binary.BigEndian.AppendUint64(nil, seq), payload)
}

// Keep is Publish of what nobody hears: it is said over the ROUTER only.
func (p *Publisher) Keep(payload []byte) (seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, payload)
	if len(p.kept) > p.keep {
		p.kept[0] = nil
		p.kept, p.first = p.kept[1:], p.first+1
	}
	return p.first + uint64(len(p.kept)) - 1
}

// serve answers one question after the other: [who, "", number].
func (p *Publisher) serve() {
	for m := range p.replay.Messages(context.Background()) {
		if m.Len() == 3 && len(m.Frame(2)) == 8 {
			p.answer(m, binary.BigEndian.Uint64(m.Frame(2)))
		}
	}
}

// answer gives up on who does not take it for a while; so one that is stuck holds up nobody for long.
func (p *Publisher) answer(question zmq.Message, from uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	seq, kept := p.since(from)
	for i, payload := range kept {
		if p.replay.Reply(ctx, question, binary.BigEndian.AppendUint64(nil, seq+uint64(i)), payload) != nil {
			return
		}
	}
	p.replay.Reply(ctx, question, binary.BigEndian.AppendUint64(nil, end), nil)
}

// since is what is kept from a number on, and the number of the first.
func (p *Publisher) since(from uint64) (seq uint64, kept [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	seq = max(from, p.first)
	if behind := p.first + uint64(len(p.kept)); seq >= behind {
		return behind, nil
	}
	return seq, slices.Clone(p.kept[seq-p.first:])
}

// Asked is how many questions there were.
func (p *Publisher) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// Close lets what was published go out, for a while, and lets go of both endpoints.
func (p *Publisher) Close() error {
	err := p.pub.Close()
	p.replay.Close()
	p.served.Wait()
	return err
}
