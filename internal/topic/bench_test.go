package topic

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

const million = 1_000_000

// prefixes are a million distinct ones of 8 to 20 bytes; topics are what would be published to them: a prefix, and more.
func prefixes(n int, draw func(*rand.Rand) string) (all [][]byte) {
	r := rand.New(rand.NewPCG(3, 3))
	seen := make(map[string]bool, n)
	for len(all) < n {
		if p := draw(r); !seen[p] {
			seen[p] = true
			all = append(all, []byte(p))
		}
	}
	return all
}

var kinds = map[string]func(*rand.Rand) string{"binary": raw, "names": names}

func raw(r *rand.Rand) string { return random(r, 8+r.IntN(13), allBytes) }

// names are as markets and sensors have them.
func names(r *rand.Rand) string {
	area := []string{"md.", "trade.", "sensor.", "log."}[r.IntN(4)]
	return area + random(r, 4+r.IntN(3), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + fmt.Sprintf(".%d", r.IntN(10000))
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1, 512} {
		b.Run(fmt.Sprintf("%d to all", n), func(b *testing.B) {
			var s Set[*int]
			for range n {
				s.Add(nil, new(int))
			}
			dst := make([]*int, 0, n)
			for b.Loop() {
				dst = s.Match(dst[:0], []byte("md.EURUSD.L1"))
			}
		})
	}
	for name, draw := range kinds {
		b.Run("a million "+name, func(b *testing.B) {
			all := prefixes(million, draw)
			var s Set[*int]
			k := new(int)
			size := grown(func() {
				for _, p := range all {
					s.Add(p, k)
				}
			})
			topics := slices.Clone(all)
			rand.New(rand.NewPCG(4, 4)).Shuffle(len(topics), func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
			dst := make([]*int, 0, 100)
			i := 0
			for b.Loop() {
				if dst = s.Match(dst[:0], topics[i]); len(dst) == 0 {
					b.Fatal("nobody")
				}
				if i++; i == len(topics) {
					i = 0
				}
			}
			b.ReportMetric(float64(size)/million, "B/subscription")
			runtime.KeepAlive(all)
		})
	}
}

// What a publisher sends that nobody wants, though n prefixes nearly do: each topic differs from one of them in the last
// byte, and the next is far from it, so that with many nothing is in a cache.
func BenchmarkMiss(b *testing.B) {
	name := func(i int, last byte) []byte { return fmt.Appendf(nil, "md.%08x%c", uint32(i)*2654435761, last) }
	for _, n := range []int{1, 10, 100, 1000, 10_000, 100_000, million} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s Set[*int]
			k := new(int)
			size := grown(func() {
				for i := range n {
					s.Add(name(i, '.'), k)
				}
			})
			topics := make([][]byte, 1<<16)
			for i := range topics {
				topics[i] = name(int(uint32(i)*2246822519%uint32(n)), '!')
			}
			dst := make([]*int, 0, 1)
			i := 0
			for b.Loop() {
				if dst = s.Match(dst[:0], topics[i%len(topics)]); len(dst) > 0 {
					b.Fatal("somebody")
				}
				i++
			}
			b.ReportMetric(float64(size)/float64(n), "B/subscription")
		})
	}
}

// A million come, and go.
func BenchmarkChange(b *testing.B) {
	for name, draw := range kinds {
		all := prefixes(million, draw)
		b.Run("a million "+name, func(b *testing.B) {
			var s Set[*int]
			k := new(int)
			s.Add(nil, new(int))
			var adding time.Duration
			for b.Loop() {
				start := time.Now()
				for _, p := range all {
					s.Add(p, k)
				}
				adding += time.Since(start)
				s.RemoveAll(k, nil)
			}
			each := float64(b.N) * million
			b.ReportMetric(float64(adding.Nanoseconds())/each, "ns/Add")
			b.ReportMetric(float64((b.Elapsed()-adding).Nanoseconds())/each, "ns/removed")
		})
	}
}
