package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A description says what the figures were measured on and with.
type description struct {
	Date     time.Time
	Commit   string
	Machine  string   // processor, cores, memory
	System   string   // kernel, and what it gives a TCP socket
	Programs string   // the versions of all that was measured
	Windows  string   // how long, how often
	Load     string   // before; afterwards it is our own
	Missing  []string // who was not measured, and why
}

func describe(ctx context.Context, l *lab, c choice) description {
	d := description{
		Date:    time.Now(),
		Commit:  commit(ctx, ""),
		Machine: fmt.Sprintf("%s, %d cores, %s", processor(), runtime.NumCPU(), memory()),
		System: fmt.Sprintf("%s %s, tcp_rmem %s, tcp_wmem %s", runtime.GOOS, firstLine("/proc/sys/kernel/osrelease"),
			bufferSizes("rmem"), bufferSizes("wmem")),
		Programs: fmt.Sprintf("%s GOMAXPROCS=%d", runtime.Version(), runtime.GOMAXPROCS(0)),
		Windows:  fmt.Sprintf("%d rounds of %v after %v", c.runs, l.run, l.warm),
		Load:     load(),
	}
	for _, who := range append([]string{libzmq, before}, others[:]...) {
		if version, there := l.versions[who]; there {
			d.Programs += ", " + who + " " + version
		}
		if err := l.absent[who]; err != nil {
			d.Missing = append(d.Missing, fmt.Sprintf("%s: %v", who, err))
		}
	}
	if l.crowd < 1000 || !c.quick && l.crowd < 10_000 {
		d.Missing = append(d.Missing, fmt.Sprintf("more than %d connections: a process has no more descriptors here (ulimit -Hn)", l.crowd))
	}
	return d
}

// line is the description in one line.
func (d description) line() string {
	parts := []string{
		d.Date.Format(time.DateOnly), "commit " + d.Commit, d.Machine, d.System, d.Programs, d.Windows, "load before " + d.Load,
	}
	for _, m := range d.Missing {
		parts = append(parts, "not measured: "+m)
	}
	return strings.Join(parts, "; ")
}

// memory is how much this machine has.
func memory() string {
	_, after, found := strings.Cut(firstLine("/proc/meminfo"), "MemTotal:")
	fields := strings.Fields(after)
	if !found || len(fields) == 0 {
		return "memory unknown"
	}
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		return "memory unknown"
	}
	return fmt.Sprintf("%d GiB", (kib+1<<19)>>20)
}

// bufferSizes are least, default and most of a TCP socket's buffer: all sides
// leave it as it comes.
func bufferSizes(name string) string {
	return strings.Join(strings.Fields(firstLine("/proc/sys/net/ipv4/tcp_"+name)), "/")
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

// commit is the revision of folder, with + if files differ from it.
// GIT_OPTIONAL_LOCKS=0: looking must not change the index.
func commit(ctx context.Context, folder string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = folder
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
