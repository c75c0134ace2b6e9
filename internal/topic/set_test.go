package topic

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// who is who gets a message on a topic, each once.
func who(s *Set[string], topic string) string {
	all := s.Match(nil, []byte(topic))
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// told asks for what an XPUB's user would be told.
func told(change func(prefix []byte, k string) (bool, bool), prefix, k string) string {
	does, alone := change([]byte(prefix), k)
	return fmt.Sprintf("%v %v", does, alone)
}

// A morning at a publisher's: a prefix is what a topic begins with, byte for byte, and whoever leaves takes along no one
// else's.
func TestSubscribersGetWhatBeginsWithTheirPrefix(t *testing.T) {
	var s Set[string]
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, and not %q", got, want)
		}
	}
	want(who(&s, "md.EUR"), "")
	want(told(s.Add, "md.", "ann"), "true true")
	want(told(s.Add, "md.", "bob"), "true false")
	want(told(s.Add, "md.EUR", "bob"), "true true")
	want(told(s.Add, "", "eve"), "true true")
	want(told(s.Add, "md.\x00", "zoe"), "true true")

	want(who(&s, "md.EURUSD"), "ann bob eve")
	want(who(&s, "md."), "ann bob eve")
	want(who(&s, "md"), "eve")
	want(who(&s, ""), "eve")
	want(who(&s, "MD.EUR"), "eve")
	want(who(&s, "md.\x00\xff"), "ann bob eve zoe")

	want(told(s.Remove, "md.E", "bob"), "false false") // inside one of his
	want(told(s.Remove, "md.EURUSD", "bob"), "false false")
	want(told(s.Remove, "md.", "eve"), "false false")
	want(told(s.Remove, "md.", "nobody"), "false false")
	want(told(s.Remove, "md.", "ann"), "true false")
	want(told(s.Remove, "md.", "ann"), "false false")
	want(who(&s, "md.USD"), "bob eve")

	var gone []string
	s.RemoveAll("bob", func(prefix []byte, last bool) { gone = append(gone, fmt.Sprintf("%s %v", prefix, last)) })
	slices.Sort(gone)
	want(strings.Join(gone, ", "), "md. true, md.EUR true")
	want(who(&s, "md.EUR"), "eve")
	s.RemoveAll("bob", func([]byte, bool) { t.Error("bob left twice") })
}

// A second SUBSCRIBE is the same subscription: one CANCEL ends it.
func TestSubscribingTwiceIsSubscribingOnce(t *testing.T) {
	var s Set[string]
	for _, k := range []string{"ann", "bob"} { // alone with the prefix, and one of two
		s.Add([]byte("a"), k)
		if fresh, first := s.Add([]byte("a"), k); fresh || first {
			t.Errorf("%s: the second time is fresh=%v first=%v", k, fresh, first)
		}
		if n, size := s.Count(k); n != 1 || size != 1 {
			t.Errorf("%s: %d prefixes of %d bytes", k, n, size)
		}
	}
	if got := s.Match(nil, []byte("a")); len(got) != 2 {
		t.Errorf("Match is %v", got)
	}
	s.Remove([]byte("a"), "bob")
	if got := who(&s, "a"); got != "ann" {
		t.Errorf("after one CANCEL %q are left", got)
	}
}

// Subscriptions of many to few and of few to many are found from their shorter side, and both sides stay true while all
// of them go in another order than they came.
func TestManySubscribersOfManyPrefixes(t *testing.T) {
	p := newPair(t)
	for k := range 100 {
		p.add("all", k)
		p.add("", k)
	}
	for i := range 300 {
		p.add(fmt.Sprint("only ", i), 50)
		p.add(fmt.Sprint("only ", i), 51)
	}
	p.sound()
	for k := 99; k >= 0; k -= 2 {
		p.remove("", k)
	}
	for i := 0; i < 300; i += 3 {
		p.remove(fmt.Sprint("only ", i), 50)
	}
	p.match("all")
	p.match("only 2")
	p.sound()
	for _, k := range []int{50, 0, 99, 51} {
		p.removeAll(k)
		p.match("all")
		p.match("only 2")
		p.sound()
	}
	p.count(1)
}

func TestCountedIsAdditive(t *testing.T) {
	var c Counted
	for _, prefix := range []string{"b", "", "ab", "b", "a", "\xff", "abcdefghijklmnopqrstuvwxyz"} {
		c.Add([]byte(prefix))
	}
	var all []string
	for prefix := range c.All() {
		all = append(all, string(prefix))
	}
	if want := []string{"", "a", "ab", "abcdefghijklmnopqrstuvwxyz", "b", "\xff"}; !slices.Equal(all, want) || c.Len() != len(want) {
		t.Errorf("All is %q", all)
	}
	for prefix := range c.All() {
		if string(prefix) == "ab" {
			break // and nothing happens
		}
	}
	c.Remove(nil)
	c.Remove([]byte("b"))
	if !c.Match([]byte("bc")) || c.Count([]byte("b")) != 1 {
		t.Error(`"b" was added twice, removed once, and is gone`)
	}
	c.Remove([]byte("b"))
	if c.Match([]byte("bc")) || !c.Match([]byte("abc")) {
		t.Error(`"b" is not gone, or not alone`)
	}
}

// No message may cost memory for being looked up.
func TestMatchAllocatesNothing(t *testing.T) {
	var s Set[*int]
	var c Counted
	for i := range 1000 {
		s.Add(fmt.Append(nil, i), new(int))
		s.Add(nil, new(int))
		c.Add(fmt.Append(nil, i))
	}
	dst := make([]*int, 0, 2000)
	topic := []byte("123456")
	if n := testing.AllocsPerRun(100, func() { dst = s.Match(dst[:0], topic) }); n != 0 || len(dst) != 1003 {
		t.Errorf("Set.Match allocates %v times for %d subscribers", n, len(dst))
	}
	if n := testing.AllocsPerRun(100, func() { c.Match(topic) }); n != 0 || !c.Match(topic) {
		t.Errorf("Counted.Match allocates %v times", n)
	}
	// Nor for one who cancels and subscribes again, wherever in a page that falls.
	ann := new(int)
	if n := testing.AllocsPerRun(1000, func() { s.Add(topic, ann); s.Remove(topic, ann) }); n > 1 {
		t.Errorf("a subscriber who comes and goes allocates %v times", n)
	}
}

// Who leaves with many subscriptions can be forgotten in parts, and between them nobody else notices.
func TestSomeAtATime(t *testing.T) {
	var s Set[string]
	for i := range 1000 {
		s.Add(fmt.Append(nil, "topic", i), "leaver")
		s.Add(fmt.Append(nil, "topic", i%10), "stays")
	}
	told, rounds := 0, 0
	for left := true; left; rounds++ {
		left = s.RemoveSome("leaver", 300, func([]byte, bool) { told++ })
		if got := s.Match(nil, []byte("topic5")); !slices.Contains(got, "stays") {
			t.Fatalf("after %d rounds %v match", rounds+1, got)
		}
	}
	if n, _ := s.Count("leaver"); n != 0 || told != 1000 || rounds != 4 || s.Prefixes() != 10 {
		t.Errorf("%d left, %d told in %d rounds, %d prefixes in all", n, told, rounds, s.Prefixes())
	}
	if !s.Has([]byte("topic3"), "stays") || s.Has([]byte("topic3"), "leaver") || s.Has([]byte("topic"), "stays") {
		t.Error("Has does not say who has what")
	}
}
