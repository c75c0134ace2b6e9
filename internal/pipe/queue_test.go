package pipe

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
)

// A queue is held against a naive twin: a slice of messages. What goes in by any producer comes out by any consumer,
// whole, once, in order; the mark is never passed; edges are told exactly when somebody has to be woken.

func body(i, size int) []byte {
	b := make([]byte, size)
	for k := range b {
		b[k] = byte(i + k)
	}
	return b
}

// sizes around every border: the short header, the large body, a chunk, several chunks.
var sizes = []int{0, 1, 2, 63, 254, 255, 256, 257, 1023, 1024, 1025, 4096, message.LargeBody - 1, message.LargeBody, message.LargeBody + 1, 65535, 65536, 200_000}

func random(r *rand.Rand, i int) [][]byte {
	frames := make([][]byte, 1+r.IntN(4)*r.IntN(2)*r.IntN(3))
	for k := range frames {
		size := sizes[r.IntN(10)]
		if r.IntN(50) == 0 {
			size = sizes[r.IntN(len(sizes))]
		}
		frames[k] = body(i+k, size)
	}
	return frames
}

func same(t *testing.T, what string, got message.Message, want [][]byte) {
	t.Helper()
	if got.Len() != len(want) {
		t.Fatalf("%s: %d frames, want %d", what, got.Len(), len(want))
	}
	for i := range want {
		if got.Frame(i) == nil || !bytes.Equal(got.Frame(i), want[i]) {
			t.Fatalf("%s: frame %d of %d: %d bytes, want %d", what, i, len(want), len(got.Frame(i)), len(want[i]))
		}
	}
}

func TestWhatIsPutComesOut(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		limit := []int{1, 2, 3, 10, 1000, 0}[r.IntN(6)]
		q := NewQueue(limit, new(Spares))
		var slab message.Slab
		var buffer message.Buffer
		var twin [][][]byte
		idle := true
		for i := range 3000 {
			if r.IntN(2) == 0 {
				frames := random(r, i)
				var how Outcome
				if r.IntN(2) == 0 {
					copied := make([][]byte, len(frames))
					for k := range frames {
						copied[k] = bytes.Clone(frames[k])
					}
					if len(frames) > 1 || len(frames[0]) >= message.LargeBody || r.IntN(2) == 0 || !q.PutShort(copied[0]) {
						how = q.Put(nil, copied)
					}
					for _, f := range copied {
						clear(f) // the bytes are the caller's again
					}
				} else {
					m := message.New(frames)
					how = q.PutMessage(nil, m)
				}
				switch {
				case limit > 0 && len(twin) >= limit && how == Full && !q.SettledBelow(limit):
					continue
				case how == Full: // credited late: nothing the consumer took was told yet
					q.Settle()
					continue
				case how == First != idle:
					t.Fatalf("seed %d: put with idle %v gave %v", seed, idle, how)
				}
				idle = false
				twin = append(twin, frames)
				continue
			}
			var m message.Message
			var ok bool
			switch short := r.IntN(2) == 0; r.IntN(2) {
			case 0:
				if short {
					m, ok = q.Short(&slab)
				}
				if !ok {
					m, ok, _ = q.Next(&slab)
				}
			case 1:
				if ok = short && q.ShortInto(&buffer); !ok {
					ok, _ = q.Into(&buffer)
				}
				m = buffer.Message
			}
			if ok != (len(twin) > 0) {
				t.Fatalf("seed %d: next says %v with %d queued", seed, ok, len(twin))
			}
			if idle = !ok; ok {
				same(t, fmt.Sprintf("seed %d message %d", seed, i), m, twin[0])
				twin = twin[1:]
			}
			if q.Len() != len(twin) {
				t.Fatalf("seed %d: Len %d, want %d", seed, q.Len(), len(twin))
			}
		}
	}
}

// SettledBelow reports whether the mark leaves room once everything consumed is credited.
func (q *Queue) SettledBelow(limit int) bool { return q.Len() < limit }

