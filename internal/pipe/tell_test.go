package pipe

import (
	"fmt"
	"slices"
	"testing"

	"github.com/glassmq/zmq/internal/message"
)

// all takes everything out of q.
func all(q *Queue) (got []string) {
	slab := &message.Slab{}
	for m, ok, _ := q.Next(slab); ok; m, ok, _ = q.Next(slab) {
		got = append(got, string(m.Head))
	}
	return got
}

// Greetings come before what was queued while nobody was there, whatever the mark says; so do those in an empty queue
// before what comes.
func TestTellFirst(t *testing.T) {
	for queued := range 4 {
		q := NewQueue(3, new(Spares))
		want := []string{"", "hello"}
		for i := range queued {
			q.Put(nil, [][]byte{fmt.Append(nil, i)})
			want = append(want, fmt.Sprint(i))
		}
		q.TellFirst([][]byte{{}, []byte("hello")})
		if q.Len() != 2+queued {
			t.Errorf("%d messages are queued, want 2 and %d", q.Len(), queued)
		}
		if queued == 0 {
			q.Put(nil, [][]byte{[]byte("later")})
			want = append(want, "later")
		}
		if got := all(q); !slices.Equal(got, want) {
			t.Errorf("behind %d messages: %q, want %q", queued, got, want)
		}
	}
}

// Of a queue that conflates the last message is left, and not the greeting.
func TestTellFirstConflated(t *testing.T) {
	q := NewQueue(0, new(Spares))
	q.Conflate()
	q.Put(nil, [][]byte{[]byte("last")})
	q.TellFirst([][]byte{[]byte("hello")})
	if got := all(q); !slices.Equal(got, []string{"last"}) {
		t.Errorf("%q is left", got)
	}
}

// What is told is queued above the mark, and also when no more is put: that a peer has gone comes last.
func TestTell(t *testing.T) {
	q := NewQueue(1, new(Spares))
	if first := q.Tell(nil, []byte("come")); !first {
		t.Error("the first message of an empty queue is nobody told of")
	}
	if how := q.Put(nil, [][]byte{[]byte("x")}); how != Full {
		t.Errorf("Put above the mark: %v", how)
	}
	q.Tell(nil, []byte("told"))
	q.Close()
	q.Tell(nil, []byte("gone"))
	if how := q.Put(nil, [][]byte{[]byte("x")}); how != Closed {
		t.Errorf("Put after Close: %v", how)
	}
	if got := all(q); !slices.Equal(got, []string{"come", "told", "gone"}) {
		t.Errorf("in it were %q", got)
	}
	if !q.Over() {
		t.Error("it is not over")
	}
}
