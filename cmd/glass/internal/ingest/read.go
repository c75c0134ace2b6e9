package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// maxEvent is the longest line of an event or a condition, in bytes: ten times what the longest words, names and addresses
// come to. Only states are longer.
const maxEvent = 64 << 10

// errForm is what a message is that is none of the three forms.
var errForm = errors.New("neither JSON lines nor the frames of libzmq's monitor")

// A reader makes facts of messages. It belongs to one goroutine.
type reader struct {
	bridges    *bridges
	complaints *complaints
	facts      []fact.Fact
	states     []fact.State
	size       int // of the lines in facts and states, in bytes
}

func (r *reader) full() bool { return len(r.facts)+len(r.states) >= batch || r.size >= maxMessage }

// taken is what was read since, which becomes the caller's.
func (r *reader) taken() ([]fact.Fact, []fact.State) {
	facts, states := r.facts, r.states
	r.facts, r.states, r.size = nil, nil, 0
	return facts, states
}

// read takes one message apart: its first frame is the sender's routing id.
func (r *reader) read(m zmq.Message, now time.Time) {
	peer := m.Peer()
	who := sender{id: string(m.Frame(0)), conn: peer.Conn, remote: peer.Remote}
	frames := m.Skip(1).AppendFrames(nil)
	if err := r.frames(who, frames, now); err != nil {
		r.complaints.about(who, err, now)
	}
}

func (r *reader) frames(who sender, frames [][]byte, now time.Time) error {
	if len(frames) == 1 && len(frames[0]) > 0 && frames[0][0] == '{' {
		r.lines(who, frames[0], now)
		return nil
	}
	if len(frames) == 1 && len(frames[0]) == 0 { // the ROUTER's: its connection has ended
		f, ok, err := r.bridges.gone(who, now)
		if ok {
			r.add(f)
		}
		return err
	}
	e, err := monitor.Parse(frames)
	if err != nil {
		return fmt.Errorf("%w: %s", errForm, shape(frames))
	}
	f, err := r.bridges.event(who, e, now)
	if err == nil {
		r.add(f)
	}
	return err
}

// shape is what a message looks like, for who sent it by mistake.
func shape(frames [][]byte) string {
	if len(frames) == 0 {
		return "a message of nothing but a routing id"
	}
	words := fmt.Sprintf("%d frames, the first of %d bytes", len(frames), len(frames[0]))
	if len(frames) == 1 {
		words = fmt.Sprintf("one frame of %d bytes", len(frames[0]))
	}
	if len(frames[0]) > 0 {
		words += fmt.Sprintf(" that begins with %.16q", frames[0])
	}
	return words
}

// lines reads JSON lines. A line that cannot be read costs none of the others.
func (r *reader) lines(who sender, b []byte, now time.Time) {
	for len(b) > 0 {
		var line []byte
		if line, b = firstLine(b); len(line) == 0 {
			continue
		}
		if err := r.line(who, cloneLine(line), now); err != nil {
			r.complaints.about(who, err, now)
		}
	}
}

// cloneLine is a copy, for what is kept of one line would keep the whole message. It is one line for everybody: between JSON's words
// there may be a CR (RFC 8259 §2), which ends lines of a stream of events. What is no JSON keeps it, for the complaint.
func cloneLine(line []byte) []byte {
	var b bytes.Buffer
	if bytes.IndexByte(line, '\r') >= 0 && json.Compact(&b, line) == nil {
		return b.Bytes()
	}
	return bytes.Clone(line)
}

func (r *reader) line(who sender, line []byte, now time.Time) error {
	f, s, err := fact.Parse(line)
	switch {
	case err != nil:
		return err
	case s != nil:
		return r.state(who, s, len(line), now)
	case len(line) > maxEvent:
		return fmt.Errorf("an event of %d bytes: %d at most", len(line), maxEvent)
	}
	if f.Instance.ID == "" {
		if f, err = r.signed(who, *f, now); err != nil {
			return err
		}
	}
	if f.Time.IsZero() {
		f.Time = now
		f.Line = append(fmt.Appendf(nil, `{"ts":%q,`, now.UTC().Format(time.RFC3339Nano)), f.Line[1:]...)
	}
	r.add(*f)
	return nil
}

// signed is a fact under the instance of its sender. A line may have the instance's keys and nothing in them: it would take
// away again what is put before them.
func (r *reader) signed(who sender, f fact.Fact, now time.Time) (*fact.Fact, error) {
	i := r.bridges.instance(who, now)
	f, err := f.In(i)
	if err != nil {
		return nil, err
	}
	again, _, err := fact.Parse(f.Line)
	if err == nil && again.Instance != i {
		err = errors.New(`a line with the key "inst" and nothing in it`)
	}
	return again, err
}

func (r *reader) state(who sender, s *fact.State, size int, now time.Time) error {
	if s.Sock == 0 {
		return errors.New(`a state without the key "sock"`)
	}
	if s.Instance.ID == "" {
		s.Instance = r.bridges.instance(who, now)
	}
	if s.At.IsZero() {
		s.At = now.UTC()
	}
	r.states = append(r.states, *s)
	r.size += size
	return nil
}

func (r *reader) add(f fact.Fact) {
	r.facts = append(r.facts, f)
	r.size += len(f.Line)
}
