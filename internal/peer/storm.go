package peer

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
)

// A storm turns the failures of an accept loop that come at every turn, such as having no descriptors left, into at most
// ten events a second with a count, and slows the loop down. The control lock guards it, but for pause.
type storm struct {
	count  uint64 // since the last event
	err    error  // of the last of them
	remote string // and whose connection it was, if that is known
	last   time.Time
	later  *time.Timer // tells what was too early to be told
	pause  time.Duration
}

const (
	stormEvery = 100 * time.Millisecond
	pauseLeast = 5 * time.Millisecond
	pauseMost  = time.Second / 2 // so that a second after descriptors have come back peers are let in, with those before them in the backlog
)

var (
	errTooMany      = errors.New("too many handshakes at once")
	errTooManyOfOne = errors.New("too many handshakes at once with this host")
	errFiltered     = errors.New("not from a network in AcceptFilter")
)

// turnedAway closes a connection that came up, and is not to be: before a byte.
func (s *storm) turnedAway(l *Listener, nc net.Conn, why error) {
	remote := transport.Name(nc.RemoteAddr())
	nc.Close()
	s.failed(l, remote, why)
}

// failed counts one failure, and tells it now or later.
func (s *storm) failed(l *Listener, remote string, err error) {
	l.host.Lock()
	defer l.host.Unlock()
	s.count++
	s.err, s.remote = err, remote
	early := stormEvery - time.Since(s.last)
	switch {
	case early <= 0:
		s.tell(l)
	case s.later == nil:
		s.later = time.AfterFunc(early, func() {
			l.host.Lock()
			defer l.host.Unlock()
			s.later = nil
			s.tell(l)
		})
	}
}

// end tells what was not told yet; the listener is about to close. Control lock held.
func (s *storm) end(l *Listener) {
	if s.later != nil {
		s.later.Stop()
	}
	s.tell(l)
}

// tell emits what has gathered. Control lock held.
func (s *storm) tell(l *Listener) {
	if s.count == 0 || l.stop.Err() != nil {
		return
	}
	e := l.event(monitor.AcceptFailed)
	e.FD, e.Err, e.Count, e.Who, e.Phase, e.Reason = -1, s.err, s.count, monitor.ByLocal, monitor.InConnect, systemReason(s.err)
	e.Remote = s.remote
	switch s.err {
	case errTooMany, errTooManyOfOne:
		e.Reason = monitor.ReasonTooManyHandshakes
	case errFiltered:
		e.Reason = monitor.ReasonFiltered
	}
	if errors.Is(s.err, syscall.ECONNABORTED) {
		e.Who = monitor.ByPeer
	}
	s.count, s.last = 0, time.Now()
	l.err = e.Err
	l.host.Emit(e)
}

// wait gives descriptors time to come back.
func (s *storm) wait(stop <-chan struct{}) {
	s.pause = min(max(2*s.pause, pauseLeast), pauseMost)
	t := time.NewTimer(s.pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-stop:
	}
}
