package interop

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// names are routing ids: 1 to 255 bytes, of any kind, but for the first, which is not zero (RFC 37, "identity").
var names = []string{"a", "desk 4", "\x01\x00\xFF\n\"", strings.Repeat("\xFE\x00", 127) + "!"}

// What we call ourselves is what their ROUTER calls us, and what it sends to that name comes to us.
func TestOurNameAtTheirRouter(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.DEALER, zmq.REQ, zmq.ROUTER} {
		for _, name := range names {
			t.Run(fmt.Sprintf("%v %d bytes", typ, len(name)), func(t *testing.T) {
				bothWays(t, func(t *testing.T, weBind bool) {
					o, s := open(t, typ, zmq.Config{RoutingID: name}), p.open(t, "ROUTER", options{"ROUTING_ID": "router"})
					join(t, o, s, weBind)
					switch typ {
					case zmq.DEALER:
						o.put(t, "how", "now?")
						wantFrames(t, "what ROUTER received", s.show(t), name, "how", "now?")
						s.put(t, name, "so", "so")
						wantFrames(t, "what we received", o.show(t), "so", "so")
					case zmq.REQ:
						o.put(t, "how", "", "now?")
						wantFrames(t, "what ROUTER received", s.show(t), name, "", "how", "", "now?")
						s.put(t, name, "", "so", "so")
						wantFrames(t, "what we received", o.show(t), "so", "so")
					case zmq.ROUTER:
						o.put(t, "router", "how", "now?")
						wantFrames(t, "what ROUTER received", s.show(t), name, "how", "now?")
						s.put(t, name, "so", "so")
						wantFrames(t, "what we received", o.show(t), "router", "so", "so")
					}
				})
			})
		}
	}
}

// What they call themselves is what our ROUTER calls them, in messages and in events; what we send to that name comes to them.
func TestTheirNameAtOurRouter(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []string{"DEALER", "REQ"} {
		for _, name := range names {
			t.Run(fmt.Sprintf("%v %d bytes", typ, len(name)), func(t *testing.T) {
				bothWays(t, func(t *testing.T, weBind bool) {
					o, s := open(t, zmq.ROUTER, zmq.Config{RouterMandatory: true}), p.open(t, typ, options{"ROUTING_ID": octets(name)})
					join(t, o, s, weBind)
					if e := o.await(t, monitor.HandshakeSucceeded); e.PeerID != name || e.PeerType != typ {
						t.Errorf("we say of it: %v", e)
					}
					s.put(t, "how now?")
					m := o.recv(t)
					if id := string(m.Frame(0)); id != name || m.Peer().RoutingID != name {
						t.Errorf("%q, known as %q, sent us a message", id, m.Peer().RoutingID)
					}
					if err := o.Socket.(*zmq.Router).Reply(within(t), m, []byte("so"), []byte("so")); err != nil {
						t.Error(err)
					}
					wantFrames(t, "what they received", s.show(t), "so", "so")
				})
			})
		}
	}
}

// A peer without a name gets one of five bytes, of which the first is zero; it keeps it while it is there, and no two have the same.
func TestNamelessAtOurRouter(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.ROUTER, zmq.Config{})
	there := o.bind(t, loopback)
	ids := map[string]*socket{}
	for i := range 5 {
		s := p.open(t, "DEALER", nil)
		s.connect(t, there)
		for range 2 {
			s.put(t, fmt.Sprint("from ", i))
			m := o.show(t)
			id := m[0]
			if len(id) != 5 || id[0] != 0 || ids[id] != nil && ids[id] != s {
				t.Errorf("DEALER %d is called %q", i, id)
			}
			ids[id] = s
			wantFrames(t, "what it sent", m[1:], fmt.Sprint("from ", i))
		}
	}
	if len(ids) != 5 {
		t.Errorf("5 DEALERs have %d names", len(ids))
	}
	for id, s := range ids {
		o.put(t, id, "to you alone")
		wantFrames(t, "what it received", s.show(t), "to you alone")
	}
}

// A name that begins with zero is one that only a ROUTER may give (RFC 37): our event says that the peer took one.
func TestTheirNameIsReserved(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.ROUTER, zmq.Config{}), p.open(t, "DEALER", options{"ROUTING_ID": octets("\x00abcd")})
	s.connect(t, o.bind(t, loopback))
	if e := o.await(t, monitor.HandshakeFailedProtocol); e.Reason != monitor.ReasonBadIdentity || !strings.Contains(e.Why(), "zero byte") {
		t.Errorf("we say of it: %v, %s", e, e.Why())
	}
	s.await(t, monitor.Disconnected)
}