func TestMarkIsExact(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 7, 1000} {
		q := NewQueue(limit, new(Spares))
		put := func() (n int) {
			for q.Put(nil, [][]byte{{1}}) < Full {
				n++
			}
			return n
		}
		if n := put(); n != limit {
			t.Errorf("limit %d took %d", limit, n)
		}
		var slab message.Slab
		_, _, room := q.Next(&slab)
		if !q.Settle() && !room {
			t.Errorf("limit %d: a producer that found it full was not told of the room", limit)
		}
		if n := put(); n != 1 {
			t.Errorf("limit %d took %d after one was consumed, want 1", limit, n)
		}
		q.SetLimit(limit + 5)
		if n := put(); n != 5 {
			t.Errorf("limit %d raised by 5 took %d more", limit, n)
		}
		q.SetLimit(1)
		if n := put(); n != 0 || q.Len() != limit+5 {
			t.Errorf("lowered below its content a queue took %d and holds %d, want 0 and %d", n, q.Len(), limit+5)
		}
	}
}

func TestProducerHearsOfHalfTheQueue(t *testing.T) {
	q := NewQueue(10, new(Spares))
	for q.Put(nil, [][]byte{{1}}) != Full {
	}
	var slab message.Slab
	told := 0
	for range 10 {
		if _, _, room := q.Next(&slab); room {
			told++
			q.Awaits() // and fills it up at once
			for q.Put(nil, [][]byte{{1}}) != Full {
			}
		}
	}
	if told != 2 {
		t.Errorf("a waiting producer was told %d times in 10 messages of a queue for 10, want twice", told)
	}
	if room := q.SettleEagerly(); room {
		t.Fatal("room in a full queue")
	}
	if _, _, room := q.Next(&slab); !room {
		t.Error("a producer that asked to hear of every message was not told of one")
	}
}

// wire feeds an inlet with b in pieces, as a connection would, and returns what it had to wait for.
func wire(t *testing.T, in *Inlet, b []byte, piece func(n int) int, consume func()) error {
	t.Helper()
	for len(b) > 0 {
		for in.Stalled() {
			consume()
			if _, err := in.Resume(); err != nil {
				return err
			}
		}
		room := in.Room()
		if len(room) == 0 {
			t.Fatal("no room to read to")
		}
		n := copy(room[:min(len(room), max(1, piece(len(room))))], b)
		b = b[n:]
		if _, err := in.Advance(n); err != nil {
			return err
		}
	}
	for in.Stalled() {
		consume()
		if _, err := in.Resume(); err != nil {
			return err
		}
	}
	return nil
}

// encode is the naive wire form: what TakeBytes gives is held against it.
func encode(messages [][][]byte) (b []byte) {
	for _, frames := range messages {
		for i, f := range frames {
			var flags byte
			if i < len(frames)-1 {
				flags = 1
			}
			if len(f) < 256 {
				b = append(b, flags, byte(len(f)))
			} else {
				n := uint64(len(f))
				b = append(b, flags|2, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
			}
			b = append(b, f...)
		}
	}
	return b
}

func TestWireThroughAnInlet(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		var all [][][]byte
		var b []byte
		commands := 0
		for i := range 400 {
			frames := random(r, i)
			all = append(all, frames)
			part := encode([][][]byte{frames})
			if r.IntN(3) == 0 { // a command before the message, and one between its frames
				b = append(b, 4, 5, 4, 'P', 'I', 'N', 'G')
				commands++
				if len(frames) > 1 {
					first := encode([][][]byte{{frames[0], nil}})
					first = first[:len(first)-2]
					b = append(b, first...)
					b = append(b, 4, 5, 4, 'P', 'O', 'N', 'G')
					commands++
					part = part[len(first):]
				}
			}
			b = append(b, part...)
		}
		limit := []int{1, 5, 1000, 0}[r.IntN(4)]
		q := NewQueue(limit, new(Spares))
		obeyed := 0
		in := &Inlet{Command: func([]byte) error { obeyed++; return nil }}
		in.Open(q, &monitor.Peer{Conn: 7})
		var slab message.Slab
		consume := func() {
			for range 1 + r.IntN(5) {
				m, ok, _ := q.Next(&slab)
				if !ok {
					return
				}
				same(t, fmt.Sprintf("seed %d", seed), m, all[0])
				if m.Peer() == nil || m.Peer().Conn != 7 {
					t.Fatal("a message without its peer")
				}
				all = all[1:]
			}
		}
		piece := func(n int) int {
			if q.Len() > 0 && r.IntN(3) == 0 {
				consume()
			}
			if r.IntN(4) == 0 {
				return 1 + r.IntN(9)
			}
			return 1 + r.IntN(n)
		}
		if err := wire(t, in, b, piece, consume); err != nil {
			t.Fatal(err)
		}
		for len(all) > 0 {
			before := len(all)
			if consume(); len(all) == before {
				t.Fatalf("seed %d: %d messages missing at the end", seed, len(all))
			}
			in.Resume()
		}
		if obeyed != commands {
			t.Errorf("seed %d: %d commands obeyed, %d sent", seed, obeyed, commands)
		}
	}
}

