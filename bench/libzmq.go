package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed libzmq/peer.c
var peerSource []byte

// buildPeer compiles the libzmq side into dir with $CC or cc. An error is why
// this machine cannot.
func buildPeer(ctx context.Context, dir string) (path, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cc, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "cc"))
	if err != nil {
		return "", "", fmt.Errorf("no C compiler: %w", err)
	}
	path = filepath.Join(dir, "peer")
	compile := exec.CommandContext(ctx, cc, "-O2", "-x", "c", "-o", path, "-", "-lzmq", "-lpthread")
	compile.Stdin = bytes.NewReader(peerSource)
	if out, err := compile.CombinedOutput(); err != nil {
		reason, _, _ := strings.Cut(string(out), "\n")
		return "", "", fmt.Errorf("%s: %w: %s (on Debian, install libzmq3-dev)", cc, err, reason)
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return "", "", fmt.Errorf("the program over libzmq does not run: %w", err)
	}
	return path, strings.TrimSpace(string(out)), nil
}
