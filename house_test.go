package zmq_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The house rules that a machine can check: who imports whom, what no room may do, what the package as a whole may hold.
// house_goroutines_test.go has the ledger, house_docs_test.go what is written for people, house_race_test.go the race
// detector's own test.

const module = "github.com/glassmq/zmq"

// A room is a folder, and what it may import. A pure one knows no network, no clock, no lock and no goroutine.
type room struct {
	name string
	may  []string
	pure bool
}

// rooms stand from top to bottom: imports go down only. The standard library is free to all but for what banned says.
var rooms = []room{
	{name: "zmqtest", may: []string{".", "monitor", "internal/memnet", "internal/endpoint"}},
	{name: "cmd/assault", may: []string{".", "auth", "internal/assault", "monitor", "zmtp", "zmtp/curve"}}, // a program
	{name: "auth", may: []string{".", "internal/secretfile", "internal/zap", "zmtp", "zmtp/curve"}},
	{name: ".", may: []string{"internal/socket", "internal/message", "internal/transport", "monitor", "zmtp"}},
	{name: "internal/socket", may: []string{"internal/pattern", "internal/topic", "internal/peer", "internal/pipe", "internal/message", "internal/headroom",
		"internal/transport", "internal/endpoint", "internal/zap", "monitor", "zmtp"}},
	{name: "internal/pattern", may: []string{"internal/topic", "internal/pipe", "internal/message", "monitor"}, pure: true},
	{name: "internal/topic", pure: true},
	{name: "internal/peer", may: []string{"internal/pipe", "internal/message", "internal/transport", "internal/endpoint", "monitor", "zmtp"}},
	{name: "internal/pipe", may: []string{"internal/message", "monitor", "zmtp"}},
	{name: "internal/message", may: []string{"monitor"}, pure: true},
	{name: "internal/headroom"},
	{name: "internal/transport", may: []string{"internal/endpoint"}},
	{name: "internal/endpoint", pure: true},
	{name: "internal/memnet"},
	{name: "internal/zap", may: []string{"zmtp"}, pure: true},
	{name: "internal/assault", may: []string{"zmtp/curve"}}, // for tests and cmd/assault: no socket imports it
	// Not pure: it reads key files, and cookies have keys with a lock that are changed by the clock. Both are given to what
	// uses them, as its randomness is; no handshake and no codec does I/O or waits.
	{name: "zmtp/curve", may: []string{"internal/secretfile", "zmtp"}},
	{name: "internal/secretfile"},
	{name: "zmtp", pure: true},
	{name: "monitor"},
}

// banned are imports that a room has only for a reason, which stands beside it.
var banned = map[string]map[string]string{
	"C":         {},
	"log":       {}, // events are the log
	"math/rand": {}, // v2 needs no seed
	"net/http":  {},
	"os/exec":   {"cmd/assault": "starts the sockets that it attacks"},
	"plugin":    {},
	"reflect":   {},
	"runtime":   {"internal/socket": "one processor must not spin", "internal/headroom": "hears of collections"},
	"testing":   {"zmqtest": "is for tests"},
	"unsafe":    {"internal/peer": "the ioctl that asks what the peer's kernel has not acknowledged"},
	"log/slog":  {"monitor": "a sink for the user's logger", "zmtp": "credentials redact themselves", "zmtp/curve": "keys do, too", "auth": "so do rules"},
	"os": {"internal/peer": "deadlines", "internal/socket": "deadlines", "internal/transport": "syscall errors, and the files of ipc", "internal/memnet": "deadlines",
		"auth": "folders of keys", "zmtp/curve": "writes files of keys", "internal/secretfile": "reads them", "cmd/assault": "is a program"},
	"math/rand/v2": {"internal/socket": "the back-off's jitter"},
}

// impure is what no pure room imports, and uses of package time that read or wait for a clock.
var (
	impure = []string{"context", "io", "net", "os", "sync", "sync/atomic", "runtime"}
	clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}
)

