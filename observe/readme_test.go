package observe

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The README's table is metricRows.
func TestTheReadmeListsTheMetrics(t *testing.T) {
	_, table, _ := strings.Cut(read(t, "README.md"), "<!-- metrics -->\n")
	table, _, found := strings.Cut(table, "<!-- end metrics -->")
	if !found {
		t.Fatal("the README has no table of metrics")
	}
	want := "| metric | type | labels | |\n| --- | --- | --- | --- |\n"
	for _, row := range metricRows {
		kind := map[metricKind]string{counter: "counter", gauge: "gauge", durations: "histogram"}[row.kind]
		want += fmt.Sprintf("| `%s` | %s | %s | %s |\n", row.name, kind, strings.Join(row.labels, ", "), row.help)
	}
	if table != want {
		t.Errorf("the README's table is not\n%s", want)
	}
}

// The README's programs are those of example_test.go, which compile.
func TestTheReadmesProgramsAreTheExamples(t *testing.T) {
	examples := read(t, "example_test.go")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(blocks) != 4 {
		t.Errorf("the README has %d programs", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(examples, b[1]) {
			t.Errorf("this stands in no example:\n%s", b[1])
		}
	}
}

var linkPattern = regexp.MustCompile(`\]\(([^)#:]+)\)`)

func TestTheReadmesLinksLeadSomewhere(t *testing.T) {
	for _, m := range linkPattern.FindAllStringSubmatch(read(t, "README.md"), -1) {
		if _, err := os.Stat(m[1]); err != nil {
			t.Errorf("README.md links to %s, which is not there", m[1])
		}
	}
}
