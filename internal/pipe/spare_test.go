package pipe

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/glassmq/zmq/internal/message"
)

// kept turns the collector off: a test asks for the chunks that it would take. The tests here run one after another.
func kept(t *testing.T) {
	was := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(was) })
}

// A queue that is filled to its mark and emptied, again and again, makes chunks the first time only.
func TestChunksAreUsedAgain(t *testing.T) {
	kept(t)
	q, frame, b := NewQueue(1000, new(Spares)), [][]byte{make([]byte, 1<<10)}, new(message.Buffer)
	round := func() { fill(t, q, frame); empty(t, q, b) }
	round()
	if n := testing.AllocsPerRun(20, round); n > 0 {
		t.Errorf("%v allocations for 1000 messages of 1 KiB, want 0", n)
	}
}

// What a burst took is not kept for good: after a collection the queue has the chunk that it stands in, and no others.
func TestABurstIsNotKept(t *testing.T) {
	kept(t)
	q, frame := NewQueue(1000, new(Spares)), [][]byte{make([]byte, 1<<10)}
	fill(t, q, frame)
	empty(t, q, new(message.Buffer))
	if q.spare.Value() == nil {
		t.Fatal("a burst of 1000 messages of 1 KiB leaves no chunk to be used again")
	}
	runtime.GC()
	if q.spare.Value() != nil {
		t.Error("chunks that are not used outlive a collection")
	}
	fill(t, q, frame) // and nothing was lost with them
	empty(t, q, new(message.Buffer))
}

func fill(t *testing.T, q *Queue, frame [][]byte) {
	for range 1000 {
		if how := q.Put(nil, frame); how == Full || how == Closed {
			t.Fatal("the queue takes no more below its mark")
		}
	}
}

func empty(t *testing.T, q *Queue, b *message.Buffer) {
	for range 1000 {
		if ok, _ := q.Into(b); !ok || len(b.Head) != 1<<10 {
			t.Fatalf("a message of %d bytes, %v", len(b.Head), ok)
		}
	}
	q.Settle()
	if ok, _ := q.HasNext(); ok {
		t.Fatal("the queue has more than was put")
	}
}
