package topic

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A counted set's twin: how often.
func TestCountedAgainstATwin(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		var c Counted
		twin := map[string]int{}
		known := []string{""}
		for step := range 1500 {
			prefix := known[r.IntN(len(known))]
			if r.IntN(3) == 0 {
				prefix = draw(r)
				known = append(known, prefix)
			}
			if r.IntN(9) < 4 {
				addBoth(t, &c, twin, prefix)
			} else {
				removeBoth(t, &c, twin, prefix)
			}
			compareCounted(t, &c, twin, prefix+draw(r))
			if step%100 == 0 {
				soundCounted(t, &c, twin)
			}
		}
	}
}

func addBoth(t testing.TB, c *Counted, twin map[string]int, prefix string) {
	twin[prefix]++
	if first := c.Add([]byte(prefix)); first != (twin[prefix] == 1) {
		t.Fatalf("Add(%.80q) is first=%v the %d. time", prefix, first, twin[prefix])
	}
}

func removeBoth(t testing.TB, c *Counted, twin map[string]int, prefix string) {
	n := twin[prefix]
	if was, last := c.Remove([]byte(prefix)); was != (n > 0) || last != (n == 1) {
		t.Fatalf("Remove(%.80q) is was=%v last=%v with %d there", prefix, was, last, n)
	}
	if twin[prefix] = n - 1; n <= 1 {
		delete(twin, prefix)
	}
}

func compareCounted(t testing.TB, c *Counted, twin map[string]int, topic string) {
	want := false
	for prefix := range twin {
		want = want || strings.HasPrefix(topic, prefix)
	}
	if got := c.Match([]byte(topic)); got != want {
		t.Fatalf("Match(%.80q) is %v", topic, got)
	}
	if n := c.Count([]byte(topic)); n != twin[topic] || c.Len() != len(twin) {
		t.Fatalf("Count(%.80q) is %d of %d, and not %d of %d", topic, n, c.Len(), twin[topic], len(twin))
	}
}

func soundCounted(t testing.TB, c *Counted, twin map[string]int) {
	var all []string
	for prefix := range c.All() {
		all = append(all, string(prefix))
	}
	if want := slices.Sorted(maps.Keys(twin)); !slices.Equal(all, want) {
		t.Fatalf("All is %.80q, and not %.80q", all, want)
	}
	soundTrie(t, &c.trie, func(id uint32, count uint64) {
		if prefix := c.trie.prefix(id, nil); int(count) != twin[string(prefix)] {
			t.Fatalf("%.80q is there %d times, and not %d", prefix, count, twin[string(prefix)])
		}
	})
}
