package auth

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/glassmq/zmq/internal/secretfile"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// largestFile is the most that is read of passwords, in bytes: four hundred thousand users of 40, and a wrong path in the rules does
// not fill the memory.
const largestFile = 16 << 20

// A user is one line of a file of passwords.
type user struct {
	line           int
	name, password string
}

// readPasswords reads a file that only its owner may use.
func readPasswords(path string) ([]user, error) {
	text, exposed, err := secretfile.Read(path, largestFile)
	if err != nil {
		return nil, err // has the path
	}
	if exposed != 0 {
		return nil, fmt.Errorf("%s: others may use these passwords (mode %#o): if nobody has, chmod 600 it, else change them", path, exposed)
	}
	users, err := parsePasswords(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return users, nil
}

// parsePasswords reads lines name=password. Its errors name the line and repeat nothing of it: any part may be a password.
func parsePasswords(text []byte) (users []user, err error) {
	if len(text) > largestFile {
		return nil, fmt.Errorf("over %d bytes: that is no file of passwords", largestFile)
	}
	lines := map[string]int{} // by name
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\uFEFF")) { // as editors on Windows put there
		number++
		u, err := parseUser(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		if err == nil && lines[u.name] != 0 {
			err = fmt.Errorf("the name stands in line %d, too: one must go", lines[u.name])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if u.name != "" {
			u.line, lines[u.name] = number, number
			users = append(users, u)
		}
	}
	return users, nil
}

// parseUser reads one line; the zero user is one that says nothing.
func parseUser(line string) (u user, err error) {
	if said := strings.TrimSpace(line); said == "" || said[0] == '#' {
		return u, nil
	}
	name, password, found := strings.Cut(line, "=")
	switch {
	case !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl):
		return u, errors.New("there are control characters, or bytes that are no UTF-8: save the file as plain UTF-8 text")
	case !found:
		return u, errors.New("there is no = between a name and a password")
	case strings.TrimSpace(name) != name || strings.TrimSpace(password) != password:
		return u, errors.New("there is space around the name or the password: take it out, as in name=password")
	}
	return user{name: name, password: password}, checkUser(name, password)
}

// A client is one file of a folder of keys.
type client struct {
	path  string
	key   curve.PublicKey
	reply zmtp.AuthReply
}

// readKeys reads all certificates of a folder. One that cannot be read is an error, for its holder would be refused and
// nobody would know why.
func readKeys(folder string) (all []client, err error) {
	entries, err := os.ReadDir(folder) // in the order of their names
	if err != nil {
		return nil, err // has the path
	}
	for _, e := range entries {
		c := client{path: filepath.Join(folder, e.Name())}
		if isAside(e.Name()) {
			continue
		}
		info, err := os.Stat(c.path) // not e's: a mounted secret is a link
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if err := c.read(strings.TrimSuffix(e.Name(), ".key")); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// isAside reports whether a file lies beside certificates without being one: a secret half, what an editor or a system has
// left. The last matters, for what was a client's key yesterday need not be today.
func isAside(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, "_secret")
}

// read makes the certificate at c.path the client of that name.
func (c *client) read(name string) error {
	certificate, err := curve.ReadCertificate(c.path)
	if err != nil {
		return err // has the path
	}
	c.key, c.reply.UserID = certificate.Public, name
	if len(name) > most {
		return fmt.Errorf("%s: the name has %d bytes: at most %d", c.path, len(name), most)
	}
	if err := certificate.Metadata.Validate(); err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	// Encoded and parsed, as by a ZAP handler, they lose the names that are the engine's: a client makes its certificate
	// itself, and could write User-Id there.
	c.reply.Metadata, err = zmtp.ParseMetadata(zmtp.AppendMetadata(nil, certificate.Metadata))
	return err
}
