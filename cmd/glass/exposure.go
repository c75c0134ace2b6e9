package main

import (
	"net/netip"
	"strings"

	"github.com/glassmq/zmq"
)

// exposure is a warning for who has bound a socket of this Config where other machines reach it and anybody may come in, or
// listen; "" if there is nothing to warn of. bound is what Bind returned. anyClient: its authenticator lets everybody in. Who
// has set AcceptFilter has decided who may come in.
func exposure(bound string, c zmq.Config, anyClient bool) string {
	if !isReachable(bound) || len(c.AcceptFilter) > 0 {
		return ""
	}
	mechanism := "NULL"
	if c.Mechanism != nil {
		mechanism = c.Mechanism.Name()
	}
	switch {
	case mechanism == "PLAIN":
		return bound + " can be reached from other machines, and PLAIN sends passwords and messages in the clear. Hint: use CURVE (glass keygen), if others are on the network"
	case anyClient:
		return bound + " can be reached from other machines, and lets in everybody who has the server's public key. Hint: --curve-clients says who may come in"
	case mechanism == "NULL" && c.Authenticate == nil && c.ZAPDomain == "":
		return bound + " can be reached from other machines, and whoever reaches it gets in: there is no authentication. Hint: bind to 127.0.0.1, or give --curve-key and --curve-clients, or -O accept_filter"
	}
	return ""
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
