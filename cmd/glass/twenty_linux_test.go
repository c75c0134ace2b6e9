package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A trouble is one row of the table of what goes wrong between an operator and a port, and what glass has to say of it: of whoever
// stands there, ours, libzmq's, or a stranger. The words are looked for in the cause and the fix together.
type trouble struct {
	name   string
	at     map[string]func(*ward) string // who can play the role, and where he is
	flags  func(*ward) []string
	exit   int
	reason string
	likely string // the first guess
	side   string
	words  string // a regular expression
	within string // a network namespace whose route leads nowhere
}

func flags(words ...string) func(*ward) []string { return func(*ward) []string { return words } }

type roles = map[string]func(*ward) string

const none = ""

// troubles are the twenty.
var troubles = []trouble{
	{"a closed port", roles{"nobody": vacantPort}, nil, 1, "refused", none, "either", "nothing listens on", none},
	{"a black hole", roles{"nobody": fixed("tcp://198.51.100.1:5555")}, flags("--timeout", "700ms"), 3, "timeout", none, "network", "packets vanish", "nowhere"},
	{"an unknown host", roles{"nobody": fixed("tcp://no-such-host.invalid:5555")}, nil, 1, "resolve", none, "here", "has no address.*spelling", none},
	{"a web server", roles{"stranger": (*ward).web}, flags("--timeout", "2s"), 4, "not_zmtp", none, "either", "HTTP.*port of another program", none},
	{"a TLS server", roles{"stranger": (*ward).tls, "OpenSSL": (*ward).openssl}, nil, 4, "not_zmtp", none, "either", "does not speak ZeroMQ: TLS", none},
	{"an SSH server", roles{"stranger": (*ward).ssh}, nil, 4, "not_zmtp", none, "either", "does not speak ZeroMQ: SSH", none},
	{"a silent TCP server", roles{"stranger": (*ward).silent}, flags("--timeout", "1s"), 3, "handshake_timeout", none, "there", "did not finish.*reads what we say, and does not answer", none},
	{"another socket type", roles{"ours": (*ward).pull, "libzmq": libzmqs("PULL")}, flags("--type", "SUB"), 5, "incompatible_socket_type", none, "either", "is a PULL, and a SUB cannot talk to it", none},
	{"NULL against CURVE", roles{"ours": (*ward).curve, "libzmq": libzmqs("CURVE")}, nil, 4, "mechanism_mismatch", none, "either", "the peer speaks CURVE, this probe NULL.*--server-key", none},
	{"CURVE against NULL", roles{"ours": (*ward).pull, "libzmq": libzmqs("PULL")}, (*ward).withKeys, 4, "mechanism_mismatch", none, "either", "the peer speaks NULL, this probe CURVE.*encrypts nothing", none},
	{"PLAIN against CURVE", roles{"ours": (*ward).curve, "libzmq": libzmqs("CURVE")}, (*ward).withPassword, 4, "mechanism_mismatch", none, "either", "the peer speaks CURVE, this probe PLAIN", none},
	{"another server's key", roles{"ours": (*ward).curve, "libzmq": libzmqs("CURVE")}, (*ward).withWrongServer, 4, "wrong_server_key", none, "here", "put the public key that the server prints into this client", none},
	{"a key that ZAP refuses", roles{"ours": (*ward).curve, "libzmq": libzmqs("CURVE")}, (*ward).withUnknownKey, 4, "auth_denied", none, "either", "does not let us in.*authenticator knows it", none},
	{"a user that ZAP refuses", roles{"ours": (*ward).plain, "libzmq": libzmqs("PLAIN")}, (*ward).withWrongPassword, 4, "auth_denied", none, "either", "does not let us in.*password", none},
	{"no ZAP handler, PLAIN", roles{"ours": (*ward).plainUnasked, "libzmq": libzmqs("nobody to ask")}, (*ward).withPassword, 4, "eof_in_handshake", "zap_missing", "there", "hung up on our user name and password.*ZAP handler runs", none},
	{"no ZAP handler, CURVE", roles{"ours": (*ward).curveUnasked}, (*ward).withKeys, 4, "eof_in_handshake", "zap_missing", "there", "authenticator runs and answers", none}, // libzmq's server then lets everybody in
	{"both sides server, PLAIN", roles{"ours": (*ward).plain, "libzmq": libzmqs("PLAIN")}, flags("--as-server", "PLAIN"), 4, "both_sides_server", none, "either", "both sides are configured as the PLAIN server: .*exactly one of them the client", none},
	{"both sides server, CURVE", roles{"ours": (*ward).curve, "libzmq": libzmqs("CURVE")}, flags("--as-server", "CURVE"), 4, "both_sides_server", none, "either", "both sides are configured as the CURVE server: ", none},
	{"a routing id that is taken", roles{"ours": (*ward).router, "libzmq": libzmqs("ROUTER")}, flags("--routing-id", "ann", "--ask", "hello", "--timeout", "2s"), 4, "identity_conflict", none, "either", `not as "ann": another peer has this routing id`, none},
	{"a PAIR that is taken", roles{"ours": (*ward).pair, "libzmq": libzmqs("PAIR")}, flags("--type", "PAIR"), 4, "pair_taken", none, "either", "that PAIR socket has a peer already", none},
	{"no descriptors left", roles{"ours": (*ward).limited, "libzmq": (*ward).limitedLibzmq}, flags("--timeout", "1s"), 3, "fd_limit", none, "there", `process \d+ \(.+\), which listens on .*, has no file descriptors left \((\d+) of (\d+)\).*ulimit`, none},
	{"ZMTP 1", roles{"stranger": (*ward).zmtp1}, nil, 4, "old_version", none, "there", "older than the 3.0.*update the peer", none},
	{"ZMTP 2", roles{"stranger": (*ward).zmtp2}, nil, 4, "old_version", none, "there", "older than the 3.0.*update the peer", none},
}

