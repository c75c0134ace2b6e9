package topic

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// grown is how much more memory is in use after do.
func grown(do func()) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	do()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int(after.HeapAlloc) - int(before.HeapAlloc)
}

// A flood is what a stranger subscribes to. The sequence is the same each time.
type flood func(yield func(prefix []byte))

// wire is how many bytes the stranger has sent for it (RFC 37): flags, size, the command's name and its size, and prefix.
func (f flood) wire() (commands, size int) {
	f(func(prefix []byte) {
		commands++
		body := 1 + len("SUBSCRIBE") + len(prefix)
		if size += 2 + body; body > 255 {
			size += 7
		}
	})
	return commands, size
}

// distinct prefixes of lo to hi bytes, 3 at least, which otherwise are random.
func distinct(n, lo, hi int) flood {
	return func(yield func([]byte)) {
		r := rand.New(rand.NewPCG(7, 7))
		b := make([]byte, hi+8)
		for i := range n {
			for j := 0; j < hi; j += 8 {
				binary.LittleEndian.PutUint64(b[j:], r.Uint64())
			}
			x := uint32(i) * 0x9E3779B1 << 8 >> 8 // odd factor, so no two of 2^24 are the same
			b[0], b[1], b[2] = byte(x>>16), byte(x>>8), byte(x)
			yield(b[:lo+r.IntN(hi-lo+1)])
		}
	}
}

// words are all of one length over an alphabet.
func words(length int, alphabet string) flood {
	return func(yield func([]byte)) {
		digits := make([]int, length)
		b := make([]byte, length)
		for {
			for i, d := range digits {
				b[i] = alphabet[d]
			}
			yield(b)
			i := length - 1
			for ; i >= 0 && digits[i] == len(alphabet)-1; i-- {
				digits[i] = 0
			}
			if i < 0 {
				return
			}
			digits[i]++
		}
	}
}

// beginnings of one long text, each longer by a step.
func beginnings(length, step int) flood {
	return func(yield func([]byte)) {
		b := []byte(strings.Repeat("ab", length/2))
		for n := step; n <= length; n += step {
			yield(b[:n])
		}
	}
}

// deviations from one long text, in every byte of it.
func deviations(length int) flood {
	return func(yield func([]byte)) {
		b := []byte(strings.Repeat("x", length))
		for i := range b {
			for c := range byte(8) {
				b[i] = c
				yield(b)
			}
			b[i] = 'x'
		}
	}
}

// What a stranger's subscriptions cost is bounded by what the stranger sent, comes back when the stranger goes, and harms
// nobody else's. Four times is the aim; beside each stands what was measured.
func TestFloods(t *testing.T) {
	for _, test := range []struct {
		name  string
		flood flood
		most  float64 // times the bytes sent
	}{
		{"random", distinct(20000, 8, 20), 4},                           // 2.9
		{"long random", distinct(4000, 500, 500), 4},                    // 2.3
		{"64 KiB random", distinct(50, 65535, 65535), 4},                // 2.3
		{"beginnings of 64 KiB", beginnings(65536, 256), 0.1},           // 0.01
		{"every beginning", beginnings(2000, 1), 0.1},                   // 0.02
		{"deviations", deviations(500), 2},                              // 1.2
		{"tens", words(4, "0123456789"), 4},                             // 3.2
		{"pairs of bytes", words(2, allBytes), 4},                       // 3.3
		{"halves at every bit", words(13, "ab"), 4},                     // 3.4: 90 bytes for each, whatever is sent
		{"short, and halves at the end", halved(words(2, allBytes)), 5}, // 4.5: 67 bytes for each
	} {
		t.Run(test.name, func(t *testing.T) {
			var s Set[string]
			test.flood(func(prefix []byte) { s.Add(prefix[:len(prefix)/2], "friend") }) // pages, as in a set that lives
			s.RemoveAll("friend", nil)
			s.Add(nil, "friend")
			n, wire := test.flood.wire()
			growth := grown(func() { test.flood(func(prefix []byte) { s.Add(prefix, "stranger") }) })
			times := float64(growth) / float64(wire)
			t.Logf("%d prefixes, %d bytes sent: %.2f times, %d bytes each", n, wire, times, growth/n)
			if has, _ := s.Count("stranger"); has != n || times > test.most {
				t.Errorf("%d of %d prefixes take %.1f times what was sent for them, which may be %v", has, n, times, test.most)
			}
			test.flood(func(prefix []byte) {
				if s.Match(nil, prefix)[0] != "friend" {
					t.Fatal("a friend is forgotten")
				}
			})
			back := grown(func() { s.RemoveAll("stranger", nil) })
			if left := growth + back; left > growth/20+1<<14 {
				t.Errorf("%d of %d bytes do not come back", left, growth)
			}
			if got := s.Match(nil, []byte("x")); len(got) != 1 || got[0] != "friend" {
				t.Errorf("after the flood a message goes to %v", got)
			}
			runtime.KeepAlive(&s)
		})
	}
}

