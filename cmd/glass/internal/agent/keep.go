package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe/fact"
)

// The limits of what waits for the disk.
const (
	batch        = 1024                   // facts that are kept together
	gather       = 20 * time.Millisecond  // the wait for more of them: one write to the disk is worth as much as some hundred facts
	keepFacts    = 64 << 10               // facts that may wait; beyond, the newest are not kept
	keepStates   = 8 << 10                // states that may wait
	keepBytes    = 64 << 20               // of either: a line may have some MiB, a state some thousand peers
	keepRetry    = 500 * time.Millisecond // after the disk said no
	keepGoodbye  = 5 * time.Second        // for the last facts, at the end
	keepPatience = time.Second            // of who asks the history
)

// A keeper brings facts into the history, on a goroutine of its own: a slow or full disk costs facts of the history, and nothing
// else.
type keeper struct {
	history *history.History
	ring    *ring
	note    func(string)
	done    chan struct{}

	mu      sync.Mutex // guards what follows
	facts   []fact.Fact
	numbers []uint64 // the ring's, of each of facts
	bytes   int      // of facts
	states  []fact.State
	weight  int           // of states, in bytes
	wake    chan struct{} // closed and renewed when there is something
	less    chan struct{} // closed and renewed when something has been kept, or could not be
	ended   bool
	dropped uint64 // facts that were not kept, since the start
	trouble error  // why nothing can be kept now; nil if it can
	closing error
}

func newKeeper(h *history.History, r *ring, note func(string)) *keeper {
	k := &keeper{history: h, ring: r, note: note, done: make(chan struct{}), wake: make(chan struct{}), less: make(chan struct{})}
	r.keep(0, h.Stats().Last)
	go k.run()
	return k
}

// take queues; last is the ring's number of the last fact.
func (k *keeper) take(facts []fact.Fact, states []fact.State, last uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range facts {
		if len(k.facts) >= keepFacts || k.bytes+len(facts[i].Line) > keepBytes {
			k.dropped += uint64(len(facts) - i)
			break
		}
		k.facts = append(k.facts, facts[i])
		k.numbers = append(k.numbers, last-uint64(len(facts)-1-i))
		k.bytes += len(facts[i].Line)
	}
	for i := range states {
		if len(k.states) >= keepStates || k.weight+weight(&states[i]) > keepBytes {
			break // the next state says more than one that is lost
		}
		k.states = append(k.states, states[i])
		k.weight += weight(&states[i])
	}
	k.signal()
}

// weight is about what a state holds in memory, in bytes.
func weight(s *fact.State) int {
	const each = 512 // a socket, an endpoint, a peer, with their texts
	return each * (1 + len(s.Endpoints) + len(s.Peers))
}

// signal wakes run. mu is held.
func (k *keeper) signal() {
	close(k.wake)
	k.wake = make(chan struct{})
}

// run keeps what is queued until close.
func (k *keeper) run() {
	defer close(k.done)
	for {
		k.mu.Lock()
		ended, wake := k.ended, k.wake
		k.mu.Unlock()
		if ended {
			return // close keeps the rest
		}
		if k.idle() {
			<-wake // once a second at the latest, for the beat takes nothing then: so what is too old goes also when nothing comes
			k.pause(gather)
		}
		if !k.step() {
			k.pause(keepRetry)
		}
	}
}

// idle reports whether nothing waits.
func (k *keeper) idle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.facts)+len(k.states) == 0
}

// pause waits, or less if the end comes.
func (k *keeper) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		k.mu.Lock()
		ended, wake := k.ended, k.wake
		k.mu.Unlock()
		if ended {
			return
		}
		select {
		case <-t.C:
			return
		case <-wake: // more facts: the pause is for them, too
		}
	}
}

// step keeps one batch, and reports whether the disk took it. Facts that it did not take stay where they were.
func (k *keeper) step() bool {
	k.mu.Lock()
	facts := k.facts[:min(batch, len(k.facts))]
	states := k.states
	k.states, k.weight = nil, 0
	k.mu.Unlock()
	ids, err := k.history.Number(facts)
	if len(ids) == len(facts) { // they are on disk, though making room may have failed
		k.kept(ids)
	}
	err = errors.Join(err, k.history.AppendSamples(states))
	k.mu.Lock()
	changed := (err == nil) != (k.trouble == nil)
	k.trouble = err
	dropped := k.dropped
	close(k.less)
	k.less = make(chan struct{})
	k.mu.Unlock()
	switch {
	case changed && err != nil:
		k.note(fmt.Sprintf("%v. What happens is shown, and not kept%s", err, hintOf(err)))
	case changed:
		k.note(fmt.Sprintf("the history is kept again; %d facts are not in it", dropped))
	}
	return err == nil
}

// kept takes facts off the queue, which the history has under ids.
func (k *keeper) kept(ids []int64) {
	n := len(ids)
	if n == 0 {
		return
	}
	k.mu.Lock()
	last := k.numbers[n-1]
	for i := range k.facts[:n] {
		k.bytes -= len(k.facts[i].Line)
	}
	clear(k.facts[:n]) // their lines can go
	k.facts, k.numbers = k.facts[n:], k.numbers[n:]
	k.mu.Unlock()
	k.ring.keep(last, slices.Max(ids))
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return ". Hint: " + h.Hint()
	}
	return ""
}

// settle waits until what has been taken by now is in the history, so that whoever asks it hears of what he knows has happened;
// no longer than keepPatience, and not for a disk that takes nothing.
func (k *keeper) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, keepPatience)
	defer cancel()
	until := k.ring.end()
	for {
		k.mu.Lock()
		settled := len(k.numbers) == 0 || k.numbers[0] > until || k.trouble != nil || k.ended
		less := k.less
		k.mu.Unlock()
		if settled {
			return
		}
		select {
		case <-less:
		case <-ctx.Done():
			return
		}
	}
}

// state is what is not kept, and why.
func (k *keeper) state() (waiting int, dropped uint64, trouble error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.facts), k.dropped, k.trouble
}

// close keeps what is queued, for some seconds at the most, says what is lost, and closes the history.
func (k *keeper) close() error {
	k.mu.Lock()
	if k.ended {
		defer k.mu.Unlock()
		return k.closing
	}
	k.ended = true
	k.signal()
	k.mu.Unlock()
	<-k.done
	for limit := time.Now().Add(keepGoodbye); time.Now().Before(limit); {
		if k.idle() || !k.step() {
			break
		}
	}
	waiting, dropped, _ := k.state()
	if lost := uint64(waiting) + dropped; lost > 0 {
		k.note(fmt.Sprintf("%d facts are not in the history", lost))
	}
	k.closing = k.history.Close()
	return k.closing
}
