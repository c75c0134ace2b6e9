package interop

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// topicsOf are what is published, and what is subscribed to: bytes of any kind, each a prefix of others, and nothing at all. No prefix has
// 246 to 255 bytes: libzmq writes such a one with a header that says short and a size of eight bytes (4.3.4; 4.3.5 does not).
var (
	topicsOf = []string{"", "a", "ab", "abc", "abd", "b", "\x00", "\x00\x00", "\x00\x01", "\x01", "\xFF", "\xFF\xFE", "\xFFa", strings.Repeat("long ", 100)}
	wishes   = [][]string{
		{"ab"}, {""}, {"\x00"}, {"\x00\x01", "\x01"}, {"\xFF\xFE", "abc", "b"}, {"a", "ab", "abc"},
		{"nothing of the kind"}, {strings.Repeat("long ", 100), strings.Repeat("long ", 49)}, {"abc", "b", "abc"},
	}
)

// wanted are those of the topics that a subscriber with these wishes receives, each once, and then the end of the round.
func wanted(prefixes []string, end string) (topics []string) {
	for _, topic := range topicsOf {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(topic, p) }) {
			topics = append(topics, topic)
		}
	}
	return append(topics, end)
}

// watchSubs is what our publisher tells of subscriptions.
func (o *ours) watchSubs(t *testing.T) *story[zmq.Event] {
	t.Helper()
	told := newStory[zmq.Event]()
	events := o.Watch(monitor.Subs)
	go func() {
		for e := range events.Events(t.Context()) {
			told.add(e)
		}
	}()
	t.Cleanup(events.Close)
	return told
}

// awaitTopic waits until a subscription to a prefix, or its end, has taken effect.
func awaitTopic(t *testing.T, told *story[zmq.Event], k monitor.Kind, prefix string) {
	t.Helper()
	told.await(t, fmt.Sprintf("%v to %q", k, prefix), func(e zmq.Event) bool { return e.Kind == k && e.Topic == prefix })
}

// They subscribe to what they like, and no longer: what our publisher sends them is that, once, and nothing else.
func TestTheySubscribe(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
	}{{zmq.PUB, "SUB"}, {zmq.XPUB, "SUB"}, {zmq.PUB, "XSUB"}} {
		t.Run(pair.ours.String()+" and their "+pair.theirs, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, pair.ours, zmq.Config{}), p.open(t, pair.theirs, nil)
				told := o.watchSubs(t)
				join(t, o, s, weBind)
				for round, prefixes := range wishes {
					end := fmt.Sprint("\xEEend of round ", round)
					theirSubscriptions(t, s, true, append(slices.Clone(prefixes), end)...)
					awaitTopic(t, told, monitor.Subscribed, end)
					for _, topic := range append(slices.Clone(topicsOf), end) {
						o.put(t, topic, "body")
					}
					for _, topic := range wanted(prefixes, end) {
						wantFrames(t, fmt.Sprintf("of %q they received", prefixes), s.show(t), topic, "body")
					}
					theirSubscriptions(t, s, false, append(slices.Clone(prefixes), end)...)
					awaitTopic(t, told, monitor.Unsubscribed, end)
				}
				if n := o.Socket.(interface{ TopicsCount() int }).TopicsCount(); n != 0 {
					t.Errorf("%d subscriptions are left", n)
				}
			})
		})
	}
}

// theirSubscriptions are options of a SUB and messages of an XSUB.
func theirSubscriptions(t *testing.T, s *socket, on bool, prefixes ...string) {
	t.Helper()
	switch {
	case s.typ == "XSUB" && on:
		for _, p := range prefixes {
			s.put(t, "\x01"+p)
		}
	case s.typ == "XSUB":
		for _, p := range prefixes {
			s.put(t, "\x00"+p)
		}
	case on:
		s.subscribe(t, prefixes...)
	default:
		s.unsubscribe(t, prefixes...)
	}
}

// We subscribe to what we like; an XPUB of theirs hears of each prefix once, and of its end.
func TestWeSubscribe(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.SUB, zmq.XSUB} {
		t.Run(typ.String(), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, typ, zmq.Config{}), p.open(t, "XPUB", nil)
				join(t, o, s, weBind)
				for round, prefixes := range wishes {
					end := fmt.Sprint("\xEEend of round ", round)
					o.subscribe(t, append(slices.Clone(prefixes), end)...)
					theyHear(t, s, "\x01", append(slices.Clone(prefixes), end))
					for _, topic := range append(slices.Clone(topicsOf), end) {
						s.put(t, topic, "body")
					}
					for _, topic := range wanted(prefixes, end) {
						wantFrames(t, fmt.Sprintf("of %q we received", prefixes), o.show(t), topic, "body")
					}
					o.unsubscribe(t, append(slices.Clone(prefixes), end)...)
					theyHear(t, s, "\x00", append(slices.Clone(prefixes), end))
				}
			})
		})
	}
}

