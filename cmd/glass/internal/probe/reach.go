package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
)

// resolve finds all addresses of the name; a socket would stop at the first that answers, and an operator wants to know of
// those that do not. IPv4 goes first, as with sockets that were not told otherwise.
func (p *probing) resolve(ctx context.Context) (detail string, err error) {
	p.at = []endpoint.Endpoint{p.to}
	if p.to.Scheme != endpoint.TCP {
		return "", nil
	}
	if _, err := netip.ParseAddr(p.to.Host); err == nil {
		return "", nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", p.to.Host)
	if err != nil {
		return "", &transport.ResolveError{Host: p.to.Host, Err: transport.Cause(err)}
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap() // the C library's resolver gives IPv4 as ::ffff:1.2.3.4
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return cmp.Compare(a.BitLen(), b.BitLen()) })
	var names []string
	p.at = nil
	for _, a := range slices.Compact(addrs) {
		one := p.to
		one.Host = a.String()
		p.at, names = append(p.at, one), append(names, a.String())
	}
	return p.to.Host + " is " + strings.Join(names, " and "), nil
}

// connect tries each address, with an equal share of half of the time that is left: the other half is for what comes after.
func (p *probing) connect(ctx context.Context) (detail string, err error) {
	var tries []string
	var worst error
	until := time.Now().Add(time.Until(p.deadline) / 2)
	if len(p.at) == 1 {
		until = p.deadline
	}
	for i, at := range p.at {
		began := time.Now()
		share, cancel := context.WithTimeout(ctx, time.Until(until)/time.Duration(len(p.at)-i))
		nc, err := transport.Dial(share, at, transport.Options{}, nil)
		cancel()
		if err == nil {
			p.at, p.dialled = p.at[i:i+1], time.Since(began)
			p.took(ctx, nc)
			return strings.Join(append([]string{p.place(at)}, tries...), "; before it "), nil
		}
		tries = append(tries, fmt.Sprintf("%s: %v", at.Addr, bare(err)))
		if worst == nil || errors.Is(err, syscall.ECONNREFUSED) { // an answer tells more than silence
			worst = err
		}
	}
	if len(tries) == 1 {
		tries = nil // the error says it
	}
	return strings.Join(tries, "; "), worst
}

// took makes nc the connection of this probe.
func (p *probing) took(ctx context.Context, nc net.Conn) {
	p.hangUp()
	p.w, p.said, p.named = newWire(ctx, nc, p.deadline), "", false
	p.report.Connections++
	p.report.Local, p.report.Remote = transport.Name(nc.LocalAddr()), transport.Name(nc.RemoteAddr())
	if who := transport.PeerOf(nc); who != nil {
		p.report.Process = &monitor.Process{PID: who.PID, UID: who.UID, GID: who.GID}
	}
}

// place says which address answered.
func (p *probing) place(at endpoint.Endpoint) string {
	if p.to.Scheme != endpoint.TCP {
		return strings.TrimSuffix(at.Name+", "+p.report.Process.String(), ", ")
	}
	text := strings.TrimPrefix(p.report.Remote, "tcp://") + " from " + strings.TrimPrefix(p.report.Local, "tcp://")
	if strings.HasPrefix(at.Addr.String(), "[") && p.to.Host != at.Host {
		text += " (a socket needs its option ipv6 for this)"
	}
	return text
}

// again replaces the connection by a new one to the same address, on which greetings have been exchanged.
func (p *probing) again(ctx context.Context) error {
	nc, err := transport.Dial(ctx, p.at[0], transport.Options{}, nil)
	if err != nil {
		return err
	}
	p.took(ctx, nc)
	_, err = p.greeting(ctx)
	return err
}

// bare is an error as it stands beside an address, or a step.
func bare(err error) error {
	var dial *transport.DialError
	switch {
	case errors.As(err, &dial):
		return bare(dial.Err)
	case timedOut(err):
		return errSilence
	}
	return transport.Cause(err)
}

var errSilence = errors.New("no answer")
