package curve

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/nacl/box"

	"github.com/glassmq/zmq/zmtp"
)

// sealed is a frame's body, without the header.
func sealed(t testing.TB, c zmtp.Codec, h zmtp.Header, body []byte) []byte {
	t.Helper()
	frame := c.AppendSealed(nil, h, body)
	outer, n, err := zmtp.ParseHeader(frame, 0)
	if err != nil || outer.Command || outer.More || outer.Size != uint64(len(frame)-n) {
		t.Fatalf("the frame's header is %+v, %v", outer, err)
	}
	return frame[n:]
}

// sizes cover every way through the key stream: within its first block, within the first batch, whole batches behind it, and
// tails of less and more than a block.
func sizes() (all []int) {
	for n := range 700 {
		all = append(all, n)
	}
	return append(all, 1<<10, 8<<10-1, 64<<10, 1<<20+77)
}

// What we seal, nacl/box opens as RFC 26 says, and the other way round. It is not the code that seals: that takes the box
// apart.
func TestMessagesAreBoxes(t *testing.T) {
	client, server := newTalk(t).codecs()
	k := newTalk(t)
	k.codecs()
	key := [32]byte(k.client.session)
	for i, size := range sizes() {
		body := bytes.Repeat([]byte{byte(size), byte(i)}, size/2+1)[:size]
		frame := sealed(t, client, zmtp.Header{More: i%2 == 1}, body)
		nonce := [24]byte([]byte("CurveZMQMESSAGEC" + string(frame[8:16])))
		text, ok := box.OpenAfterPrecomputation(nil, frame[16:], &nonce, &key)
		if !ok || string(frame[:8]) != "\x07MESSAGE" || binary.BigEndian.Uint64(frame[8:]) != uint64(3+i) {
			t.Fatalf("%d bytes: %x… is no MESSAGE of number %d", size, frame[:32], 3+i)
		}
		if text[0] != byte(i%2) || !bytes.Equal(text[1:], body) {
			t.Fatalf("%d bytes: something else was sealed", size)
		}

		nonce = shortNonce("CurveZMQMESSAGES", uint64(1000+i))
		frame = append([]byte("\x07MESSAGE"), nonce[16:]...)
		frame = box.SealAfterPrecomputation(frame, text, &nonce, &key)
		h, opened, err := client.Open(frame)
		if err != nil || h.More != (i%2 == 1) || h.Command || h.Size != uint64(size) || !bytes.Equal(opened, body) {
			t.Fatalf("%d bytes: opened as %+v, %v", size, h, err)
		}
		if size > 0 && &opened[0] != &frame[33] {
			t.Fatalf("%d bytes were not opened in place", size)
		}
	}
	_ = server
}

func TestMessagesBothWays(t *testing.T) {
	client, server := newTalk(t).codecs()
	for i, size := range sizes() {
		body := bytes.Repeat([]byte{byte(i)}, size)
		for _, h := range []zmtp.Header{{}, {More: true}, {Command: true}} {
			for _, way := range [][2]zmtp.Codec{{client, server}, {server, client}} {
				got, text, err := way[1].Open(sealed(t, way[0], h, body))
				if h.Size = uint64(size); err != nil || got != h || !bytes.Equal(text, body) {
					t.Fatalf("%+v of %d bytes came out as %+v, %v", h, size, got, err)
				}
			}
		}
	}
}

// AppendSealed leaves what was there before, and the body, as they were, and makes room where there is none.
func TestAppendSealedAppends(t *testing.T) {
	client, server := newTalk(t).codecs()
	body := []byte("a body that stays as it is")
	for _, room := range []int{0, 10, 60, 61, 200} {
		b := append(make([]byte, 0, 6+room), "before"...)
		out := client.AppendSealed(b, zmtp.Header{Size: 999}, body)
		if string(out[:6]) != "before" || string(body) != "a body that stays as it is" {
			t.Fatalf("with room for %d: %q, and the body is %q", room, out[:6], body)
		}
		h, text, err := server.Open(out[8:])
		if err != nil || h.Size != uint64(len(body)) || string(text) != "a body that stays as it is" {
			t.Fatalf("with room for %d: %+v, %q, %v", room, h, text, err)
		}
	}
}

