package main

import "sync/atomic"

// A gauge counts what one or several goroutines do, for roles that are asked:
// a reading is everything since the start, and who asks takes the difference
// of two. So one window can cover several processes.
type gauge struct {
	origin  mark
	tallies []tally
	absent  atomic.Int64  // how many have not done anything yet
	present chan struct{} // closed when none is absent
	failed  chan error    // of whom it was; room for all
}

// A tally is one goroutine's, alone in its cache line.
type tally struct {
	n atomic.Int64
	_ [56]byte
}

func newGauge(n int) *gauge {
	g := &gauge{origin: takeMark(), tallies: make([]tally, n), present: make(chan struct{}), failed: make(chan error, n)}
	g.absent.Store(int64(n))
	return g
}

// add counts n of the i-th goroutine.
func (g *gauge) add(i int, n int64) {
	if g.tallies[i].n.Add(n) == n && g.absent.Add(-1) == 0 {
		close(g.present)
	}
}

// serve calls step for the i-th goroutine, over and over; each call is each
// things done, the first one excepted, which proves that the way is open. A
// failure is the answer to the next question: nobody asks any more when the
// other end has ended.
func (g *gauge) serve(i, each int, step func(n int) error) {
	err := step(1)
	if err == nil {
		g.add(i, 1)
	}
	for err == nil {
		err = step(each)
		g.add(i, int64(each))
	}
	g.failed <- err
}

// read waits until all have done something, and takes a reading.
func (g *gauge) read() (reading, error) {
	select {
	case <-g.present:
	case err := <-g.failed:
		return reading{}, err
	}
	r := takeMark().since(g.origin)
	for i := range g.tallies {
		r.Messages += g.tallies[i].n.Load()
	}
	select {
	case err := <-g.failed:
		return reading{}, err
	default:
		return r, nil
	}
}
