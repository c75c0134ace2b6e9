package probe

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/monitor"
)

// seenHere makes a verdict sure by what this host's kernel knows of the peer.
func (r *Report) seenHere(e *monitor.Event, v *Verdict) {
	l := r.Listener
	silent := e.Reason == monitor.ReasonHandshakeTimeout
	if silent && r.Poked {
		v.Why += "; it reads what we say, and does not answer"
		v.Side = There
		return // and it has hung up by now, so there is no more to see
	}
	if l == nil {
		return
	}
	refused := e.Reason == monitor.ReasonRefused && e.Phase == monitor.InConnect
	untaken := silent && l.Conn.Known && !l.Conn.Accepted || e.Reason == monitor.ReasonTimeout && e.Phase == monitor.InConnect && l.Waiting > 0
	switch {
	case refused && len(l.Elsewhere) > 0:
		v.Why += fmt.Sprintf(", but on %s of this host somebody does", places(l.Elsewhere))
		v.Hint = "this endpoint has the right port at the wrong address: bind to it, or to * for all, or connect to where it is"
	case (untaken || silent && !l.At.IsValid()) && l.Process.Full(): // over ipc the kernel does not say what was taken
		v.Reason, v.Who = monitor.ReasonFDLimit, monitor.ByPeer
		v.Why = fmt.Sprintf("%s, which listens on %s, has no file descriptors left (%d of %d), so nobody takes our connection", naming(l.Process), r.Endpoint, l.Process.Descriptors, l.Process.Limit)
		v.Hint = "raise its limit (ulimit -n, LimitNOFILE), or find what holds them: idle peers, or files that are never closed"
		v.Side = There
	case untaken:
		v.Why = fmt.Sprintf("nobody takes our connection to %s: %s listens there and does not accept%s", r.Endpoint, naming(l.Process), waiting(l.Waiting))
		v.Hint = hangs
		v.Side = There
		if e.Phase == monitor.InConnect {
			v.Reason, v.Who = monitor.ReasonBacklogFull, monitor.ByPeer
		}
	case silent && l.Conn.Accepted:
		v.Side = There
		reads := "reads what we say, and does not answer"
		if l.Conn.Unread > 0 {
			reads = fmt.Sprintf("does not read: %d bytes of ours wait", l.Conn.Unread)
			v.Hint = hangs
		}
		v.Why += fmt.Sprintf("; %s has accepted it, and %s", naming(l.Process), reads)
	}
	if l.Process != nil && l.Process.Stopped && v.Class != Fine {
		v.Why += "; the process is stopped, by a signal or a debugger"
		v.Hint, v.Side = fmt.Sprintf("let it go on: kill -CONT %d", l.Process.PID), There
	}
}

const hangs = "it hangs, or is busy elsewhere: look what it does (a stack dump, a debugger), or start it anew"

func places(at []netip.AddrPort) string {
	var texts []string
	for _, a := range at {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, " and ")
}

// naming names a process for a person.
func naming(p *listener.Process) string {
	switch {
	case p == nil:
		return "a process that this user may not see"
	case p.Name == "":
		return fmt.Sprintf("process %d", p.PID)
	}
	return fmt.Sprintf("process %d (%s)", p.PID, p.Name)
}

func waiting(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; connections that wait: %d", n)
}
