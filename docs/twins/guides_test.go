// Package twins holds the programs that the migration guides show (docs/from-*.md), and the tests that hold the two
// together: what a guide shows is a program's text, twins print the same, and no exported name is forgotten.
package twins

import (
	"flag"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "copy the programs into the guides")

// A guide is one of the papers, with the package that it leads away from.
type guide struct{ paper, theirs string }

var guides = map[string]guide{
	"pebbe":    {"../from-pebbe.md", "github.com/pebbe/zmq4"},
	"gozeromq": {"../from-go-zeromq.md", "github.com/go-zeromq/zmq4"},
}

func (g guide) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(g.paper)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A block is a link to a program and the code below it.
var blockPattern = regexp.MustCompile("(?s)(\\]\\(twins/([a-z]+/[a-z]+/main\\.go)\\):\n\n```go\n)(.*?)(```)")

// Each program is shown, and shown as it is: from behind its imports on.
func TestBlocks(t *testing.T) {
	for kind, g := range guides {
		shown := map[string]bool{}
		text := g.text(t)
		whole := blockPattern.ReplaceAllStringFunc(text, func(block string) string {
			part := blockPattern.FindStringSubmatch(block)
			shown[part[2]] = true
			return part[1] + body(t, part[2]) + part[4]
		})
		if *update {
			if err := os.WriteFile(g.paper, []byte(whole), 0o666); err != nil {
				t.Fatal(err)
			}
		} else if whole != text {
			t.Errorf("%s does not show its programs as they are: go test . -run TestBlocks -update", g.paper)
		}
		for _, task := range tasks(t, kind) {
			for _, path := range []string{kind + "/" + task + "/main.go", "ours/" + task + "/main.go"} {
				if !shown[path] {
					t.Errorf("%s does not show %s", g.paper, path)
				}
			}
		}
		if blocks := strings.Count(text, "```go\n"); blocks != len(shown) {
			t.Errorf("%s has %d blocks of code, of which %d are a program's", g.paper, blocks, len(shown))
		}
	}
}

// body is a program's text behind its imports.
func body(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, text2, ok := strings.Cut(string(text), "\n)\n\n")
	if !ok {
		t.Fatalf("%s has no imports", path)
	}
	return text2
}

// tasks are what there are programs for.
func tasks(t *testing.T, kind string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(kind + "/*/main.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no programs (%v)", kind, err)
	}
	for _, path := range paths {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names
}

// Rows of a table, and names in them.
var (
	codePattern = regexp.MustCompile("`([^`\n]+)`")
	namePattern = regexp.MustCompile(`(?:\b([a-z][a-z0-9]*)\.)?\b([A-Z]\w*)`)
)

// names are the exported names that stand as code in a cell: with what stands before their dot.
func names(cell string) (all [][2]string) {
	for _, code := range codePattern.FindAllStringSubmatch(cell, -1) {
		for _, name := range namePattern.FindAllStringSubmatch(code[1], -1) {
			all = append(all, [2]string{name[1], name[2]})
		}
	}
	return all
}

// What a guide's tables name is there, on both sides, and all that their package exports is named.
func TestNames(t *testing.T) {
	ours := map[string]bool{}
	for _, path := range []string{"github.com/glassmq/zmq", "github.com/glassmq/zmq/monitor", "github.com/glassmq/zmq/zmtp", "github.com/glassmq/zmq/zmtp/curve"} {
		maps.Copy(ours, exported(t, path, true))
	}
	for _, g := range guides {
		theirs := exported(t, g.theirs, false)
		named := map[string]bool{}
		for line := range strings.Lines(g.text(t)) {
			cells := strings.Split(line, " | ")
			if !strings.HasPrefix(line, "| ") || len(cells) < 3 {
				continue
			}
			for _, name := range names(cells[0]) {
				if named[name[1]] = true; name[0] == "" && !theirs[name[1]] {
					t.Errorf("%s: %s exports no %s", g.paper, g.theirs, name[1])
				}
			}
			for _, name := range names(cells[1]) {
				if standard := slices.Contains([]string{"context", "errors", "net", "fmt", "signal", "syscall"}, name[0]); !standard && !ours[name[1]] {
					t.Errorf("%s: there is no %s: %s", g.paper, name[1], strings.TrimSpace(line))
				}
			}
		}
		for _, name := range codeOutside(g.text(t)) {
			named[name] = true
		}
		var missing []string
		for name := range theirs {
			if !named[name] {
				missing = append(missing, name)
			}
		}
		if slices.Sort(missing); len(missing) > 0 {
			t.Errorf("%s says nothing of %d names of %s: %v", g.paper, len(missing), g.theirs, missing)
		}
	}
}

// codeOutside are the names in the paper's running text.
func codeOutside(text string) (all []string) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") {
			for _, name := range names(line) {
				all = append(all, name[1])
			}
		}
	}
	return all
}

// exported are the names that a package's page shows: of declarations, methods and fields. promoted: methods of unexported
// types are embedded in exported ones.
func exported(t *testing.T, path string, promoted bool) map[string]bool {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-find", "-tags", "pebbe", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		t.Skipf("%s cannot be had here: %v", path, err)
	}
	with := build.Default
	with.CgoEnabled, with.GOOS = true, "linux"
	p, err := with.ImportDir(strings.TrimSpace(string(dir)), 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f)
		for _, d := range f.Decls {
			declared(d, promoted, all)
		}
	}
	if len(all) < 20 {
		t.Fatalf("%s exports only %v", path, slices.Sorted(maps.Keys(all)))
	}
	return all
}

func declared(d ast.Decl, promoted bool, all map[string]bool) {
	if f, ok := d.(*ast.FuncDecl); ok {
		if f.Recv == nil || promoted || ast.IsExported(receiver(f)) {
			all[f.Name.Name] = true
		}
		return
	}
	for _, spec := range d.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			all[spec.Name.Name] = true
			ast.Inspect(spec.Type, func(n ast.Node) bool {
				if f, ok := n.(*ast.Field); ok {
					for _, name := range f.Names {
						if name.IsExported() {
							all[name.Name] = true
						}
					}
				}
				return true
			})
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				all[name.Name] = true
			}
		}
	}
}

// receiver is the name of a method's type.
func receiver(f *ast.FuncDecl) string {
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	name, _ := typ.(*ast.Ident)
	return name.String()
}
