// Package zap is the ZeroMQ Authentication Protocol 1.0 (RFC 27) as pure functions: the frames that ask a handler about a
// peer, and the frames that it answers with, in both directions.
//
// All frames are without the address delimiter and the routing ids before it: REQ and REP keep those to themselves.
//
// Reading order: request.go, reply.go.
package zap

import "strings"

// version is the first frame of every message, "the three octets".
const version = "1.0"

// most is the size of the largest string, and of an identity: "All string fields are at most 255 characters".
const most = 255

// asText is what may stand in a status text: ASCII (RFC 27), and of that what an operator's screen shows as it is. Texts
// repeat what strangers have sent.
func asText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), most)])
}
