//go:build !unix

package secretfile

import "io/fs"

// isOpen cannot be told from the mode on this system.
func isOpen(fs.FileMode) bool { return false }
