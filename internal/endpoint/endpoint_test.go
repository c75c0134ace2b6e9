package endpoint

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

func tcp(host string, port uint16) Endpoint { return Endpoint{Scheme: TCP, Addr: Addr{host, port}} }

func from(host string, port uint16, e Endpoint) Endpoint {
	e.Source = Addr{host, port}
	return e
}

// Each text, the value it is, and the canonical text of that value.
func TestParse(t *testing.T) {
	long := strings.Repeat("n", maxInproc)
	for _, c := range []struct {
		parse func(string) (Endpoint, error)
		in    string
		want  Endpoint
		text  string
	}{
		// zmq_tcp(7), its examples first
		{ParseBind, "tcp://*:5555", tcp("*", 5555), "tcp://*:5555"},
		{ParseBind, "tcp://127.0.0.1:5555", tcp("127.0.0.1", 5555), "tcp://127.0.0.1:5555"},
		{ParseBind, "tcp://eth0:5555", tcp("eth0", 5555), "tcp://eth0:5555"},
		{ParseConnect, "tcp://192.168.1.1:5555", tcp("192.168.1.1", 5555), "tcp://192.168.1.1:5555"},
		{ParseConnect, "tcp://server1:5555", tcp("server1", 5555), "tcp://server1:5555"},
		{ParseConnect, "tcp://eth1:0;server1:5555", from("eth1", 0, tcp("server1", 5555)), "tcp://eth1:*;server1:5555"},
		{ParseConnect, "tcp://192.168.1.17:5555;192.168.1.1:5555", from("192.168.1.17", 5555, tcp("192.168.1.1", 5555)), "tcp://192.168.1.17:5555;192.168.1.1:5555"},
		{ParseBind, "tcp://*:*", tcp("*", 0), "tcp://*:*"},
		{ParseBind, "tcp://*:0", tcp("*", 0), "tcp://*:*"},
		{ParseBind, "tcp://eth0.100:1", tcp("eth0.100", 1), "tcp://eth0.100:1"},
		{ParseBind, "tcp://localhost:65535", tcp("localhost", 65535), "tcp://localhost:65535"},
		{ParseBind, "tcp://[::]:00080", tcp("::", 80), "tcp://[::]:80"},
		{ParseConnect, "tcp://[0:0::0:1]:5555", tcp("::1", 5555), "tcp://[::1]:5555"},
		{ParseConnect, "tcp://[fe80::1%eth0]:5555", tcp("fe80::1%eth0", 5555), "tcp://[fe80::1%eth0]:5555"},
		{ParseConnect, "tcp://[::1]:*;[::1]:5555", from("::1", 0, tcp("::1", 5555)), "tcp://[::1]:*;[::1]:5555"},
		{ParseConnect, "tcp://*:7000;db.example.org.:5555", from("*", 7000, tcp("db.example.org.", 5555)), "tcp://*:7000;db.example.org.:5555"},
		{ParseConnect, "tcp://xn--bcher-kva.example:1", tcp("xn--bcher-kva.example", 1), "tcp://xn--bcher-kva.example:1"},
		{ParseConnect, "tcp://0.0.0.0:5555", tcp("0.0.0.0", 5555), "tcp://0.0.0.0:5555"},

		// zmq_ipc(7)
		{ParseBind, "ipc:///tmp/feeds/0", Endpoint{Scheme: IPC, Name: "/tmp/feeds/0"}, "ipc:///tmp/feeds/0"},
		{ParseConnect, "ipc://a b:c", Endpoint{Scheme: IPC, Name: "a b:c"}, "ipc://a b:c"},
		{ParseConnect, "ipc://@abstract", Endpoint{Scheme: IPC, Name: "@abstract"}, "ipc://@abstract"},
		{ParseBind, "ipc://*", Endpoint{Scheme: IPC, Name: "*"}, "ipc://*"},

		// zmq_inproc(7): any format, 256 bytes
		{ParseBind, "inproc://#1", Endpoint{Scheme: Inproc, Name: "#1"}, "inproc://#1"},
		{ParseConnect, "inproc://tcp://*:5;ü", Endpoint{Scheme: Inproc, Name: "tcp://*:5;ü"}, "inproc://tcp://*:5;ü"},
		{ParseBind, "inproc://" + long, Endpoint{Scheme: Inproc, Name: long}, "inproc://" + long},
	} {
		got, err := c.parse(c.in)
		if err != nil || got != c.want || got.String() != c.text {
			t.Errorf("%s: %+v, printed %q, %v; want %+v, %q", c.in, got, got, err, c.want, c.text)
		}
	}
}

