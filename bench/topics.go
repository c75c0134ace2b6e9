package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// S13: n prefixes like md.9e3779b1. that one subscriber wants, and a publisher
// whose topics differ from one of them in the last byte. Nobody gets such a
// message, and the publisher has walked the whole of the prefix to know that.

// topicSync is the last of the n prefixes, which is sent to learn that all have come.
const topicSync = "sync"

// topicRing is how many topics are sent in turn: enough that what they lead
// through is in no cache, when there are a million prefixes.
const topicRing = 1 << 16

// topicName spreads i over 32 bits: 2654435761, Knuth's, is odd, so no two of
// 2³² are the same.
func topicName(i int, last byte) []byte {
	return fmt.Appendf(nil, "md.%08x%c", uint32(i)*2654435761, last)
}

// missedTopics are topics that n prefixes nearly match, one after the other far apart.
func missedTopics(n int) [][]byte {
	topics := make([][]byte, topicRing)
	for i := range topics {
		topics[i] = topicName(int(uint32(i)*2246822519%uint32(n)), '!')
	}
	return topics
}

// publishTopics answers the three questions of roleTopics.
func publishTopics(s settings, resident func() (reading, error), sync func() error, send func(n int) error) error {
	asked := make(chan struct{})
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			asked <- struct{}{}
		}
		os.Exit(0)
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for questions := 0; questions < 2; {
		select {
		case <-tick.C:
			if err := sync(); err != nil {
				return err
			}
		case <-asked:
			questions++
			r, err := resident()
			if err != nil {
				return err
			}
			if err := report(r); err != nil {
				return err
			}
		}
	}
	<-asked
	return timeSends(s, send)
}

// timeSends reports how long sends take: all of the ring a burst, so that the
// clock costs nothing.
func timeSends(s settings, send func(n int) error) error {
	if _, err := pump(s.warm, topicRing, topicRing, send); err != nil {
		return err
	}
	before := takeMark()
	n, err := pump(s.run, 0, topicRing, send)
	if err != nil {
		return err
	}
	r := takeMark().since(before)
	r.Messages = n
	if err := report(r); err != nil {
		return err
	}
	select {} // until stdin ends
}

// subscribeTopics makes a connection that wants n prefixes, and waits until the
// publisher knows all. The caller closes it, also after an error.
func subscribeTopics(ctx context.Context, endpoint string, n int, limit time.Duration) (net.Conn, error) {
	network, address := splitEndpoint(endpoint)
	d := net.Dialer{Timeout: idleTimeout}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := greetAs(conn, "SUB"); err != nil {
		return conn, err
	}
	conn.SetDeadline(time.Now().Add(limit))
	out := bufio.NewWriterSize(conn, 1<<16)
	for i := range n - 1 {
		writeSubscription(out, topicName(i, '.'))
	}
	writeSubscription(out, []byte(topicSync))
	if err := out.Flush(); err != nil {
		return conn, fmt.Errorf("subscribing to %d prefixes: %w", n, err)
	}
	want := make([]byte, 2+len(topicSync))
	if _, err := io.ReadFull(conn, want); err != nil || string(want[2:]) != topicSync {
		return conn, fmt.Errorf("after %d subscriptions %q came, not %q: %w", n, want, topicSync, err)
	}
	go io.Copy(io.Discard, conn) // it goes on until the third question
	return conn, nil
}

// writeSubscription is a SUB's message (RFC 23 §The Publish-Subscribe Pattern):
// 1 and the prefix. out keeps its first error for Flush.
func writeSubscription(out *bufio.Writer, prefix []byte) {
	out.Write([]byte{0, byte(1 + len(prefix)), 1})
	out.Write(prefix)
}
