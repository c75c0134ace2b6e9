package assault

import (
	"fmt"
	"strings"
)

// Told is all that the attacker was sent, in words: "greeting 3.1 NULL", "READY", "ERROR 400", "message of 5 bytes", and at
// the end how many bytes were no whole unit.
func (a *Attack) Told() (words []string) {
	a.mu.Lock()
	b := a.all
	a.mu.Unlock()
	greeted := false
	for len(b) > 0 {
		u, rest, ok := next(b, greeted)
		if !ok {
			return append(words, fmt.Sprintf("%d bytes", len(b)))
		}
		words = append(words, Unit(u.whole, u.greeting))
		b, greeted = rest, true
	}
	return words
}

// Unit is one unit in words.
func Unit(whole []byte, greeting bool) string {
	u, _, ok := next(whole, !greeting)
	switch name := u.name(); {
	case !ok:
		return fmt.Sprintf("%d bytes", len(whole))
	case greeting:
		return fmt.Sprintf("greeting %d.%d %s", whole[10], whole[11], strings.TrimRight(string(whole[12:32]), "\x00"))
	case name == "ERROR":
		return fmt.Sprintf("ERROR %q", u.data()[min(1, len(u.data())):])
	case name == "message":
		return fmt.Sprintf("message of %d bytes", len(u.body))
	default:
		return name
	}
}
