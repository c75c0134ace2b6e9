package monitor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
)

// Everything that can be told of a failure: each kind that has words, with
// each reason and none, from each side, with and without facts.
func everyFailure(yield func(Event) bool) {
	reasons := []Reason{"", "from_the_future"}
	for r := range Reasons() {
		reasons = append(reasons, r)
	}
	full := Event{
		FD: -1, Endpoint: "tcp://db:5555", Remote: "tcp://10.0.0.9:41234", SocketType: "SUB", PeerType: "PULL",
		PeerID: "risk-2", Mechanism: "CURVE", Version: "2.0", Err: errors.New("detail"),
		Interval: time.Second, Count: 12, Unsent: 3, QueueOut: 1000,
	}
	for k := range Kinds() {
		if k&explained == 0 {
			continue
		}
		for _, r := range reasons {
			for _, side := range []Side{"", SideBind, SideConnect} {
				for _, who := range []Who{"", ByLocal, ByPeer, ByNetwork, ByTimer} {
					known := full
					known.Kind, known.Reason, known.Side, known.Who = k, r, side, who
					if !yield(known) || !yield(Event{Kind: k, Reason: r, Side: side, Who: who, FD: -1}) {
						return
					}
				}
			}
		}
	}
}

func TestEveryFailureHasPlainWords(t *testing.T) {
	n := 0
	for e := range everyFailure {
		n++
		for name, text := range map[string]string{"why": e.Why(), "hint": e.Hint()} {
			switch {
			case text == "":
				t.Errorf("%v: no %s", e, name)
			case strings.ContainsAny(text, "{}[]"):
				t.Errorf("%v: %s has a fact or bracket left: %q", e, name, text)
			case strings.Contains(text, "  ") || strings.TrimSpace(text) != text:
				t.Errorf("%v: %s has stray spaces: %q", e, name, text)
			case strings.HasSuffix(text, ".") || unicode.IsUpper(rune(text[0])) && !strings.HasPrefix(text, "Linger") && !strings.HasPrefix(text, "ReconnectStop"):
				t.Errorf("%v: %s is not a clause that views can put together: %q", e, name, text)
			case strings.Contains(text, "failed to"):
				t.Errorf("%v: %s says \"failed to\": %q", e, name, text)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if n < 1000 {
		t.Errorf("only %d failures were looked at", n)
	}
}

func TestSuccessHasNoWords(t *testing.T) {
	for k := range Kinds() {
		if k&explained != 0 {
			continue
		}
		if e := (Event{Kind: k}); e.Why() != "" || e.Hint() != "" {
			t.Errorf("%v: %q, %q; want no words without a reason", k, e.Why(), e.Hint())
		}
	}
}

func TestRowsNameOnlyFactsThatExist(t *testing.T) {
	facts := regexp.MustCompile(`\{(\w+)\}`)
	known := Event{
		Kind: Dropped, Endpoint: "e", Remote: "r", PeerType: "p", SocketType: "s", PeerID: "i", Mechanism: "m",
		Version: "v", Err: errors.New("x"), Count: 1, Unsent: 1,
	}
	rows := map[string]words{}
	for _, row := range reasons {
		rows[string(row.reason)] = row.words
		rows[string(row.reason)+" on bind"] = row.onBind
		rows[string(row.reason)+" by peer"] = row.byPeer
		rows[string(row.reason)+" over ipc"] = row.onIPC
	}
	for k, w := range kindWords {
		rows[k.String()] = w
	}
	for code, c := range protocolCodes {
		rows[fmt.Sprintf("%#x", code)] = c.words
	}
	for name, w := range rows {
		if (w.why == "") != (w.hint == "") {
			t.Errorf("%s: has only one of why and hint", name)
		}
		for _, text := range []string{w.why, w.hint} {
			if strings.Count(text, "[") != strings.Count(text, "]") || strings.Count(text, "{") != strings.Count(text, "}") {
				t.Errorf("%s: unbalanced: %q", name, text)
			}
			for _, m := range facts.FindAllStringSubmatch(text, -1) {
				if known.fact(m[1]) == "" {
					t.Errorf("%s: there is no fact %q: %q", name, m[1], text)
				}
			}
			bare := regexp.MustCompile(`\[[^\]]*\]`).ReplaceAllString(text, "")
			for _, m := range facts.FindAllStringSubmatch(bare, -1) {
				if standIns[m[1]] == "" && m[1] != "event" {
					t.Errorf("%s: fact %q is outside brackets but has no stand-in: %q", name, m[1], text)
				}
			}
		}
	}
}

func TestWordsSayWhatHappenedToWhom(t *testing.T) {
	for _, c := range []struct {
		e         Event
		why, hint string
	}{
		{
			Event{Kind: ConnectFailed, Side: SideConnect, Endpoint: "tcp://db:5555", Reason: ReasonRefused, Err: syscall.ECONNREFUSED},
			"nothing listens on tcp://db:5555",
			"start the server, or compare its port and interface with this endpoint: a server bound to 127.0.0.1 cannot be reached from another host",
		},
		{
			Event{Kind: ConnectFailed, Side: SideConnect, Endpoint: "ipc:///run/db", Reason: ReasonRefused, Err: syscall.ENOENT},
			"nothing listens on ipc:///run/db: no such file or directory",
			"start the server, or compare its path with this endpoint: a relative one begins in each process's own directory, and containers see their own files",
		},
		{
			Event{Kind: AcceptFailed, Side: SideBind, Endpoint: "tcp://*:5555", Remote: "tcp://192.0.2.7:4711", Reason: ReasonFiltered},
			"tcp://192.0.2.7:4711 was turned away: AcceptFilter does not let its address in",
			"nothing, if it is a stranger; otherwise add its network to AcceptFilter",
		},
		{
			Event{Kind: ConnectRetried, Side: SideConnect, Endpoint: "tcp://db:5555", Reason: ReasonRefused, Interval: 200 * time.Millisecond},
			"nothing listens on tcp://db:5555; the next attempt is in 200ms",
			"start the server, or compare its port and interface with this endpoint: a server bound to 127.0.0.1 cannot be reached from another host",
		},
		{
			Event{Kind: HandshakeFailedProtocol, Side: SideBind, Endpoint: "tcp://*:5555", Remote: "tcp://10.0.0.9:41234", Reason: ReasonIncompatibleSocketType, SocketType: "PULL", PeerType: "SUB"},
			"tcp://10.0.0.9:41234 is a SUB, and a PULL cannot talk to it",
			"that client has the wrong port or the wrong socket type: what listens at tcp://*:5555 is a PULL",
		},
		{ // the peer under the name that the user gave it, and its address
			Event{Kind: Disconnected, Side: SideConnect, Endpoint: "tcp://db:5555", Remote: "tcp://10.0.0.9:5555", Reason: ReasonPeerClosed},
			"tcp://db:5555 (10.0.0.9:5555) closed the connection",
			"normal if the peer stopped or disconnected; otherwise its own events say why it left",
		},
		{ // a version 1 frame does not tell the side: no word about who accepted whom
			Event{Kind: HandshakeFailedNoDetail, Endpoint: "tcp://127.0.0.1:5555", Err: syscall.EPIPE},
			"the handshake with the peer ended without a reason: broken pipe",
			"compare mechanism, keys and socket type of both sides; the other side's log may say more",
		},
		{
			Event{Kind: HandshakeFailedProtocol, Side: SideConnect, Endpoint: "tcp://web:80", Reason: ReasonNotZMTP, Err: errors.New("it answered HTTP/1.1 400 Bad Request")},
			"what answers at tcp://web:80 does not speak ZeroMQ: it answered HTTP/1.1 400 Bad Request",
			"this is the port of another program, such as a web, TLS or SSH server: correct the endpoint here, or the server's port there",
		},
		{
			Event{Kind: HandshakeFailedAuth, Side: SideConnect, Endpoint: "tcp://db:5555", Who: ByPeer, Reason: ReasonAuthDenied},
			"tcp://db:5555 does not let us in",
			"check the key or password configured here, and ask that the server's authenticator knows it",
		},
		{ // as a libzmq frame brings it: a number, and no reason
			Event{Kind: HandshakeFailedProtocol, Value: 0x10000013},
			"the peer's HELLO command has the wrong length or content",
			"the peer's ZeroMQ library is faulty, or something on the way cuts or changes the bytes: note the peer's library and version",
		},
		{
			Event{Kind: HandshakeFailedNoDetail, Side: SideBind, Err: syscall.EPIPE},
			"the peer connected and left before the handshake was done",
			"port probes and health checks do this and are harmless; a ZeroMQ client that does it has refused us, and its own events say why",
		},
		{
			Event{Kind: LocalClosed, Reason: ReasonClose, Unsent: 7},
			"this program closed the socket",
			"nothing to do, but 7 queued messages were dropped: give Linger more time",
		},
		{
			Event{Kind: GaveUp, Side: SideConnect, Endpoint: "tcp://db:5555", Reason: ReasonRefused},
			"nothing listens on tcp://db:5555; it is not tried again",
			"start the server, or compare its port and interface with this endpoint: a server bound to 127.0.0.1 cannot be reached from another host",
		},
		{ // the reason's own words are about using an endpoint, not about giving it back
			Event{Kind: CloseFailed, Side: SideBind, Endpoint: "ipc:///run/db", Reason: ReasonPermission, Err: syscall.EACCES},
			"a descriptor or the ipc file of ipc:///run/db could not be released: permission denied",
			"look at the owner and mode of the ipc file and its directory; a file left behind can be removed by hand",
		},
		{ // nobody's messages
			Event{Kind: Dropped, Reason: ReasonPeerGone, Count: 2, SocketType: "REP"},
			"the peer left before the messages for it could be sent: 2 were dropped",
			"messages to an accepted peer die with its connection: let the peer confirm what it must not miss",
		},
		{
			Event{Kind: Lost, Count: 3},
			"this reader of events was too slow: 3 events were dropped before it took them",
			"do less for each event or read on a goroutine of its own; take a new snapshot with WatchState to know the present again",
		},
		{ // Go's wrapping of a number is not repeated
			Event{Kind: BindFailed, Side: SideBind, Endpoint: "tcp://10.1.1.1:80", Err: &os.SyscallError{Syscall: "bind", Err: syscall.EINVAL}},
			"tcp://10.1.1.1:80 could not be bound: invalid argument",
			"check that the address is this host's, that its port or path is free, and that this process may use it",
		},
		{
			Event{Kind: Disconnected, Reason: "from_the_future", Endpoint: "tcp://*:1", Err: io.ErrUnexpectedEOF},
			"disconnected at tcp://*:1: unexpected EOF",
			"no known cause fits: the error above and the other side's log are all there is; please report it with both",
		},
	} {
		if got := c.e.Why(); got != c.why {
			t.Errorf("why of %v:\n got %s\nwant %s", c.e, got, c.why)
		}
		if got := c.e.Hint(); got != c.hint {
			t.Errorf("hint of %v:\n got %s\nwant %s", c.e, got, c.hint)
		}
	}
}

// What a peer says about itself must not act on the terminal that shows it,
// nor look like words of ours.
func TestPeersCannotForgeWords(t *testing.T) {
	evil := "\x1b[2J\nall is well {endpoint} [" + strings.Repeat("A", 1<<20)
	e := Event{
		Kind: HandshakeFailedProtocol, Endpoint: "tcp://db:1", Reason: ReasonRefusedByPeer,
		Err: errors.New(evil), PeerType: evil, PeerID: evil, UserID: evil, Topic: evil, Version: evil, Mechanism: evil,
	}
	for name, text := range map[string]string{"Why": e.Why(), "Hint": e.Hint(), "String": e.String()} {
		if strings.IndexFunc(text, unicode.IsControl) >= 0 {
			t.Errorf("%s passes control characters: %.80q", name, text)
		}
		if strings.Contains(text, "all is well tcp") {
			t.Errorf("%s fills in the facts of a peer's text: %.80q", name, text)
		}
		if len(text) > 10*longestText {
			t.Errorf("%s has %d bytes: a peer chooses how long a line is", name, len(text))
		}
	}
}

// Where a row promises a libzmq number, the code table must mean the same.
func TestCodesAndReasonsAgree(t *testing.T) {
	if len(protocolCodes) != 21 {
		t.Errorf("%d ZMQ_PROTOCOL_ERROR codes, want 21", len(protocolCodes))
	}
	for _, row := range reasons {
		if row.code == 0 {
			continue
		}
		_, protocol := protocolCodes[row.code]
		_, zap := zapReasons[row.code]
		if !protocol && !zap {
			t.Errorf("%s has code %#x, which libzmq does not know", row.reason, row.code)
		}
	}
	for status, reason := range zapReasons {
		if reason.row().code != status {
			t.Errorf("%s has code %d, want its ZAP status %d", reason, reason.row().code, status)
		}
	}
	for code, c := range protocolCodes {
		if _, ok := reasonIndex[c.reason]; !ok || c.name == "" {
			t.Errorf("code %#x (%s) has no row for reason %q", code, c.name, c.reason)
		}
	}
}

func TestReasonsAreLabels(t *testing.T) {
	label := regexp.MustCompile(`^[a-z][a-z_]*$`)
	seen := map[Reason]bool{}
	for r := range Reasons() {
		if !label.MatchString(string(r)) || seen[r] {
			t.Errorf("%q is no label, or twice in the table", r)
		}
		seen[r] = true
		if r.row().who == "" {
			t.Errorf("%s: the table does not say who it usually is", r)
		}
		if why, hint := r.Explain(); why == "" || hint == "" {
			t.Errorf("%s is not explained", r)
		}
	}
	if why, _ := Reason("from_the_future").Explain(); why == "" {
		t.Error("a reason of a newer version is not explained as other")
	}
}
