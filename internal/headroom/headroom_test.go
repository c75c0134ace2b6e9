package headroom

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A stream gives slabs away, as fast as it can. It returns how often the collector came.
func stream(total int, given func(int)) (collections uint32) {
	const slab = 3 << 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := 0; n < total; n += slab {
		given(slab)
		kept = make([]byte, slab)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

var kept []byte

// gone waits until headroom is let go of, which the collector's next coming does, and nothing is left to be done.
func gone(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); Held() != 0 || watched.Load(); runtime.GC() {
		if time.Now().After(end) {
			t.Fatal("headroom is held, or collections are heard of, and nothing was given away any more")
		}
	}
	given.Store(0)
}

// What a stream gives away is collected less often, and when the stream has ended the headroom goes.
func TestTheCollectorComesLessOften(t *testing.T) {
	gone(t)
	without := stream(512<<20, func(int) {})
	streamUntil(t, "there is headroom", func() bool { return Held() != 0 })
	with := stream(512<<20, Given)
	t.Logf("%d collections without headroom, %d with", without, with)
	if most := uint32(512<<20/Size + 12); with > most { // on a busy machine it comes less often in any case
		t.Errorf("%d collections with headroom, want one per %d bytes: at most %d", with, Size, most)
	}
	streamUntil(t, "there is as much headroom as it says", func() bool { return Held() == Size }) // it may have gone when others held up the stream
	gone(t)
}

// The kernel has no page to give for it, whatever was in its place before.
func TestHeadroomIsNotTouched(t *testing.T) {
	for range 3 {
		debug.FreeOSMemory()
		before := resident(t)
		mu.Lock()
		hold()
		mu.Unlock()
		if grown := resident(t) - before; grown > Size/4 {
			t.Errorf("the process has grown by %d bytes for %d of headroom", grown, Held())
		}
		stream(64<<20, func(int) {})
		mu.Lock()
		held = nil
		mu.Unlock()
	}
}

func resident(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("it reads /proc/self/statm: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// streamUntil streams on until what is true: who hears of collections is a goroutine of the runtime's, which may be late.
func streamUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); stream(16<<20, Given) {
		if time.Now().After(end) {
			t.Fatalf("not yet: %s", what)
		}
	}
}

// streamOn streams until headroom was decided about some times.
func streamOn(given func(int)) {
	for end := time.Now().Add(5 * look); time.Now().Before(end); {
		stream(4<<20, given)
	}
}

// byHand collects for every 4 MiB.
func byHand() func(int) {
	n := 0
	return func(bytes int) {
		Given(bytes)
		if n += bytes; n >= 4<<20 {
			n = 0
			runtime.GC()
		}
	}
}

// It goes as soon as there is a limit, or the heap has grown.
func TestHeadroomIsLookedAtAgain(t *testing.T) {
	for name, change := range map[string]func() (back func()){
		"a limit": func() func() {
			limit := debug.SetMemoryLimit(1 << 30)
			return func() { debug.SetMemoryLimit(limit) }
		},
		"a large heap": func() func() {
			large := make([]byte, 12*Size)
			return func() { runtime.KeepAlive(large) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			gone(t)
			streamUntil(t, "there is headroom", func() bool { return Held() != 0 })
			back := change()
			streamUntil(t, "there is none", func() bool { return Held() == 0 })
			streamOn(Given)
			if Held() != 0 {
				t.Error("there is headroom again")
			}
			back()
			gone(t)
		})
	}
}

// Who has set a limit, has a large heap, or makes the garbage itself is left alone.
func TestNoHeadroom(t *testing.T) {
	for name, c := range map[string]struct {
		before func() (after func())
		given  func(int)
	}{
		"a memory limit": {func() func() {
			limit := debug.SetMemoryLimit(1 << 30)
			return func() { debug.SetMemoryLimit(limit) }
		}, Given},
		"a large heap": {func() func() {
			large := make([]byte, 2*Size)
			runtime.GC()
			return func() { runtime.KeepAlive(large) }
		}, Given},
		"no collector but by hand": {func() func() {
			percent := debug.SetGCPercent(-1)
			return func() { debug.SetGCPercent(percent) }
		}, byHand()},
		"garbage that is not ours": {func() func() { return func() {} }, func(n int) { Given(n / 100) }},
	} {
		t.Run(name, func(t *testing.T) {
			gone(t)
			after := c.before()
			streamOn(c.given)
			if Held() != 0 {
				t.Error("there is headroom")
			}
			after()
			gone(t)
		})
	}
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		t.Fatal("the limit was left behind")
	}
}
