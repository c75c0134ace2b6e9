package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Who is measured beside libzmq and plain Go. Each is a program of its own, this
// one built again with one of these as build tag, so that no library is linked
// into another's program. Their columns bear the names.
const (
	pebbe    = "pebbe"    // github.com/pebbe/zmq4: libzmq over cgo
	goZeromq = "gozeromq" // github.com/go-zeromq/zmq4: pure Go
	mangos   = "mangos"   // go.nanomsg.org/mangos/v3: the same patterns over SP, not ZMTP
)

var others = [...]string{pebbe, goZeromq, mangos}

// moduleOf says which module's version a side has.
func moduleOf(who string) string {
	return map[string]string{
		pebbe: "github.com/pebbe/zmq4", goZeromq: "github.com/go-zeromq/zmq4", mangos: "go.nanomsg.org/mangos/v3",
	}[who]
}

// benchModule is where the sources of this program are found.
const benchModule = "github.com/glassmq/zmq/bench"

//go:embed libzmq
var peerSources embed.FS

// buildLimit bounds one build: the first one of cgo's takes half a minute.
const buildLimit = 3 * time.Minute

// build builds the programs of the other sides, at the same time, and notes why
// one cannot be had.
func (l *lab) build(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	var builds sync.WaitGroup
	var mu sync.Mutex // guards the three maps
	note := func(who string, program []string, version string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			l.absent[who] = err
			return
		}
		l.programs[who], l.versions[who] = program, version
	}
	builds.Go(func() {
		path, version, err := buildPeer(ctx, l.dir)
		note(libzmq, []string{path}, version, err)
	})
	sources, err := sourceFolder(ctx)
	for _, who := range others {
		builds.Go(func() {
			if err != nil {
				note(who, nil, "", err)
				return
			}
			path := filepath.Join(l.dir, who)
			note(who, []string{path, roleCommand, who}, versionOf(ctx, sources, who), goBuild(ctx, sources, path, "-tags", who))
		})
	}
	builds.Wait()
}

// sourceFolder is where the sources of this program are: it is run by go run, so
// there is a go command and a working directory that knows.
func sourceFolder(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", benchModule).Output()
	if err != nil {
		return "", fmt.Errorf("the sources of %s are not found from here: %s", benchModule, complaint(err))
	}
	return strings.TrimSpace(string(out)), nil
}

// goBuild builds the bench of folder to path, by its own go.mod: what a workspace
// around it holds together is no part of the comparison.
func goBuild(ctx context.Context, folder, path string, flags ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-buildvcs=false", "-o", path}, flags...), ".")...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if _, err := cmd.Output(); err != nil {
		return fmt.Errorf("go build %s: %s", strings.Join(flags, " "), complaint(err))
	}
	return nil
}

// complaint is what a command said, in one line, or why it did not run.
func complaint(err error) string {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) == 0 {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
	return strings.Join(lines[:min(len(lines), 2)], "; ")
}

// versionOf is the version that the bench's go.mod asks for.
func versionOf(ctx context.Context, folder, who string) string {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", moduleOf(who))
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return "of unknown version" // it was built all the same
	}
	return strings.TrimSpace(string(out))
}

// buildPeer compiles the libzmq side into dir with $CC or cc. An error is why
// this machine cannot.
func buildPeer(ctx context.Context, dir string) (path, version string, err error) {
	cc, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "cc"))
	if err != nil {
		return "", "", fmt.Errorf("no C compiler: %w", err)
	}
	sources := filepath.Join(dir, "peer")
	if err := os.CopyFS(sources, peerSources); err != nil {
		return "", "", err
	}
	files, err := filepath.Glob(filepath.Join(sources, "libzmq", "*.c"))
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(sources, "peer")
	compile := exec.CommandContext(ctx, cc, append([]string{"-O2", "-o", path}, append(files, "-lzmq", "-lpthread")...)...)
	if _, err := compile.Output(); err != nil {
		return "", "", fmt.Errorf("%s: %s (on Debian, install libzmq3-dev)", cc, complaint(err))
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return "", "", fmt.Errorf("the program over libzmq does not run: %w", err)
	}
	return path, strings.TrimSpace(string(out)), nil
}