// What looks like one of the twenty from outside, and is told from it; and what is in order beside them.
var neighbours = []trouble{
	{"a program that does not accept", roles{"stranger": (*ward).idle}, flags("--timeout", "500ms"), 3, "handshake_timeout", none, "there", "nobody takes our connection to .*listens there and does not accept; connections that wait: [12]", none},
	{"a process that is stopped", roles{"ours": (*ward).stopped}, flags("--timeout", "500ms"), 3, "handshake_timeout", none, "there", `nobody takes our connection .*; the process is stopped, by a signal or a debugger\. let it go on: kill -CONT \d+`, none},
	{"a full accept queue", roles{"stranger": (*ward).crowded}, flags("--timeout", "500ms"), 3, "backlog_full", none, "there", "nobody takes our connection", none},
	{"a port at another address", roles{"stranger": (*ward).elsewhere}, nil, 1, "refused", none, "either", `but on 127\.0\.0\.1:\d+ of this host somebody does.*right port at the wrong address`, none},
	{"a program that does not read", roles{"stranger": (*ward).deaf}, flags("--timeout", "1s"), 3, "handshake_timeout", none, "there", "does not read: 64 bytes of ours wait", none},
	{"a type that fits", roles{"ours": (*ward).pull, "libzmq": libzmqs("PULL")}, flags("--type", "PUSH"), 0, none, none, none, "PULL", none},
	{"a routing id that is free", roles{"ours": (*ward).router}, flags("--routing-id", "bob", "--ask", "hello"), 0, none, none, none, "ROUTER", none},
	{"a routing id that is free, for libzmq", roles{"libzmq": libzmqs("ROUTER")}, flags("--routing-id", "bob", "--ask", "hello"), 0, none, none, none, "ROUTER", none},
	{"a routing id of which libzmq says nothing", roles{"libzmq": libzmqs("ROUTER")}, flags("--routing-id", "ann"), 0, none, "identity_conflict", none, "ROUTER", none},
	{"a PAIR that is free", roles{"ours": (*ward).freePair, "libzmq": libzmqs("a free PAIR")}, flags("--type", "PAIR"), 0, none, none, none, "PAIR", none},
	{"a server for our client", roles{"ours": (*ward).curve, "libzmq": libzmqs("CURVE")}, (*ward).withKeys, 0, none, none, none, "CURVE, REP", none},
	{"a client for our server", roles{"ours": (*ward).client}, flags("--as-server", "CURVE"), 0, none, none, none, "the client that a CURVE server wants", none},
}

