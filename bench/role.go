package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
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
// Those that count as long as they are asked have no window of their own: each
// line on their stdin asks for a reading, and who asks takes the difference.
const (
	rolePush            = "push"
	rolePull            = "pull"
	roleRequest         = "req"
	roleReply           = "rep" // asked
	roleVisit           = "visit"
	rolePublish         = "pub"    // asked
	roleSubscribe       = "sub"    // asked
	roleDealer          = "dealer" // asked
	roleRouter          = "router" // asked
	roleInprocStream    = "inproc-stream"
	roleInprocRoundTrip = "inproc-roundtrip"
	roleInprocExchange  = "inproc-exchange" // asked
	roleListen          = "listen"          // asked
	roleTopics          = "topics"          // asked
	roleCrowdPush       = "crowd-push"
	roleCrowdAsk        = "crowd-ask" // asked
)

// asked says whether a role's stdin is for its questions.
func asked(role string) bool {
	switch role {
	case roleReply, rolePublish, roleSubscribe, roleDealer, roleRouter, roleInprocExchange, roleListen, roleTopics, roleCrowdAsk:
		return true
	}
	return false
}

// roleCommand is the first argument of a re-execution of this program; the
// side and the role follow.
const roleCommand = "role"

// A reading is what a role found out in its window. What does not apply to a
// role stays 0.
type reading struct {
	Messages int64   `json:"messages"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu"`     // seconds, user and system, all threads
	Mallocs  uint64  `json:"mallocs"` // Go only: objects allocated
	P50      float64 `json:"p50"`     // nanoseconds
	P99      float64 `json:"p99"`
	Turns    int64   `json:"turns"` // round trips in all, before and in the window
	RSS      int64   `json:"rss"`   // bytes resident
	Peak     int64   `json:"peak"`  // the most bytes that were ever; 0: not known here

	// What the monitor of a rep told.
	Accepted    int64 `json:"accepted"`
	Handshakes  int64 `json:"handshakes"`
	Disconnects int64 `json:"disconnects"`
}

// minus is what happened between an earlier reading of the same role and r.
func (r reading) minus(earlier reading) reading {
	r.Messages -= earlier.Messages
	r.Seconds -= earlier.Seconds
	r.CPU -= earlier.CPU
	r.Mallocs -= earlier.Mallocs
	return r
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
	if !asked(role) {
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
	switch side {
	case ours:
		return oursActor(role)
	case raw:
		return rawActor(role)
	}
	return otherActor(side, role)
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
