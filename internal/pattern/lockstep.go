package pattern

import (
	"encoding/binary"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// delimiter is the empty frame between envelope and body (RFC 28).
var delimiter = []byte{}

// Req asks one peer at a time, in turn, and hears the answer from the peer it asked: send, receive, send … (RFC 28).
// Both directions are one state, so a socket guards them with one lock.
type Req struct {
	Relaxed   bool // a new request may replace an unanswered one
	Correlate bool // number the requests and take only the reply with the same number

	out      RoundRobin
	in       FairQueue
	asked    *pipe.Pipe                    // nil: it is the turn of a request
	barred   map[*pipe.Pipe]monitor.ConnID // answers that come from it over connections up to this one are late
	number   uint32
	id       [4]byte
	envelope [2][]byte
}

func NewReq() *Req { return &Req{out: *NewRoundRobin(), in: *NewFairQueue()} }

// Sender is Req's sending side.
func (r *Req) Sender() Sender     { return (*reqSender)(r) }
func (r *Req) Receiver() Receiver { return (*reqReceiver)(r) }

// GiveUp makes it the turn of a request again. If an answer was awaited and answers are not numbered, it returns the
// pipe that was asked: that peer's connection must be replaced, for a late answer would be taken for the next one. What
// still comes from connections up to last is skipped.
func (r *Req) GiveUp(last monitor.ConnID) *pipe.Pipe {
	p := r.asked
	r.asked = nil
	if r.Correlate || p == nil {
		return nil
	}
	if r.barred == nil {
		r.barred = map[*pipe.Pipe]monitor.ConnID{}
	}
	r.barred[p] = last
	return p
}

// Awaits is the peer whose answer is awaited, nil if none.
func (r *Req) Awaits() *pipe.Pipe { return r.asked }

// Speaking is a pipe that may have messages, nil if none has.
func (r *Req) Speaking() *pipe.Pipe { return r.in.Current() }

type reqSender Req

func (r *reqSender) Attach(p *pipe.Pipe) { r.out.Attach(p) }
func (r *reqSender) Detach(p *pipe.Pipe) { r.out.Detach(p) }
func (r *reqSender) Ready(p *pipe.Pipe)  { r.out.Ready(p) }

func (r *reqSender) Choose() (*pipe.Pipe, [][]byte, error) {
	if r.asked != nil && !r.Relaxed {
		return nil, nil, ErrState
	}
	p, _, _ := r.out.Choose()
	if p == nil {
		return nil, nil, nil
	}
	r.envelope[1] = delimiter
	if !r.Correlate {
		return p, r.envelope[1:], nil
	}
	binary.BigEndian.PutUint32(r.id[:], r.number+1)
	r.envelope[0] = r.id[:]
	return p, r.envelope[:], nil
}

func (r *reqSender) Took(p *pipe.Pipe) {
	r.asked = p
	r.number++
	r.out.Took(p)
}

func (r *reqSender) Full(p *pipe.Pipe) { r.out.Full(p) }
func (r *reqSender) Drops() bool       { return false }

type reqReceiver Req

func (r *reqReceiver) Attach(p *pipe.Pipe) { r.in.Attach(p) }
func (r *reqReceiver) Detach(p *pipe.Pipe) bool {
	delete(r.barred, p)
	return r.in.Detach(p)
}
func (r *reqReceiver) Ready(p *pipe.Pipe) { r.in.Ready(p) }
func (r *reqReceiver) Leave(p *pipe.Pipe) { r.in.Leave(p) }

func (r *reqReceiver) Meet(p *pipe.Pipe) { r.in.Meet(p) }

func (r *reqReceiver) Waiting(yield func(*pipe.Pipe) bool) { r.in.Waiting(yield) }

func (r *reqReceiver) Empty(p *pipe.Pipe) { r.in.Empty(p) }

func (r *reqReceiver) Choose() (*pipe.Pipe, error) {
	if r.asked == nil {
		return nil, ErrState
	}
	return r.in.Choose()
}

// Took keeps the answer and nothing else: what others say, what comes without the delimiter and what answers another
// request is skipped (RFC 28: "SHALL discard silently").
func (r *reqReceiver) Took(p *pipe.Pipe, m message.Message) (message.Message, bool) {
	r.in.Next()
	if !r.Fits(p, m) {
		return m, false
	}
	r.asked = nil
	if r.Correlate {
		return m.Cut(2), true
	}
	return m.Cut(1), true
}

// Fits is Took without its effect.
func (r *reqReceiver) Fits(p *pipe.Pipe, m message.Message) bool {
	if p != r.asked || m.Peer() != nil && m.Peer().Conn <= r.barred[p] {
		return false
	}
	if !r.Correlate {
		return m.Len() >= 2 && len(m.Head) == 0
	}
	return m.Len() >= 3 && len(m.Head) == 4 && binary.BigEndian.Uint32(m.Head) == r.number && len(m.Frame(1)) == 0
}

// Rep answers whoever asked: receive, send, receive … It keeps the envelope of the request and puts it before the
// answer (RFC 28).
type Rep struct {
	in       FairQueue
	asker    *pipe.Pipe     // nil: it is the turn of a request
	conn     monitor.ConnID // that the request came over: whoever comes after it did not ask
	envelope [][]byte
	gone     pipe.Pipe // where an answer goes that nobody waits for
}

func NewRep() *Rep {
	r := &Rep{in: *NewFairQueue()}
	r.gone.Out = pipe.NewQueue(0, nil)
	r.gone.Out.Close()
	return r
}

func (r *Rep) Sender() Sender     { return (*repSender)(r) }
func (r *Rep) Receiver() Receiver { return (*repReceiver)(r) }

type repSender Rep

func (r *repSender) Attach(p *pipe.Pipe) { p.Place[pipe.Sending] = -1 }
func (r *repSender) Detach(*pipe.Pipe)   {}
func (r *repSender) Ready(*pipe.Pipe)    {}

func (r *repSender) Choose() (*pipe.Pipe, [][]byte, error) {
	if r.asker == nil {
		return nil, nil, ErrState
	}
	if r.asker.Conn() != r.conn {
		return &r.gone, nil, nil
	}
	return r.asker, r.envelope, nil
}

// A reply to a peer that is gone, or that does not read, is dropped, and the next request may come.
func (r *repSender) Took(*pipe.Pipe) { r.asker = nil }
func (r *repSender) Full(*pipe.Pipe) {}
func (r *repSender) Drops() bool     { return true }

type repReceiver Rep

func (r *repReceiver) Attach(p *pipe.Pipe)      { r.in.Attach(p) }
func (r *repReceiver) Detach(p *pipe.Pipe) bool { return r.in.Detach(p) }
func (r *repReceiver) Ready(p *pipe.Pipe)       { r.in.Ready(p) }
func (r *repReceiver) Leave(p *pipe.Pipe)       { r.in.Leave(p) }

func (r *repReceiver) Meet(p *pipe.Pipe) { r.in.Meet(p) }

func (r *repReceiver) Waiting(yield func(*pipe.Pipe) bool) { r.in.Waiting(yield) }

func (r *repReceiver) Empty(p *pipe.Pipe) { r.in.Empty(p) }

func (r *repReceiver) Choose() (*pipe.Pipe, error) {
	if r.asker != nil {
		return nil, ErrState
	}
	return r.in.Choose()
}

// Took moves everything up to the delimiter from m to the envelope; a request without one is skipped.
// The envelope is copied: m may lie in memory that the caller uses again.
func (r *repReceiver) Took(p *pipe.Pipe, m message.Message) (message.Message, bool) {
	r.in.Next()
	if !r.Fits(p, m) {
		return m, false
	}
	n := delimited(m)
	r.envelope = r.envelope[:0]
	for i := range n {
		r.envelope = append(r.envelope, append([]byte(nil), m.Frame(i)...))
	}
	r.envelope = append(r.envelope, delimiter)
	r.asker, r.conn = p, p.Conn()
	if from := m.Peer(); from != nil {
		r.conn = from.Conn
	}
	return m.Cut(n + 1), true
}

// Fits is Took without its effect.
func (r *repReceiver) Fits(_ *pipe.Pipe, m message.Message) bool { return delimited(m)+1 < m.Len() }

// delimited is the number of frames before the delimiter, all if there is none.
func delimited(m message.Message) (n int) {
	for n < m.Len() && len(m.Frame(n)) > 0 {
		n++
	}
	return n
}
