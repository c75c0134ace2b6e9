package interop

import (
	"slices"
	"testing"

	"github.com/glassmq/zmq"
)

// A party is a socket of either engine, as far as both can do the same.
type party interface {
	put(t *testing.T, frames ...string)
	show(t *testing.T) []string
	subscribe(t *testing.T, prefixes ...string)
	unsubscribe(t *testing.T, prefixes ...string)
	admit(t *testing.T, prefix string)  // an XPUB by hand: the peer of the last message that was shown gets prefix
	revoke(t *testing.T, prefix string) // and no longer
}

// ourXPub remembers whom it heard last, as libzmq's does by itself.
type ourXPub struct {
	*ours
	last zmq.Message
}

func (o *ourXPub) show(t *testing.T) (frames []string) {
	t.Helper()
	o.last = o.recv(t)
	for _, f := range o.last.All() {
		frames = append(frames, string(f))
	}
	return frames
}

func (o *ourXPub) admit(t *testing.T, prefix string) {
	t.Helper()
	if err := o.Socket.(*zmq.XPub).Admit(o.last, prefix); err != nil {
		t.Fatal(err)
	}
}

func (o *ourXPub) revoke(t *testing.T, prefix string) {
	t.Helper()
	if err := o.Socket.(*zmq.XPub).Revoke(o.last, prefix); err != nil {
		t.Fatal(err)
	}
}

func (o *ours) admit(t *testing.T, prefix string)  { t.Fatal("only an XPUB admits") }
func (o *ours) revoke(t *testing.T, prefix string) { t.Fatal("only an XPUB revokes") }

func (s *socket) admit(t *testing.T, prefix string)  { t.Helper(); s.subscribe(t, prefix) }
func (s *socket) revoke(t *testing.T, prefix string) { t.Helper(); s.unsubscribe(t, prefix) }

