package detect

import "time"

// Thresholds are when a condition is raised, and when it is over. Zero is the default.
type Thresholds struct {
	// An endpoint is in trouble when this many attempts have failed in a row, over this time: 3 and 10 s. A server that is
	// started anew is back before; one refused attempt is nothing.
	Failures int
	Down     time.Duration

	// BlackHole is how long one attempt may go unanswered: 10 s. A SYN is sent again after 1, 3 and 7 s; what has not
	// answered then will not, and the system's own patience is two minutes.
	BlackHole time.Duration

	// Handshakes that fail by protocol or by authentication do not heal by themselves: this many within Window, of one
	// endpoint or from one host, are a condition: 3. One is a scanner, or somebody who is trying.
	Handshakes int

	// Flaps is how many connections of one endpoint end within Window, half of them after less than ShortLife: 5 and 5 s.
	Flaps     int
	ShortLife time.Duration

	// Steady is how long a connection must last until its endpoint is out of trouble: 5 s, and twice that after flapping.
	Steady time.Duration

	// Window is how long what comes one by one is counted together: 60 s. A dialler of ours comes back every 5 s at the
	// least, so what has not come back in a window has stopped.
	Window time.Duration

	// Conflicts is how many times within Window a routing id must be claimed twice: 3. A peer that comes back before its
	// old connection is found dead does it once or twice.
	Conflicts int

	// Full is how long a peer's queue must be full: 5 s; it stays so while it has not had room for Room at a stretch, 3 s:
	// a slow peer takes a message now and then. Verdict is how much longer the kernel's view of it is waited for: 7 s, more
	// than lies between two looks at it.
	Full, Room, Verdict time.Duration

	// Drops is how long drops are collected before they are told, 2 s, so that the count says something, and Quiet how long
	// there must be none, nor a descriptor that was refused: 30 s.
	Drops, Quiet time.Duration

	// A stream that is received is known after Lessons messages or batches, and Learn: 20 and 30 s. It is silent when nothing
	// has come for ten times the usual pause, three times the longest one, and Silence: 10 s.
	Lessons        int
	Learn, Silence time.Duration

	// Expect is, by the socket's name, how long it may be silent whatever was learned; 0 or less: as long as it likes.
	Expect map[string]time.Duration

	// Gone is how long a process that sends states may be silent: 95 s, three full states and a little. Of others nobody
	// knows, and what they had is over after Forget: 10 min.
	Gone, Forget time.Duration

	// Host is whose connections TCP is told of; "" if that is not known, and they are taken for everybody's.
	Host string
}

func (o Thresholds) filled() Thresholds {
	for _, d := range []struct {
		at    *time.Duration
		value time.Duration
	}{
		{&o.Down, 10 * time.Second}, {&o.BlackHole, 10 * time.Second}, {&o.ShortLife, 5 * time.Second}, {&o.Steady, 5 * time.Second},
		{&o.Window, time.Minute}, {&o.Full, 5 * time.Second}, {&o.Room, 3 * time.Second}, {&o.Verdict, 7 * time.Second},
		{&o.Drops, 2 * time.Second}, {&o.Quiet, 30 * time.Second}, {&o.Learn, 30 * time.Second}, {&o.Silence, 10 * time.Second},
		{&o.Gone, 95 * time.Second}, {&o.Forget, 10 * time.Minute},
	} {
		if *d.at == 0 {
			*d.at = d.value
		}
	}
	for _, n := range []struct {
		at    *int
		value int
	}{{&o.Failures, 3}, {&o.Handshakes, 3}, {&o.Flaps, 5}, {&o.Conflicts, 3}, {&o.Lessons, 20}} {
		if *n.at == 0 {
			*n.at = n.value
		}
	}
	return o
}
