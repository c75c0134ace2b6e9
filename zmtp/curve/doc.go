// Package curve is the CURVE mechanism of ZMTP (ZeroMQ RFC 25 and 26): the client
// knows the server by its public key, the server learns the client's and asks its
// authenticator about it, and whatever is said after that is encrypted, and opens
// to nobody who later gets hold of both secret keys.
//
//	client, keys C c, and C' c' of one connection      server, keys S s, and S' s'
//	HELLO     C', Box [zeros](C'->S)            →
//	                                            ←      WELCOME  Box [S' + cookie](S->C')
//	INITIATE  cookie,                           →
//	          Box [C + vouch + metadata](C'->S'),
//	          vouch = Box [C',S](C->S')
//	                                                   asks its authenticator about C
//	                                            ←      READY  Box [metadata](S'->C'), or ERROR
//	MESSAGE   Box [flags + data](C'->S')        ↔      MESSAGE
//
// What it says is what libzmq with libsodium says, byte for byte in its form. In
// what it takes it is stricter than libzmq, and as strict as RFC 26:
//
//   - Keys of low order, which would make secrets that everybody knows, are
//     refused, and the second form of a key as well.
//   - Short nonces grow over the whole connection, HELLO to the last MESSAGE.
//   - HELLO's padding is zero, and every command has its size.
//   - Both halves of the vouch count: that it is for this connection, and for this
//     server.
//   - A cookie is good for one connection, once, and for 30 to 60 s.
//   - After the handshake nothing is taken that was not sealed.
//
// What it does not hide is how many messages there are, how long they are, and
// when they are sent; what it cannot know is whether an ERROR, which is in the
// clear, is the server's. A secret is never part of an error, and a type that has
// one prints "[redacted]". The memory of a key that is no longer needed is the
// garbage collector's: this package does not promise that it is overwritten.
//
// # Reading order
//
// The files follow a connection:
//
//   - key.go, z85.go: keys, and their text
//   - certificate.go, zpl.go: keys in files
//   - allow.go: whom to let in
//   - box.go: Box [X](A->B)
//   - client.go, server.go: the handshake
//   - cookies.go: what the server lets the client keep
//   - codec.go: messages
package curve
