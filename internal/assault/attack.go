package assault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// An Attack is one connection of an input. Its methods are for one goroutine; another reads, so that nothing that the attacker
// is sent stays on its way.
type Attack struct {
	In   *Input
	Type string // of the socket under attack
	Conn net.Conn
	Way  Way
	// Patience is how long anything may take that the other side has to do. An attack over a network in virtual time needs none
	// of it.
	Patience time.Duration
	// Settle, if not nil, is called after each write, and returns when the other side has had the time to read it.
	Settle func()
	// Loose takes any greeting and READY for ours: another engine's READY has other properties, and it may send no more than its
	// signature before it has seen ours (RFC 37, "Version Negotiation").
	Loose bool
	// Socket is what steps ask of the socket under attack; nil: an input with such steps is an error.
	Socket Socket

	speller *Speller
	heard   []byte // of what was taken, what is not whole yet
	greeted bool
	opened  bool // our greeting and READY were taken, or are no longer expected
	gone    bool // the attacker has ended the connection with a reset
	work    sync.WaitGroup

	mu sync.Mutex
	// mu guards:
	in    []byte        // read, and not taken
	all   []byte        // read, up to mostHeard
	ended error         // why no more will be read
	when  time.Time     // that was
	more  chan struct{} // closed, and renewed, when there is more
}

// A Socket is one under attack.
type Socket interface {
	Send(frames []string) error       // sends a message
	Queued(ctx context.Context) error // waits until a message lies where it will be received
	Meanwhile() error                 // exchanges a message with a good peer that was there before
}

// Way is how the bytes are written: as the input has them, all in one, or each by itself.
type Way uint8

// The ways.
const (
	AsWritten Way = iota
	Coalesced     // everything in one write: makes sense where nothing is waited for, and nothing depends on an answer
	Bytewise
)

// mostHeard is how much of what an attacker is sent is kept for Told: no answer has more, and a socket that streams at us
// must not fill our memory.
const mostHeard = 1 << 20

// Begin reads from now on. Close ends it.
func (a *Attack) Begin() {
	a.speller = NewSpeller(a.In, a.Type)
	a.more = make(chan struct{})
	a.work.Go(a.read)
}

// Close ends the connection, and waits until nobody reads it.
func (a *Attack) Close() {
	a.Conn.Close()
	a.work.Wait()
}

func (a *Attack) read() {
	b := make([]byte, 4096)
	for {
		n, err := a.Conn.Read(b)
		a.mu.Lock()
		a.in = append(a.in, b[:n]...)
		a.all = append(a.all, b[:min(n, mostHeard-len(a.all))]...)
		if err != nil {
			a.ended, a.when = err, time.Now()
		}
		close(a.more)
		a.more = make(chan struct{})
		a.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Strike takes the steps. An error says what the other side has done otherwise than the input has it, or has not done.
func (a *Attack) Strike(ctx context.Context) error {
	var later []Step // waits, when everything is written in one
	var all []byte
	for _, step := range a.In.Steps {
		if a.Way == Coalesced {
			switch step.Verb {
			case ">":
				b, err := a.speller.Spell(step.Words)
				if err != nil {
					return err
				}
				all = append(all, b...)
				continue
			case "<":
				later = append(later, step)
				continue
			}
			if err := a.write(all); err != nil {
				return err
			}
			all = nil
		}
		if err := a.step(ctx, step); err != nil {
			return fmt.Errorf("%s: %w", step.Verb, err)
		}
	}
	if err := a.write(all); err != nil {
		return err
	}
	for _, step := range later {
		if err := a.step(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (a *Attack) step(ctx context.Context, s Step) error {
	switch s.Verb {
	case ">":
		first, rest := a.inTurn(s.Words)
		b, err := a.speller.Spell(first)
		if err == nil {
			err = a.write(b)
		}
		if err != nil || rest == nil {
			return err
		}
		a.hear(ctx, []string{"greeting", "READY"}) // if it does not come, what follows shows it
		return a.step(ctx, Step{s.Verb, rest})
	case "<":
		return a.expect(ctx, s.Words)
	case "hear":
		return a.hear(ctx, s.Words)
	case "wait":
		d, err := time.ParseDuration(s.Words[0])
		if err == nil {
			err = a.wait(ctx, d)
		}
		return err
	case "fin":
		a.FIN()
		return nil
	case "reset":
		return a.reset()
	}
	if a.Socket == nil {
		return errors.New("nobody here can ask that of the socket")
	}
	switch s.Verb {
	case "send":
		return a.Socket.Send(messageOf(s.Words))
	case "queued":
		return a.Socket.Queued(ctx)
	}
	return a.Socket.Meanwhile()
}

// inTurn cuts what an attacker of another engine says behind its READY: libzmq takes a peer that does not wait for the other
// READY for one that breaks the protocol, and what it does with all the rest would not be seen.
func (a *Attack) inTurn(words []string) (first, rest []string) {
	if !a.Loose || a.greeted || a.In.mechanism() != "NULL" || !a.In.Ending.Ready() {
		return words, nil
	}
	at := slices.IndexFunc(words, func(word string) bool { return word == "peer" || word == "ready" || word == "READY" })
	if at < 0 {
		return words, nil
	}
	if words[at] == "READY" && at+1 < len(words) && words[at+1] == "{" {
		for depth := 0; at+1 < len(words); { // properties have braces of their own: repeat:69{ … }
			at++
			switch words[at] {
			case "{":
				depth++
			case "}":
				depth--
			}
			if depth == 0 {
				break
			}
		}
	}
	if at+1 == len(words) {
		return words, nil
	}
	return words[:at+1], words[at+1:]
}

// wait does nothing for a while: an attacker who is slow is an attack.
func (a *Attack) wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// FIN says that the attacker will write no more.
func (a *Attack) FIN() { a.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func (a *Attack) reset() error {
	half, ok := a.Conn.(interface{ SetLinger(int) error })
	if !ok {
		return errors.New("this connection cannot be reset")
	}
	a.gone = true
	half.SetLinger(0)
	a.Close()
	return nil
}

// Gone reports whether the attacker has reset the connection: what it was sent then is anybody's guess.
func (a *Attack) Gone() bool { return a.gone }

// write writes. That the other side has hung up by now is no fault; that it does not read is.
func (a *Attack) write(b []byte) error {
	size := max(1, len(b))
	if a.Way == Bytewise {
		size = 1
	}
	a.Conn.SetWriteDeadline(time.Now().Add(a.Patience))
	for piece := range slices.Chunk(b, size) {
		if _, err := a.Conn.Write(piece); err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				return fmt.Errorf("what the attacker wrote was not read: %w", err)
			}
			return nil
		}
		if a.Settle != nil {
			a.Settle()
		}
	}
	return nil
}