// keptState is every package-level variable that changes, and why it has to be one. All others are tables and errors.
var keptState = map[string]string{
	"internal/headroom/headroom.go: given":   "the collector is the process's, and so is what it comes for",
	"internal/headroom/headroom.go: watched": "the same",
	"internal/headroom/headroom.go: held":    "the same",
	"internal/headroom/headroom.go: mu":      "the same",
	"context.go: defaultContext":             "inproc names of sockets that name no Context need a common place",
	"internal/socket/socket.go: lastSocket":  "socket ids are unique in the process",
	"internal/peer/conn.go: lastConn":        "connection ids are unique in the process",
}

// A source is one file of the library: every system's, no test's.
type source struct {
	path, room string
	lines      int
	file       *ast.File
}

var positions = token.NewFileSet()

// library parses the root module once.
var library = sync.OnceValues(func() (all []source, err error) {
	err = filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, nested := os.Stat(filepath.Join(name, "go.mod"))
			if name != "." && (nested == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		f, err := parser.ParseFile(positions, name, text, parser.ParseComments)
		all = append(all, source{name, path.Dir(name), strings.Count(string(text), "\n"), f})
		return err
	})
	return all, err
})

func sources(t *testing.T) []source {
	t.Helper()
	all, err := library()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d files: these tests run in the module's root", len(all))
	}
	return all
}

// spot is where a node stands, for people.
func spot(n ast.Node) token.Position { return positions.Position(n.Pos()) }

// called is a selector's package, or variable, and name: "time", "Now".
func called(n ast.Node) (of, name string) {
	if s, ok := n.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name, s.Sel.Name
		}
		return "", s.Sel.Name
	}
	return "", ""
}

func TestHouseImports(t *testing.T) {
	below := map[string]int{}
	for i, r := range rooms {
		below[r.name] = i
	}
	for i, r := range rooms {
		for _, name := range r.may {
			if j, ok := below[name]; !ok || j <= i {
				t.Errorf("the table lets %s import %s, which is no room below it", r.name, name)
			}
		}
	}
	for _, s := range sources(t) {
		i, ok := below[s.room]
		if !ok {
			t.Errorf("%s: no room %s in the table: say what it may import, here and in ARCHITECTURE.md", s.path, s.room)
			continue
		}
		for _, spec := range s.file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := rooms[i].refuses(name); why != "" {
				t.Errorf("%v: %s %s", spot(spec), name, why)
			}
		}
	}
}

// refuses says what is wrong with an import of r's, "" if nothing is.
func (r *room) refuses(name string) string {
	if ours, ok := strings.CutPrefix(name, module); ok {
		ours = strings.TrimPrefix(ours, "/")
		if ours == "" {
			ours = "."
		}
		if !slices.Contains(r.may, ours) {
			return "is not for " + r.name + ": data flows down (ARCHITECTURE.md, Rooms)"
		}
		return ""
	}
	if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") {
		if !slices.ContainsFunc(needs, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") }) {
			return "is somebody else's: the library needs the standard library and " + strings.Join(needs, ", ")
		}
		return ""
	}
	if r.pure && slices.Contains(impure, name) {
		return "is not for " + r.name + ", which is pure"
	}
	if reasons, ok := banned[name]; ok && reasons[r.name] == "" {
		return "is not for " + r.name + " (see banned)"
	}
	return ""
}

// needs are the modules that the library may require.
var needs = []string{"golang.org/x/crypto", "golang.org/x/sys"}

func TestHouseRequirements(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "//"):
		case words[0] == "replace" || words[0] == "exclude":
			t.Errorf("go.mod: %s: whoever requires this module would not have it", strings.TrimSpace(line))
		case words[0] == "require" && len(words) > 1 && words[1] == "(":
			inside = true
		case words[0] == ")":
			inside = false
		case words[0] == "require" && !slices.Contains(needs, words[1]), inside && !slices.Contains(needs, words[0]):
			t.Errorf("go.mod: %s: the library may require %s only", strings.TrimSpace(line), strings.Join(needs, " and "))
		}
	}
}

