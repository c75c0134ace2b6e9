package main

import (
	"context"

	"github.com/glassmq/zmq"
)

// oursTopics is the publisher of S13. What it is asked, line by line: what
// memory it holds; the same, after the subscriptions have come; how long a send
// takes that nobody gets.
//
// Until the third line it sends topicSync, which is the last that is subscribed
// to: when it arrives, all others have been taken.
func oursTopics(s settings) error {
	pub := zmq.NewPub(zmq.Config{})
	bound, err := pub.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	ctx, topics := context.Background(), missedTopics(s.clients)
	send := func(n int) error {
		for i := range n {
			if err := pub.Send(ctx, topics[i%len(topics)]); err != nil {
				return err
			}
		}
		return nil
	}
	sync := func() error { return pub.Send(ctx, []byte(topicSync)) }
	return publishTopics(s, residentNow, sync, send)
}
