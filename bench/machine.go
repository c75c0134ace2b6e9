package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describeMachine is one line: what the figures were measured on and with.
func describeMachine(ctx context.Context, l *lab, runs int) string {
	libzmqIs := "no libzmq"
	if l.libzmqAbsent == nil {
		libzmqIs = "libzmq " + l.libzmqVersion
	}
	return strings.Join([]string{
		fmt.Sprintf("%s, %d cores", processor(), runtime.NumCPU()),
		runtime.GOOS + " " + firstLine("/proc/sys/kernel/osrelease"),
		fmt.Sprintf("%s GOMAXPROCS=%d", runtime.Version(), runtime.GOMAXPROCS(0)),
		libzmqIs,
		"commit " + commit(ctx),
		fmt.Sprintf("%d rounds of %v after %v", runs, l.run, l.warm),
		"load before " + load(),
	}, "; ")
}

// processor is the model name that Linux gives, else the architecture.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		name, model, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}

// load is the average of the last minute: on a machine with other work to do,
// the figures are worth less.
func load() string {
	first, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	return first
}

// firstLine of a file; "unknown" where there is no such file.
func firstLine(path string) string {
	b, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(b), "\n")
	if err != nil || line == "" {
		return "unknown"
	}
	return line
}

// commit is the revision of the working directory, with + if files differ
// from it. GIT_OPTIONAL_LOCKS=0: looking must not change the index.
func commit(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0")
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	revision, err := git("rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "unknown"
	}
	if changed, err := git("status", "--porcelain"); err == nil && changed != "" {
		revision += "+"
	}
	return revision
}
