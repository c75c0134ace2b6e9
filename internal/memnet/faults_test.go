package memnet

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// quiet demands that nothing can be read within a second.
func quiet(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Second))
	ends(t, c, os.ErrDeadlineExceeded)
	c.SetReadDeadline(time.Time{})
}

func TestLatency(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		began := time.Now()
		at := func(what string, want time.Duration) {
			t.Helper()
			if got := time.Since(began); got != want {
				t.Errorf("%s at %v; want %v", what, got, want)
			}
		}
		n.SetLatency(time.Second)
		ln := listen(t, n, "hub:1")
		client := dial(t, n, "hub:1")
		at("dialled", 2*time.Second)
		server := accept(t, ln)
		if _, err := n.Dial(t.Context(), "tcp", "hub:2"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
		at("refused", 4*time.Second)

		wg.Go(func() {
			client.Write([]byte("one"))
			time.Sleep(100 * time.Millisecond)
			n.SetLatency(time.Millisecond) // what is sent later does not overtake
			client.Write([]byte("two"))
			client.Close()
		})
		reads(t, server, "one")
		at("one", 5*time.Second)
		reads(t, server, "two")
		at("two", 5*time.Second)
		ends(t, server, io.EOF)
		wg.Wait()
	})
}

// The news of a peer's close takes its time; until it is there, writing to the peer succeeds, and is lost.
func TestLatencyOfClose(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		n.SetLatency(time.Second)
		client, server := connection(t, n)
		write(t, client, "unread")
		server.Close()
		write(t, client, strings.Repeat("x", 2*BufferSize))
		began := time.Now()
		ends(t, client, io.EOF)
		if took := time.Since(began); took != time.Second {
			t.Errorf("the end came after %v", took)
		}
		refuses(t, client, syscall.EPIPE)
	})
}

func TestRefuse(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		client, server := connection(t, n)
		n.Refuse("hub:1", true)
		if _, err := n.Dial(t.Context(), "tcp", "hub:1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v; want refused", err)
		}
		write(t, client, "unharmed")
		reads(t, server, "unharmed")
		n.Refuse("hub:1", false)
		dial(t, n, "hub:1")
	})
}

func TestReset(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		ln := listen(t, n, "hub:1")
		other := listen(t, n, "hub:2")
		client, server := dial(t, n, "hub:1"), accept(t, ln)
		bystander, witness := dial(t, n, "hub:2"), accept(t, other)
		write(t, client, "arrived")
		write(t, server, strings.Repeat("x", BufferSize))
		w := start(&wg, func() (int, error) { return server.Write([]byte("y")) })
		idle, far := dial(t, n, "hub:1"), accept(t, ln)
		r := start(&wg, func() (int, error) { return idle.Read(make([]byte, 1)) })
		far.Close()
		dial(t, n, "hub:1").Close() // waits to be accepted: one end lives
		synctest.Wait()

		if cut := n.Reset("hub:1"); cut != 3 {
			t.Errorf("reset %d connections; want 3", cut)
		}
		if cut := n.Reset("hub:1"); cut != 0 {
			t.Errorf("reset %d connections again", cut)
		}
		wg.Wait()
		if !errors.Is(w.err, syscall.ECONNRESET) || !errors.Is(r.err, io.EOF) {
			t.Errorf("writing: %v, want reset; reading: %v, want the end that was there first", w.err, r.err)
		}
		reads(t, server, "arrived")
		ends(t, server, syscall.ECONNRESET)
		ends(t, server, syscall.ECONNRESET)
		refuses(t, server, syscall.ECONNRESET)
		refuses(t, client, syscall.ECONNRESET)
		write(t, bystander, "unharmed")
		reads(t, witness, "unharmed")
		accept(t, ln) // the one that waited
		write(t, dial(t, n, "hub:1"), "next")
		reads(t, accept(t, ln), "next")
	})
}

func TestResetLosesWhatIsOnItsWay(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		n.SetLatency(time.Second)
		client, server := connection(t, n)
		write(t, client, "in time")
		time.Sleep(time.Second)
		write(t, client, "too late")
		time.Sleep(time.Second / 2)
		n.Reset("hub:1")
		reads(t, server, "in time")
		ends(t, server, syscall.ECONNRESET)
	})
}

