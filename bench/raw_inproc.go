package main

import "fmt"

// rawInprocSlab is the memory a sender copies small messages into, as the
// library does: 4 KiB, so that one kept message keeps little alive.
const rawInprocSlab = 4096

func rawInprocStream(s settings) error {
	q := newRawQueue()
	go func() {
		body := make([]byte, s.size)
		var slab []byte
		for {
			if len(slab) < s.size {
				slab = make([]byte, max(rawInprocSlab, s.size))
			}
			m := slab[:s.size:s.size]
			copy(m, body)
			slab = slab[s.size:]
			q.put(m)
		}
	}()
	return stream(s, func(n int) error {
		for range n {
			if m := q.take(); len(m) != s.size {
				return fmt.Errorf("a message of %d bytes came, not of %d", len(m), s.size)
			}
		}
		return nil
	})
}

// rawInprocRoundTrip is two unbuffered channels: what Go's scheduler needs to
// go to another goroutine and back. The pattern makes no difference to it.
func rawInprocRoundTrip(s settings) error {
	there, back := make(chan []byte), make(chan []byte)
	go func() {
		for m := range there {
			back <- m
		}
	}()
	body := make([]byte, s.size)
	return roundTrips(s, func() error {
		there <- body
		body = <-back
		return nil
	})
}
