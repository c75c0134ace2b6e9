package credential

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/glassmq/zmq/zmtp/curve"
)

// file writes a file with a mode, whatever the umask.
func file(t *testing.T, text string, mode os.FileMode) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate is the path of a new pair's public certificate.
func certificate(t *testing.T) (pair curve.KeyPair, path string) {
	t.Helper()
	pair, path = curve.NewKeyPair(), filepath.Join(t.TempDir(), "me.key")
	if err := (curve.Certificate{KeyPair: pair}).WriteFiles(path); err != nil {
		t.Fatal(err)
	}
	return pair, path
}

func TestKeys(t *testing.T) {
	t.Parallel()
	pair, path := certificate(t)
	if got, err := KeyPair(path + "_secret"); err != nil || !got.Secret.Equal(pair.Secret) || got.Public != pair.Public {
		t.Errorf("the pair: %v, %v", got, err)
	}
	for _, text := range []string{path, path + "_secret", pair.Public.String()} {
		if got, err := PublicKey(text); err != nil || got != pair.Public {
			t.Errorf("%s: the public key is %v, %v", text, got, err)
		}
	}
}

// A file that is called like a key is a file, for who gives it can see that it is there.
func TestAFileCalledLikeAKey(t *testing.T) {
	pair, path := certificate(t)
	name := strings.Repeat("k", 40)
	if _, err := curve.ParsePublicKey(name); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Rename(path, name); err != nil {
		t.Fatal(err)
	}
	if got, err := PublicKey(name); err != nil || got != pair.Public {
		t.Errorf("%v, %v", got, err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	pair, path := certificate(t)
	for name, c := range map[string]struct {
		err  error
		want string // is in it
	}{
		"a public certificate":     {errOf(KeyPair(path)), "give the file beside it whose name ends in _secret"},
		"a secret key, literally":  {errOf(KeyPair(pair.Secret.Z85())), "on a command line every user of this host can read it"},
		"no such file":             {errOf(KeyPair(path + ".none")), "no such file"},
		"a file of something else": {errOf(KeyPair(file(t, "hello", 0o600))), "no certificate"},
		"no such public file":      {errOf(PublicKey(path + ".none")), "a key of 40 characters"},
		"a short key":              {errOf(PublicKey(pair.Public.String()[:39])), "a key of 40 characters"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want …%s…", name, c.err, c.want)
		}
		if c.err != nil && strings.Contains(c.err.Error(), pair.Secret.Z85()) {
			t.Errorf("%s: the error has the secret key in it", name)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"ann:secret":                    {"ann", "secret"},
		"ann:secret\n":                  {"ann", "secret"},
		"ann:se:cr:et\r\n":              {"ann", "se:cr:et"},
		"ann\nsecret\n":                 {"ann", "secret"},
		"ann\r\nsecret":                 {"ann", "secret"},
		"a:n:n\nsecret\n":               {"a:n:n", "secret"},
		"\uFEFFänn:sécret \n":           {"änn", "sécret "},
		"a:" + strings.Repeat("b", 255): {"a", strings.Repeat("b", 255)},
	} {
		user, password, err := Plain(file(t, text, 0o600))
		if err != nil || user != want[0] || password != want[1] {
			t.Errorf("%q: %q, %q, %v", text, user, password, err)
		}
	}
}

func TestPlainThatIsNone(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for text, want := range map[string]string{
		"":                          "write two lines",
		secret:                      "write two lines",
		"ann\n" + secret + "\nmore": "write two lines",
		":" + secret:                "empty",
		"ann:":                      "empty",
		"\n" + secret:               "empty",
		"ann:" + secret + "\x00":    "control characters",
		"ann:" + secret + "\xff":    "no UTF-8",
		"ann:" + secret + strings.Repeat("x", 255): "over 255 bytes",
		strings.Repeat(secret, 1000):               "no user name and password",
	} {
		path := file(t, text, 0o600)
		_, _, err := Plain(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%.20q: %v, want the path and …%s…", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%.20q: the error repeats it: %v", text, err)
		}
	}
	if _, _, err := Plain("ann:" + secret); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a password instead of a file: %v", err)
	}
}

func TestPlainOfEverybody(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("its files have no such mode")
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601, 0o777} {
		if _, _, err := Plain(file(t, "ann:secret", mode)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if _, _, err := Plain(file(t, "ann:secret", mode)); err != nil {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

// Whatever a file has in it, it is a name and a password that PLAIN can say, or an error.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{"ann:secret", "ann\nsecret\n", "", ":", "a\nb\nc", "\uFEFFa:b", "a:\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		user, password, err := parsePlain(text)
		fits := len(user) > 0 && len(user) < 256 && len(password) > 0 && len(password) < 256
		if (err == nil) != fits || err != nil && user+password != "" {
			t.Errorf("%q, %q, %v", user, password, err)
		}
	})
}
