package zmq_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/glassmq/zmq"
)

// What residents say to each other: the walks' families, and STREAMs.

var trades = append(slices.Clip(families), family{name: "streams", left: []zmq.Type{zmq.STREAM}, right: []zmq.Type{zmq.STREAM}, most: 2, back: true})

// waitsUpTo is the longest that anybody waits to be answered, or to get a message off his hands.
const waitsUpTo = 2 * time.Second

// say sends one message, or asks one question, and enters it in the books. What it draws comes from r, whatever happens.
func (l *life) say(r *rand.Rand, calm int) error {
	topic, whom, how := r.IntN(2*len(prefixes)), r.IntN(10), r.IntN(3)
	wait := time.Duration(r.IntN(int(waitsUpTo)))
	if calm != 0 {
		how, wait = max(how, 1), waitsUpTo
	}
	ctx, cancel := zmq.NoWait, func() {}
	if how == 0 {
		wait = 0
	} else {
		ctx, cancel = context.WithTimeout(context.Background(), wait)
	}
	began := time.Now()
	defer func() {
		if cancel(); time.Since(began) > wait {
			l.w.t.Errorf("+%v: %v had %v to send, and took %v", l.w.age(), l, wait, time.Since(began))
		}
	}()
	if s, ok := l.Socket.(*zmq.Req); ok {
		return l.ask(ctx, s, calm)
	}
	letter := letter{calm: calm}
	if !l.address(&letter, topic, whom) {
		return nil
	}
	frames := l.enter(letter)
	err := l.post(ctx, how == 1, frames)
	l.posted(err, calm)
	return err
}

func (l *life) post(ctx context.Context, shared bool, frames [][]byte) error {
	if s := l.Socket.(zmq.Sender); !shared {
		return s.Send(ctx, frames...)
	}
	return l.Socket.(zmq.Sender).SendMessage(ctx, zmq.NewMessage(frames...))
}

// address says for whom a letter is, false if there is nobody.
func (l *life) address(to *letter, topic, whom int) bool {
	known := l.of.knows()
	switch l.of.typ {
	case zmq.PUB, zmq.XPUB:
		to.topic = prefixes[topic/2] + []string{"", "x"}[topic%2]
		for _, k := range known {
			if to.calm != 0 && k.wanted(to.topic, false) {
				to.must = append(to.must, k)
			}
		}
		return true
	case zmq.ROUTER, zmq.STREAM:
		if l.of.typ == zmq.STREAM {
			known = l.of.dials
		} else if to.calm == 0 { // in trouble also those he does not know
			known = l.w.others(l.of)
		}
		if len(known) == 0 {
			return false
		}
		to.must = []*resident{known[whom%len(known)]}
		return true
	}
	return len(known) > 0 || to.calm == 0
}

// others are those on the other side.
func (w *town) others(of *resident) (all []*resident) {
	for _, r := range w.residents {
		if r.left != of.left {
			all = append(all, r)
		}
	}
	return all
}

// framesOf are a letter's as they are sent.
func (l *life) framesOf(to *letter, seq uint32) [][]byte {
	body := bodyOf(l.number, seq)
	switch l.of.typ {
	case zmq.PUB, zmq.XPUB:
		return append([][]byte{[]byte(to.topic)}, body...)
	case zmq.ROUTER:
		return append([][]byte{[]byte(to.must[0].name)}, body...)
	case zmq.STREAM:
		return [][]byte{[]byte(to.must[0].name), record(body)}
	}
	return body
}

// record is a message for a stream of bytes: a length, and what stands in its frames.
func record(frames [][]byte) []byte {
	all := bytes.Join(frames, nil)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(all))), all...)
}

// ask asks one question. It may be given up; if it is answered, the answer is its own.
func (l *life) ask(ctx context.Context, req *zmq.Req, calm int) error {
	if len(l.of.knows()) == 0 {
		return nil
	}
	q := l.enter(letter{calm: calm})[0]
	a, err := req.Do(ctx, q)
	l.posted(err, calm)
	if err == nil && (a.Len() != 2 || string(a.Frame(0)) != "re:" || !bytes.Equal(a.Body(), q)) {
		l.w.t.Errorf("%v asked %x, and was answered %q", l, q, a.AppendFrames(nil))
	}
	if _, state := req.Recv(zmq.NoWait); err == nil && !errors.Is(state, zmq.ErrState) && !errors.Is(state, zmq.ErrClosed) {
		l.w.t.Errorf("%v may receive a second answer", l)
	}
	return err
}

// answer is a REP's day: one answer to each question, and none without.
func (l *life) answer(rep *zmq.Rep) {
	r := rand.New(rand.NewPCG(l.w.seed, uint64(l.number)))
	for l.of.reading.wait(l.over) {
		if err := rep.Send(zmq.NoWait, []byte("nobody asked")); !errors.Is(err, zmq.ErrState) && !errors.Is(err, zmq.ErrClosed) {
			l.w.t.Errorf("%v answers, and nobody has asked: %v", l, err)
		}
		q, err := rep.Recv(context.Background())
		if err != nil {
			return
		}
		l.arrived(q)
		if _, err := rep.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrState) && !errors.Is(err, zmq.ErrClosed) {
			l.w.t.Errorf("%v hears a second question before it has answered: %v", l, err)
		}
		if n := r.IntN(300); n%3 == 0 { // late for the impatient
			time.Sleep(time.Duration(n) * time.Millisecond)
		}
		if rep.Send(context.Background(), []byte("re:"), q.Body()) != nil {
			return
		}
	}
}

// wanted reports whether a subscriber wants a topic; lately: or did so, as far as a message that is received now can tell.
func (r *resident) wanted(topic string, lately bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for prefix := range r.wants {
		if bytes.HasPrefix([]byte(topic), []byte(prefix)) {
			return true
		}
	}
	for prefix, when := range r.dropped { // a SUB filters; an XSUB takes what its publishers send
		if lately && (r.typ == zmq.XSUB || when.Equal(time.Now())) && bytes.HasPrefix([]byte(topic), []byte(prefix)) {
			return true
		}
	}
	return false
}
