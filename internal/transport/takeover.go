package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// A process that dies leaves its socket's file behind, and bind(2) is refused where there is a file. So that a server can simply be started again,
// a file that no living socket has is taken over; where one has, the address is in use, as over tcp. (libzmq takes it from the living too.)
//
// Why only one of two that find the same dead file gets it: the file is judged and removed under a lock that both go by, and while it is there, dead
// or alive, nobody's bind makes another.
//
// Why none is judged that is being bound at this moment: bind(2) holds the directory from making the file until the file has its socket, so one that
// was refused has met a file that is complete. Each judgement comes after such a refusal, and a socket is alive for the judge from bind(2) on, not
// from listen(2) on: see occupied.

// ErrNotSocket is a file of another kind in the place of a socket's. It is never removed.
var ErrNotSocket = errors.New("not a socket")

// takeOver binds a path at which bind has just been refused.
func (o *Options) takeOver(ctx context.Context, path string, refused *ListenError) (*net.UnixListener, error) {
	if err := occupied(path); err != nil {
		return nil, refused.because(err)
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return nil, refused.because(fmt.Errorf("%s is a dead process's and cannot be taken over (%v): remove it: %w", path, err, syscall.EADDRINUSE))
	}
	defer unlock()
	ln, err := o.bindUnix(ctx, path)
	if !errors.As(err, &refused) || !errors.Is(err, syscall.EADDRINUSE) {
		return ln, err
	}
	if err := occupied(path); err != nil {
		return nil, refused.because(err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, refused.because(fmt.Errorf("a dead process's socket is in the way: %w", err))
	}
	return o.bindUnix(ctx, path)
}

// occupied says why a path may not be taken over; nil: its file is dead, or gone.
//
// It asks with a datagram socket, and so disturbs nobody: the kernel refuses to join it to a stream socket (EPROTOTYPE), but only after it has found
// one; ECONNREFUSED is the answer where no socket has the file. A stream socket that connected would be an event to the one that listens, and to
// one that does not listen yet there would be no difference to a dead one.
func occupied(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is %w: remove it, or bind another path: %w", path, ErrNotSocket, syscall.EADDRINUSE)
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	switch {
	case err == nil:
		c.Close()
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s is another user's, who does not let this one ask whether its process lives: %w", path, syscall.EADDRINUSE)
	}
	return syscall.EADDRINUSE
}
