// Package zmtp is the wire: ZMTP 3.1 and 3.0 (ZeroMQ RFC 37 and 23) as pure
// functions and values. It does no I/O, starts no goroutine and reads no clock,
// so every function may be called from any goroutine; a [Handshake] and a
// [Codec] belong to one connection and to one goroutine at a time.
//
// # Rules that hold everywhere
//
// A parser of a stream (ParseGreeting, ParseHeader) takes any prefix of it:
// n == 0 and no error means that it needs more bytes, and nothing has been
// consumed. It refuses at the first byte that no legal continuation can mend.
// A parser of a body (ParseCommand, ParseMetadata, ParsePing, ParseError) takes
// the whole body and must come out exactly at its end.
//
// What a parser returns as []byte aliases its input; what it returns as string
// is a copy. Its errors are *[ProtocolError]. No input makes a parser panic or
// allocate more than a small multiple of the input.
//
// An Append function extends b like the built-in append and keeps nothing of
// its arguments. It panics when asked to write what every parser would refuse
// (a command without a name, metadata that [Metadata.Validate] refuses): such a
// value comes from our own program, never from the wire.
//
// # Reading order
//
// The files follow a connection's bytes:
//
//   - greeting.go: the 64 bytes that each side sends first
//   - stranger.go: naming what answered when it was not ZMTP 3
//   - header.go: the two or nine bytes before each frame's body
//   - command.go: a frame that is for the engine; ERROR
//   - metadata.go: what a peer says of itself in READY
//   - mechanism.go: how a handshake is driven, and what authentication slots into it
//   - null.go, plain.go: the mechanisms NULL and PLAIN; CURVE is a package of its own
//   - compatible.go: which socket types may talk, and who may come in
//   - heartbeat.go: PING and PONG
//   - errors.go: the codes, and the two kinds of refusal
//
// # Limits of this package
//
// ZMTP 1.0 and 2.0 are recognised and refused. The peer's as-server bit is
// reported and never judged: libzmq sends 0 even from a server. Whether a
// command is welcome at this point of a connection, how many there may be, and
// how long all of it may take is the caller's to decide.
package zmtp