// Their ROUTER, told to be strict, knows whether we are there, and whether we have room.
func TestTheirMandatoryRouter(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		s := p.open(t, "ROUTER", options{"ROUTER_MANDATORY": 1, "SNDHWM": 10, "SNDBUF": 4096})
		o := open(t, zmq.DEALER, zmq.Config{RoutingID: "here", RecvHWM: 10, RecvBuffer: 4096})
		refused(t, s, "Host unreachable", "here", "too early")
		join(t, o, s, weBind)
		o.put(t, "I am")
		wantFrames(t, "what ROUTER received", s.show(t), "here", "I am")
		refused(t, s, "Host unreachable", "elsewhere", "who?")
		body := strings.Repeat("x", 64<<10)
		sent := 0
		for began, why := time.Now(), ""; why == "" || sent < 20 && time.Since(began) < 10*time.Second; { // libzmq's own queue is full before its I/O thread has looked
			if why = now(t, s, "here", body); why == "" {
				sent++
			}
		}
		if sent < 20 {
			t.Errorf("%d messages filled two queues of 10", sent)
		}
		for range sent {
			wantFrames(t, "what we received", o.show(t), body)
		}
		s.put(t, "here", "room again") // waits for it, at most
		wantFrames(t, "what we received", o.show(t), "room again")
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		s.await(t, monitor.Disconnected)
		if !weBind { // whom they dialled they expect to come back
			refused(t, s, "Host unreachable", "here", "gone?")
		}
	})
}

// now is why they cannot send a message without waiting, "" if they can and did.
func now(t *testing.T, s *socket, frames ...string) (why string) {
	t.Helper()
	return s.tell(t, "put_frames_now", args{"frames": hexed(frames)}).answered(t).Error
}

func refused(t *testing.T, s *socket, why string, frames ...string) {
	t.Helper()
	if got := now(t, s, frames...); !strings.Contains(got, why) {
		t.Errorf("they send %q: %q, not %q", frames, got, why)
	}
}

// Ours knows as much, and says it before the message is lost.
func TestOurMandatoryRouter(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o := open(t, zmq.ROUTER, zmq.Config{RouterMandatory: true, SendHWM: 10, SendBuffer: 4096})
		r := o.Socket.(*zmq.Router)
		s := p.open(t, "DEALER", options{"ROUTING_ID": "here", "RCVHWM": 10, "RCVBUF": 4096})
		if err := r.Send(zmq.NoWait, []byte("here"), []byte("too early")); !errors.Is(err, zmq.ErrHostUnreachable) {
			t.Errorf("to a peer that is not there yet: %v", err)
		}
		join(t, o, s, weBind)
		if err := r.CanSendTo([]byte("here")); err != nil {
			t.Error(err)
		}
		if err := r.CanSendTo([]byte("elsewhere")); !errors.Is(err, zmq.ErrHostUnreachable) {
			t.Errorf("to a peer that never was: %v", err)
		}
		body := strings.Repeat("x", 64<<10)
		sent, err := 0, error(nil)
		for full := 0; full < 3; { // the kernel takes its part when it has time to
			if err = r.Send(zmq.NoWait, []byte("here"), []byte(body)); err != nil {
				full++
				waitWritable(t, r, 100*time.Millisecond)
			} else {
				sent, full = sent+1, 0
			}
		}
		if !errors.Is(err, zmq.ErrWouldBlock) || !errors.Is(r.CanSendTo([]byte("here")), zmq.ErrWouldBlock) || sent <= 10 {
			t.Errorf("after %d messages: %v", sent, err)
		}
		for range sent {
			wantFrames(t, "what they received", s.show(t), body)
		}
		o.put(t, "here", "room again")
		wantFrames(t, "what they received", s.show(t), "room again")
		s.close(t)
		o.await(t, monitor.Disconnected)
		err = r.Send(within(t), []byte("here"), []byte("gone?"))
		if weBind && !errors.Is(err, zmq.ErrHostUnreachable) || !weBind && err != nil { // whom we dialled we expect to come back
			t.Errorf("to a peer that has gone: %v", err)
		}
	})
}

// waitWritable waits until a router's peer has room, or for the time that a peer which reads nothing more is given to show it.
func waitWritable(t *testing.T, r *zmq.Router, atMost time.Duration) {
	t.Helper()
	select {
	case <-r.Writable():
	case <-time.After(atMost):
	}
}
