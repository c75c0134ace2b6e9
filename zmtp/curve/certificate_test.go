package curve

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// What goes into two files comes out of both.
func TestCertificateFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.key")
	c := Certificate{bob, zmtp.Metadata{{Name: "name", Value: "Bob the \"builder\""}, {Name: "email", Value: "bob@example.com # not a comment"}, {Name: "who", Value: "it's me"}, {Name: "empty"}}}
	if err := c.WriteFiles(path); err != nil {
		t.Fatal(err)
	}
	public, err := ReadCertificate(path)
	if err != nil || public.Public != bob.Public || !public.Secret.IsZero() || !slices.Equal(public.Metadata, c.Metadata) {
		t.Errorf("the public file: %+v, %v", public, err)
	}
	secret, err := ReadCertificate(path + "_secret")
	if err != nil || secret.Public != bob.Public || !secret.Secret.Equal(bob.Secret) || !slices.Equal(secret.Metadata, c.Metadata) {
		t.Errorf("the secret file: %+v, %v", secret, err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "secret-key") || strings.Contains(string(text), bob.Secret.Z85()) {
		t.Errorf("the public file has:\n%s(%v)", text, err)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path + "_secret")
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("the secret file: %v, %v", info.Mode(), err)
		}
	}
}

// No key is ever written over, not even half of a pair.
func TestCertificateReplacesNothing(t *testing.T) {
	for _, there := range []string{"", "_secret"} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path+there, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Certificate{KeyPair: bob}.WriteFiles(path)
		if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path+there) {
			t.Errorf("over %q: %v", path+there, err)
		}
		files, err := filepath.Glob(path + "*")
		if text, _ := os.ReadFile(path + there); err != nil || len(files) != 1 || string(text) != "mine" {
			t.Errorf("after it there are %q, with %q in it", files, text)
		}
	}
	// A public key alone has one file.
	path := filepath.Join(t.TempDir(), "alice")
	if err := (Certificate{KeyPair: KeyPair{Public: alice.Public}}).WriteFiles(path); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
		t.Errorf("a public key is written to %q", files)
	}
}

func TestCertificateWriteRefusals(t *testing.T) {
	for name, c := range map[string]Certificate{
		"a pair of two people":          {KeyPair: KeyPair{alice.Public, bob.Secret}},
		"a value of two lines":          {KeyPair: bob, Metadata: zmtp.Metadata{{Name: "name", Value: "x\ncurve\n    public-key = \"\""}}},
		"a value with both quotes":      {KeyPair: bob, Metadata: zmtp.Metadata{{Name: "name", Value: `"'`}}},
		"a value beyond ASCII":          {KeyPair: bob, Metadata: zmtp.Metadata{{Name: "name", Value: "Jürg"}}},
		"a name with a space":           {KeyPair: bob, Metadata: zmtp.Metadata{{Name: "first name", Value: "Bob"}}},
		"no name":                       {KeyPair: bob, Metadata: zmtp.Metadata{{Name: "", Value: "Bob"}}},
		"in a folder that is not there": {KeyPair: bob, Metadata: zmtp.Metadata{{Name: "folder", Value: "none"}}},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "key")
		if len(c.Metadata) == 1 && c.Metadata[0].Name == "folder" {
			path = filepath.Join(dir, "none", "key")
		}
		if err := c.WriteFiles(path); err == nil {
			t.Errorf("%s was written", name)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
			t.Errorf("%s: there are %q", name, files)
		}
	}
}

func TestCertificateMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a mode says nothing here about who may read a file")
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := (Certificate{KeyPair: bob}).WriteFiles(path); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o700: true, 0o644: false, 0o640: false, 0o604: false, 0o602: false, 0o601: false} {
		if err := os.Chmod(path+"_secret", mode); err != nil {
			t.Fatal(err)
		}
		c, err := ReadCertificate(path + "_secret")
		if ok != (err == nil) || ok == c.Secret.IsZero() {
			t.Errorf("mode %o: %v", mode, err)
		}
		if !ok && (!strings.Contains(err.Error(), "chmod 600") || !strings.Contains(err.Error(), path)) {
			t.Errorf("mode %o: %v; want it to say what to do, and with which file", mode, err)
		}
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCertificate(path); err != nil {
		t.Errorf("the public file, which anybody may read: %v", err)
	}
}

