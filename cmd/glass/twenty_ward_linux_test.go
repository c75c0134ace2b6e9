package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/glassmq/zmq/zmtp/curve"
)

// A ward is where the troubled lie: files with keys, and whoever stands behind the ports.
type ward struct {
	*testing.T            // of the row: who stands there leaves with it
	whole      *testing.T // of the table
	folder     string     // hub.key, clients/ann.key, ann.key, eve.key, ann.plain, eve.plain; secret files beside them
	hub        curve.Certificate
	libzmq     map[string]string // nil: not started
}

func newWard(t *testing.T) *ward {
	t.Setenv("GLASS_SERVER", "") // the table is about ports
	w := &ward{T: t, whole: t, folder: t.TempDir()}
	w.hub.KeyPair = curve.NewKeyPair()
	ann, eve := curve.Certificate{KeyPair: curve.NewKeyPair()}, curve.Certificate{KeyPair: curve.NewKeyPair()}
	w.must(os.Mkdir(w.file("clients"), 0o700))
	w.must(w.hub.WriteFiles(w.file("hub.key")))
	w.must(ann.WriteFiles(w.file("ann.key")))
	w.must(eve.WriteFiles(w.file("eve.key")))
	public, err := os.ReadFile(w.file("ann.key"))
	w.must(err)
	w.must(os.WriteFile(w.file("clients/ann.key"), public, 0o600))
	w.must(os.WriteFile(w.file("ann.plain"), []byte("ann:secret\n"), 0o600))
	w.must(os.WriteFile(w.file("eve.plain"), []byte("ann:guess\n"), 0o600))
	return w
}

func (w *ward) file(name string) string { return filepath.Join(w.folder, name) }

func (w *ward) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// absent ends a row for which this machine lacks something; where all peers are required, it is an error.
func (w *ward) absent(format string, args ...any) {
	w.Helper()
	if os.Getenv("ZMQ_INTEROP") == "required" {
		w.Fatalf(format, args...)
	}
	w.Skipf(format, args...)
}

// Flags with the ward's files.

func (w *ward) withKeys() []string {
	return []string{"--server-key", w.file("hub.key"), "--curve-key", w.file("ann.key_secret")}
}

func (w *ward) withWrongServer() []string {
	return []string{"--server-key", w.file("eve.key"), "--curve-key", w.file("ann.key_secret")}
}

func (w *ward) withUnknownKey() []string {
	return []string{"--server-key", w.file("hub.key"), "--curve-key", w.file("eve.key_secret")}
}

func (w *ward) withPassword() []string      { return []string{"--plain-file", w.file("ann.plain")} }
func (w *ward) withWrongPassword() []string { return []string{"--plain-file", w.file("eve.plain")} }

// Nobody.

func fixed(at string) func(*ward) string { return func(*ward) string { return at } }

func vacantPort(w *ward) string {
	l := w.listener("127.0.0.1:0")
	defer l.Close()
	return "tcp://" + l.Addr().String()
}

// Strangers.

func (w *ward) listener(at string) net.Listener {
	l, err := net.Listen("tcp", at)
	w.must(err)
	w.Cleanup(func() { l.Close() })
	return l
}

// stranger follows a script on each connection, and then waits for the other side to hang up.
func (w *ward) stranger(script func(net.Conn)) string {
	l := w.listener("127.0.0.1:0")
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			work.Go(func() {
				defer c.Close()
				script(c)
				io.Copy(io.Discard, c)
			})
		}
	})
	w.Cleanup(func() { l.Close(); work.Wait() })
	return "tcp://" + l.Addr().String()
}

func saying(text string) func(net.Conn) { return func(c net.Conn) { io.WriteString(c, text) } }

func (w *ward) silent() string { return w.stranger(saying("")) }
func (w *ward) ssh() string    { return w.stranger(saying("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")) }
func (w *ward) zmtp1() string  { return w.stranger(saying("\x01\x00")) }

// zmtp2 is what libzmq 3 does: its signature, and when it has heard our version, its own and its type.
func (w *ward) zmtp2() string {
	return w.stranger(func(c net.Conn) {
		io.WriteString(c, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f")
		io.ReadFull(c, make([]byte, 11))
		io.WriteString(c, "\x01\x05\x00\x00")
	})
}

func (w *ward) web() string {
	s := httptest.NewServer(http.NotFoundHandler())
	w.Cleanup(s.Close)
	return strings.Replace(s.URL, "http", "tcp", 1)
}

func (w *ward) tls() string {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it has something to say about us
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	w.Cleanup(s.Close)
	return strings.Replace(s.URL, "https", "tcp", 1)
}

// openssl is a server of Python's, whose TLS is OpenSSL's.
func (w *ward) openssl() string {
	return w.spoken(w.python("testdata/tls.py", w.file("tls.pem")))
}

// idle listens, and accepts nothing.
func (w *ward) idle() string { return "tcp://" + w.listener("127.0.0.1:0").Addr().String() }

// deaf accepts, and reads nothing.
func (w *ward) deaf() string {
	over := make(chan struct{})
	at := w.stranger(func(net.Conn) { <-over })
	w.Cleanup(func() { close(over) })
	return at
}

// elsewhere is a port of 127.0.0.2, where somebody listens at 127.0.0.1.
func (w *ward) elsewhere() string {
	return strings.Replace(w.idle(), "127.0.0.1", "127.0.0.2", 1)
}

// crowded listens with the shortest queue there is, which is full.
func (w *ward) crowded() string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	w.must(err)
	w.Cleanup(func() { syscall.Close(fd) })
	w.must(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	w.must(syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	w.must(err)
	for range 3 { // the kernel lets in one more than it was told
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		w.must(err)
		w.Cleanup(func() { syscall.Close(c) })
		if err := syscall.Connect(c, name); err != syscall.EINPROGRESS {
			w.must(err)
		}
	}
	return fmt.Sprintf("tcp://127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}
