// Package lexicon finds what an operator has read somewhere, a word or a number, among the codes that package monitor has
// words for, and the conditions that package detect finds out.
package lexicon

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/detect"
	"github.com/glassmq/zmq/monitor"
)

// libzmq's prefixes, which people copy along, and the ends of the names that its own documents leave out.
var prefixes = []string{"zmq_event_", "zmq_protocol_error_", "zmq_"}

// normal is a word as it is compared: in any case, with or without libzmq's prefix, however its parts are joined.
func normal(word string) string {
	word = strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.TrimSpace(word)))
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(word, p); ok && rest != "" {
			return rest
		}
	}
	return word
}

// Find is every code that word can mean, in the order of monitor.Codes: a name, or a number, in decimal or as 0x….
func Find(word string) (found []monitor.Code) {
	name := normal(word)
	n, err := strconv.ParseUint(strings.TrimSpace(word), 0, 64)
	number := err == nil && n != 0
	for c := range monitor.Codes() {
		if normal(c.Name) == name || number && c.Number == n {
			found = append(found, c)
		}
	}
	return found
}

// Conditions is every condition that word can mean, by its name: there is one at the most.
func Conditions(word string) (found []detect.Text) {
	for _, c := range detect.Texts() {
		if c.Name == normal(word) {
			found = append(found, c)
		}
	}
	return found
}

// Mask reads a number as a set of several kinds, such as the one that was given to zmq_socket_monitor.
func Mask(word string) (m monitor.Mask, ok bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(word), 0, 64)
	if err != nil {
		return 0, false
	}
	for k := range monitor.Kinds() {
		if uint64(k)&n != 0 {
			m |= k
		}
	}
	// Bit 15 is in ZMQ_EVENT_ALL although no kind has it.
	return m, m != 0 && uint64(m) == n&^(0x8000|uint64(monitor.Inproc))
}

// Names are those of all codes and conditions.
func Names() (names []string) {
	for c := range monitor.Codes() {
		names = append(names, c.Name)
	}
	for _, c := range detect.Texts() {
		names = append(names, c.Name)
	}
	return names
}

// Near are at most five names that word may have been meant as, the likeliest first.
func Near(word string) (names []string) {
	type guess struct {
		name     string
		distance int
	}
	var guesses []guess
	word = normal(word)
	for _, known := range Names() {
		name := normal(known)
		d := distance(word, name)
		switch {
		case d <= max(1, len(word)/3):
		case len(word) >= 3 && strings.Contains(name, word):
			d = len(name) // behind the misspelt ones, and the shorter the sooner
		default:
			continue
		}
		if !slices.ContainsFunc(guesses, func(g guess) bool { return g.name == known }) {
			guesses = append(guesses, guess{known, d})
		}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(a.distance, b.distance) })
	for _, g := range guesses[:min(5, len(guesses))] {
		names = append(names, g.name)
	}
	return names
}

// Nearest is the word of among that w is probably meant to be; "" if none is near.
func Nearest(w string, among []string) (nearest string) {
	least := max(1, len(w)/3) + 1
	for _, word := range among {
		if d := distance(strings.ToLower(w), strings.ToLower(word)); d < least {
			nearest, least = word, d
		}
	}
	return nearest
}

// distance is how many letters have to be changed, put in, left out or swapped with their neighbour to get from a to b:
// optimal string alignment, over three rows of its table.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
