package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// tellEvery is how often one sender is complained about: a program that sends nonsense sends a lot of it.
const tellEvery = time.Second

// maxComplaints are the senders whose complaints are told apart. Those beyond share one.
const maxComplaints = 1000

// complaints are what could not be read: all of it is counted, and one a second and sender is told, with how many there were.
type complaints struct {
	note  func(string)
	count atomic.Uint64

	mu    sync.Mutex // guards what follows
	by    map[string]*complaint
	swept time.Time // when all of them were looked at
}

// A complaint is what was not told about one sender.
type complaint struct {
	told  time.Time
	since int
	last  string
}

func newComplaints(note func(string)) *complaints {
	return &complaints{note: note, by: make(map[string]*complaint)}
}

// about notes that something of a sender's could not be read.
func (c *complaints) about(who sender, err error, now time.Time) {
	c.count.Add(1)
	c.say(who.String(), "cannot read what it sends: "+oneLine(err.Error()), now)
}

// conflict is told of by the ROUTER: two senders have one routing id, and the second one is refused until the first has gone.
func (c *complaints) conflict(e monitor.Event) {
	if e.Kind != monitor.IdentityConflict {
		return // the ROUTER's end, of which every reader is told
	}
	who := sender{id: e.PeerID, conn: e.Conn, remote: e.Remote}
	c.say(who.String(), "refused, because another sender that is connected has the same routing id: end each with ;n= and something random", e.Time)
}

func (c *complaints) say(who, what string, now time.Time) {
	c.mu.Lock()
	var due []string
	if now.Sub(c.swept) >= tellEvery {
		due = c.pending(now, tellEvery)
		c.swept = now
	}
	one := c.by[who]
	if one == nil {
		if len(c.by) >= maxComplaints {
			who = "others"
		}
		if one = c.by[who]; one == nil {
			one = new(complaint)
			c.by[who] = one
		}
	}
	one.since++
	one.last = what
	if now.Sub(one.told) >= tellEvery {
		due = append(due, one.tell(who, now))
	}
	c.mu.Unlock()
	for _, line := range due {
		c.note(line)
	}
}

// tell makes the words, and begins anew.
func (one *complaint) tell(who string, now time.Time) string {
	line := fmt.Sprintf("%s: %s", who, one.last)
	if one.since > 1 {
		line += fmt.Sprintf(" (%d times)", one.since)
	}
	one.told, one.since = now, 0
	return line
}

// pending gives the lines that have waited long enough, and forgets who has given no reason for a while. mu is held.
func (c *complaints) pending(now time.Time, wait time.Duration) (lines []string) {
	for who, one := range c.by {
		switch {
		case now.Sub(one.told) < wait:
		case one.since > 0:
			lines = append(lines, one.tell(who, now))
		case now.Sub(one.told) > 10*tellEvery:
			delete(c.by, who)
		}
	}
	slices.Sort(lines)
	return lines
}

// rest tells what was held back.
func (c *complaints) rest() {
	c.mu.Lock()
	lines := c.pending(time.Now(), 0)
	c.mu.Unlock()
	for _, line := range lines {
		c.note(line)
	}
}

// String is a sender for people: what it calls itself, and where it is. Bytes of its choice are escaped, as it could be anybody.
func (s sender) String() string {
	if s.id == "" || s.id[0] == 0 {
		return s.remote
	}
	name := fmt.Sprintf("%.80q", s.id)
	return strings.TrimSpace(name[1:len(name)-1] + " at " + s.remote)
}

// oneLine keeps a sender's bytes from the terminal's other lines: an error may quote them.
func oneLine(s string) string {
	s = fmt.Sprintf("%.200q", s)
	return strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
}

// nth is the time at place n of the sorted ones.
func nth(times []time.Time, n int) time.Time {
	slices.SortFunc(times, func(a, b time.Time) int { return cmp.Compare(a.UnixNano(), b.UnixNano()) })
	return times[n]
}
