package probe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A Class is what kind of an end a probe has come to; commands end with it.
type Class int

const (
	Fine      Class = 0 // a ZeroMQ socket that lets us in, or would
	Nothing   Class = 1 // nobody there; or the probe was interrupted
	Silent    Class = 3 // no answer in time
	Refused   Class = 4 // somebody there who does not let us in
	OtherType Class = 5 // a ZeroMQ socket, of another type than it should be
)

// A Side is where something has to be changed.
type Side string

const (
	Here    Side = "here"    // on our side
	There   Side = "there"   // on the peer's
	Either  Side = "either"  // the two do not agree, and who is right nobody can tell from the wire
	Network Side = "network" // between
)

// A Guess is a cause that would look like what was seen, and that a probe cannot see.
type Guess struct {
	Reason monitor.Reason
	Why    string
}

// A Verdict is what a report means. Reason, Who and Why say what was seen; Likely, what may be behind it, the most likely first.
type Verdict struct {
	Class  Class
	Reason monitor.Reason // "": fine, or not the type that was expected
	Who    monitor.Who
	Why    string // if fine, what is there
	Hint   string
	Side   Side
	Likely []Guess
	Notes  []string // what is worth knowing also if all is well
}

// Verdict judges r. expect are the types that one is content with; none: any.
func (r *Report) Verdict(expect ...string) Verdict {
	if r.Interrupted {
		return Verdict{Class: Nothing, Why: r.Endpoint + ": interrupted"}
	}
	v := r.verdict(expect)
	r.notes(&v)
	return v
}

func (r *Report) verdict(expect []string) Verdict {
	const swapped = "two ports are probably swapped: check which socket is meant to be at this endpoint"
	e := r.Failure
	switch {
	case e != nil:
		return r.failed(e)
	case r.Client:
		return Verdict{Why: fmt.Sprintf("the client that a %s server wants, ZMTP %s", r.Mechanism, r.Version())}
	case len(expect) > 0 && !slices.Contains(expect, r.Type):
		return Verdict{Class: OtherType, Side: Either, Hint: swapped,
			Why: fmt.Sprintf("%s is a %s, not a %s", r.Endpoint, r.TypeText(), strings.Join(expect, " or "))}
	case r.asked.Type != "" && !zmtp.Compatible(r.asked.Type, r.Type):
		e := &monitor.Event{Side: monitor.SideConnect, Endpoint: r.Endpoint, SocketType: r.asked.Type, PeerType: r.Type,
			Who: monitor.ByLocal, Reason: monitor.ReasonIncompatibleSocketType}
		return Verdict{Class: OtherType, Reason: e.Reason, Who: e.Who, Side: Either, Why: e.Why(), Hint: swapped}
	case r.PairUnsure && r.Listener != nil && len(r.Listener.Peers) > 0:
		return Verdict{Class: Refused, Reason: monitor.ReasonPairTaken, Who: monitor.ByPeer, Side: Either,
			Why:  fmt.Sprintf("%v is connected to %s, so that PAIR socket has a peer already: it lets a second one in, as libzmq's does, and most likely ignores it", r.Listener.Peers[0], r.Endpoint),
			Hint: "a PAIR has one peer: disconnect the first, or use DEALER and ROUTER for more"}
	}
	return Verdict{Why: fmt.Sprintf("libzmq or compatible, ZMTP %s, %s, %s", r.Version(), r.Mechanism, r.TypeText())}
}

// failed is the verdict on a probe that came to no good end.
func (r *Report) failed(e *monitor.Event) Verdict {
	v := Verdict{Class: Refused, Reason: e.Reason, Who: e.Who, Why: e.Why(), Hint: e.Hint(), Side: sides[e.Reason]}
	switch {
	case e.Who == monitor.ByTimer:
		v.Class = Silent
	case e.Kind == monitor.ConnectFailed:
		v.Class = Nothing
	}
	r.inOwnWords(e, &v)
	r.seenHere(e, &v)
	r.guess(e, &v)
	v.Side = cmp.Or(v.Side, There) // the rest are rules of the protocol that the peer broke
	return v
}

// sides are where something has to be changed, by what was seen.
var sides = map[monitor.Reason]Side{
	monitor.ReasonResolve: Here, monitor.ReasonRefused: Either, monitor.ReasonTimeout: Network, monitor.ReasonUnreachable: Network,
	monitor.ReasonSelfConnect: There, monitor.ReasonBacklogFull: There, monitor.ReasonReset: There, monitor.ReasonNotZMTP: Either,
	monitor.ReasonMechanismMismatch: Either, monitor.ReasonBothSidesServer: Either, monitor.ReasonBothSidesClient: Either,
	monitor.ReasonWrongServerKey: Here, monitor.ReasonAuthDenied: Either, monitor.ReasonClearText: Here,
	monitor.ReasonIncompatibleSocketType: Either, monitor.ReasonIdentityConflict: Either, monitor.ReasonPairTaken: Either,
	monitor.ReasonPermission: Here, monitor.ReasonAddressNotAvailable: Here, monitor.ReasonFDLimit: Here, monitor.ReasonBadIdentity: Here,
}

