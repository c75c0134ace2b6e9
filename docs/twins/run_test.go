package twins

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a program may take. None waits for more than a second, but the machine may be busy.
const patience = 30 * time.Second

// Twins print the same.
func TestTwins(t *testing.T) {
	ours := compile(t, "ours")
	for kind := range guides {
		t.Run(kind, func(t *testing.T) {
			if kind == "pebbe" {
				needLibzmq(t)
			}
			theirs := compile(t, kind)
			for _, task := range tasks(t, kind) {
				t.Run(task, func(t *testing.T) {
					want, got := run(t, theirs, task), run(t, ours, task)
					if want != got || want == "" {
						t.Errorf("%s's printed\n%s\nand ours\n%s", kind, want, got)
					}
				})
			}
		})
	}
}

// Every program of ours is somebody's twin.
func TestNoneIsAlone(t *testing.T) {
	twins := map[string]bool{}
	for kind := range guides {
		for _, task := range tasks(t, kind) {
			twins[task] = true
		}
	}
	for _, task := range tasks(t, "ours") {
		if !twins[task] {
			t.Errorf("ours/%s is nobody's twin", task)
		}
	}
}

// needLibzmq skips the test where pebbe's package cannot be built: it needs cgo, a C compiler and libzmq's headers. With
// ZMQ_INTEROP=required in the environment that is a failure.
func needLibzmq(t *testing.T) {
	t.Helper()
	cgo, err := exec.CommandContext(t.Context(), "go", "env", "CGO_ENABLED").Output()
	if err == nil && strings.TrimSpace(string(cgo)) == "1" {
		if err = exec.CommandContext(t.Context(), "pkg-config", "--exists", "libzmq").Run(); err == nil {
			return
		}
	}
	const text = "no cgo or no libzmq here: install them (on Debian the packages gcc, pkg-config and libzmq3-dev)"
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// compile builds a kind's programs and returns where they are.
func compile(t *testing.T, kind string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "pebbe", "-ldflags", "-s -w", "-o", dir+string(filepath.Separator), "./"+kind+"/...").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// run returns what a program printed.
func run(t *testing.T, dir, task string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stderr strings.Builder
	c := exec.CommandContext(ctx, filepath.Join(dir, task))
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c.Path, err, stderr.String())
	}
	return string(out)
}
