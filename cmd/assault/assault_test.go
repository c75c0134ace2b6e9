package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
)

// The command starts itself as the host of our sockets; under test, that is the test.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveOurs {
		serve(os.Stdin, os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// A few inputs of each mechanism and role, over real sockets of another process: all as the list has it.
func TestOurs(t *testing.T) {
	out, code := command(t, "-patience", "10s", "-run", `^(http_get|size_2\^64-1|whole_ones_before_a_reset|answer_twice|domain_zmtp_2|plain_wrong_password|plain_welcome_with_data|`+
		`zap_no_and_then_yes|curve_message_repeated|curve_server_message_reflected|subscribe_and_cancel|silence_beside_a_good_peer|xpub_hears_a_topic_come_and_go)$`, "ours")
	if code != 0 || !regexp.MustCompile(`(?m)^ours: \d\d tried, 0 otherwise than the list has it, died 0 times$`).MatchString(out) {
		t.Errorf("status %d and\n%s", code, out)
	}
}

// The same of libzmq, where there is one: what it does otherwise is known (a peer that sends one bad frame is not dialled
// again), and is no failure of ours beside it.
func TestLibzmq(t *testing.T) {
	if err := exec.Command("/usr/bin/python3", "-c", "import zmq").Run(); err != nil {
		if os.Getenv("ZMQ_INTEROP") == "required" {
			t.Fatal("no libzmq for Python 3: on Debian, python3-zmq")
		}
		t.Skip("no libzmq for Python 3: on Debian, python3-zmq")
	}
	out, code := command(t, "-patience", "2s", "-run", `^(size_2\^63|curve_message_good)$`, "ours", "libzmq")
	if code != 0 || !strings.Contains(out, "size_2^63, PULL, dialler, NULL: disconnected peer traffic bad_frame\n    libzmq: a good peer is not served:") {
		t.Errorf("status %d and\n%s", code, out)
	}
	if out, code := command(t, "-patience", "2s", "-run", `^size_2\^63$`, "libzmq"); code != 1 {
		t.Errorf("status %d for a libzmq that does otherwise, and\n%s", code, out)
	}
}

// A socket of ours that somebody else has bound does as the list has it; a listener that takes everything and says nothing,
// and one that hangs up on everybody, do not.
func TestEndpoint(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{})
	defer pull.Shutdown(zmq.NoWait)
	bound, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	only := []string{"-patience", "10s", "-run", `^(http_get|ready_twice|long_form_of_two_bytes|zmtp_2)$`, "-type", "PULL"}
	if out, code := command(t, append(only, bound)...); code != 0 || !strings.Contains(out, ": 4 tried, 0 otherwise") {
		t.Errorf("status %d and\n%s", code, out)
	}
	only[1] = "50ms"
	for name, c := range map[string]struct {
		treat func(net.Conn)
		want  string
	}{
		"silent":  {func(net.Conn) {}, ": left open\n"},
		"hostile": {func(c net.Conn) { c.Close() }, ": a good peer is not served: "},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c.treat(conn)
			}
		}()
		if out, code := command(t, append(only, "tcp://"+l.Addr().String())...); code != 1 || !strings.Contains(out, c.want) || !strings.Contains(out, ": 4 tried, 4 otherwise") {
			t.Errorf("%s: status %d and\n%s", name, code, out)
		}
	}
}

// A process that dies of an input is noticed, and the next input has another.
func TestDeath(t *testing.T) {
	const mortal = `while read line; do
	case $line in *'"hello"'*) echo '{"answer":true}';; *) echo killed by "$line" >&2; exit 1;; esac
done`
	c, err := startChild(t.Context(), "mortal", time.Second, "/bin/sh", "-c", mortal)
	if err != nil {
		t.Skip("no shell: ", err)
	}
	defer c.close()
	all, err := assault.Inputs()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(in *assault.Input) bool { return in.Name != "http_get" })
	var out bytes.Buffer
	code, err := replayAll(t.Context(), &out, all, []target{c}, choice{patience: time.Second})
	if err != nil || code != 1 || strings.Count(out.String(), "    mortal: the process died: killed by ") != 2 || !strings.Contains(out.String(), "mortal: 2 tried, 2 otherwise than the list has it, died 2 times") {
		t.Errorf("status %d, %v and\n%s", code, err, out.String())
	}
}

// What cannot be meant is said, and attacks nobody.
func TestRefusals(t *testing.T) {
	for _, args := range [][]string{{"-type", "PULL", "tcp://192.0.2.1:5555"}, {"-type", "PULL", "tcp://localhost:5555"}, {"tcp://127.0.0.1:5555"}, {"theirs"}, {"-run", "("},
		{"ours", "libzmq", "ours"}, {"-run", "^no such input$", "ours"}, {"-python", "/nowhere/python3", "libzmq"}} {
		if code, err := run(args, io.Discard); code != 2 || err == nil || err.Error() == "" {
			t.Errorf("%q: status %d, %v", args, code, err)
		}
	}
	if out, code := command(t, "-list"); code != 0 || !strings.Contains(out, "\nhttp_get: PULL listener dialler NULL") && !strings.HasPrefix(out, "http_get: ") {
		t.Errorf("status %d and %.200s", code, out)
	}
}

func command(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var b bytes.Buffer
	code, err := run(args, &b)
	if err != nil {
		t.Errorf("%q: %v", args, err)
	}
	return b.String(), code
}
