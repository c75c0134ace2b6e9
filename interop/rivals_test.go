package interop

import (
	"errors"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Who comes back before its old connection is found dead finds its name taken, by itself. It is let in as soon as the old one is known
// to be dead, and what it sent meanwhile, or was sent by it, is not lost on a connection that was refused.
func TestTheyComeBackTooEarly(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	o := open(t, zmq.ROUTER, zmq.Config{HeartbeatInterval: beats, HeartbeatTimeout: 3 * silence})
	r := startRelay(t, o.bind(t, loopback))
	s := p.open(t, "DEALER", options{"ROUTING_ID": "worker", "HEARTBEAT_IVL": 50, "HEARTBEAT_TIMEOUT": 100, "RECONNECT_IVL": 20})
	s.connect(t, r.endpoint())
	old := o.await(t, monitor.HandshakeSucceeded)
	s.put(t, "before")
	wantFrames(t, "what we received", o.show(t), "worker", "before")
	r.blackHole()
	s.await(t, monitor.Disconnected) // they know, we do not
	for range 20 {
		s.put(t, "meanwhile")
	}
	for range 3 {
		if e := o.await(t, monitor.IdentityConflict); e.PeerID != "worker" || e.Conn == old.Conn {
			t.Errorf("we say of the one that came back: %v", e)
		}
		if e := o.await(t, monitor.Disconnected); e.Reason != monitor.ReasonIdentityConflict || e.Conn == old.Conn {
			t.Errorf("and of its end: %v", e)
		}
	}
	if e := o.await(t, monitor.HeartbeatTimeout); e.Conn != old.Conn {
		t.Errorf("we missed %v, not connection %d", e, old.Conn)
	}
	again := o.await(t, monitor.HandshakeSucceeded)
	for range 20 {
		m := o.recv(t)
		if m.Conn() != again.Conn || string(m.Frame(0)) != "worker" || string(m.Body()) != "meanwhile" {
			t.Fatalf("over connection %d came %q", m.Conn(), m.AppendFrames(nil))
		}
	}
	o.put(t, "worker", "welcome back")
	wantFrames(t, "what they received", s.show(t), "welcome back")
}

// With handover the newcomer is let in at once, and the old connection ends.
func TestTheirSuccessor(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.ROUTER, zmq.Config{RouterHandover: true})
	there := o.bind(t, loopback)
	r := startRelay(t, there)
	first, second := p.open(t, "DEALER", options{"ROUTING_ID": "worker"}), p.open(t, "DEALER", options{"ROUTING_ID": "worker"})
	first.connect(t, r.endpoint())
	old := o.await(t, monitor.HandshakeSucceeded)
	first.put(t, "from the first")
	wantFrames(t, "what we received", o.show(t), "worker", "from the first")
	r.blackHole()
	second.connect(t, there)
	if e := o.await(t, monitor.IdentityConflict); e.PeerID != "worker" || e.Conn == old.Conn {
		t.Errorf("we say of the second: %v", e)
	}
	o.ready(t, 1)
	second.put(t, "from the second")
	m := o.recv(t)
	if string(m.Frame(0)) != "worker" || string(m.Body()) != "from the second" || m.Conn() == old.Conn {
		t.Errorf("over connection %d came %q", m.Conn(), m.AppendFrames(nil))
	}
	o.put(t, "worker", "to the second")
	wantFrames(t, "what the second received", second.show(t), "to the second")
	if e := o.await(t, monitor.LocalClosed); e.Conn != old.Conn || e.Reason != monitor.ReasonHandover {
		t.Errorf("the first ended with %v", e)
	}
	if peers := o.State().Peers; len(peers) != 1 || peers[0].RoutingID != "worker" {
		t.Errorf("our peers: %+v", peers)
	}
}

