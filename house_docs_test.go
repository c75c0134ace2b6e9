package zmq_test

import (
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// publicPackages are the packages that users import.
var publicPackages = []string{".", "auth", "monitor", "zmtp", "zmtp/curve", "zmqtest"}

// Whatever go doc shows has words: its own; or those of its group, of a constant's type, or for an interface's method those
// of the method that implements it. A method called Error needs none.
func TestHouseDocs(t *testing.T) {
	for _, name := range publicPackages {
		p := pages{shown: map[string]bool{}, methods: map[string]bool{}}
		about := 0
		for _, s := range sources(t) {
			if s.room == name {
				p.files = append(p.files, s)
				if s.file.Doc != nil {
					about++
				}
			}
		}
		if about != 1 {
			t.Errorf("package %s has %d package comments, want 1", name, about)
		}
		p.show()
		for _, s := range p.files {
			for _, d := range s.file.Decls {
				for _, ident := range p.bare(d) {
					t.Errorf("%v: %s has no doc comment", spot(ident), ident.Name)
				}
			}
		}
	}
}

// pages are what go doc shows of a package.
type pages struct {
	files   []source
	shown   map[string]bool // the exported types, and those that they embed, whose methods are theirs too
	methods map[string]bool // of shown types, with words
}

func (p *pages) show() {
	types := map[string]*ast.TypeSpec{}
	for _, s := range p.files {
		for _, d := range s.file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				for _, spec := range g.Specs {
					types[spec.(*ast.TypeSpec).Name.Name] = spec.(*ast.TypeSpec)
				}
			}
		}
	}
	for name := range types {
		if ast.IsExported(name) {
			p.showType(name, types)
		}
	}
	for _, s := range p.files {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Doc != nil && p.shown[typeName(f.Recv.List[0].Type)] {
				p.methods[f.Name.Name] = true
			}
		}
	}
}

func (p *pages) showType(name string, types map[string]*ast.TypeSpec) {
	if p.shown[name] || types[name] == nil {
		return
	}
	p.shown[name] = true
	if body, ok := types[name].Type.(*ast.StructType); ok {
		for _, f := range body.Fields.List {
			if len(f.Names) == 0 {
				p.showType(typeName(f.Type), types)
			}
		}
	}
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

// bare are the names of a declaration that go doc shows without a word.
func (p *pages) bare(d ast.Decl) (names []*ast.Ident) {
	if f, ok := d.(*ast.FuncDecl); ok {
		shown := f.Recv == nil || p.shown[typeName(f.Recv.List[0].Type)]
		if shown && f.Doc == nil && f.Name.IsExported() && f.Name.Name != "Error" {
			names = append(names, f.Name)
		}
		return names
	}
	g := d.(*ast.GenDecl)
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				if g.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					names = append(names, spec.Name)
				}
				names = append(names, p.bareMethods(spec.Type)...)
			}
		case *ast.ValueSpec:
			if g.Doc == nil && spec.Doc == nil && spec.Comment == nil && !p.shown[typeName(spec.Type)] {
				names = append(names, slices.DeleteFunc(slices.Clone(spec.Names), func(i *ast.Ident) bool { return !i.IsExported() })...)
			}
		}
	}
	return names
}

// bareMethods are an interface's.
func (p *pages) bareMethods(e ast.Expr) (names []*ast.Ident) {
	body, ok := e.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	for _, m := range body.Methods.List {
		for _, name := range m.Names {
			if name.IsExported() && m.Doc == nil && m.Comment == nil && !p.methods[name.Name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// papers are what is written for people, by path and text.
func papers(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "bench/*.md", "examples/*/*.md", "doc.go"} {
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
	codePattern = regexp.MustCompile("(?s)```.*?```")                                        // which has brackets of its own
	linkPattern = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)                           // [text](path)
	filePattern = regexp.MustCompile("`([a-zA-Z][\\w.-]*/[\\w./-]*\\.(?:go|md|py|txt))[`:]") // `room/file.go`, `room/file.go: function`
)

// What a paper names is there.
func TestHousePapers(t *testing.T) {
	for path, text := range papers(t) {
		text = codePattern.ReplaceAllString(text, "")
		for _, m := range linkPattern.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
		for _, m := range filePattern.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
					t.Errorf("%s names %s, which is not there", path, m[1])
				}
			}
		}
	}
}

var (
	programPattern = regexp.MustCompile("(?s)```go\n(package main\n.*?)```")
	outputPattern  = regexp.MustCompile("(?s)```text\n(.*?)```")
)

// The programs that papers show whole run, and print what the paper says.
func TestHousePrograms(t *testing.T) {
	for path, programs := range map[string]int{"README.md": 1, "docs/security.md": 3} {
		text := papers(t)[path]
		all := programPattern.FindAllStringSubmatchIndex(text, -1)
		if len(all) != programs {
			t.Errorf("%s has %d programs, want %d", path, len(all), programs)
		}
		for i, code := range all {
			want := outputPattern.FindStringSubmatch(text[code[1]:])
			if want == nil {
				t.Fatalf("%s does not say what its program %d prints", path, i+1)
			}
			main := filepath.Join(t.TempDir(), "main.go")
			if err := os.WriteFile(main, []byte(text[code[2]:code[3]]), 0o666); err != nil {
				t.Fatal(err)
			}
			got, err := exec.CommandContext(t.Context(), "go", "run", main).CombinedOutput()
			if err != nil || string(got) != want[1] {
				t.Errorf("program %d of %s printed\n%s(%v), and should have printed\n%s", i+1, path, got, err, want[1])
			}
		}
	}
}