// halved prefixes part once more behind their end.
func halved(f flood) flood {
	return func(yield func([]byte)) {
		f(func(prefix []byte) {
			yield(append(prefix, 'a'))
			yield(append(prefix, 'b'))
		})
	}
}

// A thousand subscribers of the same are not a thousand prefixes.
func TestSharedPrefixesAreKeptOnce(t *testing.T) {
	var s Set[int]
	const prefixes, subscribers = 200, 500
	growth := grown(func() {
		for k := range subscribers {
			distinct(prefixes, 100, 100)(func(prefix []byte) { s.Add(prefix, k) })
		}
	})
	t.Logf("%d bytes a subscription", growth/(prefixes*subscribers))
	if s.Prefixes() != prefixes || growth/(prefixes*subscribers) > 40 {
		t.Errorf("%d prefixes, %d bytes a subscription", s.Prefixes(), growth/(prefixes*subscribers))
	}
	back := grown(func() {
		for k := range subscribers - 2 { // two need a list, and not one for five hundred
			s.RemoveAll(k, nil)
		}
	})
	if growth+back > growth/10 {
		t.Errorf("%d of %d bytes do not come back", growth+back, growth)
	}
	runtime.KeepAlive(&s)
}

// Subscribers leave nothing behind either, but for a place in a map while others are there.
func TestManySubscribersComeAndGo(t *testing.T) {
	var s Set[int]
	const subscribers = 20000
	growth := grown(func() {
		for k := range subscribers {
			s.Add([]byte("a"), k)
			s.Add([]byte("b"), k)
		}
	})
	back := grown(func() {
		for k := range subscribers - 1 {
			s.RemoveAll(k, nil)
		}
	})
	if left := growth + back; left > 50*subscribers {
		t.Errorf("%d of %d bytes stay while one stays", left, growth)
	}
	back += grown(func() { s.RemoveAll(subscribers-1, nil) })
	if left := growth + back; left > growth/100+1<<15 {
		t.Errorf("%d of %d bytes stay when all have gone", left, growth)
	}
	runtime.KeepAlive(&s)
}

// A million subscriptions of 8 to 20 bytes take 65 bytes each, and give them back while one of ten thousand stays; those
// who cancel one by one leave no more behind than those who go.
func TestAMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const million = 1_000_000
	var s Set[string]
	all := distinct(million, 8, 20)
	growth := grown(func() { all(func(prefix []byte) { s.Add(prefix, "many") }) })
	t.Logf("%d bytes a subscription", growth/million)
	if s.Prefixes() != million || growth > 80*million {
		t.Errorf("%d prefixes take %d bytes each", s.Prefixes(), growth/million)
	}
	back := grown(func() {
		i := 0
		all(func(prefix []byte) {
			if i++; i%10000 != 0 {
				s.Remove(prefix, "many")
			}
		})
	})
	if n, _ := s.Count("many"); n != million/10000 || growth+back > growth/20 {
		t.Errorf("%d of %d bytes stay for %d prefixes", growth+back, growth, n)
	}
	runtime.KeepAlive(&s)
}