// What no library does to the process that it is in.
func TestHouseManners(t *testing.T) {
	for _, s := range sources(t) {
		if s.file.Name.Name == "main" {
			continue // a program may print, wait and exit
		}
		pure := slices.ContainsFunc(rooms, func(r room) bool { return r.name == s.room && r.pure })
		ast.Inspect(s.file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%v: init runs in every program that imports this, wanted or not", spot(n))
			}
			if call, ok := n.(*ast.CallExpr); ok {
				if x, ok := call.Fun.(*ast.Ident); ok && (x.Name == "print" || x.Name == "println") {
					t.Errorf("%v: %s: events are the log", spot(n), x.Name)
				}
			}
			of, name := called(n)
			switch {
			case of == "fmt" && strings.HasPrefix(name, "Print"), of == "os" && strings.HasPrefix(name, "Std"),
				of == "slog" && slices.Contains([]string{"Default", "Debug", "Info", "Warn", "Error", "Log"}, name):
				t.Errorf("%v: %s.%s: events are the log", spot(n), of, name)
			case of == "os" && (name == "Exit" || name == "Setenv"), of == "slog" && name == "SetDefault":
				t.Errorf("%v: %s.%s is for programs", spot(n), of, name)
			case of == "time" && name == "Sleep":
				t.Errorf("%v: time.Sleep waits for nothing: wait for what is to happen", spot(n))
			case of == "time" && pure && slices.Contains(clocks, name):
				t.Errorf("%v: time.%s: %s is pure and has no clock", spot(n), name, s.room)
			}
			return true
		})
	}
}

func TestHouseState(t *testing.T) {
	packages := map[string][]source{}
	for _, s := range sources(t) {
		packages[s.room] = append(packages[s.room], s)
	}
	found := map[string]bool{}
	for _, files := range packages {
		globals := map[string]string{} // name: where
		for _, s := range files {
			for name, value := range variables(s.file) {
				globals[name] = s.path + ": " + name
				if value {
					found[globals[name]] = true
				}
			}
		}
		for _, s := range files {
			for name := range changed(s.file) {
				if where, ok := globals[name]; ok {
					found[where] = true
				}
			}
		}
	}
	for where := range found {
		if keptState[where] == "" {
			t.Errorf("%s changes: two users of the package in one process would share it", where)
		}
	}
	for where := range keptState {
		if !found[where] {
			t.Errorf("the list of state has %s, which is gone, or never changes", where)
		}
	}
}

// variables are the package-level ones of a file; true for those that can change without an assignment: locks, atomics,
// and what package sync makes.
func variables(f *ast.File) map[string]bool {
	all := map[string]bool{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			live := false
			for _, n := range append([]ast.Expr{v.Type}, v.Values...) {
				if call, ok := n.(*ast.CallExpr); ok {
					n = call.Fun
				}
				if generic, ok := n.(*ast.IndexExpr); ok {
					n = generic.X
				}
				if n != nil {
					of, _ := called(n)
					live = live || of == "sync" || of == "atomic"
				}
			}
			for _, name := range v.Names {
				all[name.Name] = live
			}
		}
	}
	return all
}

// changed are the names, but for those of a function's own variables, that a file assigns to, in whole or in part, or hands
// to package atomic.
func changed(f *ast.File) map[string]bool {
	all := map[string]bool{}
	mark := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.ParenExpr:
				e = x.X
			case *ast.Ident:
				if local := x.Obj != nil && f.Scope.Lookup(x.Name) != x.Obj; !local {
					all[x.Name] = true
				}
				return
			default:
				return
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE {
				for _, e := range x.Lhs {
					mark(e)
				}
			}
		case *ast.IncDecStmt:
			mark(x.X)
		case *ast.CallExpr:
			if f, ok := x.Fun.(*ast.Ident); ok && slices.Contains([]string{"delete", "clear", "copy", "close"}, f.Name) {
				mark(x.Args[0])
			}
			if of, _ := called(x.Fun); of == "atomic" && len(x.Args) > 0 {
				if address, ok := x.Args[0].(*ast.UnaryExpr); ok {
					mark(address.X)
				}
			}
		}
		return true
	})
	return all
}

// A file is read in one go.
func TestHouseSizes(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > 600 {
			t.Errorf("%s has %d lines, more than 600: it is two things", s.path, s.lines)
		}
	}
}
