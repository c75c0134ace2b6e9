package main

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets whose width is 1/128 of their value
// or less, so a percentile is off by 0.4 % at most. It has a fixed size: a
// slice of samples that grows would move the garbage collector's goal in the
// very process that is being measured.
type histogram struct {
	total  int64
	counts [bucketCount]int64
}

const (
	bucketBits  = 7                                   // 128 buckets per power of two
	bucketCount = (40 - bucketBits + 1) << bucketBits // up to 2⁴⁰ ns, 18 minutes
)

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(uint64(max(d, 0)))]++
	h.total++
}

// bucketOf keeps the leading 8 bits of ns: below 256 a bucket is one
// nanosecond wide, from there on each power of two has 128 of them.
func bucketOf(ns uint64) int {
	shift := max(bits.Len64(ns)-(bucketBits+1), 0)
	return min(shift<<bucketBits+int(ns>>shift), bucketCount-1)
}

// bucketMiddle is the value that stands for a bucket, in nanoseconds.
func bucketMiddle(i int) float64 {
	shift := max(i>>bucketBits-1, 0)
	low := uint64(i-shift<<bucketBits) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}

// percentile is the smallest bucket that has p percent of all at or below it
// (nearest rank); 0 if there is nothing.
func (h *histogram) percentile(p int64) float64 {
	rank := max((p*h.total+99)/100, 1)
	var seen int64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return bucketMiddle(i)
		}
	}
	return 0
}
