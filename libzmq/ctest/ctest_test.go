// Package ctest runs C programs, and those of others, on the shared library that make libzmq builds, and most of them on the
// system's libzmq as well: a test that fails there is wrong about what libzmq does.
//
// The tests need a C compiler and make; those that compare need Debian's libzmq5, and some its python3-zmq, libczmq-dev or
// python3-ipykernel. Without them they skip and say so, unless ZMQ_INTEROP=required.
package ctest

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// missing skips for want of something, or fails where nothing may be missing.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// built is the directory of the fresh library, with lib and include in it.
var built = sync.OnceValues(func() (dir string, err error) {
	for _, tool := range []string{"cc", "make"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("there is no %s, which builds the library", tool)
		}
	}
	if dir, err = os.MkdirTemp("", "libzmq"); err != nil {
		return "", err
	}
	builtAt = dir
	out, err := exec.Command("make", "-C", "..", "BUILD="+dir).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("make: %v\n%s", err, out)
	}
	return dir, nil
})

// builtAt is built's directory, once there is one, for TestMain to take away.
var builtAt string

func TestMain(m *testing.M) {
	code := m.Run()
	if builtAt != "" {
		os.RemoveAll(builtAt)
	}
	os.Exit(code)
}

func library(t *testing.T) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		if strings.HasPrefix(err.Error(), "there is no") {
			missing(t, err.Error())
		}
		t.Fatal(err)
	}
	return dir
}

// A side is one of the two libraries.
type side struct {
	name string
	env  []string
}

func ours(t *testing.T) side {
	return side{"ours", []string{"LD_LIBRARY_PATH=" + filepath.Join(library(t), "lib")}}
}

// theirs is the system's library; ok is false if there is none.
func theirs() (s side, ok bool) {
	for _, pattern := range []string{"/usr/lib/*/libzmq.so.5", "/usr/lib*/libzmq.so.5", "/usr/local/lib/libzmq.so.5"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return side{"theirs", []string{"LD_LIBRARY_PATH="}}, true
		}
	}
	return s, false
}

// run runs a program on one side and returns what it printed.
func (s side) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.WaitDelay = time.Second
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %s: %v\n%s%s", s.name, filepath.Base(name), err, out.Bytes(), bad.Bytes())
	}
	return out.String()
}

// compile makes a program of one file, against our header.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	dir := library(t)
	program := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c"))
	args := append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers", "-O1", "-g", "-o", program, source,
		"-I" + filepath.Join(dir, "include"), "-L" + filepath.Join(dir, "lib")}, flags...)
	if out, err := exec.Command("cc", append(args, "-lzmq", "-lpthread")...).CombinedOutput(); err != nil {
		t.Fatalf("cc %s: %v\n%s", source, err, out)
	}
	return program
}

func TestPrograms(t *testing.T) {
	all, err := filepath.Glob("testdata/programs/*.c")
	if err != nil || len(all) < 5 {
		t.Fatalf("%d programs, %v", len(all), err)
	}
	for _, source := range all {
		if strings.HasSuffix(source, "_dump.c") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(source), ".c"), func(t *testing.T) {
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			program := compile(t, source)
			ours(t).run(t, program)
			if s, ok := theirs(); ok && !bytes.HasPrefix(text, []byte("/* ours\n")) {
				s.run(t, program)
			}
		})
	}
}

// differ are the options of which the two libraries may say other things, and why.
var differ = map[string]string{
	"5":  "a routing id that begins with NUL is refused: the RFC keeps those for ids that are made up",
	"61": "so is one that is given to a peer",
	"45": "no user name leaves none behind",
	"46": "nor does no password",
	"55": "a text's NUL is no part of it, and no text is none",
	"92": "a text's NUL is no part of it",
	"58": "an ipc filter is refused: one that does not filter must not look as if it did",
	"59": "an ipc filter is refused",
	"60": "an ipc filter is refused",
	"62": "GSSAPI is not there",
	"63": "GSSAPI is not there",
	"64": "GSSAPI is not there",
	"65": "GSSAPI is not there",
	"90": "GSSAPI is not there",
	"91": "GSSAPI is not there",
	"68": "a text's NUL is no part of it",
	"76": "a negative TTL is refused",
}

