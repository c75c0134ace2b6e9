package detect

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	docs  = "../../../../docs/conditions.md"
	begin = "<!-- conditions -->\n"
	end   = "<!-- end conditions -->\n"
)

// The table in the documents says what the code says; -update writes it.
func TestTheDocumentsHaveEveryCondition(t *testing.T) {
	var table strings.Builder
	table.WriteString("| condition | what it is | when | what to do |\n| --- | --- | --- | --- |\n")
	for _, c := range Texts() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", c.Name, c.What, c.When, c.Do)
	}
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(b), begin)
	_, foot, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no marks %q and %q", docs, begin, end)
	}
	want := head + begin + table.String() + end + foot
	if want != string(b) && *update {
		err = os.WriteFile(docs, []byte(want), 0o644)
	} else if want != string(b) {
		t.Errorf("%s is not up to date: go test ./internal/detect -update writes it", docs)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Words are for people: whole, and without the code's own names for things.
func TestWordsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Texts() {
		if seen[c.Name] {
			t.Errorf("%s stands twice", c.Name)
		}
		seen[c.Name] = true
		for _, text := range []string{c.What, c.When, c.Do} {
			if len(text) < 40 || strings.ContainsAny(text, "{}[]%\n|") || strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q", c.Name, text)
			}
		}
	}
	for _, w := range wayNames {
		if !seen[w] {
			t.Errorf("%s has no words", w)
		}
	}
}
