package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A Report is what a probe found out. A zero field was not found out.
type Report struct {
	Endpoint      string // as the user wrote it
	Steps         []Step
	Local, Remote string           // the last connection's
	Process       *monitor.Process // who listens, over ipc

	Major, Minor uint8
	Mechanism    string
	AsServer     bool // as the greeting has it; libzmq's says no from a server, too
	Type         string
	Identity     string
	Properties   zmtp.Metadata // but for type and identity
	RTT          time.Duration // of a PING

	Client     bool // the peer is the client of the mechanism whose server we are
	Early      bool // it was READY before it had heard who we are
	NameUnsure bool // RoutingID was let in by a peer that may let in and ignore a second one
	PairUnsure bool // a PAIR was asked whether it has a peer, of a library whose PAIR lets a second one in and ignores it
	Poked      bool // it said nothing, and hung up when we had finished speaking: so it reads

	Claimed     []string // the types that we said we were
	Connections int

	Listener    *listener.View // what this host's kernel knows of the peer; nil: nothing, or it was not asked
	Interrupted bool
	Failure     *monitor.Event // what a socket's monitor would say; nil: all is well

	asked Options
}

// Version is "3.1", or "" if no greeting came.
func (r *Report) Version() string {
	if r.Major == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", r.Major, r.Minor)
}

// introduction is what the peer said of itself, in a line.
func (r *Report) introduction() string {
	if r.Type == "" {
		return ""
	}
	parts := []string{r.TypeText()}
	if r.Identity != "" {
		parts = append(parts, "identity "+short(r.Identity))
	}
	for _, q := range r.Properties {
		parts = append(parts, q.Name+" "+short(q.Value))
	}
	return strings.Join(parts, ", ")
}

// TypeText is the type, quoted if it does not look like one: a peer shall not write to a terminal.
func (r *Report) TypeText() string {
	if quoted := short(r.Type); quoted != `"`+r.Type+`"` {
		return quoted
	}
	return r.Type
}

// short shows the beginning of what a peer said: a value may have 64 KiB.
func short(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return strconv.Quote(s)
}

// fail turns the error that ended the probe into the event that a socket's monitor would tell of it.
func (p *probing) fail(at monitor.Phase, err error) {
	e := &monitor.Event{Kind: monitor.HandshakeFailedNoDetail, Time: time.Now(), Endpoint: p.report.Endpoint, Side: monitor.SideConnect,
		FD: -1, Local: p.report.Local, Remote: p.report.Remote, SocketType: p.said, PeerType: p.report.Type,
		Mechanism: p.report.Mechanism, Version: p.report.Version()}
	var why peer.Cause
	switch dial := (*transport.DialError)(nil); {
	case errors.Is(err, errNoAnswer):
		why = peer.Cause{Who: monitor.ByTimer, Phase: at, Reason: monitor.ReasonTimeout, Err: err}
	case errors.Is(err, errTaken):
		e.PeerID = p.RoutingID
		why = peer.Cause{Who: monitor.ByPeer, Phase: monitor.InMetadata, Reason: monitor.ReasonIdentityConflict, Err: err}
	case p.said == "PAIR" && p.turnedAway(err):
		why = peer.Cause{Who: monitor.ByPeer, Phase: monitor.InMetadata, Reason: monitor.ReasonPairTaken, Err: err}
	case p.w == nil || errors.As(err, &dial): // also of a further connection
		e.Kind, why = monitor.ConnectFailed, peer.ExplainDial(err)
	case at == monitor.InTraffic && timedOut(err):
		e.Kind = monitor.HeartbeatTimeout
		why = peer.Cause{Who: monitor.ByTimer, Phase: at, Reason: monitor.ReasonHeartbeatTimeout, Err: err}
	default:
		if at == monitor.InTraffic {
			at = monitor.InMetadata // it ended at our READY, not at our PING
		}
		why = peer.ExplainHandshake(at, p.w.in, err)
		if rule := (*zmtp.ProtocolError)(nil); errors.As(err, &rule) {
			e.Kind, e.Value = monitor.HandshakeFailedProtocol, uint64(rule.Code.Classic())
		}
	}
	e.Who, e.Phase, e.Reason, e.Err = why.Who, why.Phase, why.Reason, why.Err
	p.report.Failure = e
}

// turnedAway reports whether a PAIR sends away another PAIR, as it has its peer: GlassMQ's says so (zmtp.PairTaken).
func (p *probing) turnedAway(err error) bool {
	refused := (*zmtp.PeerError)(nil)
	return errors.As(err, &refused) && strings.HasPrefix(refused.Reason, (&zmtp.ProtocolError{Code: zmtp.PairTaken}).Error()) ||
		p.report.Type == "PAIR" && hungUp(err)
}