// A connection whose messages come one at a time, and are received before the next, stays at the beginning of a small chunk.
func TestNowAndThenStaysSmall(t *testing.T) {
	q := NewQueue(1000, new(Spares))
	in := &Inlet{}
	in.Open(q, nil)
	var slab message.Slab
	frames := [][]byte{body(1, 64)}
	for i := range 10_000 {
		b := encode([][][]byte{frames})
		for half := range 2 { // and is cut in two
			part := b[half*20 : min(len(b), 20+half*len(b))]
			if n := copy(in.Room(), part); n < len(part) {
				t.Fatalf("message %d: room for %d bytes", i, n)
			}
			if _, err := in.Advance(len(part)); err != nil {
				t.Fatal(err)
			}
		}
		m, ok, _ := q.Next(&slab)
		if !ok {
			t.Fatalf("message %d did not come", i)
		}
		same(t, fmt.Sprintf("message %d", i), m, frames)
		if _, ok, _ := q.Next(&slab); ok {
			t.Fatalf("message %d came twice", i)
		}
	}
	if len(in.full) > 8<<10 {
		t.Errorf("after 10,000 messages of 64 bytes the chunk has %d", len(in.full))
	}
}

func TestBreakAtEveryByte(t *testing.T) {
	messages := [][][]byte{{body(1, 3)}, {body(2, 0), body(3, 300)}, {body(4, message.LargeBody)}, {body(5, 1), body(6, message.LargeBody+7), body(7, 2)}, {body(8, 5)}}
	whole := encode(messages)
	ends := []int{0}
	for i := range messages {
		ends = append(ends, len(encode(messages[:i+1])))
	}
	for cut := range len(whole) + 1 {
		if cut > 700 && cut < len(whole)-700 && cut%97 != 0 {
			continue // inside the large bodies nothing changes
		}
		q := NewQueue(0, new(Spares))
		for _, m := range messages {
			q.Put(nil, m)
		}
		b := q.TakeBytes()
		if got := flat(b.Vector(nil, 0)); !bytes.Equal(got, whole) || b.Size != len(whole) {
			t.Fatal("what is taken is not what was put")
		}
		if got := flat(b.Vector(nil, cut)); !bytes.Equal(got, whole[cut:]) {
			t.Fatalf("cut %d: the rest is wrong", cut)
		}
		q.Return(&b, cut, cut)
		kept := 0 // messages that begin at the cut or behind it
		for _, end := range ends[:len(messages)] {
			if end >= cut {
				kept++
			}
		}
		torn := 1
		for _, end := range ends {
			if end == cut {
				torn = 0
			}
		}
		if q.Len() != kept || q.Torn() != torn {
			t.Fatalf("cut %d: kept %d, torn %d; want %d, %d", cut, q.Len(), q.Torn(), kept, torn)
		}
		rest := q.TakeBytes()
		if got := flat(rest.Vector(nil, 0)); !bytes.Equal(got, encode(messages[len(messages)-kept:])) {
			t.Fatalf("cut %d: what is left is not the last %d messages", cut, kept)
		}
	}
}

