package model

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// How the two ends of a connection were found to be one.
const (
	ByAddress  = "address"  // the local address of one is the remote one of the other
	ByEndpoint = "endpoint" // one was dialled to where the other listens; its own end is not in the model
	ByProcess  = "process"  // over ipc, the kernel names the processes; over inproc there is only one
	ByNothing  = "none"     // the other end is not in the model
)

// A matcher finds both ends of connections among the rows of a snapshot.
type matcher struct {
	*Snapshot
	of   map[string]*Instance
	mate []int // the connection at the other end of each, -1 if it is not in the model
	how  []string
}

func newMatcher(s *Snapshot) *matcher {
	m := &matcher{Snapshot: s, of: make(map[string]*Instance, len(s.Instances))}
	for i := range s.Instances {
		m.of[s.Instances[i].ID] = &s.Instances[i]
	}
	m.mate, m.how = make([]int, len(s.Connections)), make([]string, len(s.Connections))
	for i := range m.mate {
		m.mate[i], m.how[i] = -1, ByNothing
	}
	m.addresses()
	m.processes()
	return m
}

func (m *matcher) join(i, j int, how string) {
	m.mate[i], m.mate[j], m.how[i], m.how[j] = j, i, how, how
}

// addresses joins mirrored pairs of addresses. Those of the loopback interface say nothing beyond their host, and hosts may
// be several behind one name: an address that two connections claim joins neither.
func (m *matcher) addresses() {
	type pair struct{ host, local, remote string }
	at := make(map[pair]int, len(m.Connections))
	for i := range m.Connections {
		c := &m.Connections[i]
		p := pair{m.scope(c), c.Local, c.Remote}
		if !strings.HasPrefix(c.Local, "tcp://") || c.Remote == "" {
			continue
		}
		if _, taken := at[p]; taken {
			at[p] = -1
			continue
		}
		at[p] = i
	}
	for p, i := range at {
		j, there := at[pair{p.host, p.remote, p.local}]
		if there && i >= 0 && j >= 0 && i < j {
			m.join(i, j, ByAddress)
		}
	}
}

// scope is the host within which c's addresses mean something; "" if they do everywhere.
func (m *matcher) scope(c *Connection) string {
	if a, ok := address(c.Local); ok && a.Addr().IsLoopback() {
		return m.of[c.Inst].Host
	}
	return ""
}

// address is a tcp address as a value.
func address(s string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddrPort(strings.TrimPrefix(s, "tcp://"))
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), err == nil && strings.HasPrefix(s, "tcp://")
}

// processes joins what has no addresses of its own: over ipc two processes at one path, over inproc two sockets at one name.
// If there are several between the same two, the order in which they came joins them.
func (m *matcher) processes() {
	type where struct {
		host, at      string
		binder, other string // processes
	}
	binds, connects := make(map[where][]int), make(map[where][]int)
	for i := range m.Connections {
		c := &m.Connections[i]
		in := m.of[c.Inst]
		own, peer := strconv.Itoa(in.PID), strconv.Itoa(c.PeerPID)
		switch scheme, _, _ := strings.Cut(c.Local+c.Remote, "://"); {
		case scheme == "inproc":
			own, peer = c.Inst, c.Inst
		case scheme != "ipc" || c.PeerPID == 0:
			continue
		}
		if c.Side == "bind" {
			w := where{in.Host, c.Local, own, peer}
			binds[w] = append(binds[w], i)
		} else {
			w := where{in.Host, c.Remote, peer, own}
			connects[w] = append(connects[w], i)
		}
	}
	for w, here := range binds {
		there := connects[w]
		for n := range min(len(here), len(there)) {
			slices.SortFunc(here, m.older)
			slices.SortFunc(there, m.older)
			m.join(here[n], there[n], ByProcess)
		}
	}
}

func (m *matcher) older(i, j int) int {
	return cmp.Or(m.Connections[i].Since.Compare(m.Connections[j].Since), cmp.Compare(i, j))
}

// introduce tells each connection who is at its other end.
func (s *Snapshot) introduce() {
	m := newMatcher(s)
	for i, j := range m.mate {
		if j >= 0 {
			c, peer := &s.Connections[i], &s.Connections[j]
			c.PeerApp, c.PeerSock = peer.App, peer.socket()
		}
	}
}

func (c *Connection) socket() string { return c.Inst + "/" + strconv.FormatUint(c.Sock, 10) }

// A listener is a socket that listens at an address.
type listener struct {
	sock *Socket
	at   netip.AddrPort
	host string
}

// listeners are those over tcp.
func (m *matcher) listeners() map[uint16][]listener {
	all := make(map[uint16][]listener)
	for i := range m.Sockets {
		s := &m.Sockets[i]
		for _, ep := range s.Endpoints {
			if a, ok := address(ep.Bound); ok && ep.State == Listening {
				all[a.Port()] = append(all[a.Port()], listener{s, a, m.of[s.Inst].Host})
			}
		}
	}
	return all
}

// listening is the socket that listens where one of host dials to; nil if none or several may.
func listening(at map[uint16][]listener, host, dialled string) (found *Socket) {
	a, ok := address(dialled)
	if !ok {
		return nil
	}
	for _, l := range at[a.Port()] {
		here := l.host == host
		exact := l.at == a && (here || !a.Addr().IsLoopback())
		wild := l.at.Addr().IsUnspecified() && here && a.Addr().IsLoopback()
		if !exact && !wild {
			continue
		}
		if found != nil && found != l.sock {
			return nil
		}
		found = l.sock
	}
	return found
}
