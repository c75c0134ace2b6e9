package zmtp

import "math"

// Compatible says whether sockets of types a and b may talk: the table of
// RFC 37, "The Socket-Type Property", drafts included. It is symmetric; an
// unknown type may talk to nobody. Types are written in capitals.
func Compatible(a, b string) bool {
	switch a {
	case "REQ":
		return b == "REP" || b == "ROUTER"
	case "REP":
		return b == "REQ" || b == "DEALER"
	case "DEALER":
		return b == "REP" || b == "DEALER" || b == "ROUTER"
	case "ROUTER":
		return b == "REQ" || b == "DEALER" || b == "ROUTER"
	case "PUB", "XPUB":
		return b == "SUB" || b == "XSUB"
	case "SUB", "XSUB":
		return b == "PUB" || b == "XPUB"
	case "PUSH":
		return b == "PULL"
	case "PULL":
		return b == "PUSH"
	case "CLIENT":
		return b == "SERVER"
	case "SERVER":
		return b == "CLIENT"
	case "RADIO":
		return b == "DISH"
	case "DISH":
		return b == "RADIO"
	case "SCATTER":
		return b == "GATHER"
	case "GATHER":
		return b == "SCATTER"
	case "PAIR", "PEER", "CHANNEL":
		return b == a
	}
	return false
}

// CheckRemote holds a peer's metadata against the rules that are the same for
// every mechanism. localType is the type of our socket. It refuses with
// MissingSocketType, IncompatibleSocketType (Detail "REQ cannot talk to PULL",
// ours first) or BadIdentity.
//
// libzmq lets a peer in that names no type (RFC 37: it SHOULD): such a peer
// would be found out, if ever, by messages that make no sense.
func CheckRemote(localType string, remote Metadata) error {
	remoteType, ok := remote.Get(SocketType)
	if !ok {
		return refuse(MissingSocketType, "the peer of this %s does not say what it is", localType)
	}
	if !Compatible(localType, remoteType) {
		return refuse(IncompatibleSocketType, "%s cannot talk to %s", localType, typeName(remoteType))
	}
	// identity = 0*255OCTET, and the first "SHALL NOT be zero": ids that we make
	// up begin so, and a peer could take one. Only a ROUTER uses an identity, but
	// every event shows it, so the grammar holds for all.
	identity, _ := remote.Get(Identity)
	if len(identity) > math.MaxUint8 {
		return refuse(BadIdentity, "%d bytes, at most %d accepted", len(identity), math.MaxUint8)
	}
	if identity != "" && identity[0] == 0 {
		return refuse(BadIdentity, "it begins with a zero byte, which is kept for ids that sockets make up")
	}
	return nil
}

// typeName is the peer's word for its type: as it stands if it looks like one,
// else quoted, so that a Detail stays one line of plain text.
func typeName(s string) string {
	if len(s) <= 16 && isCommandName(s) {
		return s
	}
	return quote([]byte(s))
}
