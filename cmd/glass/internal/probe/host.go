package probe

import (
	"net/netip"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/monitor"
)

// look asks this host's kernel who listens, if the peer is on this host, and something is wrong or Options.Host is set. The
// connection is still there: what the far end of it has not read tells the most.
func (p *probing) look() {
	e := p.report.Failure
	switch {
	case e == nil && !p.Host && !p.report.PairUnsure, e != nil && e.Phase == monitor.InResolve, len(p.at) == 0:
		return
	case p.to.Scheme == endpoint.IPC:
		if p.report.Process != nil {
			p.report.Listener = &listener.View{Process: listener.Of(p.report.Process.PID)}
		}
		return
	}
	addr, err := netip.ParseAddr(p.at[0].Host)
	if err != nil {
		return
	}
	if addr.IsUnspecified() && p.report.Remote != "" { // which is dialled as this host's own
		if to, err := netip.ParseAddrPort(strings.TrimPrefix(p.report.Remote, "tcp://")); err == nil {
			addr = to.Addr()
		}
	}
	local, _ := netip.ParseAddrPort(strings.TrimPrefix(p.report.Local, "tcp://")) // none before there was a connection
	if v, err := listener.Look(local, netip.AddrPortFrom(addr, p.at[0].Port)); err == nil {
		p.report.Listener = &v
	}
}
