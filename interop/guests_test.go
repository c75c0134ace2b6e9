package interop

import (
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// To their ROUTER we are who it says we are: it named us before it dialled, and need not wait for us to speak.
func TestTheyConnectAs(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.DEALER, zmq.ROUTER} {
		t.Run(typ.String(), func(t *testing.T) {
			o, s := open(t, typ, zmq.Config{RoutingID: "ourselves"}), p.open(t, "ROUTER", options{"ROUTING_ID": "router", "CONNECT_ROUTING_ID": octets("\x80you")})
			s.connect(t, o.bind(t, loopback))
			s.put(t, "\x80you", "", "first")
			if typ == zmq.DEALER {
				wantFrames(t, "what we received", o.show(t), "", "first")
				o.put(t, "", "second")
			} else {
				wantFrames(t, "what we received", o.show(t), "router", "", "first")
				o.put(t, "router", "", "second")
			}
			wantFrames(t, "what ROUTER received", s.show(t), "\x80you", "", "second")
		})
	}
}

// And the other way round; what we send before they are there waits for them.
func TestWeConnectAs(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []string{"DEALER", "ROUTER"} {
		t.Run(typ, func(t *testing.T) {
			o, s := open(t, zmq.ROUTER, zmq.Config{RoutingID: "router"}), p.open(t, typ, options{"ROUTING_ID": "themselves"})
			there := freeEndpoint(t)
			if err := o.Socket.(*zmq.Router).ConnectAs(there, "\x80you"); err != nil {
				t.Fatal(err)
			}
			o.put(t, "\x80you", "", "first")
			o.put(t, "themselves", "", "to nobody")
			o.await(t, monitor.ConnectRetried)
			s.bind(t, there)
			if typ == "DEALER" {
				wantFrames(t, "what they received", s.show(t), "", "first")
				s.put(t, "", "second")
			} else {
				wantFrames(t, "what they received", s.show(t), "router", "", "first")
				s.put(t, "router", "", "second")
			}
			wantFrames(t, "what we received", o.show(t), "\x80you", "", "second")
		})
	}
}

// A peer that comes and one that goes are messages for a ROUTER that asked for them.
func TestOurRouterIsNotified(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o := open(t, zmq.ROUTER, zmq.Config{RouterNotify: zmq.NotifyConnect | zmq.NotifyDisconnect})
		s := p.open(t, "DEALER", options{"ROUTING_ID": "guest"})
		join(t, o, s, weBind)
		wantFrames(t, "first", o.show(t), "guest", "")
		s.put(t, "hello")
		wantFrames(t, "then", o.show(t), "guest", "hello")
		s.close(t)
		wantFrames(t, "last", o.show(t), "guest", "")
	})
}

// What a ROUTER or DEALER of ours says first, and what it tells its user when a peer of theirs has gone.
func TestHelloAndGoodbye(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.DEALER, zmq.ROUTER} {
		t.Run(typ.String(), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				cfg := zmq.Config{HelloMessage: []byte("hello"), DisconnectMessage: []byte("goodbye")}
				if typ == zmq.DEALER {
					cfg = zmq.Config{HelloMessage: []byte("hello"), HiccupMessage: []byte("hiccup")}
				}
				o, s := open(t, typ, cfg), p.open(t, "DEALER", options{"ROUTING_ID": "guest"})
				join(t, o, s, weBind)
				wantFrames(t, "first", s.show(t), "hello")
				s.put(t, "hello yourself")
				from := []string{"guest"}
				if typ == zmq.DEALER {
					from = nil
				}
				wantFrames(t, "then", o.show(t), append(from, "hello yourself")...)
				s.close(t)
				o.await(t, monitor.Disconnected)
				switch {
				case typ == zmq.ROUTER && weBind:
					wantFrames(t, "last", o.show(t), "guest", "goodbye")
				case typ == zmq.DEALER && !weBind:
					wantFrames(t, "last", o.show(t), "hiccup")
				default: // whom we dialled we expect to come back; whom we did not has no hiccup
					if err := o.Socket.(zmq.Receiver).CanRecv(); err != zmq.ErrWouldBlock {
						t.Errorf("there is more: %v", err)
					}
				}
			})
		})
	}
}
