package main

import (
	"bytes"
	"net"
	"testing"
)

// Frames of every interesting size, cut at every place, come out whole.
func TestCutRaw(t *testing.T) {
	sizes := []int{0, 1, 255, 256, 300}
	var wire []byte
	for i, size := range sizes {
		wire = append(appendRawHeader(wire, size), bytes.Repeat([]byte{byte(i)}, size)...)
	}
	for split := range len(wire) + 1 {
		start, got := cutRaw(wire[:split], 0, nil)
		_, got = cutRaw(wire, start, got)
		if len(got) != len(sizes) {
			t.Fatalf("split at %d: %d messages, want %d", split, len(got), len(sizes))
		}
		for i, m := range got {
			if !bytes.Equal(m, bytes.Repeat([]byte{byte(i)}, sizes[i])) {
				t.Fatalf("split at %d: message %d is %d bytes %x", split, i, len(m), m)
			}
		}
	}
}

// The way from a rawOut through a connection and readRaw to a rawQueue keeps
// order and bytes, also where messages are larger than a slab.
func TestRawStreamKeepsOrder(t *testing.T) {
	for _, size := range []int{4, 1000, 3 * rawSlab} {
		here, there := net.Pipe()
		out, q := newRawOut(), newRawQueue()
		go out.write(here)
		go readRaw(there, rawSlab, func(batch [][]byte) { q.put(batch...) })
		n := 20_000 / (1 + size/1000)
		go func() {
			body := make([]byte, size)
			for i := range n {
				body[0], body[size-1] = byte(i), byte(i>>8)
				out.put(body)
			}
		}()
		for i := range n {
			if m := q.take(); len(m) != size || m[0] != byte(i) || m[size-1] != byte(i>>8) {
				t.Fatalf("size %d: message %d came wrong: %d bytes", size, i, len(m))
			}
		}
		there.Close()
		here.Close()
	}
}

func TestSplitEndpoint(t *testing.T) {
	for endpoint, want := range map[string][2]string{
		"tcp://127.0.0.1:*":  {"tcp", "127.0.0.1:0"},
		"tcp://127.0.0.1:80": {"tcp", "127.0.0.1:80"},
		"ipc:///run/x/y":     {"unix", "/run/x/y"},
	} {
		if network, address := splitEndpoint(endpoint); network != want[0] || address != want[1] {
			t.Errorf("%s: %s %s, want %v", endpoint, network, address, want)
		}
	}
}
