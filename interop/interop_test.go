// Package interop holds tests only: our sockets talk to sockets of libzmq, over tcp, and both sides tell what they saw.
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

// python finds an interpreter that knows libzmq. The system's comes first: packages of the system are its alone.
var python = sync.OnceValues(func() (path string, err error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		have, look := exec.LookPath(name)
		if look != nil {
			err = fmt.Errorf("no Python 3: %w", look)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		out, probe := exec.CommandContext(ctx, have, "-c", "import zmq; zmq.zmq_version_info()").CombinedOutput()
		cancel()
		if probe == nil {
			return have, nil
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		err = fmt.Errorf("%s has no binding of libzmq: %s", have, lines[len(lines)-1])
	}
	return "", err
})

// needPeer is python's path, or the end of the test.
func needPeer(t *testing.T) string {
	t.Helper()
	path, err := python()
	if err == nil {
		return path
	}
	text := fmt.Sprintf("no libzmq peer here: %v: install its Python binding (on Debian the package python3-zmq)", err)
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}