// Every option number below 93, for every type: what it is at first, and what each of a dozen values comes to.
func TestOptions(t *testing.T) {
	program := compile(t, "testdata/programs/options_dump.c")
	mine := strings.Split(ours(t).run(t, program), "\n")
	s, ok := theirs()
	if !ok {
		missing(t, "there is no other libzmq to compare with")
	}
	other := strings.Split(s.run(t, program), "\n")
	if len(mine) != len(other) || len(mine) < 1000 {
		t.Fatalf("%d lines and %d", len(mine), len(other))
	}
	differs := map[string]bool{}
	for i, line := range mine {
		if line == other[i] {
			continue
		}
		option, _, _ := strings.Cut(strings.Fields(line)[1], ":")
		differs[option] = true
		if differ[option] == "" {
			t.Errorf("ours:   %s\ntheirs: %s", line, other[i])
		}
	}
	for option := range differ {
		if !differs[option] && !strings.HasPrefix(differ[option], "GSSAPI") { // which a libzmq may lack as well
			t.Errorf("option %s is said to differ, and does not", option)
		}
	}
}

// docs/libzmq.md names every function and every option of the header.
func TestDocs(t *testing.T) {
	header, err := os.ReadFile("../include/zmq.h")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/libzmq.md")
	if err != nil {
		t.Fatal(err)
	}
	functions := regexp.MustCompile(`ZMQ_EXPORT [^;(]*?(zmq_\w+) \(`).FindAllSubmatch(header, -1)
	if len(functions) < 85 {
		t.Fatalf("%d functions", len(functions))
	}
	for _, f := range functions {
		if !bytes.Contains(page, []byte("`"+string(f[1])+"`")) {
			t.Errorf("%s is not in docs/libzmq.md", f[1])
		}
	}
	options := 0
	for _, section := range regexp.MustCompile(`(?s)#define ZMQ_AFFINITY .*?#define ZMQ_MORE |#define ZMQ_IDENTITY .*?#define ZMQ_NOBLOCK|#define ZMQ_ZAP_ENFORCE_DOMAIN .*?#define ZMQ_RECONNECT_STOP_CONN`).FindAll(header, -1) {
		for _, o := range regexp.MustCompile(`#define ZMQ_(\w+) `).FindAllSubmatch(section, -1) {
			if name := string(o[1]); name != "MORE" && name != "NOBLOCK" && !strings.HasPrefix(name, "RECONNECT_STOP_") {
				options++
				if !regexp.MustCompile(`\b` + name + `\b`).Match(page) {
					t.Errorf("option %s is not in docs/libzmq.md", name)
				}
			}
		}
	}
	if options < 90 {
		t.Errorf("%d options", options)
	}
}

// Every function of the header is called by a program of testdata/programs.
func TestCoverage(t *testing.T) {
	header, err := os.ReadFile("../include/zmq.h")
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("testdata/programs/*.c")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, source := range append(all, "testdata/programs/check.h") {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\b(zmq_\w+) \(`).FindAllSubmatch(regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAll(text, nil), -1) {
			called[string(m[1])] = true
		}
		if bytes.Contains(text, []byte("#define ZMQ_EVENT_STRUCT\n")) && called["zmq_socket_monitor"] { // which is a macro then
			called["zmq_socket_monitor_structs"] = true
		}
	}
	functions := regexp.MustCompile(`ZMQ_EXPORT [^;(]*?(zmq_\w+) \(`).FindAllSubmatch(header, -1)
	if len(functions) < 85 {
		t.Fatalf("%d functions", len(functions))
	}
	for _, f := range functions {
		if !called[string(f[1])] {
			t.Errorf("no program calls %s", f[1])
		}
	}
}

// added are the symbols that Debian's library has not: drafts, and the second seed's form of the monitor.
var added = strings.Fields(`zmq_ctx_get_ext zmq_ctx_set_ext zmq_poller_add zmq_poller_add_fd zmq_poller_destroy zmq_poller_fd
	zmq_poller_modify zmq_poller_modify_fd zmq_poller_new zmq_poller_remove zmq_poller_remove_fd zmq_poller_size zmq_poller_wait
	zmq_poller_wait_all zmq_ppoll zmq_socket_get_peer_state zmq_socket_monitor_pipes_stats zmq_socket_monitor_structs
	zmq_socket_monitor_versioned`)

// What the library exports is what Debian's exports, which testdata/symbols.txt lists, what was added, and nothing else.
func TestSymbols(t *testing.T) {
	f, err := elf.Open(filepath.Join(library(t), "lib/libzmq.so.5"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if soname, err := f.DynString(elf.DT_SONAME); err != nil || !slices.Equal(soname, []string{"libzmq.so.5"}) {
		t.Errorf("SONAME %v, %v", soname, err)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && elf.ST_BIND(s.Info) == elf.STB_GLOBAL {
			have = append(have, s.Name)
		}
	}
	text, err := os.ReadFile("testdata/symbols.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := append(strings.Fields(string(text)), added...)
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("exported:\n%s\nand not:\n%s", strings.Join(have, " "), strings.Join(want, " "))
	}
}
