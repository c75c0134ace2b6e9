// Package headroom keeps the collector from coming too often for what Recv gives away.
//
// What Recv returns is the user's for good, so a stream of messages is a stream of garbage. A program whose heap is small is
// collected for every 4 MiB of it (the least that runtime/debug.SetGCPercent's documentation speaks of), some hundred times a
// second, and that takes as much of a processor as the socket does. Headroom is memory that nobody ever touches: the collector
// counts it and comes a fifth as often, and the kernel has no page of it to give. A heap profile shows it as
// strings.Builder.grow. It is held only
//
//   - while most of what the collector comes for is ours, and it comes often;
//   - where the heap is small: a larger one has its own;
//   - where no memory limit is set (GOMEMLIMIT), for then every byte was counted by somebody.
package headroom

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Size is what the heap may grow by. 8 MiB did half of what 16 do, 32 a twentieth to a tenth more; with a heap of 64 (by
	// GOGC) bodies of 64 KiB and more were slower again.
	Size = 16 << 20

	enough = 2 << 20                // given away for each collection: it was ours that they came for
	look   = 100 * time.Millisecond // so long collections are counted before anything is decided: to take headroom makes one come at once
	often  = 2                      // in that time: they are felt
	seldom = time.Second            // for one: they are not, with headroom or without
)

var (
	given   atomic.Int64 // bytes since the last collection
	watched atomic.Bool  // each collection is heard of

	mu   sync.Mutex
	held *strings.Builder // mu guards it
)

// Given says that a Recv has given n bytes away. Any goroutine may call; it is meant for every few kilobytes.
func Given(n int) {
	if given.Add(int64(n)) >= enough && !watched.Load() && watched.CompareAndSwap(false, true) {
		begin()
	}
}

// Held is how much of the heap is headroom.
func Held() int64 {
	mu.Lock() // while it is being taken it is there, or not
	defer mu.Unlock()
	if held == nil {
		return 0
	}
	return Size
}

// A period is counted until look has passed.
type period struct {
	begin       time.Time
	collections int64
}

// begin begins a period.
func begin() {
	given.Store(0)
	await(period{begin: time.Now()})
}

// await has collected called after the next collection, on a goroutine of the runtime's.
func await(p period) { runtime.AddCleanup(new([4]uint64), collected, p) }

func collected(p period) {
	p.collections++
	took := time.Since(p.begin)
	if 0 <= took && took < look {
		await(p)
		return
	}
	mu.Lock()
	defer mu.Unlock()
	switch {
	case given.Load()/p.collections < enough, took/time.Duration(p.collections) > seldom, took < 0:
		held = nil
		watched.Store(false)
		return
	case held != nil:
		if !small(16 * Size) { // the goal is twice what is in use, and that is also all that came while the last collection was at work
			held = nil
		}
	case p.collections >= often && small(Size):
		hold()
	}
	begin()
}

// hold takes a Builder's memory, because that is not zeroed: to touch it would make it resident. mu is held.
func hold() {
	held = new(strings.Builder)
	held.Grow(Size)
}

// small reports whether the collector comes before the heap has most bytes, and nobody has set a limit.
func small(most uint64) bool {
	goal := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(goal)
	return goal[0].Value.Kind() == metrics.KindUint64 && goal[0].Value.Uint64() < most && debug.SetMemoryLimit(-1) == math.MaxInt64
}
