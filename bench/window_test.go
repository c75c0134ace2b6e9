package main

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Percentiles from buckets against those from sorted samples.
func TestPercentiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []float64{100, 10_000, 1e6, 1e10} {
		var h histogram
		var all []float64
		for range 10_000 {
			d := time.Duration(r.ExpFloat64() * scale)
			h.add(d)
			all = append(all, float64(d))
		}
		slices.Sort(all)
		for _, p := range []int64{1, 50, 99, 100} {
			exact, got := all[(p*10_000+99)/100-1], h.percentile(p)
			if diff := got - exact; diff > exact*0.004+0.5 || -diff > exact*0.004+0.5 {
				t.Errorf("scale %g: p%d is %g, exactly %g: more than 0.4 %% off", scale, p, got, exact)
			}
		}
	}
}

func TestPercentileOfFew(t *testing.T) {
	var h histogram
	if got := h.percentile(50); got != 0 {
		t.Errorf("of nothing: %g", got)
	}
	for _, d := range []time.Duration{10, 20, 30, 200} {
		h.add(d)
	}
	for p, want := range map[int64]float64{1: 10, 25: 10, 26: 20, 50: 20, 75: 30, 99: 200, 100: 200} {
		if got := h.percentile(p); got != want {
			t.Errorf("p%d of 10, 20, 30, 200 is %g, want %g", p, got, want)
		}
	}
}

// Every duration has a bucket, also those that should not occur.
func TestBuckets(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{-1, 0, 1, 255, 256, 257, time.Second, time.Hour, 1<<63 - 1} {
		h.add(d)
	}
	if h.total != 9 {
		t.Errorf("%d counted, want 9", h.total)
	}
	for ns := uint64(1); ns < 1<<20; ns++ {
		if step := bucketOf(ns) - bucketOf(ns-1); step != 0 && step != 1 {
			t.Fatalf("from %d ns to %d ns the bucket moves by %d", ns-1, ns, step)
		}
	}
}

func TestBurstSize(t *testing.T) {
	for size, want := range map[int]int{0: 1024, 16: 1024, 64: 1024, 1 << 10: 64, 1 << 16: 1, 1 << 20: 1} {
		if got := burstSize(size); got != want {
			t.Errorf("burstSize(%d) = %d, want %d", size, got, want)
		}
	}
}

// A message takes 1 ms in a burst of 10: ten bursts fill 95 ms.
func TestPumpCountsWholeBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		burst := func(n int) error {
			time.Sleep(time.Duration(n) * time.Millisecond)
			return nil
		}
		got, err := pump(95*time.Millisecond, 0, 10, burst)
		if got != 100 || err != nil {
			t.Errorf("%d messages, %v; want 100", got, err)
		}
		if got, _ := pump(time.Millisecond, 41, 10, burst); got != 50 {
			t.Errorf("%d messages; want the five bursts that 41 messages need", got)
		}
		broken := errors.New("broken")
		if _, err := pump(time.Second, 0, 10, func(int) error { return broken }); err != broken {
			t.Errorf("%v; want the burst's error", err)
		}
	})
}

func TestTimeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		h, err := timeTurns(time.Second, func() error { // every tenth is slow
			if n++; n%10 == 0 {
				time.Sleep(100 * time.Microsecond)
			} else {
				time.Sleep(10 * time.Microsecond)
			}
			return nil
		})
		if err != nil || h.total != int64(n) {
			t.Fatalf("%d of %d turns timed, %v", h.total, n, err)
		}
		near(t, "p50", h.percentile(50), 10_000)
		near(t, "p99", h.percentile(99), 100_000)
	})
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want*0.996 || got > want*1.004 {
		t.Errorf("%s is %g, want %g within 0.4 %%", what, got, want)
	}
}
