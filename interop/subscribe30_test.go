package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// rawSubscription is a subscription, or its end, as ZMTP 3.0 has it: a message that begins with 1 or 0 (RFC 23).
func rawSubscription(on byte, prefix string) []byte {
	return rawFrame(0, append([]byte{on}, prefix...))
}

// rawSubscribe and rawCancel are what ZMTP 3.1 has for it (RFC 37).
func rawSubscribe(prefix string) []byte { return rawFrame(flagCommand, []byte("\x09SUBSCRIBE"+prefix)) }
func rawCancel(prefix string) []byte    { return rawFrame(flagCommand, []byte("\x06CANCEL"+prefix)) }

// publishers are a publisher of either engine: a raw subscriber must be sent the same by both.
func publishers(p *process) []struct {
	name string
	open func(t *testing.T) (endpoint string, pub party)
} {
	return []struct {
		name string
		open func(t *testing.T) (endpoint string, pub party)
	}{
		{"ours", func(t *testing.T) (string, party) {
			o := open(t, zmq.XPUB, zmq.Config{})
			return o.bind(t, loopback), o
		}},
		{"libzmq", func(t *testing.T) (string, party) {
			s := p.open(t, "XPUB", nil)
			return s.bind(t, loopback), s
		}},
	}
}

// JeroMQ, NetMQ and others subscribe by messages, libzmq by commands. Both are understood, whatever version the peer has said.
func TestBothFormsOfSubscriptions(t *testing.T) {
	p := startPeer(t)
	long := strings.Repeat("long ", 100)
	for minor := range byte(2) {
		for _, form := range []struct {
			name    string
			on, off func(prefix string) []byte
		}{
			{"messages", func(p string) []byte { return rawSubscription(1, p) }, func(p string) []byte { return rawSubscription(0, p) }},
			{"commands", rawSubscribe, rawCancel},
		} {
			for _, l := range publishers(p) {
				t.Run(fmt.Sprintf("3.%d, %s, to %s", minor, form.name, l.name), func(t *testing.T) {
					endpoint, pub := l.open(t)
					r := dialRaw(t, endpoint)
					r.send(t, slices.Concat(rawGreeting(minor), rawReady("Socket-Type", "SUB")))
					r.greeted(t)
					for _, prefix := range []string{"a", "\x00\x01", long, ""} {
						r.send(t, form.on(prefix))
						wantFrames(t, "what XPUB received", pub.show(t), "\x01"+prefix)
						pub.put(t, prefix+"!", "body")
						wantFrames(t, "what the subscriber received", r.message(t), prefix+"!", "body")
						r.send(t, form.off(prefix))
						wantFrames(t, "what XPUB received", pub.show(t), "\x00"+prefix)
						pub.put(t, prefix+"!", "to nobody")
					}
					r.send(t, form.on("end"))
					wantFrames(t, "what XPUB received", pub.show(t), "\x01end")
					pub.put(t, "end")
					wantFrames(t, "what the subscriber received", r.message(t), "end")
				})
			}
		}
	}
}

// We subscribe in the form that the publisher's version has; and filter what a publisher sends that does not (RFC 29).
func TestOurFormOfSubscriptions(t *testing.T) {
	for _, typ := range []zmq.Type{zmq.SUB, zmq.XSUB} {
		for minor := range byte(3) {
			t.Run(fmt.Sprintf("%v to 3.%d", typ, minor), func(t *testing.T) {
				on, off := rawSubscribe, rawCancel
				if minor == 0 {
					on = func(p string) []byte { return rawSubscription(1, p) }
					off = func(p string) []byte { return rawSubscription(0, p) }
				}
				there, accept := listenRaw(t)
				o := open(t, typ, zmq.Config{Subscribe: []string{"first"}})
				o.connect(t, there)
				r := accept()
				r.send(t, slices.Concat(rawGreeting(minor), rawReady("Socket-Type", "PUB")))
				r.greeted(t)
				want := func(b []byte) {
					t.Helper()
					if got := r.bytes(t, len(b)); !slices.Equal(got, b) {
						t.Fatalf("we sent %q, not %q", got, b)
					}
				}
				want(on("first"))
				if e := o.await(t, monitor.HandshakeSucceeded); e.Version != fmt.Sprint("3.", minor) {
					t.Errorf("we say of it: %v", e)
				}
				long := strings.Repeat("\x00", 300)
				for _, prefix := range []string{"", "a", long} {
					o.subscribe(t, prefix, "end")
					want(slices.Concat(on(prefix), on("end")))
					o.unsubscribe(t, prefix, "end")
					want(slices.Concat(off(prefix), off("end")))
				}
				r.send(t, slices.Concat(rawMessage("unwanted", "body"), rawMessage("first", "body")))
				if typ == zmq.XSUB { // to which everything that comes is welcome
					wantFrames(t, "what we received", o.show(t), "unwanted", "body")
				}
				wantFrames(t, "what we received", o.show(t), "first", "body")
			})
		}
	}
}

// A DEALER of ZMTP 3.0 at our ROUTER, as JeroMQ greets: its name counts, and it is served.
func TestZMTP30Dealer(t *testing.T) {
	o := open(t, zmq.ROUTER, zmq.Config{})
	r := dialRaw(t, o.bind(t, loopback))
	r.send(t, slices.Concat(rawGreeting(0), rawReady("Socket-Type", "DEALER", "Identity", "java")))
	r.greeted(t)
	for i := range 10 {
		r.send(t, rawMessage("", fmt.Sprint("question ", i)))
		wantFrames(t, "what we received", o.show(t), "java", "", fmt.Sprint("question ", i))
		o.put(t, "java", "", fmt.Sprint("answer ", i))
		wantFrames(t, "what it received", r.message(t), "", fmt.Sprint("answer ", i))
	}
}
