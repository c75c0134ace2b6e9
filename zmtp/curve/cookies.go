package curve

import (
	"slices"
	"sync"
	"time"
)

// cookieTurn is how long a cookie key makes cookies; it opens them for as long
// again. So a cookie is good for 30 to 60 s: at least as long as a handshake may
// take by default, and no longer than RFC 26 has for an example of "a short
// interval" after which the server MUST discard the key.
//
// A key goes when its time is over and the next handshake comes, for there is no
// timer. On a server that nobody speaks to the last keys stay; they open nothing
// but cookies whose connections are gone.
const cookieTurn = 30 * time.Second

// cookies keep what a server forgets between WELCOME and INITIATE, with the
// client. One server's handshakes share the keys.
type cookies struct {
	discreet
	now    func() time.Time
	random func([]byte)

	mu sync.Mutex
	// mu guards:
	since             time.Time // when current's turn began
	current, previous boxKey
}

// bake makes a cookie: a long nonce and Box [C' + s'](K).
func (c *cookies) bake(client PublicKey, transient SecretKey) []byte {
	current, _ := c.keys()
	cookie := make([]byte, longSize, cookieSize)
	c.random(cookie)
	text := slices.Concat(client[:], transient.bytes())
	return current.appendBox(cookie, text, longNonce(cookiePrefix, cookie))
}

// open gives back what was baked into a cookie.
func (c *cookies) open(cookie []byte) (text []byte, ok bool) {
	current, previous := c.keys()
	nonce := longNonce(cookiePrefix, cookie[:longSize])
	for _, k := range [...]boxKey{current, previous} {
		if text, err := k.open(cookie[longSize:], nonce, ""); err == nil {
			return text, true
		}
	}
	return nil, false
}

// keys are those of this moment.
func (c *cookies) keys() (current, previous boxKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	switch age := now.Sub(c.since); {
	case age >= 2*cookieTurn: // so it is at the first handshake, for since is zero
		c.random(c.previous[:])
		c.random(c.current[:])
		c.since = now
	case age >= cookieTurn:
		c.previous = c.current
		c.random(c.current[:])
		c.since = c.since.Add(cookieTurn) // not now: the old key's time began then
	}
	return c.current, c.previous
}