// xpubStories are what an XPUB tells its user, and what it sends to whom: the same with either engine on either side.
var xpubStories = []struct {
	name   string
	ours   zmq.Config
	theirs options
	play   func(t *testing.T, pub party, sub func(prefixes ...string) party)
}{
	{
		name: "plain",
		play: func(t *testing.T, pub party, sub func(...string) party) {
			first := sub("a")
			wantFrames(t, "a subscription", pub.show(t), "\x01a")
			second := sub("a", "b") // of which a is nothing new
			wantFrames(t, "a subscription", pub.show(t), "\x01b")
			first.unsubscribe(t, "a") // and somebody is left
			first.subscribe(t, "c")
			wantFrames(t, "a subscription", pub.show(t), "\x01c")
			second.unsubscribe(t, "a")
			wantFrames(t, "an end", pub.show(t), "\x00a")
			first.subscribe(t, "a")
			wantFrames(t, "a subscription", pub.show(t), "\x01a")
			for _, topic := range []string{"a", "b", "c"} {
				pub.put(t, topic)
			}
			wantFrames(t, "what the first received", first.show(t), "a")
			wantFrames(t, "what the first received", first.show(t), "c")
			wantFrames(t, "what the second received", second.show(t), "b")
		},
	},
	{
		name: "verbose", ours: zmq.Config{XPubVerbose: true}, theirs: options{"XPUB_VERBOSE": 1},
		play: func(t *testing.T, pub party, sub func(...string) party) {
			first := sub("a")
			wantFrames(t, "a subscription", pub.show(t), "\x01a")
			second := sub("a")
			wantFrames(t, "a subscription", pub.show(t), "\x01a")
			first.unsubscribe(t, "a") // not told: somebody is left
			first.subscribe(t, "b")
			wantFrames(t, "a subscription", pub.show(t), "\x01b")
			second.unsubscribe(t, "a")
			wantFrames(t, "an end", pub.show(t), "\x00a")
		},
	},
	{
		name: "verboser", ours: zmq.Config{XPubVerboser: true}, theirs: options{"XPUB_VERBOSER": 1},
		play: func(t *testing.T, pub party, sub func(...string) party) {
			first := sub("a")
			wantFrames(t, "a subscription", pub.show(t), "\x01a")
			second := sub("a")
			wantFrames(t, "a subscription", pub.show(t), "\x01a")
			first.unsubscribe(t, "a")
			wantFrames(t, "an end", pub.show(t), "\x00a")
			second.unsubscribe(t, "a")
			wantFrames(t, "an end", pub.show(t), "\x00a")
		},
	},
	{
		name: "manual", ours: zmq.Config{XPubManual: true}, theirs: options{"XPUB_MANUAL": 1},
		play: func(t *testing.T, pub party, sub func(...string) party) {
			s := sub("A", "x", "y")
			wantFrames(t, "a wish", pub.show(t), "\x01A")
			pub.admit(t, "B")
			pub.admit(t, "x")
			wantFrames(t, "a wish", pub.show(t), "\x01x") // which is not obeyed, but was granted before
			wantFrames(t, "a wish", pub.show(t), "\x01y")
			pub.admit(t, "y")
			for _, topic := range []string{"A", "B", "x", "y"} {
				pub.put(t, topic)
			}
			wantFrames(t, "what was granted and wanted", s.show(t), "x")
			wantFrames(t, "what was granted and wanted", s.show(t), "y")
			s.unsubscribe(t, "x")
			wantFrames(t, "a wish", pub.show(t), "\x00x")
			pub.revoke(t, "x")
			s.subscribe(t, "x")
			wantFrames(t, "a wish", pub.show(t), "\x01x")
			pub.put(t, "x")
			pub.put(t, "y")
			wantFrames(t, "what was granted and wanted", s.show(t), "y")
		},
	},
	{
		name: "manual, last value", ours: zmq.Config{XPubManualLastValue: true}, theirs: options{"XPUB_MANUAL_LAST_VALUE": 1},
		play: func(t *testing.T, pub party, sub func(...string) party) {
			first := sub("a")
			wantFrames(t, "a wish", pub.show(t), "\x01a")
			pub.admit(t, "a")
			pub.put(t, "a", "for the first")
			wantFrames(t, "what the first received", first.show(t), "a", "for the first")
			second := sub("a")
			wantFrames(t, "a wish", pub.show(t), "\x01a")
			pub.admit(t, "a")
			pub.put(t, "a", "the last value, for the second alone")
			pub.put(t, "a", "for both")
			wantFrames(t, "what the second received", second.show(t), "a", "the last value, for the second alone")
			wantFrames(t, "what the second received", second.show(t), "a", "for both")
			wantFrames(t, "what the first received", first.show(t), "a", "for both")
		},
	},
	{
		name: "welcome", ours: zmq.Config{XPubWelcome: []byte("W\x00elcome")}, theirs: options{"XPUB_WELCOME_MSG": octets("W\x00elcome")},
		play: func(t *testing.T, pub party, sub func(...string) party) {
			s := sub("W", "a")
			for range 2 {
				pub.show(t)
			}
			pub.put(t, "a")
			wantFrames(t, "first", s.show(t), "W\x00elcome")
			wantFrames(t, "then", s.show(t), "a")
		},
	},
}

func TestXPub(t *testing.T) {
	p := startPeer(t)
	for _, story := range xpubStories {
		t.Run(story.name, func(t *testing.T) {
			for _, weSubscribe := range []bool{false, true} {
				subs := map[bool]string{false: "their subscribers", true: "our subscribers"}[weSubscribe]
				t.Run("ours and "+subs, func(t *testing.T) {
					o := open(t, zmq.XPUB, story.ours)
					story.play(t, &ourXPub{ours: o}, subscribers(t, p, o.bind(t, loopback), weSubscribe))
				})
				t.Run("theirs and "+subs, func(t *testing.T) {
					s := p.open(t, "XPUB", story.theirs)
					story.play(t, s, subscribers(t, p, s.bind(t, loopback), weSubscribe))
				})
			}
		})
	}
}

