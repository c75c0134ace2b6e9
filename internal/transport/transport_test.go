package transport

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
)

// patience bounds what a working machine does at once; only a broken test waits for it.
const patience = 10 * time.Second

func bindTo(t *testing.T, s string) endpoint.Endpoint {
	t.Helper()
	e, err := endpoint.ParseBind(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func connectTo(t *testing.T, s string) endpoint.Endpoint {
	t.Helper()
	e, err := endpoint.ParseConnect(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func listen(t *testing.T, s string, o Options) (net.Listener, string) {
	t.Helper()
	ln, bound, err := Listen(within(t, patience), bindTo(t, s), o)
	if err != nil {
		t.Fatalf("listen %s: %v", s, err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln, bound
}

func dial(t *testing.T, s string, o Options) net.Conn {
	t.Helper()
	c, err := Dial(within(t, patience), connectTo(t, s), o, nil)
	if err != nil {
		t.Fatalf("dial %s: %v", s, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
