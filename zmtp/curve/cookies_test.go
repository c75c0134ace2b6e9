package curve

import (
	"bytes"
	"testing"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// A cookie opens for 30 s whenever it was made, and for no more than 60.
func TestCookieLives(t *testing.T) {
	for made := time.Duration(0); made < 3*cookieTurn; made += 7 * time.Second {
		for _, between := range []time.Duration{0, 5, 9} { // tenths of its age at which another handshake turns the keys; 0: none does
			for age := time.Duration(0); age < 3*cookieTurn; age += time.Second {
				c := newClock()
				jar := &cookies{now: c.now, random: seeded(1)}
				start := c.time
				jar.keys()
				c.time = start.Add(made)
				cookie := jar.bake(alice.Public, bob.Secret)
				if between > 0 {
					c.time = start.Add(made + age*between/10)
					jar.keys()
				}
				c.time = start.Add(made + age)
				text, ok := jar.open(cookie)
				if age < cookieTurn && !ok || age >= 2*cookieTurn && ok {
					t.Fatalf("made after %v, at the age of %v (another handshake after %d/10): %v", made, age, between, ok)
				}
				if want := append(keyBytes(alice.Public), bob.Secret.bytes()...); ok && !bytes.Equal(text, want) {
					t.Fatalf("what came out is %x", text)
				}
			}
		}
	}
}

// The keys that opened it are gone, and not only unused.
func TestCookieKeysAreForgotten(t *testing.T) {
	c := newClock()
	jar := &cookies{now: c.now, random: seeded(1)}
	first, before := jar.keys()
	if first == (boxKey{}) || before == (boxKey{}) || first == before {
		t.Fatalf("the first keys are %x and %x", first, before)
	}
	c.time = c.time.Add(cookieTurn)
	second, last := jar.keys()
	if last != first || second == first {
		t.Fatalf("after one turn: %x, then %x; want the old one to open what it made", second, last)
	}
	c.time = c.time.Add(cookieTurn)
	if jar.keys(); jar.current == first || jar.previous == first {
		t.Error("after two turns the first key is still there")
	}
	c.time = c.time.Add(1000 * time.Hour)
	if jar.keys(); jar.current == second || jar.previous == second {
		t.Error("after an idle month the last key is still there")
	}
}

func TestLateAndForeignCookies(t *testing.T) {
	k := newTalk(t)
	initiate := k.initiate()
	k.time.time = k.time.time.Add(2*cookieTurn - time.Nanosecond)
	if s, err := k.server.Next(initiate); err != nil || s.Ask == nil {
		t.Errorf("a slow client: %+v, %v", s, err) // the cookie was baked as its key's turn began
	}
	k = newTalk(t)
	initiate = k.initiate()
	k.time.time = k.time.time.Add(2 * cookieTurn)
	s, err := k.server.Next(initiate)
	mustRefuse(t, s, err, zmtp.Cryptographic)

	// The same server after a restart: its key is the same, its cookie keys are not.
	k = newTalk(t)
	initiate = k.initiate()
	k.server.cookies = &cookies{now: k.time.now, random: seeded(3)}
	s, err = k.server.Next(initiate)
	mustRefuse(t, s, err, zmtp.Cryptographic)

	// Another connection of this server gave out the cookie.
	k = newTalk(t)
	initiate = k.initiate()
	second := k.server.server.Begin(router)
	s, err = second.Next(newTalk(t).hello())
	said(t, s, err)
	s, err = second.Next(initiate)
	mustRefuse(t, s, err, zmtp.Cryptographic)

	// And this is why that must be looked at: the cookie as such is good.
	if _, ok := k.server.cookies.open(initiate.Data[:cookieSize]); !ok {
		t.Error("the cookie does not open, so the test says nothing")
	}
}
