package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/credential"
	"github.com/glassmq/zmq/cmd/glass/internal/device"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// serve serves the page, /metrics and the rest of an agent's HTTP where --listen says, of what happens from now on. stop ends
// it; it may be called twice.
func (d *proxier) serve() (stop func(), err error) {
	if d.flags.http.Listen == "" {
		return func() {}, nil
	}
	o := d.flags.http
	if d.flags.token != "" {
		if o.Token, err = credential.Token(d.flags.token); err != nil {
			return nil, usagef("--token-file: %w", err)
		}
	}
	o.Version, o.Note = version(), func(line string) { d.note("%s", line) }
	o.Own, o.Close = fact.Self(d.flags.name), d.hangUp
	o.Metrics = []prometheus.Collector{device.NewMetrics(d.flags.name, &d.proxy, d.captured)}
	a, err := agent.New(o)
	if err != nil {
		return nil, agentFailure(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	own := a.Watch(d.x, o.Own)
	serving.Go(func() { own.Run(ctx) })
	serving.Go(func() {
		if err := a.Run(ctx); err != nil {
			d.note("%v", err)
		}
	})
	d.note("the page: %s, and /metrics", a.URL())
	return sync.OnceFunc(func() {
		cancel()
		serving.Wait()
	}), nil
}

// hangUp ends a connection that somebody on the page does not want; who dialled may come back.
func (d *proxier) hangUp(_ fact.Instance, id monitor.ConnID) error {
	for _, s := range d.x.Sockets() {
		if s.CloseConn(id) == nil {
			return nil
		}
	}
	return fmt.Errorf("connection %d is over already", id)
}