func TestTwentyTroubles(t *testing.T) {
	w := newWard(t)
	for _, c := range slices.Concat(troubles, neighbours) {
		for who, place := range c.at {
			t.Run(c.name+", "+who, func(t *testing.T) {
				w.T = t
				at := place(w)
				for _, command := range []string{"probe", "doctor"} {
					args := []string{command, at, "-o", "json"}
					if c.flags != nil {
						args = append(args, c.flags(w)...)
					}
					w.play(t, &c, args)
				}
			})
		}
	}
}

// A finding is what both commands print, as far as the table looks.
type finding struct {
	OK      bool
	Exit    int
	Verdict string
	Reason  string
	Hint    string
	Side    string
	Likely  []struct{ Reason, Why string }
	Checks  []struct{ Check, State string }
}

func (w *ward) play(t *testing.T, c *trouble, args []string) {
	t.Helper()
	code, stdout, stderr := w.glass(t, c.within, args)
	var got finding
	if err := json.Unmarshal(stdout, &got); err != nil {
		t.Fatalf("%v: %v: %s%s", args, err, stdout, stderr)
	}
	likely := ""
	if len(got.Likely) > 0 {
		likely = got.Likely[0].Reason
	}
	if code != c.exit || got.Exit != c.exit || got.OK != (c.exit == 0) {
		t.Errorf("%v: exit code %d, told as %d: want %d: %s%s", args, code, got.Exit, c.exit, stdout, stderr)
	}
	if got.Reason != c.reason || likely != c.likely || got.Side != c.side {
		t.Errorf("%v: %q, likely %q, side %q: want %q, %q, %q: %s", args, got.Reason, likely, got.Side, c.reason, c.likely, c.side, stdout)
	}
	if said := got.Verdict + ". " + got.Hint; !regexp.MustCompile(c.words).MatchString(said) {
		t.Errorf("%v: it says\n%s, want\n%s", args, said, c.words)
	}
	if (code == 0) != (len(stderr) == 0) {
		t.Errorf("%v: exit code %d, and to the standard error %q", args, code, stderr)
	}
	if args[0] == "doctor" {
		bad := slices.ContainsFunc(got.Checks, func(c struct{ Check, State string }) bool { return c.State == "failed" })
		if len(got.Checks) < 5 || bad != (c.exit != 0) {
			t.Errorf("%v: the checks are %+v", args, got.Checks)
		}
	}
}

// glass runs a command, in this process or in a network namespace where a route leads nowhere.
func (w *ward) glass(t *testing.T, within string, args []string) (code int, stdout, stderr []byte) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out, notes bytes.Buffer
	if within == none {
		code = run(ctx, args, strings.NewReader(""), &out, &notes)
		return code, out.Bytes(), notes.Bytes()
	}
	// What goes to a loopback interface and is for nobody is dropped without a word, as a firewall does.
	const namespace = `ip link set lo up && ip route add 198.51.100.0/24 dev lo && exec glass "$@"`
	cmd := exec.CommandContext(ctx, "unshare", append([]string{"--net", "--map-root-user", "sh", "-c", namespace, "glass"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &notes
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Skipf("no network namespace here: %v", err)
	}
	if out.Len() == 0 && strings.Contains(notes.String(), "unshare") {
		t.Skipf("no network namespace here: %s", notes.String())
	}
	return code, out.Bytes(), notes.Bytes()
}
