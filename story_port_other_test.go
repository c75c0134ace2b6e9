//go:build !linux

package zmq_test

import (
	"io"
	"net"
	"testing"
)

// freePort is a port of 127.0.0.1 that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// listenSilently would be a listener that does not answer.
func listenSilently(t *testing.T, at string) io.Closer {
	t.Helper()
	t.Skip("only on Linux does this test know how to make a listener that does not answer")
	return nil
}
