package main

import (
	"runtime"
	"time"
)

// One measurement inside a process, the same for both sides in Go (and, in C,
// for libzmq):
//
//	1. the first message proves that the connection stands
//	2. warm up for settings.warm, and until the queues have filled once
//	3. measure for settings.run
//	4. report
//	5. go on unmeasured, so that the other end can finish, until stdin ends

// stream measures messages per second. burst moves n messages: inside, the
// loop is the caller's own, so a message costs no indirect call and no clock.
func stream(s settings, burst func(n int) error) error {
	if err := burst(1); err != nil {
		return err
	}
	n := burstSize(s.size)
	if _, err := pump(s.warm, s.warmMessages, n, burst); err != nil {
		return err
	}
	before := takeMark()
	messages, err := pump(s.run, 0, n, burst)
	if err != nil {
		return err
	}
	r := takeMark().since(before)
	r.Messages = messages
	if err := report(r); err != nil {
		return err
	}
	for burst(n) == nil {
	}
	select {} // the other end has ended
}

// burstSize is how many messages pass between two looks at the clock: about
// 64 KiB, which is under a millisecond for every side, but not more than 1024.
func burstSize(size int) int { return min(max(1<<16/max(size, 1), 1), 1024) }

// pump calls burst for d, and for least messages, and says how many it were.
func pump(d time.Duration, least, n int, burst func(n int) error) (messages int64, err error) {
	for origin := time.Now(); time.Since(origin) < d || messages < int64(least); messages += int64(n) {
		if err := burst(n); err != nil {
			return messages, err
		}
	}
	return messages, nil
}

// roundTrips measures how long turn takes, one at a time.
func roundTrips(s settings, turn func() error) error {
	if err := turn(); err != nil {
		return err
	}
	warm, err := timeTurns(s.warm, turn)
	if err != nil {
		return err
	}
	before := takeMark()
	h, err := timeTurns(s.run, turn)
	if err != nil {
		return err
	}
	r := takeMark().since(before)
	r.Messages = h.total
	r.Turns = 1 + warm.total + h.total
	r.P50 = h.percentile(50)
	r.P99 = h.percentile(99)
	if err := report(r); err != nil {
		return err
	}
	select {} // until stdin ends; the other end needs no company
}

// timeTurns reads the clock once a turn: the end of one is the start of the
// next, and what the histogram costs between them is some nanoseconds.
func timeTurns(d time.Duration, turn func() error) (*histogram, error) {
	h := new(histogram)
	origin := time.Now()
	for last := time.Duration(0); last < d; {
		if err := turn(); err != nil {
			return nil, err
		}
		now := time.Since(origin)
		h.add(now - last)
		last = now
	}
	return h, nil
}

// serve calls answer until it fails: the other end of roundTrips.
func serve(answer func() error) error {
	for {
		if err := answer(); err != nil {
			return err
		}
	}
}

// A mark is the state of the process at an end of a window.
type mark struct {
	at      time.Time
	cpu     time.Duration
	mallocs uint64
	peak    int64
}

func takeMark() mark {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return mark{at: time.Now(), cpu: cpuTime(), mallocs: mem.Mallocs, peak: peakBytes()}
}

func (m mark) since(before mark) reading {
	return reading{
		Seconds: m.at.Sub(before.at).Seconds(),
		CPU:     (m.cpu - before.cpu).Seconds(),
		Mallocs: m.mallocs - before.mallocs,
		Peak:    m.peak,
	}
}
