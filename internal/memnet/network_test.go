package memnet

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddressesAreInUseWhileListenedOn(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		refused := func(address string) {
			t.Helper()
			if _, err := n.Dial(t.Context(), "tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dial %s: %v; want refused", address, err)
			}
		}
		refused("hub:1")
		ln := listen(t, n, "hub:1")
		if _, err := n.Listen(t.Context(), "tcp", "hub:1"); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("second listener: %v; want address in use", err)
		}
		refused("hub:2")
		refused("other:1")
		dial(t, n, "hub:1")
		ln.Close()
		refused("hub:1")
		listen(t, n, "hub:1")
		dial(t, n, "hub:1")
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed twice: %v", err)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accepting on a closed listener: %v", err)
		}
	})
}

func TestErrorsReadLikeTheSystems(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		_, err := n.Dial(t.Context(), "tcp", "hub:1")
		if want := "dial tcp hub:1: connect: connection refused"; err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
		client, _ := connection(t, n)
		n.Reset("hub:1")
		_, err = client.Read(make([]byte, 1))
		if want := "read tcp 127.0.0.1:49152->hub:1: read: connection reset by peer"; err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	})
}

func TestNetworkChoosesPorts(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		listen(t, n, "hub:49153") // in the way of the second choice
		seen := map[string]bool{"hub:49153": true}
		for _, address := range []string{"hub:0", "hub:*", "hub:0"} {
			ln := listen(t, n, address)
			name := ln.Addr().String()
			if seen[name] || !strings.HasPrefix(name, "hub:49") {
				t.Errorf("%s is %s", address, name)
			}
			seen[name] = true
			dial(t, n, name)
		}
	})
}

func TestMadeUpAddressesDoNotRepeat(t *testing.T) {
	n := New()
	seen := map[addr]bool{}
	for range 3 * ports {
		a := n.choose("")
		if host, _, err := net.SplitHostPort(a.name); err != nil || net.ParseIP(host) == nil || seen[a] {
			t.Fatalf("%v after %d", a, len(seen))
		}
		seen[a] = true
	}
}

func TestAllPortsInUse(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		for range ports {
			listen(t, n, "hub:0")
		}
		if ln, err := n.Listen(t.Context(), "tcp", "hub:0"); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("one more: %v, %v; want address in use", ln, err)
		}
	})
}

func TestWildcardAnswersWhereNobodyElseDoes(t *testing.T) {
	for _, wildcard := range []string{":5", "*:5", "0.0.0.0:5", "[::]:5"} {
		bubble(t, func(t *testing.T, n *Network) {
			every, own := listen(t, n, wildcard), listen(t, n, "hub:5")
			dial(t, n, "hub:5")
			if c := accept(t, own); c.LocalAddr().String() != "hub:5" {
				t.Errorf("came to %v", c.LocalAddr())
			}
			dial(t, n, "localhost:5")
			if c := accept(t, every); c.LocalAddr().String() != "localhost:5" {
				t.Errorf("%s: came to %v", wildcard, c.LocalAddr())
			}
			n.Refuse(wildcard, true) // the listener's address names whom it serves
			if _, err := n.Dial(t.Context(), "tcp", "localhost:5"); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s refuses nobody: %v", wildcard, err)
			}
			dial(t, n, "hub:5")
		})
	}
}

func TestUnixPaths(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		ln, err := n.Listen(t.Context(), "unix", "/run/x")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		client, err := n.Dial(t.Context(), "unix", "/run/x")
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server := accept(t, ln)
		if a := server.RemoteAddr(); a.Network() != "unix" || a.String() != "" || client.RemoteAddr().String() != "/run/x" {
			t.Errorf("from %q to %q", a, client.RemoteAddr())
		}
		if cut := n.Reset("/run/x"); cut != 1 {
			t.Errorf("reset %d", cut)
		}
	})
}

func TestUnknownNetworksAndAddresses(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		for _, c := range [][2]string{{"udp", "hub:1"}, {"tcp", "hub"}, {"tcp", "a:b:c"}} {
			if _, err := n.Listen(t.Context(), c[0], c[1]); err == nil {
				t.Errorf("listens on %v", c)
			}
			if _, err := n.Dial(t.Context(), c[0], c[1]); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dials %v: %v", c, err)
			}
		}
	})
}

func TestAcceptWaitsAndCloseEndsIt(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		ln := listen(t, n, "hub:1")
		accepting := func() (int, error) {
			c, err := ln.Accept()
			if err == nil {
				c.Close()
			}
			return 0, err
		}
		first := start(&wg, accepting)
		dial(t, n, "hub:1")
		synctest.Wait()
		second := start(&wg, accepting)
		if !first.done || first.err != nil || second.done {
			t.Errorf("first %+v, second %+v; want one accepted", first, second)
		}
		ln.Close()
		wg.Wait()
		if !errors.Is(second.err, net.ErrClosed) {
			t.Errorf("accepting while the listener closes: %v", second.err)
		}
	})
}

func TestClosingAListenerResetsWhoWaits(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		ln := listen(t, n, "hub:1")
		client := dial(t, n, "hub:1")
		server := accept(t, ln)
		waiting := dial(t, n, "hub:1")
		ln.Close()
		ends(t, waiting, syscall.ECONNRESET)
		write(t, client, "lives on")
		reads(t, server, "lives on")
	})
}

func TestFullBacklogMakesDialsWait(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		ln := listen(t, n, "hub:1")
		for range backlogSize {
			dial(t, n, "hub:1")
		}
		late := start(&wg, func() (int, error) {
			c, err := n.Dial(t.Context(), "tcp", "hub:1")
			if err == nil {
				c.Close()
			}
			return 0, err
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := n.Dial(ctx, "tcp", "hub:1"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v; want the deadline", err, time.Since(began))
		}
		if late.done {
			t.Fatalf("dialled past a full backlog: %v", late.err)
		}
		accept(t, ln)
		wg.Wait()
		if late.err != nil {
			t.Errorf("with room again: %v", late.err)
		}
	})
}

func TestDialHearsItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		ln := listen(t, n, "hub:1")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := n.Dial(ctx, "tcp", "hub:1"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v; want cancelled", err)
		}
		// At 1.5 s the listener has the connection and the dialler has not heard of it.
		n.SetLatency(time.Second)
		ctx, cancel = context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if _, err := n.Dial(ctx, "tcp", "hub:1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; want the deadline", err)
		}
		ends(t, accept(t, ln), io.EOF)
	})
}
