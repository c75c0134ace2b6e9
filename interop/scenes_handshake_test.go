package interop

import (
	"slices"
	"testing"

	"github.com/glassmq/zmq"
)

// rawDials lets a raw peer dial, and do something that ends its connection.
func rawDials(act func(t *testing.T, s subject, r *raw)) func(*testing.T, subject, *process) string {
	return func(t *testing.T, s subject, _ *process) string {
		bound, _ := s.binds(t, loopback)
		act(t, s, dialRaw(t, bound))
		s.sees(t, ended)
		return bound
	}
}

// rawAnswers lets a raw peer be dialled, and answer with these bytes; whether it then hangs up decides who ends it.
func rawAnswers(answer []byte, hangUp bool) func(*testing.T, subject, *process) string {
	return func(t *testing.T, s subject, _ *process) string {
		there, accept := listenRaw(t)
		s.dials(t, there)
		r := accept()
		r.send(t, answer)
		if hangUp {
			r.bytes(t, 10) // the signature: what is unread would make a reset of the end
			r.CloseWrite()
		}
		s.sees(t, ended)
		return there
	}
}

// says lets a raw peer send bytes and wait for the end of its connection.
func says(b []byte) func(*testing.T, subject, *raw) {
	return func(t *testing.T, s subject, r *raw) { r.send(t, b) }
}

// What happens in a handshake with a peer that is none, or a bad one.
var handshakeScenes = []scene{
	{
		name: "a stranger dials and hangs up", typ: zmq.PULL,
		play:  rawDials(func(t *testing.T, s subject, r *raw) { r.CloseWrite() }),
		tells: "listening, accepted, handshake_failed_no_detail (broken pipe), disconnected",
	},
	{
		name: "a stranger dials and says nothing", typ: zmq.PULL, traits: []trait{impatient},
		play:   rawDials(says(nil)),
		tells:  "listening, accepted, handshake_failed_no_detail (connection timed out), disconnected",
		theirs: "listening, accepted, handshake_failed_no_detail (resource temporarily unavailable), disconnected",
		why:    "it is what happened",
	},
	{
		name: "a stranger stops after its greeting", typ: zmq.PULL, traits: []trait{impatient},
		play:   rawDials(says(rawGreeting(1))),
		tells:  "listening, accepted, handshake_failed_no_detail (connection timed out), disconnected",
		theirs: "listening, accepted, handshake_failed_no_detail (resource temporarily unavailable), disconnected",
		why:    "it is what happened",
	},
	{
		name: "a stranger hangs up after its greeting", typ: zmq.PULL,
		play: rawDials(func(t *testing.T, s subject, r *raw) {
			r.send(t, rawGreeting(1))
			r.greeted(t)
			r.CloseWrite()
		}),
		tells: "listening, accepted, handshake_failed_no_detail (broken pipe), disconnected",
	},
	{
		name: "a browser", typ: zmq.PULL, traits: []trait{impatient},
		play:   rawDials(says([]byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))),
		tells:  "listening, accepted, handshake_failed_protocol 0x10000000, disconnected",
		theirs: "listening, accepted, handshake_failed_no_detail (resource temporarily unavailable), disconnected",
		why:    "the port is wrong, and one should hear it",
	},
	{
		name: "another mechanism", typ: zmq.PULL,
		play:  rawDials(says(plainGreeting())),
		tells: "listening, accepted, handshake_failed_protocol 0x11000002, disconnected",
	},
	{
		name: "a command that is none of the handshake's", typ: zmq.PULL,
		play:  rawDials(says(slices.Concat(rawGreeting(1), rawFrame(flagCommand, []byte("\x05HELLO"))))),
		tells: "listening, accepted, handshake_failed_protocol 0x10000001, disconnected",
	},
	{
		name: "metadata that cannot be read", typ: zmq.PULL,
		play:   rawDials(says(slices.Concat(rawGreeting(1), rawFrame(flagCommand, []byte("\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH!"))))),
		tells:  "listening, accepted, handshake_failed_protocol 0x10000018, disconnected",
		theirs: "listening, accepted, disconnected",
		why:    "every refusal is explained, on both sides",
	},
	{
		name: "a peer of the wrong type", typ: zmq.PULL,
		play:   rawDials(says(slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PULL")))),
		tells:  "listening, accepted, handshake_failed_protocol 0x10000018, disconnected",
		theirs: "listening, accepted, disconnected",
		why:    "every refusal is explained, on both sides",
	},
	{
		name: "an ERROR with a status of ZAP", typ: zmq.PULL, traits: []trait{impatient},
		play:  rawDials(says(slices.Concat(rawGreeting(1), rawFrame(flagCommand, []byte("\x05ERROR\x03400"))))),
		tells: "listening, accepted, handshake_failed_auth 400, disconnected",
	},
	{
		name: "an ERROR in words", typ: zmq.PULL, traits: []trait{impatient},
		play:   rawDials(says(slices.Concat(rawGreeting(1), rawFrame(flagCommand, []byte("\x05ERROR\x07go away"))))),
		tells:  "listening, accepted, handshake_failed_protocol 0x10000000, disconnected",
		theirs: "listening, accepted, disconnected",
		why:    "every refusal is explained, on both sides",
	},
	{
		name: "who was dialled hangs up", typ: zmq.PUSH,
		play:  rawAnswers(nil, true),
		tells: "connect_delayed (operation now in progress), connected, handshake_failed_no_detail (broken pipe), disconnected",
	},
	{
		name: "who was dialled is a web server", typ: zmq.PUSH, traits: []trait{impatient},
		play:   rawAnswers([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), false),
		tells:  "connect_delayed (operation now in progress), connected, handshake_failed_protocol 0x10000000, disconnected",
		theirs: "connect_delayed (operation now in progress), connected, handshake_failed_no_detail (resource temporarily unavailable), disconnected",
		why:    "the port is wrong, and one should hear it",
	},
	{
		name: "who was dialled is of the wrong type", typ: zmq.PUSH,
		play:   rawAnswers(slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PUB")), false),
		tells:  "connect_delayed (operation now in progress), connected, handshake_failed_protocol 0x10000018, disconnected",
		theirs: "connect_delayed (operation now in progress), connected, disconnected",
		why:    "every refusal is explained, on both sides",
	},
	{
		name: "who was dialled has another mechanism", typ: zmq.PUSH,
		play:  rawAnswers(plainGreeting(), false),
		tells: "connect_delayed (operation now in progress), connected, handshake_failed_protocol 0x11000002, disconnected",
	},
}

func plainGreeting() []byte {
	g := rawGreeting(1)
	copy(g[12:], "PLAIN")
	return g
}