func flat(v net.Buffers) (b []byte) {
	for _, part := range v {
		b = append(b, part...)
	}
	return b
}

func TestVoidIsNotSent(t *testing.T) {
	q := NewQueue(0, new(Spares))
	q.Put(nil, [][]byte{{1}})
	b := q.TakeBytes()
	q.Put(nil, [][]byte{{2}})
	q.Void()
	q.Put(nil, [][]byte{{3}})
	q.Return(&b, 0, 0) // the first had not gone out either
	if b := q.TakeBytes(); !bytes.Equal(b.Buf, []byte{0, 1, 3}) {
		t.Errorf("took % x, want the message after Void alone", b.Buf)
	}
}

// At a connection's end all that came is taken in, whatever the mark says, and nothing from behind a command that is wrong.
func TestOverrunStopsAtWhatIsWrong(t *testing.T) {
	wrong := errors.New("wrong")
	in := &Inlet{Command: func([]byte) error { return wrong }}
	q := NewQueue(1, new(Spares))
	in.Open(q, nil)
	n := copy(in.Room(), "\x00\x01a\x00\x01b\x04\x01?\x00\x01c")
	if _, err := in.Advance(n); err != nil || !in.Stalled() {
		t.Fatalf("%v, stalled %t; want the mark", err, in.Stalled())
	}
	if _, err := in.Overrun(); err != wrong {
		t.Errorf("%v; want the command's error", err)
	}
	if n := q.Len(); n != 2 {
		t.Errorf("%d messages; want the two before the command", n)
	}
}

