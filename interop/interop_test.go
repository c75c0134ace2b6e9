// Package interop holds tests only: our sockets talk to sockets of libzmq, over tcp and ipc, and both sides tell what they saw.
//
// The other side is testdata/peer.py, a program over libzmq's Python binding that does what it is told in lines of JSON
// (process_test.go). Where neither engine may be trusted with the question, a third one speaks by hand (raw_test.go).
//
// On a machine without the binding these tests skip and say what to install. With ZMQ_INTEROP=required in the environment
// they fail instead: so they run in CI.
package interop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come. Everything here takes milliseconds, but the machine may be busy
// and the race detector on.
const patience = 20 * time.Second

// An interpreter is a Python that knows libzmq.
type interpreter struct{ path, libzmq string }

// python finds one. The system's comes first: packages of the system are its alone.
var python = sync.OnceValues(func() (found interpreter, err error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, look := exec.LookPath(name)
		if look != nil {
			err = fmt.Errorf("no Python 3: %w", look)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		out, probe := exec.CommandContext(ctx, path, "-c", "import zmq; print(zmq.zmq_version())").CombinedOutput()
		cancel()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		last := lines[len(lines)-1] // of a traceback, what went wrong
		if probe == nil {
			return interpreter{path, last}, nil
		}
		err = fmt.Errorf("%s has no binding of libzmq: %s", path, last)
	}
	return found, err
})

// needPeer is the interpreter, or the end of the test.
func needPeer(t *testing.T) interpreter {
	t.Helper()
	found, err := python()
	if err == nil {
		return found
	}
	text := fmt.Sprintf("no libzmq peer here: %v: install its Python binding (on Debian the package python3-zmq)", err)
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(text)
	}
	t.Skip(text)
	return found
}
