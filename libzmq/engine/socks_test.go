//go:build cgo && linux

package main

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// answer plays a proxy that says said, whatever it hears, and hangs up. It returns what asking comes to.
func answer(s socks, said []byte) (heard []byte, err error) {
	ours, theirs := net.Pipe()
	done := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(theirs)
		done <- all
	}()
	go func() {
		theirs.Write(said)
		theirs.Write([]byte("the peer's"))
	}()
	err = s.ask(ours, "example.org:5555")
	if err == nil { // what follows is the peer's, and untouched
		rest := make([]byte, 10)
		if _, err = io.ReadFull(ours, rest); err == nil && string(rest) != "the peer's" {
			err = io.ErrUnexpectedEOF
		}
	}
	ours.Close()
	return <-done, err
}

var request = append([]byte{5, 1, 0, 3, 11}, "example.org\x15\xb3"...)

func TestSocks(t *testing.T) {
	ann := socks{username: "ann", password: "secret"}
	login := append([]byte{1, 3}, "ann\x06secret"...)
	for _, c := range []struct {
		name string
		who  socks
		said string
		want []byte // nil: an error
	}{
		{"an IPv4 address", socks{}, "\x05\x00" + "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01", append([]byte{5, 1, 0}, request...)},
		{"an IPv6 address", socks{}, "\x05\x00" + "\x05\x00\x00\x04" + "0123456789abcdef" + "\x00\x01", append([]byte{5, 1, 0}, request...)},
		{"a name", socks{}, "\x05\x00" + "\x05\x00\x00\x03\x04name\x00\x01", append([]byte{5, 1, 0}, request...)},
		{"a password", ann, "\x05\x02" + "\x01\x00" + "\x05\x00\x00\x03\x00\x00\x01", append(append([]byte{5, 2, 0, 2}, login...), request...)},
		{"a wrong password", ann, "\x05\x02" + "\x01\x01", nil},
		{"a password that we do not have", socks{}, "\x05\x02", nil},
		{"a method that nobody has", socks{}, "\x05\xff", nil},
		{"SOCKS 4", socks{}, "\x04\x00", nil},
		{"a refusal", socks{}, "\x05\x00" + "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", nil},
		{"no address", socks{}, "\x05\x00" + "\x05\x00\x00\x09", nil},
	} {
		heard, err := answer(c.who, []byte(c.said))
		if (err == nil) != (c.want != nil) || c.want != nil && !bytes.Equal(heard, c.want) {
			t.Errorf("%s: %v, heard %q", c.name, err, heard)
		}
	}
}

// Whatever a proxy answers, asking it ends, and does not panic.
func FuzzSocks(f *testing.F) {
	f.Add([]byte("\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01"), "")
	f.Add([]byte("\x05\x02\x01\x00\x05\x00\x00\x03\x04name\x00\x01"), "ann")
	f.Add([]byte("\x05\x00\x05\x00\x00\x04"), "")
	f.Fuzz(func(t *testing.T, said []byte, name string) {
		if len(name) > 255 {
			return
		}
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs)
		go func() {
			theirs.Write(said)
			theirs.Close()
		}()
		socks{username: name}.ask(ours, "example.org:5555")
		ours.Close()
	})
}