// Files of others, as they are.
func TestForeignCertificates(t *testing.T) {
	const czmq = `#   ****  Generated on 2023-05-02 10:11:12 by CZMQ  ****
#   ZeroMQ CURVE **Secret** Certificate
#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its permissions.
    
metadata
    name = "Bob"
    organization = "example # 1"
curve
    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    secret-key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
`
	const pyzmq = "#   ****  Generated on 2026-01-01 10:00:00.000000 by pyzmq  ****\n#   ZeroMQ CURVE Public Certificate\n\nmetadata\ncurve\n    public-key = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"\n"
	for name, c := range map[string]struct {
		text   string
		secret bool
		meta   zmtp.Metadata
	}{
		"CZMQ's":               {czmq, true, zmtp.Metadata{{Name: "name", Value: "Bob"}, {Name: "organization", Value: "example # 1"}}},
		"CZMQ's, from Windows": {strings.ReplaceAll(czmq, "\n", "\r\n"), true, zmtp.Metadata{{Name: "name", Value: "Bob"}, {Name: "organization", Value: "example # 1"}}},
		"CZMQ's, from a Mac":   {strings.ReplaceAll(czmq, "\n", "\r"), true, zmtp.Metadata{{Name: "name", Value: "Bob"}, {Name: "organization", Value: "example # 1"}}},
		"pyzmq's":              {pyzmq, false, nil},
		"by hand":              {"curve\n    public-key='rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'# mine", false, nil},
		"without quotes":       {"curve\n    public-key = rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7   \n", false, nil},
		"with more to say": {"version = 2\ncurve # keys\n    public-key = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"\n    algorithm\n        name = x25519\nmetadata\n    name = Bob\nother\n    public-key = none\n",
			false, zmtp.Metadata{{Name: "name", Value: "Bob"}}},
	} {
		got, err := ParseCertificate([]byte(c.text))
		if err != nil || got.Public != bob.Public || got.Secret.IsZero() == c.secret || !slices.Equal(got.Metadata, c.meta) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestCertificateRefusals(t *testing.T) {
	const public, secret = `    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"`, `    secret-key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"`
	for name, c := range map[string]struct{ text, want string }{
		"nothing":               {"", "no public-key"},
		"no section":            {strings.TrimSpace(public), "no public-key"},
		"the wrong section":     {"metadata\n" + public, "no public-key"},
		"a section too deep":    {"a\n    curve\n    " + public, "no public-key"},
		"the secret key alone":  {"curve\n" + secret, "no public-key"},
		"keys of two people":    {"curve\n    public-key = \"" + alice.Public.String() + "\"\n" + secret, "do not belong together"},
		"two public keys":       {"curve\n" + public + "\n" + public, "two of public-key"},
		"a short key":           {"curve\n    public-key = \"rq:rM\"", "has 5 characters"},
		"a key with a wrong #":  {"curve\n    public-key = rq:rM#}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "has 5 characters"},
		"an empty key":          {"curve\n    public-key =", "has 0 characters"},
		"a secret key, changed": {"curve\n" + public + "\n" + strings.Replace(secret, "JTKVS", "~TKVS", 1), "character 1"},
		"three spaces":          {"curve\n   public-key = x", "line 2: it is indented by 3 spaces"},
		"two steps at once":     {"curve\n        public-key = x", "line 2: it is indented deeper"},
		"a child of nothing":    {public, "line 1: it is indented deeper"},
		"a tab":                 {"curve\n\tpublic-key = x", "line 2: it does not begin with a name"},
		"no equals sign":        {"curve\n    public-key x", "line 2: there is no ="},
		"another format":        {"-----BEGIN PRIVATE KEY-----", "line 1: "},
		"JSON":                  {"{\"curve\": 1}", "line 1: it does not begin with a name"},
		"a giant":               {strings.Repeat("#\n", largestCertificate), "over 65536 bytes"},
	} {
		got, err := ParseCertificate([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "TKVSB") || got.Public != (PublicKey{}) || !got.Secret.IsZero() || got.Metadata != nil {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "key")
	if _, err := ReadCertificate(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("curve\n  x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCertificate(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a broken file: %v; want its name and line", err)
	}
	if _, err := ReadCertificate(filepath.Dir(path)); err == nil {
		t.Error("a folder was read")
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte("metadata\n    name = \"Bob\"\ncurve\n    public-key = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"\n    secret-key = \"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\"\n"))
	f.Add([]byte("# c\r\n\r\ncurve\r\n    public-key='rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7' # d"))
	f.Add([]byte("a = \"b\nc\n    d = 'e\" 'f\n        g # h"))
	f.Add([]byte("\tx\x00= \xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCertificate(text)
		if err != nil {
			return
		}
		if !c.Secret.IsZero() && c.validate() != nil {
			t.Fatalf("the pair of %q does not fit", text)
		}
		again, err := c.text(!c.Secret.IsZero())
		if err != nil {
			return // it says what we cannot
		}
		back, err := ParseCertificate(again)
		if err != nil || back.Public != c.Public || !back.Secret.Equal(c.Secret) || !slices.Equal(back.Metadata, c.Metadata) {
			t.Fatalf("%q was written as %q, and is then %+v, %v", text, again, back, err)
		}
	})
}