func TestZeroEndpointPrintsNothing(t *testing.T) {
	if s := (Endpoint{}).String(); s != "" {
		t.Errorf("%q", s)
	}
}

// Each malformed text names its subject and its cure.
func TestMalformed(t *testing.T) {
	for _, c := range []struct{ bind, connect, reason string }{ // "" in bind or connect: not tried there
		{"tcp", "tcp", "no transport: write tcp://HOST:PORT"},
		{"localhost:5555", "localhost:5555", "no transport"},
		{"tcp:/x", "tcp:/x", "no transport"},
		{"://*:1", "://a:1", "no transport"},
		{"tcp://", "tcp://", `nothing after "tcp"://`},
		{"udp://", "udp://", `nothing after "udp"://`},
		{"inproc://", "inproc://", `nothing after "inproc"://`},
		{"ipc://", "ipc://", `nothing after "ipc"://`},

		{"tcp://:", "tcp://:", "no host: write tcp://HOST:PORT"},
		{"tcp://:5555", "tcp://:5555", "no host: write tcp://HOST:PORT"},
		{"tcp://a", "tcp://a", "no port: write tcp://HOST:PORT, or tcp://HOST:* to let the system choose"},
		{"tcp://a:", "tcp://a:", "no port"},
		{"tcp://[::1]", "tcp://[::1]", "no port"},
		{"tcp://[::1]5555", "tcp://[::1]5555", "no port"},
		{"tcp://a:b:c", "tcp://a:b:c", "too many colons"},
		{"tcp://::1", "tcp://::1", "an IPv6 address stands in brackets"},
		{"tcp://::1:5555", "tcp://fe80::1%eth0:5555", "an IPv6 address stands in brackets"},
		{"tcp://[::1", "tcp://[::1", "[ without ]"},
		{"tcp://[]:1", "tcp://[]:1", "is not an IPv6 address"},
		{"tcp://[1.2.3.4]:1", "tcp://[1.2.3.4]:1", "is not an IPv6 address"},
		{"tcp://[::1%a b]:1", "tcp://[::1%\x00]:1", "is not an IPv6 address"},
		{"tcp://1.2.3.400:1", "tcp://1.2.3.400:1", "four numbers of 0 to 255"},
		{"tcp://127.1:1", "tcp://010.0.0.1:1", "four numbers of 0 to 255"},
		{"tcp://.:1", "tcp://5555:5555", "four numbers of 0 to 255"},

		{"tcp://1.2.3.4:99999", "tcp://1.2.3.4:99999", `port "99999" is too large: write 1 to 65535`},
		{"tcp://a:18446744073709551617", "tcp://a:65536", "is too large"},
		{"tcp://a:http", "tcp://a:5555/", "is not a number: write 1 to 65535"},
		{"tcp://a:-1", "tcp://a:+1", "is not a number"},
		{"tcp://a: 1", "tcp://a:1 ", "is not a number"},
		{"", "tcp://a:0", "port 0 cannot be dialled"},
		{"", "tcp://a:*", "port * is for Bind"},
		{"", "tcp://*:5555", "* has no peer"},

		{"tcp://a b:1", "tcp://a b:1", "is no host name"},
		{"tcp:// *:1", "tcp:// a:1", "is no host name"},
		{"tcp://a\x00:1", "tcp://a\x00b:1", "is no host name"},
		{"tcp://bücher:1", "tcp://bücher:1", "xn--"},
		{"tcp://user@a:1", "tcp://a/b:1", "is no host name"},
		{"tcp://a..b:1", "tcp://.a:1", "is no host name"},
		{"tcp://" + strings.Repeat("a", 254) + ":1", "tcp://" + strings.Repeat("a", 254) + ":1", "254 bytes: 253 are allowed"},

		{"tcp://a:1;b:2", "", "a source (before the ;) is for Connect"},
		{"", "tcp://a:1;b:2;c:3", "too many colons"},
		{"", "tcp://;b:2", "no port"},
		{"", "tcp://a:1;", "no port"},
		{"", "tcp://a;b:2", "no port"},
		{"", "tcp://a:1;*:2", "* has no peer"},

		{"ipc://@", "ipc://@", "no name after @"},
		{"ipc:///tmp/\x00", "ipc://\x00abstract", "NUL byte: write an abstract name as ipc://@NAME"},
		{"", "ipc://*", "* has no peer"},
		{"inproc://a\x00", "inproc://a\x00", "NUL byte"},
		{"inproc://" + strings.Repeat("n", 257), "inproc://" + strings.Repeat("n", 257), "257 bytes: 256 are allowed"},
	} {
		refuse(t, ParseBind, c.bind, c.reason)
		refuse(t, ParseConnect, c.connect, c.reason)
	}
	refuse(t, ParseBind, "", "empty: write tcp://HOST:PORT") // the empty text itself
}

