package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/zmtp/curve"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "glass" { // the tests, whose results do not depend on the settings of who runs them
		os.Setenv("GLASS_CONFIG", os.DevNull)
	}
	testscript.Main(m, map[string]func(){"glass": main})
}

// raceEndsAtOnce spares each process that is built with -race the second for which it else sleeps at its end.
const raceEndsAtOnce = "atexit_sleep_ms=0"

// The scripts are in testdata/script, one for each thing that a user does. Besides testscript's own commands there are:
//
//	exits CODE COMMAND…  the command's exit code
//	vacant NAME          $NAME is an endpoint where nobody listens
//	taken NAME           $NAME is an endpoint where somebody else listens and says nothing, to the end of the script
//	speaks NAME TEXT     the same, but TEXT is what he says
//	peer NAME TYPE [ipc] $NAME is an endpoint, of tcp if not ipc, where a socket listens, to the end of the script
//	agent NAME [TOKEN]   $NAME is where an agent answers, with the scene of internal/agenttest, to the end of the script
//	remembers FILE       the file is a history, of six facts
//	object KEY VALUE…    the last output is one JSON object with these keys and values
//	mode MODE FILE       the file has this mode, where the system has modes
//	secretless FILE      the last output has no secret key of this file in it
//	publickey NAME       $NAME is the last output's only line
//	cmpkinds KIND…       the last output is lines of text with these kinds, in this order
//	events [KIND…]       the last output is JSON lines with the keys that every event has, and has these kinds
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceEndsAtOnce)
			env.Setenv("PYTHON", interpreter())
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "vacant": vacant, "taken": taken, "speaks": speaks, "peer": peer,
			"cmpkinds": cmpkinds, "events": events, "object": object, "agent": askable, "remembers": remembers,
			"mode": mode, "secretless": secretless, "publickey": publickey,
		},
	})
}

// condition is [libzmq]: there is a Python here that knows it, $PYTHON. Where it is required, its absence is an error.
func condition(cond string) (bool, error) {
	switch {
	case cond != "libzmq":
		return false, fmt.Errorf("unknown condition %q", cond)
	case interpreter() != "":
		return true, nil
	case os.Getenv("ZMQ_INTEROP") == "required":
		return false, errors.New("libzmq is required, and there is no Python with its binding")
	}
	return false, nil
}

// interpreter is a Python that knows libzmq, "" if there is none. The system's comes first: packages of the system are its
// alone.
var interpreter = sync.OnceValue(func() string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import zmq").Run() == nil {
			return name
		}
	}
	return ""
})

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func listen(ts *testscript.TestScript) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	return l
}

func vacant(ts *testscript.TestScript, _ bool, args []string) {
	l := listen(ts)
	ts.Setenv(args[0], "tcp://"+l.Addr().String())
	ts.Check(l.Close())
}

func taken(ts *testscript.TestScript, _ bool, args []string) {
	l := listen(ts)
	ts.Setenv(args[0], "tcp://"+l.Addr().String())
	ts.Defer(func() { l.Close() })
}

func speaks(ts *testscript.TestScript, _ bool, args []string) {
	l := listen(ts)
	ts.Setenv(args[0], "tcp://"+l.Addr().String())
	var speaking sync.WaitGroup
	speaking.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			io.WriteString(c, args[1]+"\r\n")
			io.Copy(io.Discard, c) // until the other side has heard it
			c.Close()
		}
	})
	ts.Defer(func() { l.Close(); speaking.Wait() })
}

func peer(ts *testscript.TestScript, _ bool, args []string) {
	t, err := zmq.ParseType(args[1])
	ts.Check(err)
	s, err := zmq.New(t, zmq.Config{Linger: zmq.Off})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	endpoint := "tcp://127.0.0.1:*"
	if len(args) > 2 {
		endpoint = "ipc://*"
	}
	at, err := s.Bind(endpoint)
	ts.Check(err)
	ts.Setenv(args[0], at)
}

func askable(ts *testscript.TestScript, _ bool, args []string) {
	a := &agenttest.Agent{}
	if len(args) > 1 {
		a.Token = args[1]
	}
	s := httptest.NewServer(a.Handler())
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

func object(ts *testscript.TestScript, _ bool, args []string) {
	var o map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &o))
	for ; len(args) > 1; args = args[2:] {
		if got := fmt.Sprint(o[args[0]]); got != args[1] {
			ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
		}
	}
}

func cmpkinds(ts *testscript.TestScript, _ bool, want []string) {
	var got []string
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if words := strings.Fields(line); len(words) > 2 && line[0] != ' ' {
			got = append(got, words[2])
		}
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("the kinds are %v, want %v", got, want)
	}
}

func events(ts *testscript.TestScript, _ bool, kinds []string) {
	seen := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("%v in line %s", err, line)
		}
		for _, key := range []string{"v", "ts", "inst", "seq", "app", "pid", "event", "sev", "sock", "sock_type"} {
			if e[key] == nil {
				ts.Fatalf("no key %s in %s", key, line)
			}
		}
		if conn, ok := e["conn"].(string); ok && !strings.HasPrefix(conn, e["inst"].(string)+"/") {
			ts.Fatalf("conn is %s: want the instance before it", conn)
		}
		if failed := strings.Contains(e["event"].(string), "failed"); failed && (e["why"] == nil || e["hint"] == nil || e["reason"] == nil) {
			ts.Fatalf("a failure without reason, why and hint: %s", line)
		}
		seen[e["event"].(string)] = true
	}
	for _, kind := range kinds {
		if !seen[kind] {
			ts.Fatalf("no %s among the events", kind)
		}
	}
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); runtime.GOOS != "windows" && got != os.FileMode(want) {
		ts.Fatalf("the mode of %s is %#o, want %#o", args[1], got, want)
	}
}

func secretless(ts *testscript.TestScript, _ bool, args []string) {
	c, err := curve.ReadCertificate(ts.MkAbs(args[0]))
	ts.Check(err)
	if strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), c.Secret.Z85()) {
		ts.Fatalf("the output has the secret key of %s in it", args[0])
	}
}

func publickey(ts *testscript.TestScript, _ bool, args []string) {
	key, err := curve.ParsePublicKey(strings.TrimSpace(ts.ReadFile("stdout")))
	ts.Check(err)
	ts.Setenv(args[0], key.String())
}
