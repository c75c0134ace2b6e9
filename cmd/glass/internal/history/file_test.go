package history

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes here")
	}
	path := filepath.Join(t.TempDir(), "state", "glass", "history.db")
	h := opened(t, path, Options{})
	appended(t, h, event(t, 1, 0, nil))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder: %v, %v", info, err)
	}
}

func TestAFileIsOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with ?#% in its name.db")
	h := opened(t, path, Options{})
	appended(t, h, event(t, 1, 0, nil))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(path + "-*"); left != nil {
		t.Errorf("a closed history leaves %v", left)
	}
	h = opened(t, path, Options{})
	ids, err := h.Number(facts(t, 1, 3))
	if err != nil || ids[0] != 0 || ids[1] != 2 || ids[2] != 3 {
		t.Errorf("kept under %v, %v", ids, err)
	}
	s := h.Stats()
	if s.Events != 3 || s.Last != 3 || !s.Oldest.Equal(at(1)) && !s.Oldest.Equal(at(0)) || s.Bytes < 4096 {
		t.Errorf("%+v", s)
	}
}

// Who only reads needs nobody's leave: while an agent writes, after it, and where the folder cannot be written.
func TestAReaderBesideTheWriterAndAfter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	w := opened(t, path, Options{})
	appended(t, w, event(t, 1, 0, nil))
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	appended(t, w, event(t, 2, 1, nil))
	if got := seqs(t, r, Filter{}); len(got) != 2 {
		t.Errorf("beside the writer: %v", got)
	}
	if err := r.Append(facts(t, 7, 8)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a reader appended: %v", err)
	}
	r.Close()
	w.Close()
	if r, err = Read(path); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := seqs(t, r, Filter{}); len(got) != 2 {
		t.Errorf("after the writer: %v", got)
	}
}

// A file that is not ours, or not yet ours, is refused with what to do, and not touched.
func TestForeignFilesAreLeftAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	other := func(name, script string) string {
		path := filepath.Join(dir, name)
		db, err := sql.Open(driverName, path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(script); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("to do\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("hi"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	h := opened(t, newer, Options{})
	appended(t, h, event(t, 1, 0, nil))
	if _, err := h.write.Exec("PRAGMA user_version=7"); err != nil {
		t.Fatal(err)
	}
	h.Close()
	for _, c := range []struct {
		path, words, cure string
		is                error
	}{
		{text, "no database", "choose another file", ErrForeign},
		{short, "no database", "choose another file", ErrForeign},
		{other("cookies.db", "CREATE TABLE cookies(a)"), "another program's database", "choose another file", ErrForeign},
		{other("numbered.db", "PRAGMA application_id=77"), "another program's database", "choose another file", ErrForeign},
		{newer, "format 7, this one knows 1", "use that glass", ErrNewer},
		{dir, "folder", "name a file in it", nil},
	} {
		before, _ := os.ReadFile(c.path)
		for name, open := range map[string]func() (*History, error){
			"open": func() (*History, error) { return Open(c.path, Options{}) }, "read": func() (*History, error) { return Read(c.path) },
		} {
			h, err := open()
			var f *Failure
			if h != nil || !errors.As(err, &f) || !strings.Contains(err.Error(), c.words) || !strings.Contains(f.Hint(), c.cure) ||
				!strings.Contains(err.Error(), c.path) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s %s: %v (%+v)", name, c.path, err, f)
			}
		}
		if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", c.path)
		}
	}
	if _, err := Read(filepath.Join(dir, "none.db")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that there is not: %v", err)
	}
}

// A full disk costs what comes while it is full, and nothing else.
func TestAFullDiskIsSaidAndPasses(t *testing.T) {
	h := fresh(t)
	appended(t, h, event(t, 1, 0, nil))
	if _, err := h.write.Exec("PRAGMA max_page_count=32"); err != nil {
		t.Fatal(err)
	}
	err := h.Append(facts(t, 100, 2000))
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("on a full disk: %v", err)
	}
	if got := seqs(t, h, Filter{}); len(got) != 1 {
		t.Errorf("half a batch was kept: %d facts", len(got))
	}
	if _, err := h.write.Exec("PRAGMA max_page_count=100000"); err != nil {
		t.Fatal(err)
	}
	appended(t, h, facts(t, 100, 2000)...)
	if got := seqs(t, h, Filter{}); len(got) != 1902 {
		t.Errorf("%d facts after there was room again", len(got))
	}
}

func TestADamagedFileIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	h := opened(t, path, Options{})
	appended(t, h, facts(t, 1, 2000)...)
	h.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 3 * 4096; i < len(text); i++ {
		text[i] = 0x5a
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err == nil {
		defer r.Close()
		for _, e := range r.Events(context.Background(), Filter{}) {
			err = e
		}
	}
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file: %v", err)
	}
}

// The sqlite3 shell, which knows nothing of us, reads the file, also while it is being written.
func TestTheShellReadsIt(t *testing.T) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		if os.Getenv("ZMQ_INTEROP") == "required" {
			t.Fatal("the sqlite3 shell is required, and is not there")
		}
		t.Skip("no sqlite3 shell here")
	}
	path := filepath.Join(t.TempDir(), "h.db")
	h := opened(t, path, Options{})
	appended(t, h, facts(t, 1, 40)...)
	for query, want := range map[string]string{
		"PRAGMA integrity_check":                                            "ok",
		"SELECT count(*), min(seq), max(seq) FROM events":                   "40|1|40",
		"SELECT json ->> '$.endpoint' FROM events WHERE seq = 7":            "tcp://*:5556",
		"SELECT utc, sev, socket, event FROM readable WHERE id = 2":         "2036-11-22 12:00:02.000|info|md|accepted",
		"SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name": "events\noutbox\nsamples",
		"PRAGMA journal_mode":                                               "wal",
		"PRAGMA auto_vacuum":                                                "2",
	} {
		out, err := exec.Command(shell, "-readonly", path, query).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", query, got, err, want)
		}
	}
}
