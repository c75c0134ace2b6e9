//go:build unix

package peer

import "syscall"

// A try writes to a descriptor without waiting.
type try struct {
	b    []byte
	n    int
	err  error
	call func(fd uintptr) bool // made once: a closure for each write would be an allocation
}

// write writes what the kernel takes of b now.
func (t *try) write(raw syscall.RawConn, b []byte) (int, error) {
	if t.call == nil {
		t.call = t.once
	}
	t.b, t.n, t.err = b, 0, nil
	err := raw.Write(t.call)
	t.b = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

func (t *try) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), t.b)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		case nil:
			t.n = n
		default:
			t.err = err
		}
		return true // also when the kernel took nothing: who waits is a goroutine
	}
}