// inOwnWords puts what a probe knows, and its flags, in the place of words that are for programs with sockets.
func (r *Report) inOwnWords(e *monitor.Event, v *Verdict) {
	mismatch := e.Reason == monitor.ReasonMechanismMismatch
	switch {
	case mismatch && r.asked.Mechanism != nil && r.asked.Mechanism.AsServer():
		v.Hint = fmt.Sprintf("set the same mechanism on both sides: here a %s server was asked for", r.asked.Mechanism.Name())
	case mismatch && r.Mechanism == "CURVE":
		v.Hint = "a CURVE server wants to know who we are, and we who it is: give its public key with --server-key and, if not everybody may come in, our own with --curve-key"
	case mismatch && r.Mechanism == "PLAIN":
		v.Hint = "a PLAIN server wants a user name and a password: write user:password into a file of mode 0600, and give it with --plain-file"
	case mismatch && r.Mechanism == "NULL":
		v.Hint = "the server asks for no keys and no password, and encrypts nothing: probe it without, and look whether it should be so"
	case e.Reason == monitor.ReasonBothSidesServer:
		v.Why += fmt.Sprintf(": %v", bare(e.Err))
	case e.Reason == monitor.ReasonAuthDenied && r.Mechanism == "CURVE" && r.asked.Passing:
		v.Hint = "the server does not let everybody in, and this probe's key was made for this run: give one that the server's authenticator knows, with --curve-key"
	case e.Reason == monitor.ReasonClearText:
		v.Hint = "use CURVE; or, where nobody else is on the network, --plain-anywhere"
	case e.Reason == monitor.ReasonIdentityConflict:
		v.Why = fmt.Sprintf("%s lets us in, but not as %s: another peer has this routing id", r.Endpoint, short(r.asked.RoutingID))
		v.Hint = "give each peer a routing id of its own; if one comes back before its old connection is found dead, set ROUTER_HANDOVER and heartbeats on the ROUTER"
	case e.Err == errNoAnswer:
		v.Why = r.Endpoint + " answers PING, and not the request: the connection is good, and the application behind it is silent"
		v.Hint, v.Side = "look whether the application receives at all, and whether it answers such a request", There
	}
}

// guess names what may be behind a silence, or behind the end of a connection of which the peer said nothing.
func (r *Report) guess(e *monitor.Event, v *Verdict) {
	if e.Reason == monitor.ReasonHandshakeTimeout && e.Phase == monitor.InGreeting && !r.Poked && !r.isSeen() {
		v.Likely = []Guess{{monitor.ReasonFDLimit, "its process hangs, or has no file descriptors left: a kernel takes connections also for a program that does not"}}
		return
	}
	left := e.Reason == monitor.ReasonEOFInHandshake || e.Reason == monitor.ReasonReset
	if !left || e.Phase != monitor.InMechanism && e.Phase != monitor.InMetadata {
		return
	}
	v.Side = There
	nobody := Guess{monitor.ReasonZAPMissing, "nobody is there to authenticate us: no ZAP handler is bound in the server's process, or it has stopped"}
	patience := Guess{monitor.ReasonAuthTemporary, "the server's authenticator asks for patience (status 300)"}
	types := Guess{monitor.ReasonIncompatibleSocketType, "it is a PUSH, DEALER, REQ or PAIR, which turns away all that a probe says it is: then nothing is wrong"}
	switch {
	case r.Mechanism == "PLAIN" && e.Phase == monitor.InMechanism:
		v.Why = r.Endpoint + " hung up on our user name and password, and gave no verdict on them"
		v.Likely = []Guess{nobody, patience}
		v.Hint = "look whether the server's ZAP handler runs and answers; the server's own events say which it was"
	case r.Mechanism == "NULL" || r.AsServer: // GlassMQ's, which says why a type does not fit
		v.Likely = []Guess{nobody, patience}
		v.Hint = "look whether the server's authenticator runs and answers; the server's own events say which it was"
	default: // libzmq hangs up on types without a word, and lets everybody in where no handler is
		v.Likely = []Guess{types, patience, nobody}
		v.Hint = "if a PUSH, DEALER, REQ or PAIR is meant to be there, nothing is wrong; otherwise the server's own events say which it was"
	}
}

// isSeen reports whether the kernel has shown what became of our connection.
func (r *Report) isSeen() bool {
	l := r.Listener
	return l != nil && (l.Conn.Accepted || l.Process != nil && l.Process.Limit > 0)
}

// notes are what is worth knowing beside the verdict.
func (r *Report) notes(v *Verdict) {
	if r.PairUnsure && r.Listener == nil && v.Class == Fine {
		v.Likely = append(v.Likely, Guess{monitor.ReasonPairTaken, "it has a peer: a PAIR of libzmq lets a second one in, and ignores it"})
	}
	if l := r.Listener; l != nil && r.Type == "PAIR" && len(l.Peers) > 0 && v.Class == Fine && r.asked.Type != "PAIR" {
		v.Notes = append(v.Notes, fmt.Sprintf("%v is connected to this PAIR, which takes one peer: a second one is likely to be turned away (--type PAIR tries it)", l.Peers[0]))
	}
	if r.NameUnsure && r.Failure == nil {
		v.Likely = append(v.Likely, Guess{monitor.ReasonIdentityConflict, "the routing id is taken: libzmq lets a second peer in, and ignores it"})
		v.Notes = append(v.Notes, "that the routing id was let in does not prove that it is free: libzmq lets in a second peer of one routing id, and then ignores it (--ask TEXT tells)")
	}
}
