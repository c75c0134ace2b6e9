package pattern

import (
	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/internal/topic"
)

// A Fan gives each message to several pipes: PUB and XPUB to those that subscribed to it, XSUB to all (RFC 29).
type Fan struct {
	Topics topic.Set[*pipe.Pipe] // PUB, XPUB: what their peers subscribed to
	Invert bool                  // and who did not subscribe gets the message

	ring  ring
	to    []*pipe.Pipe // the last choice
	found []*pipe.Pipe
	mark  uint64
}

func NewFan() *Fan { return &Fan{ring: ring{direction: pipe.Sending}} }

// All are the attached pipes; the list is valid until the next attach or detach.
func (f *Fan) All() []*pipe.Pipe { return f.ring.pipes }

// Audience is who gets a message that begins with head, each once; the list is valid until the next call.
func (f *Fan) Audience(head []byte) []*pipe.Pipe {
	f.mark++
	f.to = f.to[:0]
	f.found = f.Topics.Match(f.found[:0], head)
	for _, p := range f.found {
		if p.Mark != f.mark && !p.Deaf && f.ring.has(p) { // one that is leaving still has its subscriptions
			p.Mark = f.mark
			f.to = append(f.to, p)
		}
	}
	if f.Invert {
		f.to = f.to[:0]
		for _, p := range f.ring.pipes {
			if p.Mark != f.mark {
				f.to = append(f.to, p)
			}
		}
	}
	return f.to
}

func (f *Fan) Attach(p *pipe.Pipe) { f.ring.attach(p) }
func (f *Fan) Detach(p *pipe.Pipe) { f.ring.detach(p) }
func (f *Fan) Ready(*pipe.Pipe)    {}

// Choose is not how a Fan sends: there may be many.
func (f *Fan) Choose() (*pipe.Pipe, [][]byte, error) { return nil, nil, nil }
func (f *Fan) Took(*pipe.Pipe)                       {}
func (f *Fan) Full(*pipe.Pipe)                       {}
func (f *Fan) Drops() bool                           { return true }

// A Filter is a fair queue that keeps only what Wants says: SUB looks again at what publishers send (RFC 29).
type Filter struct {
	FairQueue
	Wants func(head []byte) bool
}

func NewFilter(wants func(head []byte) bool) *Filter { return &Filter{*NewFairQueue(), wants} }

func (f *Filter) Fits(_ *pipe.Pipe, m message.Message) bool { return f.Wants(m.Head) }

func (f *Filter) Took(_ *pipe.Pipe, m message.Message) (message.Message, bool) {
	f.Next()
	return m, f.Wants(m.Head)
}

// Notices is a fair queue of subscriptions, each of which is taken off the pipe's account when it is taken out: XPUB.
type Notices struct{ FairQueue }

func NewNotices() *Notices { return &Notices{*NewFairQueue()} }

func (n *Notices) Took(p *pipe.Pipe, m message.Message) (message.Message, bool) {
	n.Next()
	p.Heard.Add(-int64(m.Size() + pipe.NoticeCost*m.Len()))
	return m, true
}
