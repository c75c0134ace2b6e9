package main

import (
	"context"
	"time"
)

// A trial measures one implementation once: two processes, a window, a sample.
type trial func(l *lab, ctx context.Context, who string, s settings) (sample, error)

// stream is one trial of PUSH to PULL. The receiver counts; the CPU is that of
// both ends, each per message of its own window.
func (l *lab) stream(ctx context.Context, who string, s settings) (sample, error) {
	var in, out reading
	err := l.pair(ctx, party{who, rolePull}, party{who, rolePush}, s, func(pull, push *child) (err error) {
		if in, err = pull.reading(); err != nil {
			return err
		}
		out, err = push.reading()
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:        in.rate(),
		cpuPerM:     1e6 * (per(in.CPU, float64(in.Messages)) + per(out.CPU, float64(out.Messages))),
		sendMallocs: perMessage(out),
		recvMallocs: perMessage(in),
		peakMiB:     peakOf(in, out),
	}, nil
}

func (r reading) rate() float64 { return per(float64(r.Messages), r.Seconds) }

// peakOf is the memory of all processes of a trial.
func peakOf(all ...reading) float64 {
	sum := 0.0
	for _, r := range all {
		sum += float64(r.Peak) / (1 << 20)
	}
	return sum
}

// perMessage is objects allocated per message, to three decimals: the process
// allocates a few dozen for reasons of its own.
func perMessage(r reading) float64 { return round3(per(float64(r.Mallocs), float64(r.Messages))) }

// roundTrip is one trial of REQ and REP.
func (l *lab) roundTrip(ctx context.Context, who string, s settings) (sample, error) {
	return l.turns(ctx, who, roleRequest, s, nil)
}

// visits is one trial of whole connections. One is counted when the visitor, a new
// REQ each time, has connected, has the answer to its one request, and is closed.
// With s.watch the answerer's monitor is read, and must have told of each.
func (l *lab) visits(ctx context.Context, who string, s settings) (sample, error) {
	s.size, s.pattern = 1, "visit"
	if !s.watch || who == raw {
		return l.turns(ctx, who, roleVisit, s, nil)
	}
	lost := 0.0
	got, err := l.turns(ctx, who, roleVisit, s, func(turns int64, reply *child) (err error) {
		lost, err = untold(ctx, turns, reply)
		return err
	})
	if err == nil {
		got[lostEvents] = lost
	}
	return got, err
}

// turns is a trial whose connecting role times its own turns, and whose binding
// role is asked what they cost. then comes while both are there, if not nil.
func (l *lab) turns(ctx context.Context, who, role string, s settings, then func(turns int64, reply *child) error) (sample, error) {
	var in, out reading
	err := l.pair(ctx, party{who, roleReply}, party{who, role}, s, func(reply, request *child) error {
		first, err := reply.ask()
		if err == nil {
			out, err = request.reading()
		}
		if err == nil {
			in, err = reply.ask()
		}
		if err == nil && then != nil {
			err = then(out.Turns, reply)
		}
		in = in.minus(first)
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:    out.rate(),
		cpuPerM: 1e6 * (per(in.CPU, float64(in.Messages)) + per(out.CPU, float64(out.Messages))),
		p50:     out.P50 / 1000,
		p99:     out.P99 / 1000,
		peakMiB: peakOf(in, out),
	}, nil
}

// untold is how many of three events a visit the monitor has not told, or told
// too often. The last one's end may still be on its way: it has two seconds.
func untold(ctx context.Context, visits int64, reply *child) (float64, error) {
	for end := time.Now().Add(2 * time.Second); ; {
		r, err := reply.ask()
		if err != nil {
			return 0, err
		}
		missing := abs(visits-r.Accepted) + abs(visits-r.Handshakes) + abs(visits-r.Disconnects)
		if missing == 0 || time.Now().After(end) {
			return float64(missing), nil
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return 0, err
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// fan is one trial of PUB to s.clients SUBs. The subscribers count, so what the
// publisher dropped is not in the rate.
func (l *lab) fan(ctx context.Context, who string, s settings) (sample, error) {
	var in, out reading
	err := l.pair(ctx, party{who, rolePublish}, party{who, roleSubscribe}, s, func(pub, sub *child) error {
		all, err := l.over(ctx, pub, sub)
		if err == nil {
			out, in = all[0], all[1]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	got := sample{
		rate:    in.rate(),
		cpuPerM: 1e6 * per(in.CPU+out.CPU, float64(in.Messages)),
		peakMiB: peakOf(in, out),
	}
	if who != raw { // which drops nothing
		got[delivered] = 100 * per(in.rate(), out.rate()*float64(s.clients))
	}
	return got, nil
}

// exchange is one trial of s.clients DEALERs, s.flight requests of each on their
// way, and a ROUTER.
func (l *lab) exchange(ctx context.Context, who string, s settings) (sample, error) {
	var answers, asks reading
	err := l.pair(ctx, party{who, roleRouter}, party{who, roleDealer}, s, func(router, dealer *child) error {
		all, err := l.over(ctx, router, dealer)
		if err == nil {
			answers, asks = all[0], all[1]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{
		rate:    asks.rate(),
		cpuPerM: 1e6 * per(answers.CPU+asks.CPU, float64(asks.Messages)),
		peakMiB: peakOf(answers, asks),
	}, nil
}

// inprocOf is the trial of a role that has both ends in one process.
func inprocOf(role string) trial {
	return func(l *lab, ctx context.Context, who string, s settings) (sample, error) {
		var r reading
		err := l.alone(ctx, party{who, role}, s, func(c *child) (err error) {
			if !asked(role) {
				r, err = c.reading()
				return err
			}
			all, err := l.over(ctx, c)
			if err == nil {
				r = all[0]
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		return sample{
			rate:    r.rate(),
			cpuPerM: 1e6 * per(r.CPU, float64(r.Messages)),
			p50:     r.P50 / 1000,
			p99:     r.P99 / 1000,
			peakMiB: peakOf(r),
		}, nil
	}
}
