package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// -against REV: what a change cost. This bench is built a second time, over the
// library as it was at REV, and the sides that are ours are measured in pairs.

// goBack makes the program "before". The library comes from a git worktree of
// revision, the bench over it is today's: two benches would differ in what they
// measure. done removes both.
func (l *lab) goBack(ctx context.Context, revision string) (done func(), err error) {
	done = func() { os.RemoveAll(l.dir) }
	sources, err := sourceFolder(ctx)
	if err != nil {
		return done, err
	}
	repository := filepath.Dir(sources)
	tree := filepath.Join(l.dir, "tree")
	if err := git(ctx, repository, "worktree", "add", "--detach", "--force", tree, revision); err != nil {
		return done, err
	}
	done = func() {
		// Not ctx: an interrupted run, too, takes its worktree away.
		if err := git(context.Background(), repository, "worktree", "remove", "--force", tree); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.RemoveAll(l.dir)
	}
	l.versions[before] = revision + " (" + commit(ctx, tree) + ")"
	there := filepath.Join(tree, "bench")
	if err := os.RemoveAll(there); err != nil {
		return done, err
	}
	if err := os.CopyFS(there, os.DirFS(sources)); err != nil {
		return done, err
	}
	path := filepath.Join(l.dir, before)
	// -mod=mod: the library of that time may ask for other versions than today's.
	if err := goBuild(ctx, there, path, "-mod=mod"); err != nil {
		return done, fmt.Errorf("today's bench over the library of %s: %w", revision, err)
	}
	l.programs[before] = []string{path, roleCommand, ours}
	return done, nil
}

func git(ctx context.Context, folder string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...)
	if _, err := cmd.Output(); err != nil {
		return fmt.Errorf("git %s: %s", strings.Join(args, " "), complaint(err))
	}
	return nil
}

// againstBefore is e with ours, and what was ours before, in the place of all
// others. The rows' ratio is to before, and has no target.
func againstBefore(e experiment) experiment {
	e.sides = slices.DeleteFunc(slices.Clone(e.sides), func(s side) bool { return s.who != ours })
	for _, s := range slices.Clone(e.sides) {
		s.name, s.who = nameBefore(s.name), before
		e.sides = append(e.sides, s)
	}
	e.rows = slices.Clone(e.rows)
	for i := range e.rows {
		e.rows[i].base, e.rows[i].must = nameBefore(e.rows[i].ours), bound{}
	}
	return e
}

func nameBefore(name string) string { return before + ": " + name }
