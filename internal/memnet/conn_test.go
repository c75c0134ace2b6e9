package memnet

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A buffer holds what it holds; then writing waits, byte for byte, for reading.
func TestWriteWaitsForRoom(t *testing.T) {
	for _, size := range []int{BufferSize, 10} {
		bubble(t, func(t *testing.T, n *Network) {
			var wg sync.WaitGroup
			n.SetBuffer(size)
			client, server := connection(t, n)
			write(t, client, strings.Repeat("a", size))
			r := start(&wg, func() (int, error) { return client.Write([]byte("bcd")) })
			if r.done {
				t.Fatalf("wrote beyond %d bytes", size)
			}
			reads(t, server, "aa")
			synctest.Wait()
			if r.done {
				t.Fatal("wrote three bytes where there was room for two")
			}
			reads(t, server, strings.Repeat("a", size-2)+"bcd")
			wg.Wait()
			if r.n != 3 || r.err != nil {
				t.Errorf("wrote %d, %v", r.n, r.err)
			}
			write(t, server, strings.Repeat("z", size)) // the other direction has its own
		})
	}
}

func TestEndOfFileComesBehindTheBytes(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		client, server := connection(t, n)
		write(t, client, "last words")
		client.Close()
		reads(t, server, "last words")
		ends(t, server, io.EOF)
		ends(t, server, io.EOF)
		refuses(t, server, syscall.EPIPE)
		ends(t, client, net.ErrClosed)
		refuses(t, client, net.ErrClosed)
		for _, err := range []error{client.Close(), client.SetDeadline(time.Now()), client.(*conn).CloseWrite()} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("on a closed connection: %v", err)
			}
		}
	})
}

func TestHalfClose(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		client, server := connection(t, n)
		write(t, client, "question")
		if err := client.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		refuses(t, client, syscall.EPIPE)
		reads(t, server, "question")
		ends(t, server, io.EOF)
		write(t, server, "answer")
		reads(t, client, "answer")
		server.Close()
		ends(t, client, io.EOF)
	})
}

// Whoever closes, every call under way on either end returns.
func TestCloseEndsCallsUnderWay(t *testing.T) {
	for _, c := range []struct {
		name       string
		end        func(client, server net.Conn)
		read, mine error // of the client
	}{
		{"own close", func(client, _ net.Conn) { client.Close() }, net.ErrClosed, net.ErrClosed},
		{"peer's close", func(_, server net.Conn) { server.Close() }, io.EOF, syscall.EPIPE},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *Network) {
				var wg sync.WaitGroup
				client, server := connection(t, n)
				write(t, client, strings.Repeat("x", BufferSize))
				r := start(&wg, func() (int, error) { return client.Read(make([]byte, 1)) })
				w := start(&wg, func() (int, error) { return client.Write([]byte("y")) })
				second := start(&wg, func() (int, error) { return client.Write([]byte("z")) })
				if r.done || w.done || second.done {
					t.Fatal("nothing to wait for")
				}
				c.end(client, server)
				wg.Wait()
				if r.n+w.n+second.n != 0 || !errors.Is(r.err, c.read) || !errors.Is(w.err, c.mine) || !errors.Is(second.err, c.mine) {
					t.Errorf("read %v; want %v. Writes %v, %v; want %v", r.err, c.read, w.err, second.err, c.mine)
				}
			})
		})
	}
}

func TestDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		client, server := connection(t, n)
		began := time.Now()
		expires := func(what string, r *result, after time.Duration, n int) {
			t.Helper()
			var timeout net.Error
			if !errors.Is(r.err, os.ErrDeadlineExceeded) || !errors.As(r.err, &timeout) || !timeout.Timeout() || r.at.Sub(began) != after || r.n != n {
				t.Errorf("%s: %d bytes, %v after %v; want %d and the deadline after %v", what, r.n, r.err, r.at.Sub(began), n, after)
			}
		}
		read := func() (int, error) { return client.Read(make([]byte, 1)) }

		client.SetReadDeadline(began.Add(time.Second))
		r := start(&wg, read)
		wg.Wait()
		expires("set before", r, time.Second, 0)

		client.SetReadDeadline(time.Time{})
		r = start(&wg, read)
		time.Sleep(time.Second)
		client.SetReadDeadline(began.Add(5 * time.Second))
		client.SetReadDeadline(began.Add(3 * time.Second))
		wg.Wait()
		expires("set while reading, twice", r, 3*time.Second, 0)

		r = start(&wg, read)
		wg.Wait()
		expires("long past", r, 3*time.Second, 0)
		write(t, server, "x")
		r = start(&wg, read)
		wg.Wait()
		expires("past, with bytes to read", r, 3*time.Second, 0)
		client.SetReadDeadline(time.Time{})
		reads(t, client, "x")

		// Writing: what had room is written, and counted.
		client.SetWriteDeadline(began.Add(4 * time.Second))
		r = start(&wg, func() (int, error) { return client.Write(make([]byte, BufferSize+7)) })
		wg.Wait()
		expires("writing", r, 4*time.Second, BufferSize)
		refuses(t, client, os.ErrDeadlineExceeded)
		client.SetDeadline(began.Add(time.Hour))
		reads(t, server, string(make([]byte, BufferSize)))
		write(t, client, "usable again")
		reads(t, server, "usable again")

		// A Write that waits for another has a deadline too.
		client.SetWriteDeadline(time.Time{})
		first := start(&wg, func() (int, error) { return client.Write(make([]byte, BufferSize+1)) })
		second := start(&wg, func() (int, error) { return client.Write([]byte("y")) })
		client.SetWriteDeadline(began.Add(5 * time.Second))
		wg.Wait()
		expires("first of two", first, 5*time.Second, BufferSize)
		expires("second of two", second, 5*time.Second, 0)
	})
}

