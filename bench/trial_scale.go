package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Trials of many: connections, peers, prefixes. Whoever connects is bare, so
// that only the one that binds is measured.

// memory is one trial of a listener's growth per idle connection.
func (l *lab) memory(ctx context.Context, who string, s settings) (sample, error) {
	got := sample{}
	err := l.bound(ctx, party{who, roleListen}, s, func(c *child, s settings) error {
		first, err := connectIdle(ctx, s.endpoint, "PUSH", 1, 1) // brings in the code and the tables
		defer closeAll(first)
		if err != nil {
			return fmt.Errorf("%s listener: %w", who, err)
		}
		empty, err := c.ask()
		if err != nil {
			return err
		}
		conns, err := connectIdle(ctx, s.endpoint, "PUSH", l.idle, 1)
		defer closeAll(conns)
		if err != nil {
			return fmt.Errorf("%s listener: %w", who, err)
		}
		full, err := c.ask()
		got[idleKiB] = float64(full.RSS-empty.RSS) / 1024 / float64(l.idle)
		got[peakMiB] = peakOf(full)
		return err
	})
	return got, err
}

// rush is one trial of s.clients connections at once: how long until the last is
// ready, its PING answered.
func (l *lab) rush(ctx context.Context, who string, s settings) (sample, error) {
	got := sample{}
	err := l.bound(ctx, party{who, roleListen}, s, func(c *child, s settings) error {
		first, err := connectIdle(ctx, s.endpoint, "PUSH", 1, 1)
		defer closeAll(first)
		if err != nil {
			return err
		}
		began := time.Now()
		conns, err := connectIdle(ctx, s.endpoint, "PUSH", s.clients, s.clients)
		got[readyMs] = time.Since(began).Seconds() * 1000
		closeAll(conns)
		if err != nil {
			return fmt.Errorf("%s listener: %w", who, err)
		}
		r, err := c.ask()
		got[peakMiB] = peakOf(r)
		return err
	})
	return got, err
}

// handshakeOf is how a crowd greets who.
func handshakeOf(who, as string) string {
	if who == raw {
		return ""
	}
	return as
}

// warmTurns is how often all of a busy crowd have their turn before the window:
// until then each connection's buffers grow.
const warmTurns = 4

// crowdStream is one trial of a PULL with s.clients connections, one or all of
// which are busy.
func (l *lab) crowdStream(ctx context.Context, who string, s settings) (sample, error) {
	s.as = handshakeOf(who, "PUSH")
	if s.pattern == "all" {
		s.warmMessages = warmTurns * busyBurst * s.clients
	}
	var in reading
	err := l.pair(ctx, party{who, rolePull}, party{raw, roleCrowdPush}, s, func(pull, _ *child) (err error) {
		in, err = pull.reading()
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:       in.rate(),
		listenerNs: 1e9 * per(in.CPU, float64(in.Messages)),
		peakMiB:    peakOf(in),
	}, nil
}

// crowdExchange is one trial of a ROUTER with s.clients identities, one request
// of each on its way.
func (l *lab) crowdExchange(ctx context.Context, who string, s settings) (sample, error) {
	s.as = handshakeOf(who, "DEALER")
	var answers, asks reading
	err := l.pair(ctx, party{who, roleRouter}, party{raw, roleCrowdAsk}, s, func(router, crowd *child) error {
		all, err := l.over(ctx, router, crowd)
		if err == nil {
			answers, asks = all[0], all[1]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:       asks.rate(),
		listenerNs: 1e9 * per(answers.CPU, float64(asks.Messages)),
		peakMiB:    peakOf(answers),
	}, nil
}

// topics is one trial of a publisher that has s.clients prefixes to look through.
func (l *lab) topics(ctx context.Context, who string, s settings) (sample, error) {
	got := sample{}
	err := l.bound(ctx, party{who, roleTopics}, s, func(pub *child, s settings) (err error) {
		empty, err := pub.ask()
		if err != nil {
			return err
		}
		var sub net.Conn
		if sub, err = subscribeTopics(ctx, s.endpoint, s.clients, roleLimit); sub != nil {
			defer sub.Close()
		}
		if err != nil {
			return fmt.Errorf("%s publisher: %w", who, err)
		}
		full, err := pub.ask()
		if err != nil {
			return err
		}
		r, err := pub.ask()
		got[sendNs] = 1e9 * per(r.Seconds, float64(r.Messages))
		got[prefixBytes] = float64(full.RSS-empty.RSS) / float64(s.clients)
		got[peakMiB] = peakOf(r)
		got[cpuPerM] = 1e6 * per(r.CPU, float64(r.Messages))
		return err
	})
	return got, err
}
