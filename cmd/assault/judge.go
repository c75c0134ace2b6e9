package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// differences are the ways in which an outcome is not what the list has.
func (r *trial) differences(ours bool) (all []string) {
	o, in := &r.outcome, r.in
	if o.died {
		all = append(all, "the process died: "+r.socket.lastWords())
	}
	if o.impossible != nil {
		return append(all, o.impossible.Error())
	}
	if o.strayed != nil {
		all = append(all, o.strayed.Error())
	}
	all = append(all, r.endedOtherwise()...)
	if r.socket.sees() {
		if !slices.EqualFunc(o.received, in.Delivers, slices.Equal[[]string]) {
			all = append(all, "the program received "+messagesText(o.received))
		}
		all = append(all, r.toldOtherwise(ours)...)
	}
	if o.served != nil && !o.died {
		all = append(all, fmt.Sprintf("a good peer is not served: %v", o.served))
	}
	return all
}

// endedOtherwise is about the connection: whether it was to end, and whether the peer was to hear why.
func (r *trial) endedOtherwise() (all []string) {
	o, kept := &r.outcome, r.in.Ending.How == "kept"
	switch {
	case kept && o.ended != nil:
		return []string{fmt.Sprintf("%s after %v", o.how(), o.after.Round(time.Millisecond))}
	case kept && !o.alive:
		return []string{"no answer to a PING"}
	case kept:
		return nil
	case o.ended == nil:
		all = append(all, "left open")
	}
	told := slices.ContainsFunc(o.told, func(word string) bool { return strings.HasPrefix(word, "ERROR") })
	if told && !r.in.Ending.Answered {
		all = append(all, "the peer is told why by an ERROR")
	}
	if !told && r.in.Ending.Answered {
		all = append(all, "the peer is not told why by an ERROR")
	}
	return all
}

// toldOtherwise is about the monitor. Our own has to tell the list's words; another engine's is asked only whether it told of a
// handshake that failed.
func (r *trial) toldOtherwise(ours bool) []string {
	told := r.outcome.events
	if ours {
		if !slices.Equal(told, r.in.Ending.Story(r.role)) {
			return []string{"its monitor told " + strings.Join(told, ", ")}
		}
		return nil
	}
	failed := slices.ContainsFunc(told, func(e string) bool { return strings.HasPrefix(e, "handshake_failed") })
	wanted := !r.in.Ending.Ready()
	switch {
	case failed && !wanted:
		return []string{"its monitor told of a failed handshake"}
	case !failed && wanted && !r.outcome.died:
		return []string{"its monitor told of no failed handshake"}
	}
	return nil
}
