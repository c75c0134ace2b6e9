package peer

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// A sealedPeer sends frames to a sealed connection, a read at a time, and takes out what is whole, as unseal does but for
// the opening.
type sealedPeer struct {
	*testing.T
	c     Conn
	wire  []byte
	taken int // frames
}

// frame is what goes over the wire as one.
func frame(size int) []byte {
	return append(zmtp.AppendHeader(nil, zmtp.Header{Size: uint64(size)}), bytes.Repeat([]byte{byte(size)}, size)...)
}

// read lets the connection read most bytes of the wire, or what it has room for.
func (p *sealedPeer) read(most int) {
	s := &p.c.sealed
	room := s.room()
	if len(room) == 0 {
		p.Fatal("there is no room to read to")
	}
	n := copy(room[:min(most, len(room))], p.wire)
	p.wire = p.wire[n:]
	s.came(n)
	for s.holds {
		body, err := p.c.nextSealed()
		if err != nil {
			p.Fatal(err)
		}
		if body == nil {
			break
		}
		if len(body) > 0 && (body[0] != byte(len(body)) || body[len(body)-1] != body[0]) {
			p.Fatalf("frame %d, of %d bytes, begins with %d and ends with %d", p.taken, len(body), body[0], body[len(body)-1])
		}
		s.from = s.next
		p.taken++
	}
}

// Frames of all sizes come out whole, however the reads cut them.
func TestSealedFramesAreGathered(t *testing.T) {
	sizes := []int{0, 1, 64, 255, 256, 4 << 10, 9000, 16 << 10, 60_000, 64<<10 + 33, 120_000, 300_000}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		p := &sealedPeer{T: t}
		for range 100 {
			p.wire = append(p.wire, frame(sizes[r.IntN(len(sizes))])...)
		}
		for most := 1 << r.IntN(20); len(p.wire) > 0; {
			p.read(1 + r.IntN(max(most, 1000)))
		}
		if p.taken != 100 {
			t.Fatalf("seed %d: %d frames, want 100", seed, p.taken)
		}
	}
}

// A length is not believed: memory stays below the first, and twice what came (R3).
func TestSealedLengthsAreNotBelieved(t *testing.T) {
	p := &sealedPeer{T: t, wire: frame(1 << 20)[:200_000]}
	for came := 0; len(p.wire) > 0; came += 1000 {
		p.read(1000)
		if have := cap(p.c.sealed.buf); have > firstSealed+2*came {
			t.Fatalf("%d bytes came of a frame that says it has 1 MiB, and take %d", came, have)
		}
	}
}

// At the mark nothing is opened, and a Recv that reads by itself may still look for more: there is always room for that.
func TestSealedHasRoomAtTheMark(t *testing.T) {
	for _, size := range []int{97, 8203, 100_000} {
		p := &sealedPeer{T: t, wire: bytes.Repeat(frame(size), 5)}
		for range 40 { // up to the middle of a frame, so that its length is known
			p.read(1 + size/30)
		}
		s := &p.c.sealed
		for len(p.wire) > 0 {
			n := copy(s.room(), p.wire)
			if n == 0 {
				t.Fatalf("%d bytes wait, of frames of %d, and there is no room for more", len(s.buf)-s.from, size)
			}
			p.wire = p.wire[n:]
			s.came(n)
		}
		p.wire = frame(0)
		if p.read(100); p.taken != 6 {
			t.Errorf("%d frames, want 6", p.taken)
		}
	}
}

// A giant's memory goes with it.
func TestSealedGiantIsNotKept(t *testing.T) {
	p := &sealedPeer{T: t, wire: frame(10 << 20)}
	for len(p.wire) > 0 {
		p.read(1 << 30)
	}
	if have := cap(p.c.sealed.room()); p.taken != 1 || have > spareMost {
		t.Errorf("%d frames; the next read has %d bytes, want at most %d", p.taken, have, spareMost)
	}
}

// A stream of frames up to 100 KiB gets its memory once.
func TestSealedStreamAllocatesNothing(t *testing.T) {
	for _, size := range []int{97, 9000, 64<<10 + 33, 100 << 10} {
		for _, most := range []int{1 << 30, 30_000} { // a read brings much, or little
			p, one := &sealedPeer{T: t}, frame(size)
			stream := bytes.Repeat(one, 20)
			round := func() {
				for p.wire = stream; len(p.wire) > 0; {
					p.read(most)
				}
			}
			round()
			if n := testing.AllocsPerRun(10, round); n > 0 {
				t.Errorf("%d bytes, read up to %d at a time: %v allocations for 20 frames", size, most, n)
			}
		}
	}
}
