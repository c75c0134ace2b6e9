package credential

import (
	"bytes"
	"fmt"

	"github.com/glassmq/zmq/internal/secretfile"
)

// Token reads what opens an agent's door: one word of printable ASCII, as it goes into a header of HTTP. Only the file's owner may
// have a right to it.
func Token(path string) (string, error) {
	const least = 16 // shorter ones can be tried
	text, exposed, err := secretfile.Read(path, largest)
	switch {
	case err != nil:
		return "", bare(err)
	case exposed != 0:
		return "", fmt.Errorf("%s: others may use this token (mode %#o): if nobody has, chmod 600 it, else make a new one", path, exposed)
	}
	text = bytes.TrimSpace(text)
	switch {
	case len(text) < least || len(text) > 1024:
		return "", fmt.Errorf("%s: a token has %d to 1024 characters; glass does not care which: openssl rand -hex 16 makes one", path, least)
	case bytes.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fmt.Errorf("%s: a token is one word of letters, digits and signs of ASCII", path)
	}
	return string(text), nil
}
