package pipe

import (
	"bytes"
	"testing"

	"github.com/glassmq/zmq/internal/message"
)

// What a writer has in its hands stays as it is, however many newer messages pass over it meanwhile; large bodies too.
func TestConflationLeavesWhatIsBeingWritten(t *testing.T) {
	for _, size := range []int{1000, message.LargeBody} {
		q := NewQueue(0, new(Spares))
		q.Conflate()
		first := bytes.Repeat([]byte{'a'}, size)
		q.Put(nil, [][]byte{first})
		b := q.TakeBytes()
		for range 500 {
			q.Put(nil, [][]byte{bytes.Repeat([]byte{'b'}, size)})
		}
		var wire []byte
		for _, v := range b.Vector(nil, 0) {
			wire = append(wire, v...)
		}
		if !bytes.HasSuffix(wire, first) {
			t.Errorf("%d bytes: what was being written has changed: %.20q…", size, wire)
		}
		q.Written(&b, b.Size)
		if b = q.TakeBytes(); b.Count != 1 {
			t.Errorf("%d bytes: %d messages are left, want the last", size, b.Count)
		}
	}
}

// And what a receiver has.
func TestConflationLeavesWhatIsBeingReceived(t *testing.T) {
	q := NewQueue(0, new(Spares))
	q.Conflate()
	q.Put(nil, [][]byte{[]byte("first")})
	if ok, _ := q.HasNext(); !ok {
		t.Fatal("nothing is there")
	}
	for range 2000 {
		q.Put(nil, [][]byte{bytes.Repeat([]byte{'b'}, 300)})
	}
	m, ok, _ := q.Next(new(message.Slab))
	if !ok || len(m.Head) != 300 {
		t.Errorf("received %.20q, %v; want the last message", m.Head, ok)
	}
}

// A greeting on a queue that keeps the last message only: the message that is there is the last.
func TestGreetingOfAConflatedQueue(t *testing.T) {
	q := NewQueue(0, new(Spares))
	q.Conflate()
	q.Put(nil, [][]byte{bytes.Repeat([]byte{'x'}, 300)})
	q.Put(nil, [][]byte{[]byte("last")})
	q.TellFirst([][]byte{[]byte("hello")})
	if m, ok, _ := q.Next(new(message.Slab)); !ok || string(m.Head) != "last" {
		t.Errorf("received %.20q, %v", m.Head, ok)
	}
}
