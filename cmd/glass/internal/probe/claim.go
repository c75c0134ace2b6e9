package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// What a probe says that it is.
//
// libzmq and most others send READY before they look at ours (RFC 23 has it so, lest two peers wait for each other): then
// we know the peer without a word about ourselves. It is not so for a peer that makes room for one peer only, such as a
// PAIR of GlassMQ. To such a one we claim types, one after the other, each on a connection of its own as a wrong one ends
// it, until the peer says what it is.
//
// A peer gives messages to whoever has shaken hands with it and can receive what it sends: to such a peer we claim nothing
// that it accepts. PUSH, DEALER, REQ, PAIR and their like choose one peer for each message, and a message for us would be
// one that its real receiver never sees. What is left are those in mates: they receive only, or answer only, or send to
// those who subscribed.

// mates says what to be to a peer whose type is known.
var mates = map[string]string{
	"REP": "REQ", "ROUTER": "REQ",
	"PULL": "PUSH",
	"PUB":  "SUB", "XPUB": "SUB", "SUB": "PUB", "XSUB": "PUB",
	"SERVER": "CLIENT", "GATHER": "SCATTER", "RADIO": "DISH", "DISH": "RADIO",
}

// claims are what to be to a peer whose type is not: each fits types in mates only.
var claims = [...]string{"REQ", "PUSH", "SUB", "PUB"}

// mate says what to be to the peer, whose type is known; "": nothing.
func (p *probing) mate() string {
	if p.said == "PAIR" && p.report.Type == "PAIR" {
		return "PAIR" // as asked for
	}
	return mates[p.report.Type]
}

// claims are those in claims, with the type for which we ask first if it is one of them, or a PAIR.
func (p *probing) claims() []string {
	all := slices.Clone(claims[:])
	if i := slices.Index(all, p.Type); i >= 0 {
		all = slices.Delete(all, i, i+1)
	} else if p.Type != "PAIR" {
		return all
	}
	return slices.Insert(all, 0, p.Type)
}

// metadata learns what the peer says of itself.
func (p *probing) metadata(ctx context.Context) (detail string, err error) {
	if p.secured() {
		return p.claimEach(ctx)
	}
	cmd, err := p.w.command(p.patience())
	if timedOut(err) && time.Now().Before(p.deadline) {
		return p.claimEach(ctx)
	}
	if err == nil {
		p.report.Early = true
		err = p.introduced(cmd)
	}
	return p.report.introduction(), err
}

// introduced takes a command that should be READY.
func (p *probing) introduced(cmd zmtp.Command) error {
	step, err := null.Begin(nil).Next(cmd)
	if err != nil {
		return err
	}
	return p.learn(step.Remote)
}

// learn takes what a peer says of itself.
func (p *probing) learn(remote zmtp.Metadata) error {
	typ, ok := remote.Get(zmtp.SocketType)
	nonce, _ := remote.Get(markName)
	switch {
	case !ok:
		return &zmtp.ProtocolError{Code: zmtp.MissingSocketType}
	case nonce == p.nonce:
		return &zmtp.ProtocolError{Code: zmtp.NotZMTP, Detail: "an echo, which sends back what it hears"}
	}
	p.report.Type = typ
	p.report.Identity, _ = remote.Get(zmtp.Identity)
	p.report.Properties = slices.DeleteFunc(remote, func(q zmtp.Property) bool {
		return strings.EqualFold(q.Name, zmtp.SocketType) || strings.EqualFold(q.Name, zmtp.Identity)
	})
	return nil
}

// markName is a property by which the peer's own events tell a probe from a client.
const markName = "X-Glass-Probe"

// as is what we say of ourselves as a socket of type typ, which is thereby claimed.
func (p *probing) as(typ string) zmtp.Metadata {
	p.said = typ
	if !slices.Contains(p.report.Claimed, typ) {
		p.report.Claimed = append(p.report.Claimed, typ)
	}
	m := zmtp.Metadata{{Name: zmtp.SocketType, Value: typ}, {Name: markName, Value: p.nonce}}
	if p.named {
		m = append(m, zmtp.Property{Name: zmtp.Identity, Value: p.RoutingID})
	}
	return m
}

// claim says READY, as a socket of type typ.
func (p *probing) claim(typ string) {
	p.w.say(zmtp.AppendCommand(nil, zmtp.Command{Name: zmtp.READY, Data: zmtp.AppendMetadata(nil, p.as(typ))}))
}

// become makes us a peer of type typ, on a connection on which nothing is claimed yet, or that was presented so.
func (p *probing) become(typ string) error {
	if p.secured() {
		if p.said != typ {
			if err := p.present(typ); err != nil {
				return err
			}
		}
		return p.admitted()
	}
	p.claim(typ)
	cmd, err := p.w.command(p.deadline)
	if err == nil {
		err = p.introduced(cmd)
	}
	return err
}

// claimEach tries claims until the peer says what it is.
func (p *probing) claimEach(ctx context.Context) (detail string, err error) {
	var tried []string
	all := p.claims()
	for i, typ := range all {
		if i > 0 {
			if err := p.again(ctx); err != nil {
				return "", err
			}
		}
		tried = append(tried, typ)
		err := p.become(typ)
		if refused := (*zmtp.PeerError)(nil); errors.As(err, &refused) {
			p.report.Type = typeIn(refused, typ)
		}
		if typ == "PAIR" && p.turnedAway(err) {
			return "", err
		}
		if err == nil || p.report.Type != "" {
			return fmt.Sprintf("%s; %s a %s", p.report.introduction(), p.manner(), strings.Join(tried, ", a ")), nil
		}
		if !refusal(err) || i == len(all)-1 {
			return p.refusedAll(tried, err), err
		}
	}
	panic("BUG: the last claim returns")
}

// refusedAll is what is known of a peer that refuses us after the claims that were tried.
func (p *probing) refusedAll(tried []string, err error) string {
	if !refusal(err) {
		return "" // it is not about types
	}
	text := "it refuses a " + strings.Join(tried, ", a ")
	if p.secured() && hungUp(err) { // as libzmq does, without a word
		text += ", as a PUSH, DEALER, REQ or PAIR does"
	}
	return text
}

// manner is how it came to a claim.
func (p *probing) manner() string {
	if p.secured() {
		return "we came as"
	}
	return "it waited for us to say that we are"
}

// refusal says whether an error can mean that another type would do: the connection's end, or ERROR, unless it is the
// status of an authenticator (RFC 27), to which all types are alike.
func refusal(err error) bool {
	if refused := (*zmtp.PeerError)(nil); errors.As(err, &refused) {
		status, _, _ := strings.Cut(refused.Reason, " ")
		return status != "300" && status != "400" && status != "500"
	}
	return hungUp(err)
}

// typeIn is the type of a peer that refused a claimed one, if it says so in the words of zmtp.CheckRemote:
// "incompatible socket type: PAIR cannot talk to REQ".
func typeIn(refused *zmtp.PeerError, claimed string) string {
	text, ok := strings.CutSuffix(refused.Reason, " cannot talk to "+claimed)
	if !ok {
		return ""
	}
	return text[strings.LastIndexByte(text, ' ')+1:]
}
