package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// A role is what a child process does. All sides are spoken to alike, whatever
// they are written in:
//
//	argv     PROGRAM role key=value …
//	stdout   a role that binds: its endpoint, alone on the first line;
//	         then one line of JSON, a reading
//	stdin    its end is the order to exit, at any time, with status 0
//	environ  the secret key, which on a command line everybody could read
//
// Listen and greet differ: each line on their stdin asks for a reading.
const (
	rolePush            = "push"
	rolePull            = "pull"
	roleRequest         = "req"
	roleReply           = "rep"
	roleInprocStream    = "inproc-stream"
	roleInprocRoundTrip = "inproc-roundtrip"
	roleListen          = "listen"
	roleGreet           = "greet"
	roleVisit           = "visit"
)

// roleCommand is the first argument of a re-execution of this program; the
// side and the role follow.
const roleCommand = "role"

// settings is what a role is told. The zero value of a field is not passed on.
type settings struct {
	endpoint string // to bind or to connect
	pattern  string // inproc-roundtrip: "pair" or "reqrep"
	public   string // CURVE: the keys of who binds, in Z85; "": no CURVE
	secret   string // not in args
	size     int    // bytes in the body
	frames   int    // ours: frames per message; 0 is 1
	into     bool   // ours: RecvInto instead of Recv
	watch    bool   // ours: a Watch that nobody reads
	warm     time.Duration
	run      time.Duration
	limit    time.Duration // after which the process ends by itself

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
	number("size", s.size)
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
	switch key {
	case "endpoint":
		s.endpoint = value
		return nil
	case "pattern":
		s.pattern = value
		return nil
	case "public":
		s.public = value
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return err
	}
	switch key {
	case "size":
		s.size = n
	case "frames":
		s.frames = n
	case "into":
		s.into = n != 0
	case "watch":
		s.watch = n != 0
	case "warm_ms":
		s.warm = time.Duration(n) * time.Millisecond
	case "run_ms":
		s.run = time.Duration(n) * time.Millisecond
	case "warm_messages":
		s.warmMessages = n
	case "limit_ms":
		s.limit = time.Duration(n) * time.Millisecond
	default:
		return fmt.Errorf("no such setting")
	}
	return nil
}

// A reading is what a role found out in its window. What does not apply to a
// role stays 0.
type reading struct {
	Messages int64   `json:"messages"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu"`     // seconds, user and system, all threads
	Mallocs  uint64  `json:"mallocs"` // Go only: objects allocated
	P50      float64 `json:"p50"`     // nanoseconds
	P99      float64 `json:"p99"`
	RSS      int64   `json:"rss"`  // bytes resident
	Peak     int64   `json:"peak"` // the most bytes that were ever; 0: not known here
}

// playRole is main in a child process: args are the side, the role and its
// settings. It returns the exit status.
func playRole(args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "a role needs a side and a name")
		return 2
	}
	s, err := parseSettings(args[2:])
	s.secret = os.Getenv(secretVariable)
	if err == nil {
		err = play(args[0], args[1], s)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", args[0], args[1], err)
		return 1
	}
	return 0
}

func play(side, role string, s settings) error {
	if s.limit > 0 {
		time.AfterFunc(s.limit, func() {
			fmt.Fprintf(os.Stderr, "%s %s: not done after %v\n", side, role, s.limit)
			os.Exit(3)
		})
	}
	perform := actor(side, role)
	if perform == nil {
		return fmt.Errorf("no such role")
	}
	if role != roleListen && role != roleGreet {
		go exitWithStdin()
	}
	return perform(s)
}

// exitWithStdin ends the process when the parent closes our stdin, or dies.
func exitWithStdin() {
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func actor(side, role string) func(settings) error {
	switch side + " " + role {
	case "ours push":
		return oursPush
	case "ours pull":
		return oursPull
	case "ours req":
		return oursRequest
	case "ours rep":
		return oursReply
	case "ours inproc-stream":
		return oursInprocStream
	case "ours inproc-roundtrip":
		return oursInprocRoundTrip
	case "ours listen":
		return oursListen
	case "ours greet":
		return oursGreet
	case "ours visit":
		return oursVisit
	case "raw push":
		return rawPush
	case "raw pull":
		return rawPull
	case "raw req":
		return rawRequest
	case "raw rep":
		return rawReply
	case "raw inproc-stream":
		return rawInprocStream
	case "raw inproc-roundtrip":
		return rawInprocRoundTrip
	}
	return nil
}

// announce prints the endpoint a role is bound to.
func announce(endpoint string) { fmt.Println(endpoint) }

// report prints a reading.
func report(r reading) error { return json.NewEncoder(os.Stdout).Encode(r) }

// answerReadings reports once for each line on stdin and returns at its end.
func answerReadings(take func() (reading, error)) error {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		r, err := take()
		if err != nil {
			return err
		}
		if err := report(r); err != nil {
			return err
		}
	}
	return in.Err()
}
