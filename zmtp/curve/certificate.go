package curve

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/glassmq/zmq/internal/secretfile"
	"github.com/glassmq/zmq/zmtp"
)

// secretEnding is what the name of a secret certificate's file has behind that of
// the public one (zcert(3), pyzmq's zmq.auth).
const secretEnding = "_secret"

// largestCertificate is the most that is read, in bytes. Files of CZMQ have some
// 500; who points us at a log instead need not wait until all of it is in memory.
const largestCertificate = 64 << 10

// A Certificate is keys in a file, as CZMQ's zcert and pyzmq's zmq.auth keep them:
// in the ZeroMQ Property Language (RFC 4), a section metadata and a section curve.
type Certificate struct {
	KeyPair                // Secret is zero in a public certificate
	Metadata zmtp.Metadata // what is said of the keys' holder, such as his name; the file's order
}

// ReadCertificate reads one file, public or secret. On unix it refuses a secret key
// that others than the file's owner may read or write. No error repeats the file's
// content.
func ReadCertificate(path string) (c Certificate, err error) {
	text, exposed, err := secretfile.Read(path, largestCertificate)
	if err != nil {
		return c, err // has the path
	}
	if c, err = ParseCertificate(text); err != nil {
		return Certificate{}, fmt.Errorf("%s: %w", path, err)
	}
	if !c.Secret.IsZero() && exposed != 0 {
		return Certificate{}, fmt.Errorf("%s: others may use this secret key (mode %#o): if nobody has, chmod 600 it, else make a new one", path, exposed)
	}
	return c, nil
}

// ParseCertificate reads the text of a file. What it does not know it passes over;
// a public key that does not belong to the secret one is an error.
func ParseCertificate(text []byte) (c Certificate, err error) {
	if len(text) > largestCertificate {
		return c, fmt.Errorf("curve: over %d bytes: that is no certificate", largestCertificate)
	}
	properties, err := parseZPL(string(text))
	if err != nil {
		return c, fmt.Errorf("curve: no certificate: %w", err)
	}
	var keys zmtp.Metadata
	for _, p := range properties {
		if name, ok := strings.CutPrefix(p.path, "metadata/"); ok {
			c.Metadata = append(c.Metadata, zmtp.Property{Name: name, Value: p.value})
		} else if name, ok := strings.CutPrefix(p.path, "curve/"); ok {
			if _, twice := keys.Get(name); twice {
				return Certificate{}, fmt.Errorf("curve: the certificate has two of %s: one must go", name)
			}
			keys = append(keys, zmtp.Property{Name: name, Value: p.value})
		}
	}
	if c.KeyPair, err = certified(keys); err != nil {
		return Certificate{}, err
	}
	return c, nil
}

// certified makes keys of the section curve.
func certified(section zmtp.Metadata) (pair KeyPair, err error) {
	public, ok := section.Get("public-key")
	if !ok {
		return pair, errors.New("curve: the certificate has no public-key in its section curve: it is no certificate, or was changed")
	}
	if secret, ok := section.Get("secret-key"); ok {
		return ParseKeyPair(public, secret)
	}
	pair.Public, err = ParsePublicKey(public)
	return pair, err
}

// WriteFiles writes the public certificate to path and, if there is a secret key,
// the secret certificate to path + "_secret", which only its owner may read. It
// replaces no file: a secret key that is overwritten is gone for good.
func (c Certificate) WriteFiles(path string) error {
	public, err := c.text(false)
	if err != nil {
		return err
	}
	if c.Secret.IsZero() {
		return writeNew(path, public, 0o644)
	}
	if err := c.validate(); err != nil {
		return err
	}
	secret, err := c.text(true)
	if err != nil {
		return err
	}
	if err := writeNew(path+secretEnding, secret, 0o600); err != nil {
		return err
	}
	if err := writeNew(path, public, 0o644); err != nil {
		return errors.Join(err, os.Remove(path+secretEnding)) // ours, for it was not there
	}
	return nil
}

// text is what one of the two files has in it.
func (c Certificate) text(secret bool) (b []byte, err error) {
	b = []byte("# ZeroMQ CURVE public certificate\n# Whoever has this can know who its holder is, so make sure that it came unchanged.\n\nmetadata\n")
	if secret {
		b = []byte("# ZeroMQ CURVE **secret** certificate\n# Whoever has this is its holder: give it to nobody, and leave its mode 0600.\n\nmetadata\n")
	}
	for _, p := range c.Metadata {
		if b, err = appendProperty(b, p.Name, p.Value); err != nil {
			return nil, fmt.Errorf("curve: %w", err)
		}
	}
	b = fmt.Appendf(b, "\ncurve\n    public-key = \"%s\"\n", c.Public)
	if secret {
		b = fmt.Appendf(b, "    secret-key = \"%s\"\n", c.Secret.Z85())
	}
	return b, nil
}

// writeNew writes a file that was not there before, whole or not at all.
func writeNew(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: a key is never written over: remove the file if nobody needs it, or choose another name", err)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync() // a key that somebody was told of must still be there after a crash
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
