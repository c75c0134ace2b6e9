//go:build unix

package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Any right of anybody but the owner is noticed, and the mode comes back for the caller's words.
func TestExposed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("horse"), 0o600); err != nil {
		t.Fatal(err)
	}
	for bit := range 9 {
		mode := fs.FileMode(0o400 | 1<<bit)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		want := mode
		if bit >= 6 { // the owner's
			want = 0
		}
		text, exposed, err := Read(path, 100)
		if string(text) != "horse" || exposed != want || err != nil {
			t.Errorf("mode %#o: %q, %#o, %v", mode, text, exposed, err)
		}
	}
}

// A file that is too large is seen to be, and not read to its end.
func TestMost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for size, want := range map[int]int{0: 0, 9: 9, 10: 10, 11: 11, 5000: 11} {
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		if text, _, err := Read(path, 10); len(text) != want || err != nil {
			t.Errorf("of %d bytes %d were read, %v; want %d", size, len(text), err, want)
		}
	}
}

func TestErrorsHaveThePath(t *testing.T) {
	folder := t.TempDir()
	for path, want := range map[string]error{folder: nil, filepath.Join(folder, "none"): fs.ErrNotExist} {
		_, _, err := Read(path, 10)
		if err == nil || !strings.Contains(err.Error(), path) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
