package zmq_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A parser takes apart what somebody else has written: bytes from a peer, a file, a command line. What is called like one
// is one, exported or not, and so is what the table has. Each is reached by a fuzz target of its own package, because a
// target that reaches it through half of the engine spends its time elsewhere.
var (
	parserName = regexp.MustCompile(`^([pP]arse|[uU]nmarshal|[dD]ecode|Read)($|[A-Z0-9])`)

	// parsers whose names do not say it, by room and name.
	moreParsers = []string{
		"zmtp: Next", "zmtp: Decide", "zmtp: CheckRemote", "zmtp: Recognise", // the handshakes of NULL and PLAIN, and who speaks none
		"zmtp/curve: Next", "zmtp/curve: Decide", "zmtp/curve: Open", // CURVE's, in both roles, and its codec
		"internal/pipe: Advance",                                                 // frames, messages and commands of a connection
		"internal/topic: Add", "internal/topic: Remove", "internal/topic: Match", // subscriptions, which strangers write
	}

	// notParsers are called like one, and read nothing by themselves.
	notParsers = map[string]string{
		"zmtp/curve: ReadCertificate": "opens a file, and leaves its text to ParseCertificate",
		"internal/secretfile: Read":   "does, too, and leaves it to its callers",
		"internal/peer: Read":         "takes bytes off a connection: FuzzPeerBytes is about what is done with them",
		"internal/peer: ReadNow":      "does, too",
		"internal/memnet: Read":       "hands over what was written",
	}
)

// callees are the names that each function of a package calls: in its own files and in its tests. It is names that are
// compared, and not what they stand for, so that two of one name pass for one: the rule is for who forgets.
type callees map[string][]string

func (c callees) add(f *ast.FuncDecl) {
	if f.Body == nil {
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		var used []ast.Expr
		switch x := n.(type) {
		case *ast.CallExpr:
			used = []ast.Expr{x.Fun}
		case *ast.CompositeLit: // []func(string) (Endpoint, error){ParseBind, ParseConnect}
			used = x.Elts
		}
		for _, e := range used {
			switch x := e.(type) {
			case *ast.Ident:
				c[f.Name.Name] = append(c[f.Name.Name], x.Name)
			case *ast.SelectorExpr:
				c[f.Name.Name] = append(c[f.Name.Name], x.Sel.Name)
			}
		}
		return true
	})
}

// reached are all names that a package's fuzz targets come to.
func (c callees) reached() map[string]bool {
	seen := map[string]bool{}
	var follow func(string)
	follow = func(name string) {
		if !seen[name] {
			seen[name] = true
			for _, next := range c[name] {
				follow(next)
			}
		}
	}
	for name := range c {
		if about, ok := strings.CutPrefix(name, "Fuzz"); ok {
			follow(name)
			seen[about] = true // FuzzUnmarshalJSON calls json.Unmarshal
		}
	}
	return seen
}

// No parser without a fuzz target.
func TestHouseFuzz(t *testing.T) {
	rooms := map[string]callees{}
	where := map[string]token.Position{}
	for _, s := range sources(t) {
		if rooms[s.room] == nil {
			rooms[s.room] = callees{}
			rooms[s.room].addTests(t, s.room)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			rooms[s.room].add(f)
			if name := s.room + ": " + f.Name.Name; parserName.MatchString(f.Name.Name) || slices.Contains(moreParsers, name) {
				where[name] = spot(f)
			}
		}
	}
	for _, name := range slices.Concat(moreParsers, slices.Sorted(maps.Keys(notParsers))) {
		if _, ok := where[name]; !ok {
			t.Errorf("the tables have %s, which is gone", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		room, f, _ := strings.Cut(name, ": ")
		if reached := rooms[room].reached()[f]; reached == (notParsers[name] != "") {
			t.Errorf("%v: %s: no fuzz target of its package comes to it, or one does and it is in notParsers", where[name], f)
		}
	}
	if len(where) < 30 {
		t.Errorf("only %d parsers: the rule finds too few", len(where))
	}
}

func (c callees) addTests(t *testing.T, room string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(room, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := parser.ParseFile(positions, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				c.add(f)
			}
		}
	}
}
