package ctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// python is Debian's, whose binding is linked with libzmq.so.5.
const python = "/usr/bin/python3"

func hasModule(name string) bool { return exec.Command(python, "-c", "import "+name).Run() == nil }

// Every conversation of talk.py, on both libraries.
func TestPython(t *testing.T) {
	if !hasModule("zmq") {
		missing(t, "there is no python3-zmq")
	}
	const script = "testdata/python/talk.py"
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^def (\w+)\(\):`).FindAllStringSubmatch(string(text), -1) {
		t.Run(m[1], func(t *testing.T) {
			if out := ours(t).run(t, python, script, m[1]); out != "ok\n" {
				t.Errorf("ours: %s", out)
			}
			if s, ok := theirs(); ok {
				s.run(t, python, script, m[1])
			}
		})
	}
}

// A Jupyter kernel and its client, both on our library.
func TestJupyter(t *testing.T) {
	if !hasModule("zmq") || !hasModule("ipykernel") || !hasModule("jupyter_client") {
		missing(t, "there is no python3-ipykernel, or no python3-jupyter-client")
	}
	s := ours(t)
	s.env = append(s.env, "IPYTHONDIR="+t.TempDir(), "JUPYTER_RUNTIME_DIR="+t.TempDir())
	if out := s.run(t, python, "testdata/python/kernel.py"); !strings.HasSuffix(out, "ok\n") {
		t.Errorf("ours: %s", out)
	}
}

// Programs of CZMQ, whose library is linked with libzmq.so.5.
func TestCZMQ(t *testing.T) {
	library(t)
	if _, err := os.Stat("/usr/include/czmq.h"); err != nil {
		missing(t, "there is no libczmq-dev")
	}
	all, err := filepath.Glob("testdata/czmq/*.c")
	if err != nil || len(all) == 0 {
		t.Fatalf("%d programs, %v", len(all), err)
	}
	for _, source := range all {
		t.Run(strings.TrimSuffix(filepath.Base(source), ".c"), func(t *testing.T) {
			program := compile(t, source, "-lczmq")
			ours(t).run(t, program)
			if s, ok := theirs(); ok {
				s.run(t, program)
			}
		})
	}
}

// A program that uses cppzmq, which is a header over zmq.h.
func TestCPP(t *testing.T) {
	dir := library(t)
	if _, err := exec.LookPath("g++"); err != nil {
		missing(t, "there is no g++")
	}
	if _, err := os.Stat("/usr/include/zmq.hpp"); err != nil {
		missing(t, "there is no cppzmq-dev")
	}
	program := filepath.Join(t.TempDir(), "talk")
	out, err := exec.Command("g++", "-std=c++17", "-Wall", "-O1", "-o", program, "testdata/cpp/talk.cpp", "-I"+filepath.Join(dir, "include"),
		"-L"+filepath.Join(dir, "lib"), "-lzmq", "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("g++: %v\n%s", err, out)
	}
	ours(t).run(t, program)
	if s, ok := theirs(); ok {
		s.run(t, program)
	}
}

// A program in Go is told that it is at the wrong address, and goes on.
func TestGoHost(t *testing.T) {
	dir := library(t)
	program := filepath.Join(t.TempDir(), "host")
	cmd := exec.Command("go", "build", "-o", program, "./testdata/gohost")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "CGO_CFLAGS=-I"+filepath.Join(dir, "include"), "CGO_LDFLAGS=-L"+filepath.Join(dir, "lib"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out := ours(t).run(t, "/bin/sh", "-c", `exec "$0" 2>&1`, program)
	if !strings.Contains(out, "this program is written in Go") || !strings.HasSuffix(out, "refused\n") {
		t.Errorf("%q", out)
	}
}
