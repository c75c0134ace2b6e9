package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// errNoAnswer is an application that says nothing to our request.
var errNoAnswer = errors.New("no answer to the request")

// ask sends a request, as a REQ does (RFC 28: an empty frame, then the body), and waits for anything in return. If it was asked
// under a routing id in vain, a stranger asks again: whose answer comes tells that the name was the trouble.
func (p *probing) ask(ctx context.Context) (detail string, err error) {
	switch {
	case p.Ask == "":
		return "", nil
	case p.mate() != "REQ":
		return fmt.Sprintf("none: a %s answers no requests", p.report.TypeText()), nil
	}
	if p.said != "REQ" { // there was no PING
		if err := p.reenter(ctx); err != nil {
			return "", err
		}
	}
	if !p.named {
		err := p.answered(p.deadline)
		return unless(err, "answered"), err
	}
	err = p.answered(time.Now().Add(time.Until(p.deadline) / 2))
	if !errors.Is(err, errNoAnswer) {
		p.report.NameUnsure = err != nil
		return unless(err, "answered, also under the routing id"), err
	}
	if err := p.reenter(ctx); err != nil {
		return "", err
	}
	if err := p.answered(p.deadline); err != nil {
		return "", err
	}
	return "a stranger is answered", errTaken
}

func unless(err error, text string) string {
	if err != nil {
		return ""
	}
	return text
}

// reenter becomes a REQ without a name, on a new connection if something was said on this one.
func (p *probing) reenter(ctx context.Context) error {
	if p.said != "" {
		if err := p.again(ctx); err != nil {
			return err
		}
	}
	return p.become("REQ")
}

// answered sends the request, and waits for the first frame of a message until limit.
func (p *probing) answered(limit time.Time) error {
	p.w.sayTraffic(zmtp.AppendHeader(nil, zmtp.Header{More: true}))
	p.w.sayTraffic(append(zmtp.AppendHeader(nil, zmtp.Header{Size: uint64(len(p.Ask))}), p.Ask...))
	err := p.w.message(limit)
	if timedOut(err) {
		return errNoAnswer
	}
	return err
}