// Their ROUTER hands over, too: our second DEALER takes the first one's place.
func TestOurSuccessor(t *testing.T) {
	p := startPeer(t)
	s := p.open(t, "ROUTER", options{"ROUTER_HANDOVER": 1})
	there := s.bind(t, loopback)
	r := startRelay(t, there)
	first, second := open(t, zmq.DEALER, zmq.Config{RoutingID: "worker", Linger: zmq.Off}), open(t, zmq.DEALER, zmq.Config{RoutingID: "worker"})
	first.connect(t, r.endpoint())
	first.ready(t, 1)
	first.put(t, "from the first")
	wantFrames(t, "what they received", s.show(t), "worker", "from the first")
	r.blackHole()
	second.connect(t, there)
	second.ready(t, 1)
	second.put(t, "from the second")
	wantFrames(t, "what they received", s.show(t), "worker", "from the second")
	s.put(t, "worker", "to the second")
	wantFrames(t, "what the second received", second.show(t), "to the second")
}

// Without it two that insist on one name are served one after the other: the first for as long as it is there.
func TestRivals(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.ROUTER, zmq.Config{})
	there := o.bind(t, loopback)
	var rivals []*socket
	for range 2 {
		s := p.open(t, "DEALER", options{"ROUTING_ID": "worker", "RECONNECT_IVL": 20})
		s.connect(t, there)
		if len(rivals) == 0 {
			s.ready(t, 1)
		}
		rivals = append(rivals, s)
	}
	o.await(t, monitor.IdentityConflict)
	o.await(t, monitor.IdentityConflict) // it does not give up
	rivals[1].put(t, "from the second")
	rivals[0].put(t, "from the first")
	wantFrames(t, "what we received", o.show(t), "worker", "from the first")
	o.put(t, "worker", "to the first")
	wantFrames(t, "what the first received", rivals[0].show(t), "to the first")
	rivals[0].close(t)
	wantFrames(t, "what we received", o.show(t), "worker", "from the second")
	o.put(t, "worker", "to the second")
	wantFrames(t, "what the second received", rivals[1].show(t), "to the second")
}

// What our ROUTER sends to a peer that it dialled waits while that is away, and goes to whoever comes in its place under the same name.
func TestRoutedToADialledPeerThatDies(t *testing.T) {
	there := freeEndpoint(t)
	o := open(t, zmq.ROUTER, zmq.Config{ReconnectMin: 20 * time.Millisecond, RouterMandatory: true})
	o.connect(t, there)
	mortal := startPeer(t)
	mortal.open(t, "DEALER", options{"ROUTING_ID": "worker"}).bind(t, there)
	o.ready(t, 1)
	mortal.kill(t)
	o.await(t, monitor.Disconnected)
	for range 3 {
		o.put(t, "worker", "meanwhile")
	}
	heir := startPeer(t).open(t, "DEALER", options{"ROUTING_ID": "worker"})
	heir.bind(t, there)
	for range 3 {
		wantFrames(t, "what the heir received", heir.show(t), "meanwhile")
	}
	heir.put(t, "thanks")
	wantFrames(t, "what we received", o.show(t), "worker", "thanks")
}

// What it sends to a peer that had dialled it and has gone is dropped, and told.
func TestRoutedToAnAcceptedPeerThatDies(t *testing.T) {
	o := open(t, zmq.ROUTER, zmq.Config{})
	mortal := startPeer(t)
	mortal.open(t, "DEALER", options{"ROUTING_ID": "worker"}).connect(t, o.bind(t, loopback))
	o.ready(t, 1)
	o.put(t, "worker", "hello")
	mortal.kill(t)
	o.await(t, monitor.Disconnected)
	o.put(t, "worker", "meanwhile")
	if e := o.await(t, monitor.Dropped); e.Count != 1 {
		t.Errorf("we say: %v", e)
	}
	err := o.Socket.(*zmq.Router).CanSendTo([]byte("worker"))
	if !errors.Is(err, zmq.ErrHostUnreachable) {
		t.Errorf("we can send to it: %v", err)
	}
	if n := o.State().Dropped; n != 1 {
		t.Errorf("%d messages were dropped", n)
	}
}
