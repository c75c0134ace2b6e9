// Package credential reads keys and passwords from files. On a command line they would be in the shell's history, and in the list
// of processes that every user of the host can read.
//
// No error repeats what a file has in it, nor an argument that may be a secret itself.
package credential

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/glassmq/zmq/internal/secretfile"
	"github.com/glassmq/zmq/zmtp/curve"
)

// KeyPair reads a secret certificate, as glass keygen, CZMQ and pyzmq write it.
func KeyPair(path string) (curve.KeyPair, error) {
	if isKey(path) && isMissing(path) {
		return curve.KeyPair{}, errors.New("that is a key, and no file that has one: on a command line every user of this host can read it, so make a new one, with glass keygen FILE")
	}
	c, err := curve.ReadCertificate(path)
	if err != nil {
		return curve.KeyPair{}, bare(err)
	}
	if c.Secret.IsZero() {
		return curve.KeyPair{}, fmt.Errorf("%s has no secret key: give the file beside it whose name ends in _secret", path)
	}
	return c.KeyPair, nil
}

// PublicKey is the public key of a certificate's file, public or secret, or the 40 characters of Z85 themselves. If text could be
// either, the file it is: a path of 40 characters is rarer than a typing error in one.
func PublicKey(text string) (curve.PublicKey, error) {
	if isMissing(text) && isKey(text) {
		return curve.ParsePublicKey(text)
	}
	k, err := PublicOf(text)
	if err != nil {
		return k, fmt.Errorf("%w; it takes a file, or a key of 40 characters in Z85", err)
	}
	return k, nil
}

// PublicOf is the public key of a certificate's file, public or secret.
func PublicOf(path string) (curve.PublicKey, error) {
	c, err := curve.ReadCertificate(path)
	return c.Public, bare(err)
}

func isKey(text string) bool {
	_, err := curve.ParsePublicKey(text)
	return err == nil
}

func isMissing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}

// bare is an error of the file system without the name of the call.
func bare(err error) error {
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", failed.Path, failed.Err)
	}
	return err
}

// largest is the most that is read of a password's file, in bytes: PLAIN has 255 for each half, and a wrong path does not fill
// the memory.
const largest = 4 << 10

// Plain reads a user name and a password: two lines, or one line user:password, of which a password may have colons. Only the
// file's owner may have a right to it.
func Plain(path string) (user, password string, err error) {
	if strings.Contains(path, ":") && isMissing(path) {
		return "", "", errors.New("there is no such file; if that is a password, it should not be on a command line, where every user of this host can read it: write user:password into a file of mode 0600")
	}
	text, exposed, err := secretfile.Read(path, largest)
	if err != nil {
		return "", "", bare(err)
	}
	if exposed != 0 {
		return "", "", fmt.Errorf("%s: others may use this password (mode %#o): if nobody has, chmod 600 it, else change it", path, exposed)
	}
	if user, password, err = parsePlain(text); err != nil {
		return "", "", fmt.Errorf("%s: %w", path, err)
	}
	return user, password, nil
}

// parsePlain reads the text of such a file. Its errors repeat nothing of it.
func parsePlain(text []byte) (user, password string, err error) {
	const most = 255 // RFC 24: an octet of length
	if len(text) > largest {
		return "", "", fmt.Errorf("over %d bytes: that is no user name and password", largest)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // as editors on Windows put there
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	found := true
	switch len(lines) {
	case 1:
		user, password, found = strings.Cut(lines[0], ":")
	case 2:
		user, password = lines[0], lines[1]
	default:
		found = false
	}
	switch {
	case !found:
		err = errors.New("write two lines, the user name and the password, or one, user:password")
	case user == "" || password == "":
		err = errors.New("the user name or the password is empty")
	case len(user) > most || len(password) > most:
		err = fmt.Errorf("the user name or the password has over %d bytes, which PLAIN cannot say", most)
	case !utf8.Valid(text) || strings.ContainsFunc(user+password, func(r rune) bool { return r < ' ' || r == 0x7F }):
		err = errors.New("there are control characters, or bytes that are no UTF-8: save the file as plain UTF-8 text")
	}
	if err != nil {
		return "", "", err
	}
	return user, password, nil
}
