package probe

import (
	"context"
	"errors"
	"fmt"
)

// errTaken is a peer that lets us in, but not under the routing id for which we ask.
var errTaken = errors.New("it lets us in, but not under this routing id")

// name asks whether RoutingID is free, by coming in under it. A stranger was let in a step before, so a peer that hangs up now
// does it for the name's sake.
//
// A ROUTER of libzmq says READY before it knows a peer's name, and ignores the second one of a name in silence, PING answered and
// all: then only a request tells (ask.go).
func (p *probing) name(ctx context.Context) (detail string, err error) {
	switch {
	case p.RoutingID == "":
		return "", nil
	case p.mate() != "REQ":
		return fmt.Sprintf("none: only a ROUTER looks at routing ids, and this is a %s", p.report.TypeText()), nil
	}
	if err := p.again(ctx); err != nil {
		return "", err
	}
	p.named = true
	err = p.become("REQ")
	switch {
	case hungUp(err):
		return "", errTaken
	case err != nil:
		return "", err
	}
	p.report.NameUnsure = !p.looksFirst()
	return short(p.RoutingID) + " is let in", nil
}

// looksFirst reports whether the peer looks who we are before it lets us in. Who says READY before it has heard ours has not
// looked; behind a mechanism libzmq's servers are known by the bit of the greeting that they do not set.
func (p *probing) looksFirst() bool { return !p.report.Early && (!p.secured() || p.report.AsServer) }
