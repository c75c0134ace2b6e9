package peer

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A heartbeat notices a peer that fell silent (RFC 37, "Connection Heartbeating"): every interval it sends a PING, and
// if then not one byte comes for the timeout, it ends the connection. Any byte is life, also in the middle of a large
// frame. While we do not read, because the pipe is full, nothing can be heard and nobody is judged; our own PINGs go on
// and keep the peer from judging us.
type heartbeat struct {
	c     *Conn
	on    atomic.Bool   // somebody wants to know
	life  atomic.Int64  // when bytes last came, since the connection began …
	times atomic.Uint64 // … and how many times: two may be at one time, before a PING and behind it
	deaf  atomic.Bool   // we do not read at present

	mu sync.Mutex
	// mu guards:
	timer  *time.Timer
	due    time.Time // when it is to look next
	ended  bool
	last   uint64        // times at the last look
	pinged time.Time     // the last PING
	asked  bool          // and it was not answered yet
	since  time.Time     // the first PING after which nothing came; zero if something did
	ttl    time.Duration // what the peer asked for: hang up after so much silence
	rtt    time.Duration
}

// start begins to beat if there is something to watch.
func (b *heartbeat) start(c *Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.c = c
	b.life.Store(int64(time.Since(c.began)))
	if d := c.opt.HeartbeatInterval; d > 0 {
		b.pinged = time.Now()
		b.on.Store(true)
		b.due = b.pinged.Add(d)
		b.timer = time.AfterFunc(d, b.tick)
	}
}

func (b *heartbeat) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.timer != nil {
		b.timer.Stop()
	}
}

// heard is called for each read that brought something.
func (b *heartbeat) heard() {
	if b.on.Load() {
		b.life.Store(int64(time.Since(b.c.began)))
		b.times.Add(1)
	}
}

func (b *heartbeat) pause()  { b.deaf.Store(true) }
func (b *heartbeat) resume() { b.heard(); b.deaf.Store(false) }

// tick looks whether the peer is alive, sends the next PING if it is due, and says when to look again.
func (b *heartbeat) tick() {
	b.mu.Lock()
	if b.ended {
		b.mu.Unlock()
		return
	}
	now := time.Now()
	if b.deaf.Load() {
		b.heard()
	}
	if n := b.times.Load(); n != b.last {
		b.last, b.since = n, time.Time{}
	}
	silence, asked, dead := b.verdict(now)
	// The process was stopped, or had no processor, if we come late, or what the peer has said lies there: then we have not
	// listened, and maybe not asked.
	if late := now.Sub(b.due); dead && (late > (silence-late)/4 || unread(b.c.raw, 1)) {
		b.heard()
		b.last, b.since, dead = b.times.Load(), time.Time{}, false
	}
	interval := b.interval()
	ping := !dead && interval > 0 && now.Sub(b.pinged) >= interval
	if ping {
		b.pinged, b.asked = now, true
		if b.since.IsZero() {
			b.since = now
		}
	}
	if b.ended = dead; !dead {
		b.lookIn(now, b.next(now))
	}
	b.mu.Unlock()
	switch {
	case dead:
		b.c.silent(silence, asked)
	case ping:
		b.c.queue(zmtp.AppendPing(nil, zmtp.Ping{TTL: b.c.opt.HeartbeatTTL}))
	}
}

// interval is the time between two PINGs. While we do not read, the peer has no PONG of us, and if its interval and timeout are
// ours, one PING in each interval would come when its verdict is due.
func (b *heartbeat) interval() time.Duration {
	d := b.c.opt.HeartbeatInterval
	if b.deaf.Load() {
		d /= 2
	}
	return d
}

// verdict reports whether the peer was silent for too long: after our PING, or by the limit that it set itself. mu is
// held.
func (b *heartbeat) verdict(now time.Time) (silence time.Duration, asked, dead bool) {
	silence = b.silence(now)
	if limit := b.c.opt.HeartbeatTimeout; limit > 0 && !b.since.IsZero() && now.Sub(b.since) >= limit {
		return silence, false, true
	}
	return silence, true, b.ttl > 0 && silence >= b.ttl
}

func (b *heartbeat) silence(now time.Time) time.Duration {
	return now.Sub(b.c.began) - time.Duration(b.life.Load())
}

// next is when to look again: when a PING or a verdict is due. mu is held.
func (b *heartbeat) next(now time.Time) time.Duration {
	next := time.Duration(1<<63 - 1)
	if d := b.interval(); d > 0 {
		next = d - now.Sub(b.pinged)
		if limit := b.c.opt.HeartbeatTimeout; limit > 0 && !b.since.IsZero() {
			next = min(next, limit-now.Sub(b.since))
		}
	}
	if b.ttl > 0 {
		next = min(next, b.ttl-b.silence(now))
	}
	return next
}

// answered takes a PONG; only the first after a PING says something.
func (b *heartbeat) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked {
		b.rtt, b.asked = time.Since(b.pinged), false
	}
}

// RTT is the round trip of the last PING that was answered, 0 if none was.
func (b *heartbeat) RTT() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rtt
}

// leastTTL is what a peer's TTL counts for at least: shorter ones would let it make us churn.
const leastTTL = 100 * time.Millisecond

// heed takes the TTL of a PING: the peer asks us to hang up when it has been silent for so long.
func (b *heartbeat) heed(ttl time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	if ttl > 0 {
		ttl = max(ttl, leastTTL)
	}
	if b.ttl = ttl; ttl == 0 {
		return
	}
	b.on.Store(true)
	b.heard()
	if b.timer == nil {
		b.due = time.Now().Add(ttl)
		b.timer = time.AfterFunc(ttl, b.tick)
	} else {
		now := time.Now()
		b.lookIn(now, b.next(now))
	}
}

// lookIn sets the timer. mu is held.
func (b *heartbeat) lookIn(now time.Time, d time.Duration) {
	d = max(time.Millisecond, d)
	b.due = now.Add(d)
	b.timer.Reset(d)
}

// ping answers a PING. Only so many answers wait: a peer that asks faster than it reads gets fewer.
func (c *Conn) ping(data []byte) error {
	p, err := zmtp.ParsePing(data)
	if err != nil {
		return err
	}
	c.beat.heed(p.TTL)
	c.mu.Lock()
	if c.pongs >= max(1, c.opt.MaxPongs) {
		c.mu.Unlock()
		return nil
	}
	c.pongs++
	c.mu.Unlock()
	c.queue(zmtp.AppendPong(nil, p.Context))
	return nil
}

// silent ends a connection whose peer was silent for too long.
func (c *Conn) silent(for_ time.Duration, asked bool) {
	cause := Cause{Who: monitor.ByTimer, Phase: monitor.InTraffic, Reason: monitor.ReasonHeartbeatTimeout, Err: &silenceError{for_}}
	if asked {
		cause.Reason = monitor.ReasonTTLExpired
	}
	c.host.Lock()
	if c.state == Ready {
		c.heartbeatTimeout(&cause)
	}
	c.host.Unlock()
	c.End(cause)
}