func TestEmptyCallsReturn(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		client, server := connection(t, n)
		if n, err := client.Read(nil); n != 0 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		write(t, client, "")
		client.Close()
		if _, err := server.Write(nil); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("wrote nothing to nobody: %v", err)
		}
	})
}

// Which of the waiting writers goes on first is the scheduler's choice, so it gets several.
func TestConcurrentWritesDoNotMix(t *testing.T) {
	for range 10 {
		bubble(t, func(t *testing.T, n *Network) {
			const writers, writes, size = 8, 20, 10
			var wg sync.WaitGroup
			n.SetBuffer(size - 3)
			client, server := connection(t, n)
			for c := range writers {
				wg.Go(func() {
					for range writes {
						client.Write(bytes.Repeat([]byte{'a' + byte(c)}, size))
					}
				})
			}
			one := make([]byte, size)
			for range writers * writes {
				if k, err := io.ReadFull(server, one); err != nil || !bytes.Equal(one, bytes.Repeat(one[:1], size)) {
					t.Errorf("mixed, or cut: %q, %v", one[:k], err)
					break
				}
				synctest.Wait() // until everybody waits for room again
			}
			client.Close()
			wg.Wait()
		})
	}
}

// Random pieces in both directions at once, through a small buffer and with latency, arrive as they were sent.
func TestStreamsCarryEverything(t *testing.T) {
	for _, latency := range []time.Duration{0, time.Millisecond} {
		bubble(t, func(t *testing.T, n *Network) {
			var wg sync.WaitGroup
			n.SetLatency(latency)
			n.SetBuffer(1000)
			client, server := connection(t, n)
			for seed, pair := range [][2]net.Conn{{client, server}, {server, client}} {
				sent := make([]byte, 100_000)
				rand.NewChaCha8([32]byte{byte(seed)}).Read(sent)
				wg.Go(func() {
					random := rand.New(rand.NewPCG(uint64(seed), 1))
					for rest := sent; len(rest) > 0; {
						k := min(len(rest), 1+random.IntN(3000))
						if _, err := pair[0].Write(rest[:k]); err != nil {
							t.Error(err)
							return
						}
						rest = rest[k:]
					}
					pair[0].(*conn).CloseWrite()
				})
				wg.Go(func() {
					if got, err := io.ReadAll(pair[1]); err != nil || !bytes.Equal(got, sent) {
						t.Errorf("%d of %d bytes, %v", len(got), len(sent), err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// Everything at once on one connection, for the race detector; what matters is that all calls return.
func TestConcurrentCalls(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		var wg sync.WaitGroup
		n.SetBuffer(100)
		client, server := connection(t, n)
		for _, c := range []net.Conn{client, server} {
			for range 3 {
				wg.Go(func() { io.Copy(io.Discard, c) })
				wg.Go(func() {
					for b := make([]byte, 30); ; {
						if _, err := c.Write(b); err != nil {
							return
						}
					}
				})
			}
			wg.Go(func() {
				for k := range 50 {
					c.SetDeadline(time.Now().Add(time.Hour + time.Duration(k)))
					runtime.Gosched()
				}
				c.Close()
			})
		}
		wg.Wait()
	})
}

func TestIdleConnectionsHaveNoGoroutines(t *testing.T) {
	bubble(t, func(t *testing.T, n *Network) {
		before := runtime.NumGoroutine()
		ln := listen(t, n, "hub:1")
		for range 100 {
			write(t, dial(t, n, "hub:1"), "x")
			accept(t, ln)
		}
		if after := runtime.NumGoroutine(); after > before {
			t.Errorf("%d goroutines more", after-before)
		}
	})
}
