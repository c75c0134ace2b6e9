//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package transport

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockPatience is how long a lock is waited for. What is done under it takes microseconds: whoever holds it longer is stopped, or means us no good.
const lockPatience = time.Second

// lock makes the caller the only one who may remove the file at path, among all who ask by this function. The lock is a file of its own, since a
// socket's cannot be opened; it is there only as long as somebody holds it, and the kernel lets go of it when its holder dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".glassmq")
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && isAt(f, name) {
			return func() { os.Remove(name); f.Close() }, nil
		}
		f.Close()
		switch err {
		case nil, syscall.EINTR: // its last holder has removed it: there may be another by now
			continue
		case syscall.EWOULDBLOCK:
		default:
			return nil, os.NewSyscallError("flock", err)
		}
		if err := pause(ctx, wait); err != nil {
			return nil, os.NewSyscallError("flock", syscall.EWOULDBLOCK)
		}
	}
}

// isAt reports whether f is still the file of this name: a lock on one that was removed keeps nobody out.
func isAt(f *os.File, name string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(mine, there)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
