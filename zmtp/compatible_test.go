package zmtp

import (
	"strings"
	"testing"
)

// The table of RFC 37, "The Socket-Type Property", row by row as it stands there.
const table = `
        REQ REP DEALER ROUTER PUB XPUB SUB XSUB PUSH PULL PAIR CLIENT SERVER RADIO DISH SCATTER GATHER PEER CHANNEL
REQ      .   *    .      *     .   .    .   .    .    .    .     .      .      .    .     .      .     .     .
REP      *   .    *      .     .   .    .   .    .    .    .     .      .      .    .     .      .     .     .
DEALER   .   *    *      *     .   .    .   .    .    .    .     .      .      .    .     .      .     .     .
ROUTER   *   .    *      *     .   .    .   .    .    .    .     .      .      .    .     .      .     .     .
PUB      .   .    .      .     .   .    *   *    .    .    .     .      .      .    .     .      .     .     .
XPUB     .   .    .      .     .   .    *   *    .    .    .     .      .      .    .     .      .     .     .
SUB      .   .    .      .     *   *    .   .    .    .    .     .      .      .    .     .      .     .     .
XSUB     .   .    .      .     *   *    .   .    .    .    .     .      .      .    .     .      .     .     .
PUSH     .   .    .      .     .   .    .   .    .    *    .     .      .      .    .     .      .     .     .
PULL     .   .    .      .     .   .    .   .    *    .    .     .      .      .    .     .      .     .     .
PAIR     .   .    .      .     .   .    .   .    .    .    *     .      .      .    .     .      .     .     .
CLIENT   .   .    .      .     .   .    .   .    .    .    .     .      *      .    .     .      .     .     .
SERVER   .   .    .      .     .   .    .   .    .    .    .     *      .      .    .     .      .     .     .
RADIO    .   .    .      .     .   .    .   .    .    .    .     .      .      .    *     .      .     .     .
DISH     .   .    .      .     .   .    .   .    .    .    .     .      .      *    .     .      .     .     .
SCATTER  .   .    .      .     .   .    .   .    .    .    .     .      .      .    .     .      *     .     .
GATHER   .   .    .      .     .   .    .   .    .    .    .     .      .      .    .     *      .     .     .
PEER     .   .    .      .     .   .    .   .    .    .    .     .      .      .    .     .      .     *     .
CHANNEL  .   .    .      .     .   .    .   .    .    .    .     .      .      .    .     .      .     .     *
`

func TestCompatible(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(table), "\n")
	types := strings.Fields(rows[0])
	if len(types) != 19 || len(rows) != 20 {
		t.Fatalf("%d types, %d rows", len(types), len(rows))
	}
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		for i, b := range types {
			if got, want := Compatible(cells[0], b), cells[1+i] == "*"; got != want {
				t.Errorf("%s and %s: %v; the RFC says %v", cells[0], b, got, want)
			}
		}
	}
	for _, a := range append(types, "", "STREAM", "DGRAM", "req") {
		for _, b := range []string{"", "STREAM", "DGRAM", "req", "rep", "PULL "} {
			if Compatible(a, b) || Compatible(b, a) {
				t.Errorf("%q and %q may talk", a, b)
			}
		}
	}
}

func TestCheckRemote(t *testing.T) {
	long := strings.Repeat("i", 255)
	for _, c := range []struct {
		local  string
		remote Metadata
		want   string
	}{
		{"PULL", Metadata{{SocketType, "PUSH"}}, ""},
		{"REP", Metadata{{"socket-type", "REQ"}, {Identity, ""}}, ""},
		{"ROUTER", Metadata{{SocketType, "DEALER"}, {Identity, long}}, ""},
		{"ROUTER", Metadata{{Identity, "a\x00b"}, {SocketType, "REQ"}}, ""},

		{"REQ", Metadata{{SocketType, "PULL"}}, "incompatible socket type: REQ cannot talk to PULL"},
		{"PULL", Metadata{{"socket-type", "REQ"}}, "incompatible socket type: PULL cannot talk to REQ"},
		{"SUB", Metadata{{SocketType, "sub"}}, "incompatible socket type: SUB cannot talk to sub"},
		{"SUB", Metadata{{SocketType, ""}}, `incompatible socket type: SUB cannot talk to ""`},
		{"SUB", Metadata{{SocketType, "PUB\n"}}, `incompatible socket type: SUB cannot talk to bytes 50 55 42 0a`},
		{"SUB", Metadata{{SocketType, strings.Repeat("PUB", 20)}}, `incompatible socket type: SUB cannot talk to "PUBPUBPUBPUBPUBPUBPUBPUBPUBPUBPUBPUBPUBP"`},
		{"PUB", nil, "missing socket type: the peer of this PUB does not say what it is"},
		{"PUB", Metadata{{"X-Socket-Type", "SUB"}}, "missing socket type: the peer of this PUB does not say what it is"},
		{"ROUTER", Metadata{{SocketType, "DEALER"}, {Identity, long + "i"}}, "bad identity: 256 bytes, at most 255 accepted"},
		{"ROUTER", Metadata{{SocketType, "DEALER"}, {"IDENTITY", "\x00abcd"}}, "bad identity: it begins with a zero byte, which is kept for ids that sockets make up"},
	} {
		err := CheckRemote(c.local, c.remote)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s meets %.80q: %v; want %q", c.local, c.remote, err, c.want)
		}
		if err != nil && codeOf(t, err).Classic() != InvalidMetadata {
			t.Errorf("%v is %v for libzmq's frames; want invalid_metadata", err, codeOf(t, err).Classic())
		}
	}
}