// theyHear: their XPUB receives one message for each different prefix, the last one last.
func theyHear(t *testing.T, s *socket, how string, prefixes []string) {
	t.Helper()
	different := map[string]bool{}
	for _, p := range prefixes {
		different[p] = true
	}
	last := ""
	for range len(different) {
		m := s.show(t)
		last = m[0]
		if len(m) != 1 || !strings.HasPrefix(last, how) || !different[last[1:]] {
			t.Errorf("their XPUB received %q", m)
		}
		delete(different, last[1:])
	}
	if len(different) > 0 || last[1:] != prefixes[len(prefixes)-1] {
		t.Errorf("of %q their XPUB did not hear %q, and %q last", prefixes, slices.Collect(maps.Keys(different)), last)
	}
}

// A PUB of theirs has no voice. What was subscribed to before it was there it hears when it is, and what is unsubscribed stays away.
func TestWeSubscribeAtTheirPUB(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.SUB, zmq.Config{Subscribe: []string{"from the start", "twice"}}), p.open(t, "PUB", nil)
		o.subscribe(t, "before", "twice", "no more")
		o.unsubscribe(t, "no more")
		join(t, o, s, weBind)
		o.subscribe(t, "after", "call 1")
		heard(t, o, s, "call 1")
		for _, topic := range []string{"from the start", "no more", "before", "afterwards", "none"} {
			s.put(t, topic)
		}
		for _, topic := range []string{"from the start", "before", "afterwards"} {
			wantFrames(t, "what we received", o.show(t), topic)
		}
		o.unsubscribe(t, "before", "twice") // which is subscribed to once more
		o.subscribe(t, "call 2")
		heard(t, o, s, "call 2")
		for _, topic := range []string{"before", "twice", "after all"} {
			s.put(t, topic)
		}
		wantFrames(t, "what we received", o.show(t), "twice")
		wantFrames(t, "what we received", o.show(t), "after all")
	})
}

// Everybody gets what it wants: three of theirs at our publisher, with wishes that overlap.
func TestSeveralSubscribers(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.PUB, zmq.Config{SendHWM: zmq.Unlimited})
	there := o.bind(t, loopback)
	var subs []*socket
	mine := [][]string{{"a", "end"}, {"ab", "b", "end"}, {"", "end"}}
	for _, prefixes := range mine {
		s := p.open(t, "SUB", nil)
		s.subscribe(t, prefixes...)
		s.connect(t, there)
		subs = append(subs, s)
	}
	o.ready(t, 3)
	told := o.watchSubs(t)
	for i, s := range subs { // ready is with the first prefix: what says that the last one is there, too
		s.subscribe(t, fmt.Sprint("mark ", i))
		awaitTopic(t, told, monitor.Subscribed, fmt.Sprint("mark ", i))
	}
	for range many {
		for _, topic := range topicsOf {
			o.put(t, topic)
		}
	}
	o.put(t, "end")
	for i, s := range subs {
		var want []string
		round := wanted(mine[i], "")
		for range many {
			want = append(want, round[:len(round)-1]...)
		}
		for n, topic := range append(want, "end") {
			if got := s.show(t); len(got) != 1 || got[0] != topic {
				t.Fatalf("subscriber %d: message %d is %q, not %q", i, n, got, topic)
			}
		}
	}
}

// Who subscribes to more than one peer may loses its connection, with its subscriptions, and we say why; the others keep theirs.
func TestTheySubscribeToTooMuch(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.PUB, zmq.Config{MaxSubscriptions: 100})
	there := o.bind(t, loopback)
	modest, greedy := p.open(t, "SUB", nil), p.open(t, "SUB", options{"RECONNECT_IVL": 20})
	modest.subscribe(t, "wanted")
	modest.connect(t, there)
	o.ready(t, 1)
	greedy.connect(t, there)
	greedy.ready(t, 1)
	greedy.tell(t, "subscribe_range", args{"first": 0, "end": 100, "on": true}).done(t)
	o.ready(t, 2)
	greedy.subscribe(t, "one more")
	for range 2 { // it insists
		if e := o.await(t, monitor.Disconnected); e.Reason != monitor.ReasonSubscriptionLimit || e.Who != monitor.ByPeer {
			t.Errorf("we say of it: %v", e)
		}
	}
	greedy.close(t)
	o.put(t, "wanted", "still")
	wantFrames(t, "what the other received", modest.show(t), "wanted", "still")
}
