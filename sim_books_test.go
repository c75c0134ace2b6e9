package zmq_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The books of a town: what each life sent and received, and what the engine says of it.

// A letter is one message that was sent, or was to be.
type letter struct {
	topic   string
	must    []*resident // whom it is for; for a publisher's, in calm times only
	calm    int         // the episode in whose calm it was sent, or 0
	refused bool        // Send said no
	by      []uint32    // the lives that received it
}

// A thread is what came from one life to another.
type thread struct {
	last   map[monitor.ConnID]uint32 // by connection, the latest
	latest uint32                    // of all
	over   monitor.ConnID            // which came over this one
}

// enter writes a letter into the books, before it is sent: it may arrive before Send has returned.
func (l *life) enter(to letter) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.letters = append(l.letters, to)
	return l.framesOf(&to, uint32(len(l.letters)))
}

// posted notes what Send said of the latest letter.
func (l *life) posted(err error, calm int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		return
	}
	if calm != 0 {
		l.w.t.Errorf("%v cannot send number %d, and nothing is wrong: %v", l, len(l.letters), err)
	}
	to := &l.letters[len(l.letters)-1]
	if to.refused = true; len(to.by) > 0 && !l.w.trade.asks { // a question may have been heard
		l.w.t.Errorf("%v: number %d was received, and Send said %v", l, len(l.letters), err)
	}
}

// arrived enters a message that a life has received.
func (l *life) arrived(m zmq.Message) {
	frames := m.AppendFrames(nil)
	switch {
	case l.of.typ == zmq.STREAM && len(m.Body()) == 0: // somebody comes or goes
		return
	case l.of.typ == zmq.XPUB: // what its subscribers want
		if _, _, ok := zmq.ParseSubscription(m); !ok {
			l.w.t.Errorf("%v received %.80q, which is no subscription", l, frames)
		}
		return
	}
	l.mu.Lock()
	l.taken++
	l.heard[m.Conn()]++
	l.mu.Unlock()
	switch l.of.typ {
	case zmq.STREAM:
		l.piece(m.Conn(), frames[1])
	case zmq.ROUTER:
		l.open(m.Conn(), string(frames[0]), "", frames[1:])
	case zmq.SUB, zmq.XSUB:
		if topic := string(frames[0]); l.of.wanted(topic, true) {
			l.open(m.Conn(), "", topic, frames[1:])
		} else {
			l.w.t.Errorf("%v received topic %q, which it does not want", l, topic)
		}
	default:
		l.open(m.Conn(), "", "", frames)
	}
}

// piece is bytes of a STREAM's peer: records, cut anywhere. A new connection begins with a whole one.
func (l *life) piece(over monitor.ConnID, b []byte) {
	all := append(l.pieces[over], b...)
	for len(all) >= 4 && len(all)-4 >= int(binary.BigEndian.Uint32(all)) {
		n := 4 + int(binary.BigEndian.Uint32(all))
		l.open(over, "", "", [][]byte{all[4:n]})
		all = all[n:]
	}
	l.pieces[over] = slices.Clone(all)
}

// open holds one message against what was sent.
func (l *life) open(over monitor.ConnID, id, topic string, frames [][]byte) {
	if len(frames) == 0 || len(frames[0]) < 8 {
		l.w.t.Errorf("%v received %.80q, which nobody sent", l, frames)
		return
	}
	number, seq := binary.BigEndian.Uint32(frames[0]), binary.BigEndian.Uint32(frames[0][4:])
	from := l.w.lifeOf(number)
	if from == nil {
		l.w.t.Errorf("%v received a message from life %d, which nobody has", l, number)
		return
	}
	if err := from.claim(l, seq, id, topic, frames); err != nil {
		l.w.t.Errorf("%v received number %d of %v over connection %d: %v", l, seq, from, over, err)
	}
	l.inOrder(from, seq, over)
}

func (w *town) lifeOf(number uint32) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	if number == 0 || int(number) > len(w.lives) {
		return nil
	}
	return w.lives[number-1]
}

// claim is by's receipt of a letter of l's, which must be as it was sent, for him, and the first.
func (l *life) claim(by *life, seq uint32, id, topic string, frames [][]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq == 0 || int(seq) > len(l.letters) {
		return fmt.Errorf("it was not sent")
	}
	to := &l.letters[seq-1]
	want := l.framesOf(to, seq)
	switch l.of.typ {
	case zmq.STREAM:
		want = [][]byte{want[1][4:]}
	case zmq.REQ:
		want = want[:1]
	case zmq.PUB, zmq.XPUB, zmq.ROUTER:
		want = want[1:]
	}
	switch {
	case !slices.EqualFunc(want, frames, bytes.Equal):
		return fmt.Errorf("it is not as it was sent: %s; sent was %s", shape(frames), shape(want))
	case to.refused && !l.w.trade.asks:
		return fmt.Errorf("Send had refused it")
	case slices.Contains(to.by, by.number):
		return fmt.Errorf("it comes a second time")
	case len(to.by) > 0 && !l.w.trade.fan:
		return fmt.Errorf("life %d has it, too", to.by[0])
	case topic != to.topic:
		return fmt.Errorf("its topic is %q, and was %q", topic, to.topic)
	case l.of.typ == zmq.ROUTER && to.must[0] != by.of:
		return fmt.Errorf("it was for %v", to.must[0])
	case by.of.typ == zmq.ROUTER && id != l.of.name:
		return fmt.Errorf("it comes as from %q", id)
	}
	to.by = append(to.by, by.number)
	return nil
}

// inOrder holds a number against those before it: over one connection, and over one after the other.
func (l *life) inOrder(from *life, seq uint32, over monitor.ConnID) {
	th := l.got[from.number]
	if th == nil {
		th = &thread{last: map[monitor.ConnID]uint32{}}
		l.got[from.number] = th
	}
	switch {
	case seq <= th.last[over]:
		l.w.t.Errorf("%v received number %d of %v over connection %d, after number %d", l, seq, from, over, th.last[over])
	case seq < th.latest && !overlapped(l.story.Events(), over, th.over):
		l.w.t.Errorf("%v received number %d of %v over connection %d, after number %d over connection %d", l, seq, from, over, th.latest, th.over)
	}
	if th.last[over] = seq; seq > th.latest {
		th.latest, th.over = seq, over
	}
}

// shape is what of frames fits into a line.
func shape(frames [][]byte) (text string) {
	for i, f := range frames {
		text += fmt.Sprintf("%d: %d bytes %.20x; ", i, len(f), f)
	}
	return text
}
