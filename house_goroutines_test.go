package zmq_test

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// timers are the places where the library asks for a function to be called later. Until then they are no goroutine.
var timers = []string{
	"internal/peer/conn.go: EndAfter",    // the limit of a connection that drains
	"internal/peer/conn.go: drained",     // its goodbye: has the peer's kernel everything?
	"internal/peer/dial.go: EndAfter",    // the limit of an endpoint that drains …
	"internal/peer/dial.go: EndAfter",    // … which its end takes back
	"internal/peer/heartbeat.go: heed",   // a peer's TTL
	"internal/peer/heartbeat.go: start",  // our own heartbeat
	"internal/peer/storm.go: failed",     // failed accepts that were too early to be told
	"internal/socket/close.go: Shutdown", // its ctx, or Linger
	"internal/socket/flow.go: note",      // queues that are full, drops that were not told
	"internal/socket/lend.go: look",      // has the lent connection been read?
	"internal/socket/lend.go: readLent",  // the end of a context calls the reader back
}

// plainGo are the places that start a goroutine with a go statement: two are counted by hand, for WaitGroup.Go would allocate
// for each burst of messages, and keep two closures for each connection; the other runs a user's function, and nobody may have
// to wait for that.
var plainGo = []string{"internal/peer/write.go: Flush", "internal/peer/listen.go: accept", "internal/peer/auth.go: ask"}

// starts are the places in a file that start a goroutine, or will: "file: function", as often as they do.
func (s source) starts(t *testing.T) (goroutines, timers []string) {
	for _, d := range s.file.Decls {
		place := s.path + ": "
		if f, ok := d.(*ast.FuncDecl); ok {
			place += f.Name.Name
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.GoStmt:
				goroutines = append(goroutines, place)
				if !slices.Contains(plainGo, place) {
					t.Errorf("%v: start it with WaitGroup.Go, so that somebody waits for its end", spot(n))
				}
			case *ast.CallExpr:
				switch of, name := called(x.Fun); {
				case name == "Go" && len(x.Args) == 1:
					goroutines = append(goroutines, place)
				case name == "AfterFunc" && (of == "time" || of == "context"):
					timers = append(timers, place)
				}
			}
			return true
		})
	}
	return goroutines, timers
}

// Every goroutine of the library has a row in ARCHITECTURE.md, and every row a goroutine.
func TestHouseGoroutines(t *testing.T) {
	var started, later []string
	for _, s := range sources(t) {
		// zmqtest runs in tests, and testing/synctest counts for it; so does internal/assault, and in a program of its own.
		if s.room != "zmqtest" && s.room != "internal/assault" && s.file.Name.Name != "main" {
			g, l := s.starts(t)
			started, later = append(started, g...), append(later, l...)
		}
	}
	compare(t, "the table Goroutines in ARCHITECTURE.md", ledger(t), started)
	compare(t, "timers in house_goroutines_test.go", timers, later)
}

// ledger is the first column of the table under "## Goroutines".
func ledger(t *testing.T) (rows []string) {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Goroutines\n")
	if !found {
		t.Fatal("ARCHITECTURE.md has no section Goroutines")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 4 {
			rows = append(rows, strings.Trim(cells[1], " `"))
		}
	}
	if len(rows) < 3 {
		t.Fatal("the table of goroutines in ARCHITECTURE.md has no rows")
	}
	return rows[2:] // the head, and the line below it
}

// compare holds two lists together, in which an item may stand several times.
func compare(t *testing.T, name string, want, got []string) {
	t.Helper()
	left := map[string]int{}
	for _, s := range want {
		left[s]++
	}
	for _, s := range got {
		left[s]--
	}
	for _, s := range slices.Sorted(maps.Keys(left)) {
		switch n := left[s]; {
		case n < 0:
			t.Errorf("%s: %s is missing, with what it owns and when it ends%s", name, s, times(-n))
		case n > 0:
			t.Errorf("%s: %s is there, and starts nothing%s", name, s, times(n))
		}
	}
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d times)", n)
}
