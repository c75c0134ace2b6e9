package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// settings is what a role is told. The zero value of a field is not passed on.
type settings struct {
	endpoint  string // to bind or to connect
	transport string // the lab's: what endpoint is made of, "tcp", "ipc" or "" for tcp; a role is not told
	pattern   string // which of a role's forms, where it has several
	public    string // CURVE: the keys of who binds, in Z85; "": no CURVE
	secret    string // not in args
	size      int    // bytes in the body
	frames    int    // ours: frames per message; 0 is 1
	into      bool   // ours: RecvInto instead of Recv
	watch     bool   // rep: a monitor that is read; else, ours: a Watch that nobody reads
	clients   int    // how many sockets or connections, where there can be several
	flight    int    // dealer: requests on their way at once
	as        string // crowd: the socket type it shakes hands as; "": no handshake, to the raw side
	warm      time.Duration
	run       time.Duration
	limit     time.Duration // after which the process ends by itself

	warmMessages int // streams: the least that a warm-up is made of
}

func (s settings) args() []string {
	var args []string
	add := func(key, value string, set bool) {
		if set {
			args = append(args, key+"="+value)
		}
	}
	number := func(key string, n int) { add(key, strconv.Itoa(n), n != 0) }
	add("endpoint", s.endpoint, s.endpoint != "")
	add("pattern", s.pattern, s.pattern != "")
	add("public", s.public, s.public != "")
	add("as", s.as, s.as != "")
	number("size", s.size)
	number("clients", s.clients)
	number("flight", s.flight)
	number("frames", s.frames)
	add("into", "1", s.into)
	add("watch", "1", s.watch)
	number("warm_ms", int(s.warm.Milliseconds()))
	number("run_ms", int(s.run.Milliseconds()))
	number("warm_messages", s.warmMessages)
	number("limit_ms", int(s.limit.Milliseconds()))
	return args
}

// secretVariable is of the environment.
const secretVariable = "BENCH_CURVE_SECRET"

func (s settings) environ() []string { return []string{secretVariable + "=" + s.secret} }

func parseSettings(args []string) (settings, error) {
	var s settings
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if err := s.set(key, value); err != nil {
			return s, fmt.Errorf("setting %q: %w", arg, err)
		}
	}
	return s, nil
}

func (s *settings) set(key, value string) error {
	texts := map[string]*string{"endpoint": &s.endpoint, "pattern": &s.pattern, "public": &s.public, "as": &s.as}
	if text := texts[key]; text != nil {
		*text = value
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return err
	}
	counts := map[string]*int{
		"size": &s.size, "frames": &s.frames, "clients": &s.clients, "flight": &s.flight, "warm_messages": &s.warmMessages,
	}
	switches := map[string]*bool{"into": &s.into, "watch": &s.watch}
	spans := map[string]*time.Duration{"warm_ms": &s.warm, "run_ms": &s.run, "limit_ms": &s.limit}
	switch {
	case counts[key] != nil:
		*counts[key] = n
	case switches[key] != nil:
		*switches[key] = n != 0
	case spans[key] != nil:
		*spans[key] = time.Duration(n) * time.Millisecond
	default:
		return fmt.Errorf("no such setting")
	}
	return nil
}