func refuse(t *testing.T, parse func(string) (Endpoint, error), in, reason string) {
	t.Helper()
	if in == "" && !strings.HasPrefix(reason, "empty") {
		return
	}
	got, err := parse(in)
	var e *Error
	if !errors.As(err, &e) || e.Endpoint != in || !strings.Contains(err.Error(), reason) || got != (Endpoint{}) {
		t.Errorf("%q: %+v, %v; want an *Error with %q", in, got, err, reason)
	}
	if errors.Is(err, ErrUnknownTransport) {
		t.Errorf("%q: unknown transport; want malformed", in)
	}
}

func TestUnknownTransport(t *testing.T) {
	for in, reason := range map[string]string{
		"udp://1.2.3.4:5":         "udp is not carried: use tcp, ipc or inproc",
		"pgm://eth0;224.0.0.1:5":  "pgm is not carried",
		"epgm://eth0;224.0.0.1:5": "epgm is not carried",
		"norm://1,a:5":            "norm is not carried",
		"ws://a:5/x":              "ws is not carried",
		"wss://a:5/x":             "wss is not carried",
		"tipc://{1,2,3}":          "tipc is not carried",
		"vmci://*:5":              "vmci is not carried",
		"vsock://*:5":             "vsock is not carried",
		"http://a":                `no transport is called "http": use tcp, ipc or inproc`,
		"TCP://*:5":               `no transport is called "TCP"`,
		" tcp://*:5":              `no transport is called " tcp"`,
		"\x00://\x00":             `no transport is called "\x00"`,
	} {
		for _, parse := range []func(string) (Endpoint, error){ParseBind, ParseConnect} {
			if _, err := parse(in); !errors.Is(err, ErrUnknownTransport) || !strings.Contains(err.Error(), reason) {
				t.Errorf("%q: %v; want ErrUnknownTransport with %q", in, err, reason)
			}
		}
	}
}

func TestLongPathIsTheSystemsError(t *testing.T) {
	if _, err := ParseBind("ipc://" + strings.Repeat("p", 107)); err != nil {
		t.Errorf("107 bytes: %v", err)
	}
	_, err := ParseBind("ipc://" + strings.Repeat("p", 108))
	if !errors.Is(err, syscall.ENAMETOOLONG) || !strings.Contains(err.Error(), "108 bytes") {
		t.Errorf("108 bytes: %v; want ENAMETOOLONG", err)
	}
}

// However much a stranger writes, the message stays fit for a log line, and the whole text stays in the Error.
func TestErrorOfLongTextIsShort(t *testing.T) {
	for _, prefix := range []string{"", "://", "tcp://", "tcp://a:", "tcp://[", "inproc://", "ipc://", "udp", "\xff\x00"} {
		in := prefix + strings.Repeat("x", 100_000)
		_, err := ParseConnect(in)
		var e *Error
		if !errors.As(err, &e) || len(err.Error()) > 500 || e.Endpoint != in {
			t.Errorf("%q…: message of %d bytes, %T", prefix, len(err.Error()), err)
		}
	}
}

// Parsing never panics; what it accepts prints as a text that means the same, and that prints as itself.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "tcp", "tcp:/x", "tcp://", "tcp://:", "tcp://a:b:c", "tcp://[::1", "tcp://1.2.3.4:99999", "tcp://*:*", "tcp://*:5555", "tcp://[::1]:5",
		"tcp://[fe80::1%eth0]:5", "tcp://[::ffff:1.2.3.4]:5", "tcp://eth1:0;server1:5555", "tcp://*:*;[::]:1", "tcp://;;", "tcp://a:1;", "tcp://127.0.0.1:0005",
		"ipc://@x", "ipc://*", "ipc:///tmp/x\x00", "inproc://#1", "inproc://\xff;://", "udp://a:1", "x://y", "://", "tcp:// :1", "tcp://..:1", "tcp://[]:1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (Endpoint, error){ParseBind, ParseConnect} {
			e, err := parse(s)
			if err != nil {
				if bad := new(Error); !errors.As(err, &bad) || bad.Endpoint != s || bad.Reason == "" {
					t.Fatalf("%q: %T %v", s, err, err)
				}
				continue
			}
			if again, err := parse(e.String()); err != nil || again != e || again.String() != e.String() {
				t.Fatalf("%q is %+v, prints as %q, which is %+v, %v", s, e, e, again, err)
			}
		}
	})
}
