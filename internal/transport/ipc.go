package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/glassmq/zmq/internal/endpoint"
)

// ipc is the system's stream socket whose address is a path (zmq_ipc(7), unix(7)). A bind, in order:
//
//  1. listenIPC: for "*" a path of its own, in a directory of its own
//  2. listenPath: bind(2) makes the file, and is refused where there is one
//  3. takeOver (takeover.go): if no living socket has that file it goes, and the bind is repeated
//  4. unixListener.Close: our file goes when the listener does, if it is still ours
//
// On Linux a name that begins with "@" is no path: it is in the abstract namespace, which has no files and forgets names by itself.

// pathSize is what a path and its closing NUL may have: sun_path, 108 bytes on Linux, 104 on the BSDs. net says only EINVAL to a longer one.
const pathSize = len(syscall.RawSockaddrUnix{}.Path)

func tooLong(path string) error {
	if len(path) < pathSize {
		return nil
	}
	return fmt.Errorf("the path %s has %d bytes: a socket's path may have %d here, so move it up the tree: %w",
		path, len(path), pathSize-1, syscall.ENAMETOOLONG)
}

// dialIPC is answered at once: by the process that listens, by ENOENT where there is no file, by ECONNREFUSED where its process is dead, and by
// EAGAIN where as many as its backlog holds wait already.
func (o *Options) dialIPC(ctx context.Context, e endpoint.Endpoint) (net.Conn, error) {
	fd := -1
	err := tooLong(e.Name)
	if err == nil {
		var c net.Conn
		d := net.Dialer{Control: control(o.setBuffers, &fd)}
		if c, err = d.DialContext(ctx, "unix", e.Name); err == nil {
			return c, nil
		}
	}
	return nil, &DialError{Remote: e.String(), FD: fd, Err: Cause(err)}
}

func (o *Options) listenIPC(ctx context.Context, e endpoint.Endpoint) (net.Listener, error) {
	switch {
	case e.Name == "*":
		return o.listenAnywhere(ctx)
	case abstract && e.Name[0] == '@':
		ln, err := o.bindUnix(ctx, e.Name)
		return &unixListener{UnixListener: ln, o: o}, err
	}
	return o.listenPath(ctx, e.Name)
}

// listenAnywhere: the directory keeps other users out (os.MkdirTemp: mode 0700), so nobody can guess the name and be there first.
func (o *Options) listenAnywhere(ctx context.Context) (net.Listener, error) {
	dir, err := os.MkdirTemp("", "glassmq-*")
	if err != nil {
		return nil, &ListenError{FD: -1, Err: err}
	}
	l, err := o.listenPath(ctx, filepath.Join(dir, "socket"))
	if err != nil {
		os.Remove(dir)
		return nil, err
	}
	l.dir = dir
	return l, nil
}

func (o *Options) listenPath(ctx context.Context, path string) (*unixListener, error) {
	ln, err := o.bindUnix(ctx, path)
	if refused := (*ListenError)(nil); errors.As(err, &refused) && errors.Is(err, syscall.EADDRINUSE) {
		ln, err = o.takeOver(ctx, path, refused)
	}
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false) // net would remove whatever is there by then
	l := &unixListener{UnixListener: ln, o: o, path: path}
	if whole, err := filepath.Abs(path); err == nil {
		l.path = whole // the process may go elsewhere before it closes
	}
	l.made, _ = os.Lstat(l.path) // if it is gone already, nothing is left to remove
	return l, nil
}

// bindUnix listens on a path or an abstract name. Its errors are *ListenError.
func (o *Options) bindUnix(ctx context.Context, name string) (*net.UnixListener, error) {
	if err := tooLong(name); err != nil {
		return nil, &ListenError{FD: -1, Err: err}
	}
	fd := -1
	config := net.ListenConfig{Control: control(o.setBuffers, &fd)}
	ln, err := config.Listen(ctx, "unix", name)
	if err != nil {
		return nil, &ListenError{FD: fd, Err: Cause(err)}
	}
	if err := o.limitBacklog(ln.(syscall.Conn)); err != nil {
		ln.Close()
		return nil, &ListenError{FD: fd, Err: err}
	}
	return ln.(*net.UnixListener), nil
}

// A unixListener is a listener and, unless its name is abstract, the file that stands for it.
type unixListener struct {
	*net.UnixListener
	o      *Options
	path   string      // absolute
	dir    string      // made for it alone; "": none
	made   os.FileInfo // the file as bind left it; nil: there is none, or it was gone at once
	closed atomic.Bool
}

// Accept gives what it accepts its buffers: over TCP they are the listener's, here each connection begins with the system's.
func (l *unixListener) Accept() (net.Conn, error) {
	c, err := l.UnixListener.AcceptUnix()
	if err != nil {
		return nil, err
	}
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { l.o.setBuffers(fd) }) // the listener's descriptor took them, so this one does
	}
	return c, nil
}

// Close removes the file first, while the listener lives: until then nobody takes the path over, and no other file can have our file's number.
// Where another file has come to stand in its place, by whatever hand, that one stays. The error is the file's, else the listener's.
func (l *unixListener) Close() error {
	if l.closed.Swap(true) { // the path may be somebody else's by now
		return l.UnixListener.Close()
	}
	left := l.remove()
	if err := l.UnixListener.Close(); left == nil {
		return err
	}
	return left
}

func (l *unixListener) remove() error {
	if l.made == nil {
		return nil
	}
	now, err := os.Lstat(l.path)
	if err == nil && os.SameFile(now, l.made) {
		err = os.Remove(l.path)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil && l.dir != "" {
		err = os.Remove(l.dir)
	}
	return err
}
