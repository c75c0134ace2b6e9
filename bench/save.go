package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// save writes what people keep of a run, to folder: the table for reading, the
// rows for programs, and pictures.
//
//	2026-11-22-cec1b00.md
//	2026-11-22-cec1b00.json
//	2026-11-22-cec1b00-push-to-pull-tcp.svg
func save(ctx context.Context, folder string, on description, rows []row, progress io.Writer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	stem := on.Date.Format(time.DateOnly) + "-" + strings.TrimSuffix(on.Commit, "+")
	var table, data bytes.Buffer
	if err := write(&data, "json", on, rows); err != nil {
		return err
	}
	path := filepath.Join(folder, stem+".json")
	if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
		return err
	}
	pictures, drawn := draw(ctx, path)
	writeMarkdown(&table, on, rows, pictures)
	kept := os.WriteFile(filepath.Join(folder, stem+".md"), table.Bytes(), 0o644)
	fmt.Fprintf(progress, "saved as %s.* in %s, with %d pictures\n", stem, folder, len(pictures))
	return errors.Join(kept, drawn)
}

// draw has the pictures drawn beside a file of rows, and says which there are.
// Who draws is a program of its own: its fonts would be in the memory of every
// process that is measured.
func draw(ctx context.Context, rows string) (names []string, err error) {
	sources, err := sourceFolder(ctx)
	if err != nil {
		return nil, err
	}
	if rows, err = filepath.Abs(rows); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "run", "./plots", rows)
	cmd.Dir = sources
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the pictures: %s", complaint(err))
	}
	return strings.Fields(string(out)), nil
}

// writeMarkdown is the table for reading, with the pictures above it.
func writeMarkdown(w io.Writer, on description, rows []row, pictures []string) {
	fmt.Fprintf(w, "# Benchmark of %s\n\n", on.Date.Format(time.DateOnly))
	for _, line := range [][2]string{
		{"commit", on.Commit}, {"machine", on.Machine}, {"system", on.System}, {"programs", on.Programs},
		{"windows", on.Windows}, {"load before", on.Load},
	} {
		fmt.Fprintf(w, "- %s: %s\n", line[0], line[1])
	}
	for _, m := range on.Missing {
		fmt.Fprintf(w, "- not measured: %s\n", m)
	}
	fmt.Fprintf(w, "\n`go run ./bench` from the repository's root measures it again; bench/README.md says what each row is.\n\n")
	for _, name := range pictures {
		fmt.Fprintf(w, "![](%s)\n", name)
	}
	cells, head := rowCells(rows), legend
	if slices.ContainsFunc(rows, func(r row) bool { return r.Before != nil }) {
		cells, head = againstCells(rows), againstLegend
	}
	fmt.Fprintf(w, "\n%s\n\n", head)
	for i, line := range cells {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|%s\n", strings.Repeat(" --- |", len(line)))
		}
	}
	for _, line := range troubles(rows) {
		fmt.Fprintf(w, "\n- %s\n", strings.ReplaceAll(line, "\n", " "))
	}
}