func TestLengthsAreNotBelieved(t *testing.T) {
	in := &Inlet{Command: func([]byte) error { return nil }}
	in.Open(NewQueue(0, new(Spares)), nil)
	b := []byte{2, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'} // 2^62 bytes are announced
	n := copy(in.Room(), b)
	if _, err := in.Advance(n); err == nil {
		if got := len(in.Room()); got > 64<<10 {
			t.Errorf("%d bytes of memory for a peer that has sent %d", got, n)
		}
	}
	in = &Inlet{Max: 100}
	in.Open(NewQueue(0, new(Spares)), nil)
	n = copy(in.Room(), []byte{1, 60})
	in.Advance(n + 60)
	n = copy(in.Room(), []byte{0, 60})
	if _, err := in.Advance(n); err == nil {
		t.Error("a message of 120 bytes in two frames passed a limit of 100")
	}
}

func TestCommandsBetweenFramesDoNotPileUp(t *testing.T) {
	in := &Inlet{Command: func([]byte) error { return nil }}
	in.Open(NewQueue(0, new(Spares)), nil)
	feed := func(b []byte) {
		for len(b) > 0 {
			n := copy(in.Room(), b)
			b = b[n:]
			if _, err := in.Advance(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	feed([]byte{1, 1, 'a'})
	for range 100_000 {
		feed([]byte{4, 7, 4, 'P', 'I', 'N', 'G', 0, 0})
	}
	feed([]byte{0, 1, 'b'})
	if size := len(in.full); size > message.ChunkMost {
		t.Errorf("a chunk of %d bytes for a message of two", size)
	}
	var slab message.Slab
	m, ok, _ := in.queue.Next(&slab)
	if !ok || m.Len() != 2 || string(m.Frame(0)) != "a" || string(m.Frame(1)) != "b" {
		t.Errorf("got %v, want the two frames around the commands", m)
	}
}

func TestNothingIsAllocatedOnTheWay(t *testing.T) {
	q := NewQueue(1000, new(Spares))
	frames := [][]byte{body(1, 64)}
	three := [][]byte{body(1, 8), body(1, 8), body(1, 64)}
	var buffer message.Buffer
	var slab message.Slab
	out := func() {
		for {
			b := q.TakeBytes()
			if b.Count == 0 {
				return
			}
			q.Written(&b, b.Size)
		}
	}
	for name, f := range map[string]func(){
		"put and write":        func() { q.Put(nil, frames); out() },
		"put three and write":  func() { q.Put(nil, three); out() },
		"put and receive into": func() { q.Put(nil, three); q.Into(&buffer) },
	} {
		q = NewQueue(1000, new(Spares))
		f()
		if n := testing.AllocsPerRun(2000, f); n != 0 {
			t.Errorf("%s: %v allocations a message", name, n)
		}
	}
	if n := testing.AllocsPerRun(6400, func() { q.Put(nil, frames); q.Next(&slab) }); n > 0.1 {
		t.Errorf("put and receive: %v allocations a message, want at most 0.1", n)
	}
}

func FuzzInlet(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 1, 0, 0, 1, 'b'}, uint8(1))
	f.Add([]byte{4, 5, 4, 'P', 'I', 'N', 'G', 2, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3}, uint8(2))
	f.Add([]byte{1, 1, 'a', 4, 5, 4, 'P', 'I', 'N', 'G', 0, 1, 'b'}, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		// However the bytes are cut, the same messages come, and never more than were sent.
		take := func(step int) (all []string, failed bool) {
			q := NewQueue(0, new(Spares))
			in := &Inlet{Max: 1 << 20, Command: func([]byte) error { return nil }}
			in.Open(q, nil)
			rest := b
			for len(rest) > 0 && !failed {
				n := copy(in.Room(), rest[:min(step, len(rest))])
				rest = rest[n:]
				_, err := in.Advance(n)
				failed = err != nil
			}
			var slab message.Slab
			for {
				m, ok, _ := q.Next(&slab)
				if !ok {
					return all, failed
				}
				if m.Size() > len(b) {
					t.Fatalf("a message of %d bytes out of %d", m.Size(), len(b))
				}
				all = append(all, fmt.Sprint(m.Head, m.Tail()))
			}
		}
		a, failed1 := take(len(b) + 1)
		c, failed2 := take(int(step%7) + 1)
		if fmt.Sprint(a) != fmt.Sprint(c) || failed1 != failed2 {
			t.Errorf("cut differently: %v %v and %v %v", a, failed1, c, failed2)
		}
	})
}

// TestLenient: what the writer has in its hands does not count, be it written, given back or void; what waits for it does.
func TestLenient(t *testing.T) {
	q := NewQueue(2, new(Spares))
	q.Lenient()
	fill := func(want int) {
		t.Helper()
		for i := range want + 1 {
			if how := q.Put(nil, [][]byte{{byte(i)}}); (how == Full) != (i == want) {
				t.Fatalf("message %d of %d that fit: %v", i, want, how)
			}
		}
	}
	fill(2)
	b := q.TakeBytes()
	fill(2)
	q.Return(&b, 0, 0)
	fill(0)
	b = q.TakeBytes()
	fill(0)
	if n := q.Len(); n != 4 {
		t.Errorf("%d are queued, want twice the mark of 2 and no more", n)
	}
	q.Written(&b, b.Size)
	fill(2)
	if _, turns := q.Congested(); turns == 0 {
		t.Error("it was full, had room, and does not say so")
	}
}

// TestLenientIsNotFullForLong: a writer that takes is room, although the producer fills the queue again before it has written.
func TestLenientIsNotFullForLong(t *testing.T) {
	q := NewQueue(2, new(Spares))
	q.Lenient()
	for range 10 {
		for q.Put(nil, [][]byte{{1}}) != Full {
		}
		_, before := q.Congested()
		b := q.TakeBytes()
		if full, turns := q.Congested(); full || turns == before {
			t.Fatalf("the writer has taken %d messages: full %v, after %d turns and %d", b.Count, full, before, turns)
		}
		for q.Put(nil, [][]byte{{2}}) != Full {
		}
		q.Written(&b, b.Size)
	}
}
