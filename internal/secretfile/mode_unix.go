//go:build unix

package secretfile

import "io/fs"

// isOpen reports whether others than the owner may do anything with a file.
func isOpen(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }
