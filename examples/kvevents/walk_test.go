package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Whatever happens, in whatever order: numbers come once and in order, a life is never taken for another, and of the last
// one nothing is missing.
func TestRandomWalk(t *testing.T) {
	seeds := []uint64{581} // an answer in pieces, whose second piece seemed to prove who had given the first
	for seed := range uint64(300) {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			play(t, nil, func(t *testing.T, s *stage) {
				w := walk{stage: s, chance: rand.New(rand.NewPCG(seed, 0))}
				s.bindNow()
				for range 60 {
					w.step()
				}
				w.settle()
				w.check()
			})
		})
	}
}

// A walk is a stage on which things happen by chance.
type walk struct {
	*stage
	chance *rand.Rand
	next   int // the present publisher's next number
	shut   bool
}

func (w *walk) step() {
	n := 1 + w.chance.IntN(5)
	switch did := w.chance.IntN(12); {
	case did < 4:
		w.note("publish %d to %d", w.next, w.next+n-1)
		w.publish(w.next, w.next+n-1)
		w.next += n
	case did == 4:
		w.note("keep %d to %d", w.next, w.next+n-1)
		w.keep(w.next, w.next+n-1)
		w.next += n
	case did == 5:
		w.note("reset the stream, %d", w.net.Reset(stream))
	case did == 6:
		w.note("reset the replay, %d", w.net.Reset(replay))
	case did == 7:
		w.end()
		w.next = 3 * n * w.chance.IntN(2)
		w.note("life %d begins with %d events", w.life, w.next)
		w.keep(0, w.next-1)
		w.bindNow()
	case did == 8:
		w.note("the publisher restarts, and remembers")
		w.revive()
		w.bindNow()
	case did == 9:
		w.toggle()
	default:
		d := time.Duration(w.chance.IntN(300)) * time.Millisecond
		w.note("%v pass", d)
		w.pass(d)
	}
}

// revive is a publisher that has its log on disk.
func (w *walk) revive() {
	kept := w.pub.kept
	w.pub.Close()
	w.start(10_000)
	w.pub.kept = kept
}

func (w *walk) toggle() {
	w.note("the consumer is busy: %v", !w.shut)
	if w.shut = !w.shut; w.shut {
		w.busy()
	} else {
		w.relax()
	}
}

// settle lets everything come to rest, and then one event more come.
func (w *walk) settle() {
	if w.shut {
		w.toggle()
	}
	w.pass(10 * time.Second)
	w.publish(w.next, w.next)
	w.next++
	w.pass(10 * time.Second)
}

func (w *walk) check() {
	life, due, whose := 0, 0, -1 // of the consumer, its next number, and the publisher's life
	whole := true
	for _, line := range w.all() {
		var gotLife, seq, n, of, missing int
		if _, err := fmt.Sscanf(line, "%d/%d event %d of life %d", &gotLife, &seq, &n, &of); err != nil {
			w.t.Fatalf("%s: %v", line, err)
		}
		if _, text, ok := strings.Cut(line, " ("); ok {
			fmt.Sscanf(text, "%d missing)", &missing)
		}
		if gotLife > life || whose < 0 {
			if of <= whose {
				w.t.Fatalf("%s: behind life %d of the publisher", line, whose)
			}
			life, due, whose, whole = gotLife, 0, of, true
		}
		if gotLife != life || of != whose || n != seq || seq != due+missing {
			w.t.Fatalf("%s: due was number %d of the publisher's life %d in life %d", line, due, whose, life)
		}
		due, whole = seq+1, whole && missing == 0
	}
	if whose != w.life || due != w.next || !whole {
		w.t.Errorf("ended in life %d before number %d, nothing missing: %v; want life %d, number %d and nothing missing", whose, due, whole, w.life, w.next)
	}
}