func TestOpenRefusals(t *testing.T) {
	key := boxKey{1, 2, 3}
	// flagged is what a peer with the right key can send.
	flagged := func(nonce uint64, flags byte) []byte {
		frame := binary.BigEndian.AppendUint64([]byte("\x07MESSAGE"), nonce)
		return key.appendBox(frame, append([]byte{flags}, "body"...), shortNonce(clientMessagePrefix, nonce))
	}
	good := flagged(5, 0)
	ready := whole(zmtp.Command{Name: zmtp.READY, Data: make([]byte, 40)})
	for _, c := range []struct {
		name  string
		frame []byte
		want  zmtp.Code
	}{
		{"nothing", nil, zmtp.UnexpectedCommand},
		{"a message in the clear", []byte("a plain message, long enough to be a sealed one"), zmtp.UnexpectedCommand},
		{"a subscription in the clear", whole(zmtp.Command{Name: zmtp.SUBSCRIBE, Data: make([]byte, 40)}), zmtp.UnexpectedCommand},
		{"READY once more", ready, zmtp.UnexpectedCommand},
		{"ERROR, by whoever sits between", whole(zmtp.Command{Name: zmtp.ERROR, Data: []byte("\x03400")}), zmtp.UnexpectedCommand},
		{"the name in part", []byte("\x07MESSAG"), zmtp.UnexpectedCommand},
		{"the name in another case", append([]byte("\x07message"), good[8:]...), zmtp.UnexpectedCommand},
		{"the name alone", good[:8], zmtp.MalformedMessage},
		{"one byte too short for flags", good[:32], zmtp.MalformedMessage},
		{"a body cut short", good[:36], zmtp.Cryptographic},
		{"a body with a byte more", append(bytes.Clone(good), 0), zmtp.Cryptographic},
		{"the nonce of the handshake's last word", flagged(4, 0), zmtp.InvalidSequence},
		{"the nonce 0", flagged(0, 0), zmtp.InvalidSequence},
		{"the other direction's", key.appendBox(bytes.Clone(good[:16]), []byte("\x00body"), shortNonce(serverMessagePrefix, 5)), zmtp.Cryptographic},
		{"another command of the handshake's prefix", key.appendBox(bytes.Clone(good[:16]), []byte("\x00body"), shortNonce(initiatePrefix, 5)), zmtp.Cryptographic},
		{"MORE on a command", flagged(5, 3), zmtp.MalformedMessage},
		{"a reserved bit", flagged(5, 4), zmtp.MalformedMessage},
		{"the highest bit", flagged(5, 0x80), zmtp.MalformedMessage},
	} {
		in := newCodec(&key, half{serverMessagePrefix, 1}, half{clientMessagePrefix, 4})
		h, body, err := in.Open(bytes.Clone(c.frame))
		t.Log(c.name)
		mustRefuse(t, zmtp.Step{}, err, c.want)
		if body != nil || h != (zmtp.Header{}) {
			t.Errorf("%s: refused, and yet %+v %q", c.name, h, body)
		}
	}
	in := newCodec(&key, half{serverMessagePrefix, 1}, half{clientMessagePrefix, 4})
	if _, body, err := in.Open(good); err != nil || string(body) != "body" {
		t.Fatalf("the good one: %q, %v", body, err)
	}
}

// Each bit of a message counts.
func TestFlippedMessages(t *testing.T) {
	client, server := newTalk(t).codecs()
	frame := sealed(t, client, zmtp.Header{}, []byte("forty bytes, which is two blocks of keys"))
	for at := range frame {
		for bit := range 8 {
			bad := changed(frame, at, frame[at]^1<<bit)
			_, _, err := server.Open(bad)
			e, ok := err.(*zmtp.ProtocolError)
			if !ok {
				t.Fatalf("bit %d of byte %d flipped: %v", bit, at, err)
			}
			// A name is none, a nonce may be too low, all else is in the box.
			want := zmtp.Cryptographic
			if at < nonceAt {
				want = zmtp.UnexpectedCommand
			} else if at < tagAt && binary.BigEndian.Uint64(bad[nonceAt:]) <= server.in.nonce {
				want = zmtp.InvalidSequence
			}
			if e.Code != want {
				t.Fatalf("bit %d of byte %d flipped: %v, want %v", bit, at, e, want)
			}
		}
	}
	if _, _, err := server.Open(frame); err != nil { // refusals change nothing: so each of them stood before the same state
		t.Fatal(err)
	}
}

// "SHALL verify that a … connection does use correctly incrementing short nonces": a gap may be, nothing else.
func TestNoncesOnlyGrow(t *testing.T) {
	client, server := newTalk(t).codecs()
	frames := make([][]byte, 5)
	for i := range frames {
		frames[i] = sealed(t, client, zmtp.Header{}, []byte{byte(i)})
	}
	for i, c := range []struct {
		frame int
		ok    bool
	}{{0, true}, {0, false}, {2, true}, {1, false}, {2, false}, {4, true}, {3, false}, {4, false}} {
		_, _, err := server.Open(bytes.Clone(frames[c.frame]))
		if c.ok && err != nil {
			t.Fatalf("step %d, message %d: %v", i, c.frame, err)
		}
		if !c.ok {
			mustRefuse(t, zmtp.Step{}, err, zmtp.InvalidSequence)
		}
	}
	// A message that comes back to its sender is not the other side's.
	_, _, err := client.Open(bytes.Clone(frames[4]))
	mustRefuse(t, zmtp.Step{}, err, zmtp.Cryptographic)
}

