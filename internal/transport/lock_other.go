//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package transport

import (
	"context"
	"errors"
)

// lock: without locks on files that a dead holder loses, nothing is taken over here.
func lock(context.Context, string) (unlock func(), err error) { return nil, errors.ErrUnsupported }
