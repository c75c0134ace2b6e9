package main

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

func TestExposure(t *testing.T) {
	t.Parallel()
	nobody := func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
		return zmtp.AuthReply{}, &zmq.AuthError{}
	}
	filter := func(networks ...string) (all []netip.Prefix) {
		for _, n := range networks {
			all = append(all, netip.MustParsePrefix(n))
		}
		return all
	}
	open, sealed := zmq.Config{}, zmq.Config{Mechanism: curve.Server(curve.NewKeyPair()), Authenticate: nobody}
	plain := zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: nobody, PlainAnywhere: true}
	for _, c := range []struct {
		about, bound string
		cfg          zmq.Config
		any          bool
		want         string // is in the warning; "": there is none
	}{
		{"all interfaces", "tcp://0.0.0.0:5555", open, false, "no authentication"},
		{"all interfaces, IPv6", "tcp://[::]:5555", open, false, "no authentication"},
		{"one interface", "tcp://10.1.2.3:5555", open, false, "no authentication"},
		{"a link's own address", "tcp://[fe80::1%eth0]:5555", open, false, "no authentication"},
		{"NULL that is written down", "tcp://10.1.2.3:5555", zmq.Config{Mechanism: zmtp.Null()}, false, "no authentication"},
		{"an address that nobody understands", "tcp://hub:5555", open, false, "no authentication"},
		{"loopback", "tcp://127.0.0.1:5555", open, false, ""},
		{"another loopback", "tcp://127.1.2.3:5555", open, false, ""},
		{"loopback, IPv6", "tcp://[::1]:5555", open, false, ""},
		{"loopback, IPv4 as IPv6", "tcp://[::ffff:127.0.0.1]:5555", open, false, ""},
		{"a path", "ipc:///run/feed.sock", open, false, ""},
		{"a name", "inproc://feed", open, false, ""},
		{"a filter", "tcp://0.0.0.0:5555", zmq.Config{AcceptFilter: filter("10.0.0.0/8")}, false, ""},
		{"a filter of two networks", "tcp://0.0.0.0:5555", zmq.Config{AcceptFilter: filter("10.0.0.0/8", "fd00::/8")}, false, ""},
		{"a filter that lets everybody in", "tcp://0.0.0.0:5555", zmq.Config{AcceptFilter: filter("0.0.0.0/0")}, false, "no authentication"},
		{"a filter that lets everybody in, IPv6", "tcp://[::]:5555", zmq.Config{AcceptFilter: filter("::/0")}, false, "no authentication"},
		{"a filter that lets in one network and everybody", "tcp://0.0.0.0:5555", zmq.Config{AcceptFilter: filter("10.0.0.0/8", "0.0.0.0/0")}, false, "no authentication"},
		{"an authenticator that knows addresses", "tcp://0.0.0.0:5555", zmq.Config{Authenticate: nobody}, false, ""},
		{"a ZAP handler that is asked", "tcp://0.0.0.0:5555", zmq.Config{ZAPDomain: "lab"}, false, ""},
		{"CURVE", "tcp://0.0.0.0:5555", sealed, false, ""},
		{"CURVE's client, who knows its server", "tcp://0.0.0.0:5555",
			zmq.Config{Mechanism: curve.Client(curve.NewKeyPair(), curve.NewKeyPair().Public)}, false, ""},
		{"CURVE for everybody", "tcp://0.0.0.0:5555", sealed, true, "lets in everybody"},
		{"CURVE for everybody of a network", "tcp://0.0.0.0:5555",
			zmq.Config{Mechanism: sealed.Mechanism, Authenticate: nobody, AcceptFilter: filter("10.0.0.0/8")}, true, ""},
		{"CURVE for everybody, and a filter that says so", "tcp://0.0.0.0:5555",
			zmq.Config{Mechanism: sealed.Mechanism, Authenticate: nobody, AcceptFilter: filter("0.0.0.0/0")}, true, "lets in everybody"},
		{"CURVE for everybody here", "tcp://127.0.0.1:5555", sealed, true, ""},
		{"PLAIN", "tcp://0.0.0.0:5555", plain, false, "in the clear"},
		{"PLAIN and a filter", "tcp://0.0.0.0:5555",
			zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: nobody, PlainAnywhere: true, AcceptFilter: filter("10.0.0.0/8")}, false, "in the clear"},
		{"PLAIN here", "tcp://127.0.0.1:5555", plain, false, ""},
	} {
		got := exposure(c.bound, c.cfg, c.any)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want …%s…", c.about, got, c.want)
		}
		if got != "" && (!strings.HasPrefix(got, c.bound) || !strings.Contains(got, "Hint: ")) {
			t.Errorf("%s: %q: want the endpoint first, and a hint", c.about, got)
		}
	}
}
