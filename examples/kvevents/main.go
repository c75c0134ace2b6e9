// Command kvevents follows the KV-cache events of a vLLM server, and misses none that the server still has. README.md says
// how; consumer.go and replay.go are the program, publisher.go stands in for the server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"
)

func main() {
	publish := flag.Bool("publish", false, "be a stand-in for vLLM, with two events a second")
	topic := flag.String("topic", "", "what topics begin with: vLLM's --kv-events-config, topic")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "kvevents [-topic T] STREAM [REPLAY]     follow tcp://server:5557, ask tcp://server:5558\n"+
			"kvevents -publish [-topic T] STREAM REPLAY    be the server\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if n := flag.NArg(); n < 1 || n > 2 || *publish && n < 2 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := follow
	if *publish {
		run = serve
	}
	if err := run(ctx, *topic, flag.Arg(0), flag.Arg(1)); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func follow(ctx context.Context, topic, stream, replay string) error {
	c := Consumer{Stream: stream, Replay: replay, Topic: topic, Log: log.Printf, Deliver: func(b Batch) {
		fmt.Printf("life %d, number %d: %d bytes\n", b.Life, b.Seq, len(b.Payload))
	}}
	return c.Run(ctx)
}

func serve(ctx context.Context, topic, stream, replay string) error {
	p := NewPublisher(nil, topic, 10_000) // vLLM's buffer_steps
	defer p.Close()
	if _, _, err := p.Bind(stream, replay); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if err := p.Publish(fmt.Appendf(nil, "what happened at %s", now.Format(time.TimeOnly))); err != nil {
				return err
			}
		}
	}
}
