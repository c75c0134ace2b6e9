package main

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/glassmq/zmq"
)

// exposure is a warning for who has bound a socket of this Config where other machines reach it and anybody may come in, or
// listen; "" if there is nothing to warn of. bound is what Bind returned. anyClient: its authenticator lets everybody in. Who
// has set AcceptFilter has decided who may come in; but not who listens on the way.
func exposure(bound string, c zmq.Config, anyClient bool) string {
	if !isReachable(bound) {
		return ""
	}
	mechanism := "NULL"
	if c.Mechanism != nil {
		mechanism = c.Mechanism.Name()
	}
	switch {
	case mechanism == "PLAIN":
		return bound + " can be reached from other machines, and PLAIN sends passwords and messages in the clear. Hint: use CURVE (glass keygen), if others are on the network"
	case isChosen(c.AcceptFilter):
		return ""
	case anyClient:
		return bound + " can be reached from other machines, and lets in everybody who has the server's public key. Hint: --curve-clients says who may come in"
	case mechanism == "NULL" && c.Authenticate == nil && c.ZAPDomain == "":
		return bound + " can be reached from other machines, and whoever reaches it gets in: there is no authentication. Hint: bind to 127.0.0.1, or give --curve-key and --curve-clients, or -O accept_filter"
	}
	return ""
}

// isChosen reports whether a filter keeps anybody out: one with a network of all addresses does not.
func isChosen(filter []netip.Prefix) bool {
	return len(filter) > 0 && !slices.ContainsFunc(filter, func(p netip.Prefix) bool { return p.Bits() == 0 })
}

// isReachable reports whether others than this machine reach an endpoint. An address of tcp that cannot be read may be anywhere.
func isReachable(bound string) bool {
	address, ok := strings.CutPrefix(bound, "tcp://")
	if !ok {
		return false // ipc and inproc are this machine's
	}
	at, err := netip.ParseAddrPort(address)
	return err != nil || !at.Addr().Unmap().IsLoopback()
}