func TestBlackHole(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		client, server := connection(t, n)
		write(t, client, "arrived ")
		n.BlackHole("hub:1", true)
		write(t, client, "held")
		write(t, server, "this way too")
		reads(t, server, "arrived ")
		quiet(t, server)
		quiet(t, client)
		w := start(&wg, func() (int, error) { return client.Write(make([]byte, BufferSize)) })
		if w.done {
			t.Error("a hole without a bottom")
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := n.Dial(ctx, "tcp", "hub:1"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("dialling: %v after %v; want the deadline", err, time.Since(began))
		}
		patient := start(&wg, func() (int, error) {
			c, err := n.Dial(t.Context(), "tcp", "hub:1")
			if err == nil {
				c.Close()
			}
			return 0, err
		})

		n.SetLatency(time.Second)
		n.BlackHole("hub:1", true) // again changes nothing
		n.BlackHole("hub:1", false)
		lifted := time.Now()
		reads(t, server, "held")
		if took := time.Since(lifted); took != time.Second {
			t.Errorf("held bytes took %v; want the latency", took)
		}
		reads(t, client, "this way too")
		reads(t, server, string(make([]byte, BufferSize)))
		wg.Wait()
		if w.err != nil || patient.err != nil {
			t.Errorf("write %v, dial %v", w.err, patient.err)
		}
	})
}

func TestBlackHoleHoldsEnds(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		n.SetLatency(time.Second)
		client, server := connection(t, n)
		write(t, client, "on its way")
		time.Sleep(time.Second / 2)
		n.BlackHole("hub:1", true)
		client.Close()
		quiet(t, server)
		write(t, server, "to nobody")
		n.BlackHole("hub:1", false)
		reads(t, server, "on its way")
		ends(t, server, io.EOF)
		refuses(t, server, syscall.EPIPE)
	})
}

func TestResetReachesIntoABlackHole(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		client, server := connection(t, n)
		n.BlackHole("hub:1", true)
		write(t, client, "held")
		if cut := n.Reset("hub:1"); cut != 1 {
			t.Errorf("reset %d", cut)
		}
		ends(t, server, syscall.ECONNRESET)
		ends(t, client, syscall.ECONNRESET)
		n.BlackHole("hub:1", false)
		ends(t, server, syscall.ECONNRESET)
	})
}

// Wherever the connection is cut, the server has exactly the bytes before that, and both ends learn of it. The next connection is whole.
func TestCutAfter(t *testing.T) {
	const message = "0123456789"
	for _, latency := range []time.Duration{0, time.Second} {
		for at := range len(message) + 1 {
			bubble(t, func(t *testing.T, n *Network) {
				n.SetLatency(latency)
				ln := listen(t, n, "hub:1")
				n.CutAfter("hub:1", 99)
				n.CutAfter("hub:1", at)
				client, server := dial(t, n, "hub:1"), accept(t, ln)
				if at > 0 {
					write(t, server, "hello")
					reads(t, client, "hello")
					write(t, client, message[:at/2])
					write(t, client, message[at/2:]) // as a kernel would: the news is not here yet
				}
				reads(t, server, message[:at])
				ends(t, server, syscall.ECONNRESET)
				ends(t, client, syscall.ECONNRESET)
				refuses(t, client, syscall.ECONNRESET)
				refuses(t, server, syscall.ECONNRESET)

				whole := dial(t, n, "hub:1")
				write(t, whole, message)
				reads(t, accept(t, ln), message)
			})
		}
	}
}

func TestCorrupt(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		ln := listen(t, n, "hub:1")
		for at := range 5 {
			n.Corrupt("hub:1", at)
			client, server := dial(t, n, "hub:1"), accept(t, ln)
			write(t, client, "ab")
			b := make([]byte, 4)
			server.Read(b[:1]) // offsets count from the start, whatever has been read
			write(t, client, "cd")
			if _, err := io.ReadFull(server, b[1:]); err != nil {
				t.Fatal(err)
			}
			want := []byte("abcd")
			if at < 4 {
				want[at] ^= 0xff
			}
			if string(b) != string(want) {
				t.Errorf("byte %d: %q; want %q", at, b, want)
			}
			write(t, server, "abcd")
			reads(t, client, "abcd") // this direction is left alone
		}
		client, server := dial(t, n, "hub:1"), accept(t, ln)
		write(t, client, "abcd")
		reads(t, server, "abcd")
	})
}

func TestFaultsTakenBack(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		n.CutAfter("hub:1", 0)
		n.CutAfter("hub:1", -1)
		n.Corrupt("hub:1", 0)
		n.Corrupt("hub:1", -1)
		client, server := connection(t, n)
		write(t, client, "whole")
		reads(t, server, "whole")
	})
}
