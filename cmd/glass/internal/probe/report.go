package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

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

	Claimed     []string // the types that we said we were
	Connections int

	Interrupted bool
	Failure     *monitor.Event // what a socket's monitor would say; nil: all is well
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
	if at == monitor.InTraffic && !timedOut(err) {
		at = monitor.InMetadata // it ended at our READY, not at our PING
	}
	var why peer.Cause
	switch dial := (*transport.DialError)(nil); {
	case p.w == nil || errors.As(err, &dial): // also of a further connection
		e.Kind, why = monitor.ConnectFailed, peer.ExplainDial(err)
	case at == monitor.InTraffic && timedOut(err):
		e.Kind = monitor.HeartbeatTimeout
		why = peer.Cause{Who: monitor.ByTimer, Phase: at, Reason: monitor.ReasonHeartbeatTimeout, Err: err}
	default:
		why = peer.ExplainHandshake(at, p.w.in, err)
		if rule := (*zmtp.ProtocolError)(nil); errors.As(err, &rule) {
			e.Kind, e.Value = monitor.HandshakeFailedProtocol, uint64(rule.Code.Classic())
		}
	}
	e.Who, e.Phase, e.Reason, e.Err = why.Who, why.Phase, why.Reason, why.Err
	p.report.Failure = e
}