// subscribers makes subscribers of one engine or the other, which dial.
func subscribers(t *testing.T, p *process, there string, ours bool) func(prefixes ...string) party {
	return func(prefixes ...string) party {
		t.Helper()
		if ours {
			o := open(t, zmq.SUB, zmq.Config{})
			o.subscribe(t, prefixes...)
			o.connect(t, there)
			return o
		}
		s := p.open(t, "SUB", nil)
		s.subscribe(t, prefixes...)
		s.connect(t, there)
		return s
	}
}

// With inverted matching, which both sides must know of, a subscription is to everything else.
func TestInvertedMatching(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
	}{{zmq.XPUB, "SUB"}, {zmq.SUB, "XPUB"}} {
		t.Run(pair.ours.String(), func(t *testing.T) {
			o, s := open(t, pair.ours, zmq.Config{InvertMatching: true}), p.open(t, pair.theirs, options{"INVERT_MATCHING": 1})
			var pub, sub party = &ourXPub{ours: o}, s
			if pair.ours == zmq.SUB {
				pub, sub = s, o
			}
			join(t, o, s, true)
			sub.subscribe(t, "not this", "nor that")
			wantFrames(t, "a subscription", pub.show(t), "\x01not this")
			wantFrames(t, "a subscription", pub.show(t), "\x01nor that")
			for _, topic := range []string{"not this one", "this one", "nor that", "that"} {
				pub.put(t, topic)
			}
			wantFrames(t, "what was received", sub.show(t), "this one")
			wantFrames(t, "what was received", sub.show(t), "that")
		})
	}
}

// An XSUB may say anything to its publishers: what is no subscription reaches the XPUB's user as it stands.
func TestUserMessagesUpstream(t *testing.T) {
	p := startPeer(t)
	plain := [][]string{{"hello"}, {"\x02", "\x03"}, {""}, {"", "x"}, {"\xFF\x00"}}
	odd := [][]string{{"\x01a", "with a body"}, {"\x00a", ""}, {"\x02", "\x01"}} // of which libzmq's XPUB takes a frame for a subscription (4.3.4)
	t.Run("from us", func(t *testing.T) {
		bothWays(t, func(t *testing.T, weBind bool) {
			o, s := open(t, zmq.XSUB, zmq.Config{}), p.open(t, "XPUB", nil)
			join(t, o, s, weBind)
			for _, m := range plain {
				o.put(t, m...)
				wantFrames(t, "what their XPUB received", s.show(t), m...)
			}
		})
	})
	t.Run("from them", func(t *testing.T) {
		bothWays(t, func(t *testing.T, weBind bool) {
			o, s := open(t, zmq.XPUB, zmq.Config{}), p.open(t, "XSUB", options{"ONLY_FIRST_SUBSCRIBE": 1})
			join(t, o, s, weBind)
			for _, m := range slices.Concat(plain, odd) {
				s.put(t, m...)
				wantFrames(t, "what our XPUB received", o.show(t), m...)
			}
		})
	})
}

// A device that passes every end of a subscription on, and not only the last.
func TestVerboseUnsubscribe(t *testing.T) {
	p := startPeer(t)
	for _, verbose := range []bool{false, true} {
		o, s := open(t, zmq.XSUB, zmq.Config{XSubVerboseUnsubscribe: verbose}), p.open(t, "XPUB", options{"XPUB_VERBOSER": 1})
		join(t, o, s, true)
		for range 2 {
			o.put(t, "\x01a")
			wantFrames(t, "a subscription", s.show(t), "\x01a")
		}
		o.put(t, "\x00a")
		if verbose {
			wantFrames(t, "an end", s.show(t), "\x00a")
		}
		o.put(t, "\x00a")
		wantFrames(t, "an end", s.show(t), "\x00a")
		o.put(t, "\x01b")
		wantFrames(t, "a subscription", s.show(t), "\x01b")
	}
}
