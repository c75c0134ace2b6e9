// Command plots draws the pictures of a benchmark: one for each curve that its
// rows have two points of, or more.
//
//	go run ./plots 2026-11-22-cec1b00.json
//
// They are written beside the file, as SVG, and their names to stdout.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: plots ROWS.json")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var rows []row
	if err := json.Unmarshal(b, &rows); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	stem := strings.TrimSuffix(path, ".json")
	for _, p := range picturesOf(rows) {
		name := stem + "-" + p.slug() + ".svg"
		if err := draw(p, name); err != nil {
			return fmt.Errorf("%s: %w", p.title, err)
		}
		fmt.Println(filepath.Base(name))
	}
	return nil
}
