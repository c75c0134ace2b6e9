package peer

import "sync/atomic"

// A Spin is whether it pays to look for a while whether something comes before whoever waits for it is parked: to be woken
// costs 10 to 50 µs where the processor has gone to sleep meanwhile, more than a turn over loopback takes. It is done only
// while it pays: what comes later than that is waited for without. And one at a time does it: a crowd would keep the
// processors from those who have something to do. Any goroutine may call; the zero Spin is ready.
type Spin struct {
	busy  atomic.Bool
	luck  atomic.Int32
	waits atomic.Uint32
}

const (
	spinLuck  = 16 // the most; what comes brings one of it,
	spinVain  = 2  // and a look in vain costs so much: two of three have to be worth it
	spinAgain = 32 // without luck, every so many waits it is tried
)

// Begin reports whether the caller may look for a while; then it calls End.
func (s *Spin) Begin() bool {
	if s.luck.Load() == 0 && s.waits.Add(1)%spinAgain != 0 {
		return false
	}
	return s.busy.CompareAndSwap(false, true)
}

// End says whether something came.
func (s *Spin) End(came bool) {
	luck := s.luck.Load() - spinVain
	if came {
		luck = s.luck.Load() + 1
	}
	s.luck.Store(min(max(luck, 0), spinLuck))
	s.busy.Store(false)
}

// soon looks whether what c waits for comes within a moment: the next word of a handshake, or what the peer says first.
func (c *Conn) soon() {
	if c.raw == nil || !c.opt.Spin.Begin() {
		return
	}
	c.opt.Spin.End(unread(c.raw, soonLooks))
}

const soonLooks = 400 // 80 µs, or twice that on a busy machine