func TestNoncesEnd(t *testing.T) {
	client, server := newTalk(t).codecs()
	client.out.nonce = math.MaxUint64 - 1
	last := sealed(t, client, zmtp.Header{}, nil)
	if _, _, err := server.Open(last); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a nonce was used twice")
		}
		if client.out.nonce != math.MaxUint64 {
			t.Errorf("the nonce went on to %d", client.out.nonce)
		}
	}()
	client.AppendSealed(nil, zmtp.Header{}, nil)
}

// One goroutine of each end seals while another one opens: the race detector watches.
func TestHalvesAreIndependent(t *testing.T) {
	client, server := newTalk(t).codecs()
	var both sync.WaitGroup
	for _, way := range [][2]zmtp.Codec{{client, server}, {server, client}} {
		frames := make(chan []byte)
		both.Go(func() {
			defer close(frames)
			for i := range 500 {
				frames <- way[0].AppendSealed(nil, zmtp.Header{}, bytes.Repeat([]byte{byte(i)}, 2*i))
			}
		})
		both.Go(func() {
			i := 0
			for frame := range frames {
				_, n, err := zmtp.ParseHeader(frame, 0)
				if err != nil {
					t.Error(err)
				}
				_, body, err := way[1].Open(frame[n:])
				if err != nil || len(body) != 2*i || len(body) > 0 && body[0] != byte(i) {
					t.Errorf("message %d: %d bytes, %v", i, len(body), err)
				}
				i++
			}
		})
	}
	both.Wait()
}

func TestCodecAllocatesNothing(t *testing.T) {
	client, server := newTalk(t).codecs()
	for _, size := range []int{0, 16, 64, 1000, 100_000} {
		body := make([]byte, size)
		buf := make([]byte, 0, size+100)
		n := testing.AllocsPerRun(100, func() {
			buf = client.AppendSealed(buf[:0], zmtp.Header{}, body)
			from := 2
			if buf[0] != 0 {
				from = 9
			}
			if _, _, err := server.Open(buf[from:]); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%d bytes: %v allocations", size, n)
		}
	}
}

func TestSodiumVectors(t *testing.T) {
	key, err := agree(bob.Secret, alice.Public)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range sodiumVectors {
		c := newCodec(&key, half{serverMessagePrefix, 6}, half{clientMessagePrefix, 0})
		body := make([]byte, v.size)
		for i := range body {
			body[i] = byte(i)
		}
		frame := sealed(t, c, zmtp.Header{}, body)
		want, err := hex.DecodeString(v.box)
		if err != nil {
			t.Fatal(err)
		}
		got := frame[tagAt:]
		if v.size > 100 { // the tag stands for the rest
			got = got[:len(want)]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d bytes:\n%x, libsodium has\n%x", v.size, got, want)
		}
	}
}

var benchSizes = []struct {
	name string
	size int
}{{"64B", 64}, {"1KiB", 1 << 10}, {"64KiB", 64 << 10}}

func BenchmarkSeal(b *testing.B) {
	client, _ := newTalk(b).codecs()
	for _, c := range benchSizes {
		b.Run(c.name, func(b *testing.B) {
			body, buf := make([]byte, c.size), make([]byte, 0, c.size+64)
			b.ReportAllocs()
			b.SetBytes(int64(c.size))
			for b.Loop() {
				buf = client.AppendSealed(buf[:0], zmtp.Header{}, body)
			}
		})
	}
}

// BenchmarkOpen winds the nonce back each time, and puts the sealed body back, which costs a few of the hundreds of ns.
func BenchmarkOpen(b *testing.B) {
	for _, c := range benchSizes {
		b.Run(c.name, func(b *testing.B) {
			client, server := newTalk(b).codecs()
			whole := sealed(b, client, zmtp.Header{}, make([]byte, c.size))
			frame := make([]byte, len(whole))
			before := server.in.nonce
			b.ReportAllocs()
			b.SetBytes(int64(c.size))
			for b.Loop() {
				copy(frame, whole) // a few ns in a hundred
				server.in.nonce = before
				if _, _, err := server.Open(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHandshake is both sides' work, without a network.
func BenchmarkHandshake(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newTalk(b).codecs()
	}
}
