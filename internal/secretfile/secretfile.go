// Package secretfile reads files that only their owner should be able to use: keys and passwords. Whether to refuse one is the
// caller's to say, in words of its own.
package secretfile

import (
	"io"
	"io/fs"
	"os"
)

// Read reads at most most+1 bytes of a file: with more than most it is not what it was taken for, and a wrong path does not fill
// the memory. Exposed is the file's permissions if they let others than its owner do anything with it, else 0, and always 0
// where a mode says nothing of others. Errors have the path, and nothing that stands in the file.
func Read(path string, most int64) (text []byte, exposed fs.FileMode, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened: the name may lead elsewhere by now
	if err != nil {
		return nil, 0, err
	}
	if isOpen(info.Mode()) {
		exposed = info.Mode().Perm()
	}
	text, err = io.ReadAll(io.LimitReader(f, most+1))
	return text, exposed, err
}
