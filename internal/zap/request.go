package zap

import (
	"fmt"

	"github.com/glassmq/zmq/zmtp"
)

// Request is the question about r: version, request id, domain, address, identity, mechanism, and the credentials that
// RFC 27 has for the mechanism: a user name and a password for PLAIN, the 32 bytes of the client's key for CURVE, none for
// NULL and for mechanisms that it does not know. id is not copied.
func Request(id []byte, r zmtp.AuthRequest) [][]byte {
	frames := [][]byte{[]byte(version), id, []byte(r.Domain), []byte(r.Address), []byte(r.RoutingID), []byte(r.Mechanism)}
	switch r.Mechanism {
	case "PLAIN":
		frames = append(frames, []byte(r.Username), []byte(r.Password))
	case "CURVE":
		frames = append(frames, r.PublicKey[:])
	}
	return frames
}

// ParseRequest reads what Request makes, and the credentials of no other mechanism. The strings are copies, id is not. It
// has an id as soon as there is one, so that a bad request can be answered, too: the error is an *zmtp.AuthError, the 500
// that Reply says then, and repeats no credential.
func ParseRequest(frames [][]byte) (id []byte, r zmtp.AuthRequest, err error) {
	if len(frames) > 1 {
		id = frames[1]
	}
	switch {
	case len(frames) < 6:
		return id, r, bad("%d frames behind the delimiter, there must be 6 at least", len(frames))
	case string(frames[0]) != version:
		return id, r, bad("the version is not %s", version)
	}
	r.Mechanism = string(frames[5])
	for i, f := range frames[2:] {
		if len(f) > most {
			return id, zmtp.AuthRequest{}, bad("frame %d has %d bytes, more than %d", i+3, len(f), most)
		}
	}
	credentials := frames[6:]
	switch {
	case r.Mechanism == "":
		err = bad("there is no mechanism") // "SHALL NOT be empty"
	case r.Mechanism == "NULL" && len(credentials) != 0, r.Mechanism == "PLAIN" && len(credentials) != 2,
		r.Mechanism == "CURVE" && (len(credentials) != 1 || len(credentials[0]) != len(r.PublicKey)):
		err = bad("the credentials are not those of %s", r.Mechanism)
	case r.Mechanism == "PLAIN":
		r.Username, r.Password = string(credentials[0]), string(credentials[1])
	case r.Mechanism == "CURVE":
		r.PublicKey = [32]byte(credentials[0])
	}
	if err != nil {
		return id, zmtp.AuthRequest{}, err
	}
	r.Domain, r.Address, r.RoutingID = string(frames[2]), string(frames[3]), string(frames[4])
	return id, r, nil
}

// bad is a request that breaks RFC 27. Whoever asked is at fault, and not the peer that the question is about: no 400.
func bad(format string, args ...any) error {
	return &zmtp.AuthError{Status: 500, Text: "the request breaks RFC 27: " + fmt.Sprintf(format, args...)}
}
