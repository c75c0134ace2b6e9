package memnet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test in virtual time over a fresh network, and demands that it leaves nothing open.
func bubble(t *testing.T, f func(t *testing.T, n *Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := New()
		t.Cleanup(func() {
			if listeners, conns := n.Open(); listeners+conns != 0 {
				t.Errorf("left open: %d listeners, %d connections", listeners, conns)
			}
		})
		f(t, n)
	})
}

func listen(t *testing.T, n *Network, address string) net.Listener {
	t.Helper()
	ln, err := n.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func dial(t *testing.T, n *Network, address string) net.Conn {
	t.Helper()
	c, err := n.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func accept(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// connection is a client and a server at "hub:1".
func connection(t *testing.T, n *Network) (client, server net.Conn) {
	t.Helper()
	ln := listen(t, n, "hub:1")
	client = dial(t, n, "hub:1")
	return client, accept(t, ln)
}

func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(s), err)
	}
}

// reads demands exactly s, in however many pieces, and not a byte more is taken.
func reads(t *testing.T, c net.Conn, s string) {
	t.Helper()
	b := make([]byte, len(s))
	if n, err := io.ReadFull(c, b); err != nil || string(b) != s {
		t.Fatalf("read %q, %v; want %q", b[:n], err, s)
	}
}

// ends demands that nothing can be read but err.
func ends(t *testing.T, c net.Conn, err error) {
	t.Helper()
	if n, got := c.Read(make([]byte, 16)); n != 0 || !errors.Is(got, err) {
		t.Fatalf("read %d bytes, %v; want %v", n, got, err)
	}
}

// refuses demands that writing fails with err.
func refuses(t *testing.T, c net.Conn, err error) {
	t.Helper()
	if n, got := c.Write([]byte("x")); n != 0 || !errors.Is(got, err) {
		t.Fatalf("wrote %d bytes, %v; want %v", n, got, err)
	}
}

// A result is what a call under way in another goroutine will have returned.
type result struct {
	n    int
	err  error
	at   time.Time
	done bool
}

// start runs a call that is expected to wait.
func start(wg *sync.WaitGroup, call func() (int, error)) *result {
	r := new(result)
	wg.Go(func() {
		r.n, r.err = call()
		r.at, r.done = time.Now(), true
	})
	synctest.Wait()
	return r
}

func TestConnection(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		client, server := connection(t, n)
		write(t, client, "ping")
		reads(t, server, "ping")
		write(t, server, "pong")
		reads(t, client, "pong")
		for _, c := range []struct{ got, want net.Addr }{
			{client.RemoteAddr(), addr{"tcp", "hub:1"}},
			{server.LocalAddr(), addr{"tcp", "hub:1"}},
			{client.LocalAddr(), addr{"tcp", "127.0.0.1:49152"}},
			{server.RemoteAddr(), addr{"tcp", "127.0.0.1:49152"}},
		} {
			if c.got != c.want || c.got.Network() != "tcp" {
				t.Errorf("address %v; want %v", c.got, c.want)
			}
		}
	})
}

// A program that knows nothing of this network runs over it: net/http, with keep-alive, over latency, in virtual time.
func TestHTTP(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		n.SetLatency(10 * time.Millisecond)
		var wg sync.WaitGroup
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
			fmt.Fprintf(w, " from %s", r.Host)
		})}
		ln := listen(t, n, "web:80")
		wg.Go(func() { server.Serve(ln) })
		transport := &http.Transport{DialContext: n.Dial}
		client := http.Client{Transport: transport}
		began := time.Now()
		for range 3 {
			response, err := client.Post("http://web/", "text/plain", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || string(body) != "hello from web" {
				t.Errorf("%q, %v", body, err)
			}
			response.Body.Close()
		}
		if took := time.Since(began); took != 80*time.Millisecond { // one dial, three round trips
			t.Errorf("took %v; want 80ms", took)
		}
		transport.CloseIdleConnections()
		server.Close()
		wg.Wait()
	})
}
