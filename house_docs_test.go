package zmq_test

import (
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// public are the packages that users import.
var public = []string{".", "monitor", "zmtp", "zmqtest"}

// Whatever go doc shows has words of its own. A method called Error needs none.
func TestHouseDocs(t *testing.T) {
	packages := map[string][]source{}
	for _, s := range sources(t) {
		if slices.Contains(public, s.room) {
			packages[s.room] = append(packages[s.room], s)
		}
	}
	for _, name := range public {
		shown := shownTypes(packages[name])
		about := 0
		for _, s := range packages[name] {
			if s.file.Doc != nil {
				about++
			}
			for _, d := range s.file.Decls {
				for _, ident := range undocumented(d, shown) {
					t.Errorf("%v: %s has no doc comment", at(ident), ident.Name)
				}
			}
		}
		if about != 1 {
			t.Errorf("package %s has %d package comments, want 1", name, about)
		}
	}
}

// shownTypes are the exported types, and those that they embed, whose methods are theirs too.
func shownTypes(files []source) map[string]bool {
	specs := map[string]*ast.TypeSpec{}
	for _, s := range files {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				specs[spec.Name.Name] = spec
			}
			return true
		})
	}
	shown := map[string]bool{}
	var show func(name string)
	show = func(name string) {
		if shown[name] || specs[name] == nil {
			return
		}
		shown[name] = true
		if body, ok := specs[name].Type.(*ast.StructType); ok {
			for _, f := range body.Fields.List {
				if len(f.Names) == 0 {
					show(typeName(f.Type))
				}
			}
		}
	}
	for name := range specs {
		if ast.IsExported(name) {
			show(name)
		}
	}
	return shown
}

// typeName is the type's without pointer and type arguments.
func typeName(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return typeName(x.X)
	case *ast.IndexExpr:
		return typeName(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

func undocumented(d ast.Decl, shown map[string]bool) (bare []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		mine := d.Recv == nil || shown[typeName(d.Recv.List[0].Type)]
		if d.Doc == nil && mine && d.Name.IsExported() && d.Name.Name != "Error" {
			bare = append(bare, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					if spec.Doc == nil && spec.Comment == nil && (d.Doc == nil || len(d.Specs) > 1) {
						bare = append(bare, spec.Name)
					}
					bare = append(bare, undocumentedMethods(spec.Type)...)
				}
			case *ast.ValueSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					bare = append(bare, slices.DeleteFunc(slices.Clone(spec.Names), func(i *ast.Ident) bool { return !i.IsExported() })...)
				}
			}
		}
	}
	return bare
}

// undocumentedMethods are an interface's.
func undocumentedMethods(e ast.Expr) (bare []*ast.Ident) {
	i, ok := e.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	for _, m := range i.Methods.List {
		for _, name := range m.Names {
			if name.IsExported() && m.Doc == nil && m.Comment == nil {
				bare = append(bare, name)
			}
		}
	}
	return bare
}

// papers are what is written for people, by path and text.
func papers(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "bench/*.md", "doc.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[path] = string(text)
		}
	}
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "doc.go"} {
		if all[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	return all
}

var (
	link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)                           // [text](path)
	file = regexp.MustCompile("`([a-zA-Z][\\w.-]*/[\\w./-]*\\.(?:go|md|py|txt))[`:]") // `room/file.go`, `room/file.go: function`
)

// What a paper names is there.
func TestHousePapers(t *testing.T) {
	for path, text := range papers(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
		for _, m := range file.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
					t.Errorf("%s names %s, which is not there", path, m[1])
				}
			}
		}
	}
}

var (
	program = regexp.MustCompile("(?s)```go\n(package main\n.*?)```")
	output  = regexp.MustCompile("(?s)```text\n(.*?)```")
)

// The first program of the README runs, and prints what the README says.
func TestHouseFirstProgram(t *testing.T) {
	text := papers(t)["README.md"]
	code := program.FindStringSubmatchIndex(text)
	if code == nil {
		t.Fatal("README.md has no program")
	}
	want := output.FindStringSubmatch(text[code[1]:])
	if want == nil {
		t.Fatal("README.md does not say what its program prints")
	}
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(text[code[2]:code[3]]), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), "go", "run", path).CombinedOutput()
	if err != nil || string(got) != want[1] {
		t.Errorf("the program of README.md printed\n%s(%v), and should have printed\n%s", got, err, want[1])
	}
}
