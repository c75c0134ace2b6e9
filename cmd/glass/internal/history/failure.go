package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// What can be asked of a Failure with errors.Is.
var (
	ErrForeign  = errors.New("not a history of glass")
	ErrNewer    = errors.New("a history of a newer glass")
	ErrFull     = errors.New("no space left")
	ErrReadOnly = errors.New("opened to read only")
)

// A Failure is what is wrong with a file, and what to do.
type Failure struct {
	Path        string
	Err         error // one of the errors above, or the system's or SQLite's; nil if the words say all
	Words, Cure string
}

func (f *Failure) Error() string {
	if f.Words == "" {
		return fmt.Sprintf("history %s: %v", f.Path, f.Err)
	}
	return fmt.Sprintf("history %s: %s", f.Path, f.Words)
}

// Hint is what to do.
func (f *Failure) Hint() string { return f.Cure }

func (f *Failure) Unwrap() error { return f.Err }

// SQLite's result codes that have words of their own (sqlite.org/rescode.html).
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeIOErr    = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

// explain gives an error its words, once.
func explain(path string, err error) error {
	var known *Failure
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := &Failure{Path: path, Err: err, Cure: "see whether the disk and its folder are in order, or choose another file"}
	switch codeOf(err) {
	case codeFull:
		f.Err, f.Words, f.Cure = ErrFull, "the disk is full", "free space, or keep less; what happens until then is not kept"
	case codeNotADB:
		f.Err, f.Words, f.Cure = ErrForeign, "the file is no database", "choose another file: this one was left as it is"
	case codeCorrupt:
		f.Words, f.Cure = "the file is damaged", "move it away, and glass begins a new one; sqlite3 FILE .recover saves what can be saved"
	case codeReadOnly, codeCantOpen:
		f.Words, f.Cure = "the file cannot be opened or written", "see who owns it and its folder, or choose another file"
	case codeBusy:
		f.Words, f.Cure = "another program has had it locked for five seconds", "end what holds it: a transaction that is open in an sqlite3 shell, perhaps"
	case codeIOErr:
		f.Words = "the disk does not take it, or does not give it: " + err.Error()
	}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		f.Err, f.Words, f.Cure = ErrFull, "the disk is full", "free space, or keep less; what happens until then is not kept"
	case errors.Is(err, syscall.EISDIR):
		f.Words, f.Cure = "that is a folder", "name a file in it"
	case errors.Is(err, fs.ErrNotExist):
		f.Words, f.Cure = "there is no such file", "an agent makes it: glass serve --store FILE"
	case errors.Is(err, fs.ErrPermission):
		f.Words, f.Cure = "this user may not open it", "see who owns it and its folder, or choose another file"
	}
	return f
}
