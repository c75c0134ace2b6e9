package message

// A Source is where the memory of large received bodies comes from. A C face lends its own here, so that a body arrives
// where its user will read it.
//
// Put is called once for each Get whose bytes did not become a user's: a connection broke, a body moved to a larger
// place, a queue was dropped, a Buffer has done with it. Bytes that reached a user otherwise are the user's to give back. Any
// goroutine may call.
type Source interface {
	Get(size int) []byte
	Put(b []byte)
}
