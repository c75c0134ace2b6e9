package detect

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A queue is that towards one peer, from when it is full until it has had room for a while.
type queue struct {
	conn                    monitor.ConnID
	alarm                   alarm
	endpoint, local, remote string
	id                      string // what the peer calls itself

	begun   time.Time // when it was full first
	full    bool      // as far as is known
	room    time.Time // since when it has had room, if not full
	depth   int
	hwm     int
	dropped uint64

	first, latest *kernel.Conn // what the kernel said since
	firstAt       time.Time
	latestAt      time.Time
}

// queueEvent follows queues that are full. One without a peer is the matter of the endpoint that is dialled.
func (s *socket) queueEvent(e *monitor.Event) {
	switch {
	case e.Conn == 0:
	case e.Kind == monitor.QueueFull:
		if q := s.fill(e.Conn); q != nil {
			q.depth = max(q.depth, e.QueueOut)
			q.learn(e.Endpoint, e.Local, e.Remote, text(e.PeerID))
		}
	case e.Kind == monitor.Dropped && e.Reason == monitor.ReasonHWM: // it was full then
		if q := s.fill(e.Conn); q != nil {
			q.dropped += e.Count
			q.learn(e.Endpoint, e.Local, e.Remote, text(e.PeerID))
		}
	case e.Kind == monitor.QueueDrained:
		s.empty(e.Conn)
	case e.Terminal():
		s.unqueue(e.Conn, "has ended")
	}
}

// unqueue forgets the queue of a connection that is no more.
func (s *socket) unqueue(c monitor.ConnID, ended string) {
	if q := s.queues[c]; q != nil {
		s.clear(&q.alarm, "the connection to "+q.peer()+" "+ended, q.dropped)
		delete(s.queues, c)
	}
}

// queueState takes depths from states, which come where nobody tells of flow, and after events were lost. One that is older than
// the events is believed about those of whom it is known that they are still there.
func (s *socket) queueState(st *fact.State) {
	old := st.Seq < s.seq
	for i := range st.Peers {
		p := &st.Peers[i]
		_, lives := s.peers[p.Conn]
		switch {
		case old && !lives:
		case st.SendHWM > 0 && p.QueueOut >= st.SendHWM:
			if q := s.fill(p.Conn); q != nil {
				q.depth, q.hwm = p.QueueOut, st.SendHWM
				q.learn(p.EndpointName, p.Local, p.Remote, text(p.ID))
			}
		case p.QueueOut <= st.SendHWM/2:
			s.empty(p.Conn)
		}
	}
}

// fill is the queue towards c, which is full; nil if there are too many.
func (s *socket) fill(c monitor.ConnID) *queue {
	q := s.queues[c]
	if q == nil {
		if len(s.queues) >= maxRows {
			return nil
		}
		q = &queue{conn: c, begun: s.now()}
		s.queues[c] = q
	}
	q.full = true
	return q
}

func (s *socket) empty(c monitor.ConnID) {
	if q := s.queues[c]; q != nil && q.full {
		q.full, q.room = false, s.now()
	}
}

func (q *queue) learn(endpoint, local, remote, id string) {
	q.endpoint, q.local, q.remote, q.id = endpoint, local, remote, id
}

func (q *queue) peer() string { return peer{q.remote, q.id}.String() }

// queueTick is what time brings: queues that stay full, and those that have had room for long enough.
func (s *socket) queueTick() {
	for c, q := range s.queues {
		if !q.full && s.now().Sub(q.room) >= s.o().Room {
			s.clear(&q.alarm, fmt.Sprintf("the queue for %s has had room for %s", q.peer(), span(s.now().Sub(q.room))), q.dropped)
			delete(s.queues, c)
			continue
		}
		if lasts := s.now().Sub(q.begun); lasts >= s.o().Full && !q.alarm.raised && (q.judged() || !s.canJudge(q) || lasts >= s.o().Full+s.o().Verdict) {
			s.raise(&q.alarm, q.condition(s, lasts))
		}
	}
}

func (q *queue) condition(s *socket, lasts time.Duration) fact.Condition {
	f := q.fault()
	why := fmt.Sprintf("the queue for %s at %s has been full for %s", q.peer(), q.endpoint, span(lasts))
	if q.depth > 0 {
		why += fmt.Sprintf(", with %s", many(uint64(q.depth), "message"))
	}
	if q.dropped > 0 {
		why += fmt.Sprintf(", and %s dropped", wereDropped(q.dropped))
	}
	return fact.Condition{
		Name: SlowSubscriber, Severity: "warn", Since: q.begun, Conn: s.p.ConnKey(q.conn), Endpoint: q.endpoint, Remote: q.remote, Peer: q.id,
		Count: q.dropped, Why: why + ": " + f.why, Hint: f.hint,
	}
}

func wereDropped(n uint64) string {
	if n == 1 {
		return "1 message was"
	}
	return fmt.Sprintf("%d messages were", n)
}
