package auth

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
	"github.com/glassmq/zmq/zmtp/curve"
)

// write puts a file there, as its owner's alone.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPasswordFile(t *testing.T) {
	long := strings.Repeat("x", 255)
	got, err := parsePasswords([]byte("\uFEFF# the staff\nada=correct horse\r\n\n  # grace=no\nzoë=a=b=#\n \t\n" + long + "=" + long))
	want := []user{{2, "ada", "correct horse"}, {5, "zoë", "a=b=#"}, {7, long, long}}
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

const secretPart = "hunter2"

// badPasswords say which line is wrong and how, and repeat nothing of it.
var badPasswords = []struct{ text, want string }{
	{"ada=x\n" + secretPart, "line 2: there is no = between a name and a password"},
	{"=" + secretPart, "line 1: there is no name"},
	{"\n\n" + secretPart + "=", "line 3: there is no password"},
	{"ada =" + secretPart, "line 1: there is space around the name or the password: take it out, as in name=password"},
	{" ada=" + secretPart, "line 1: there is space around"},
	{"ada= " + secretPart, "line 1: there is space around"},
	{"ada=" + secretPart + "\u00a0", "line 1: there is space around"},
	{"ada=" + secretPart + " \n", "line 1: there is space around"},
	{"ada=x\neve=" + secretPart + "\nada=" + secretPart, "line 3: the name stands in line 1, too: one must go"},
	{"a\x00d\x00a\x00=\x00" + secretPart, "line 1: there are control characters, or bytes that are no UTF-8: save the file as plain UTF-8 text"},
	{"ada=x\t" + secretPart, "line 1: there are control characters"},
	{"ada=x\reve=" + secretPart, "line 1: there are control characters"}, // lines of an old Mac are one
	{"zo\xeb=" + secretPart, "line 1: there are control characters, or bytes that are no UTF-8"},
	{"ada=" + strings.Repeat(secretPart, 40), "line 1: the password has 280 bytes: at most 255"},
	{strings.Repeat(secretPart, 40) + "=x", "line 1: the name has 280 bytes: at most 255"},
	{strings.Repeat("#", largestFile+1), "over 16777216 bytes: that is no file of passwords"},
}

func TestBadPasswordFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwords")
	for _, c := range badPasswords {
		write(t, path, c.text)
		_, err := New(Rules{PasswordFile: path})
		if err == nil || !strings.HasPrefix(err.Error(), "auth: Rules.PasswordFile: "+path+": "+c.want) || strings.Contains(err.Error(), secretPart) {
			t.Errorf("%.40q: %v; want %s", c.text, err, c.want)
		}
	}
	write(t, path, "ada=x")
	if _, err := New(Rules{PasswordFile: path, Passwords: map[string]string{"ada": "x"}}); err == nil ||
		err.Error() != "auth: Rules.PasswordFile: "+path+": line 1: the name has a password in Passwords, too: one must go" {
		t.Error(err)
	}
	if _, err := New(Rules{Domains: map[string]Rules{"a": {PasswordFile: path + "x"}}}); !errors.Is(err, fs.ErrNotExist) ||
		!strings.HasPrefix(err.Error(), `auth: Rules.Domains["a"].PasswordFile: open `+path+"x: ") {
		t.Error(err)
	}
	if _, err := New(Rules{PasswordFile: filepath.Dir(path)}); err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) {
		t.Errorf("a folder: %v", err)
	}
}

func TestPasswordsOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a mode says nothing of others here")
	}
	path := filepath.Join(t.TempDir(), "passwords")
	write(t, path, "ada=horse")
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Rules{PasswordFile: path}); err == nil || !strings.Contains(err.Error(), path+": others may use these passwords (mode 0") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o700} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Rules{PasswordFile: path}); err != nil {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

// certificate is a public one with this key.
func certificate(t *testing.T, path string, k curve.PublicKey, about ...zmtp.Property) {
	t.Helper()
	if err := (curve.Certificate{KeyPair: curve.KeyPair{Public: k}, Metadata: about}).WriteFiles(path); err != nil {
		t.Fatal(err)
	}
}

func TestKeyFolder(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	stranger := curve.PublicKey{7: 7}
	certificate(t, at("ada.key"), ada, zmtp.Property{Name: "name", Value: "root"}, zmtp.Property{Name: "User-Id", Value: "root"}, zmtp.Property{Name: "X-Team", Value: "engine"})
	certificate(t, at("grace.hopper"), grace)
	certificate(t, at(".hidden.key"), stranger)
	certificate(t, at("ada.key~"), stranger)
	write(t, at("ada.key_secret"), "unread")
	if err := os.Mkdir(at("old"), 0o700); err != nil {
		t.Fatal(err)
	}
	certificate(t, filepath.Join(at("old"), "eve.key"), stranger)

	g := newGuard(t, Rules{KeyFolder: folder, Keys: map[curve.PublicKey]string{{5: 5}: "here"}})
	for k, want := range map[curve.PublicKey]string{ada: "yes ada", grace: "yes grace.hopper", {5: 5}: "yes here", stranger: noKey(stranger)} {
		if got := answer(t, g, byKey(k)); got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
	reply, err := g.Authenticate(t.Context(), byKey(ada))
	if want := (zmtp.Metadata{{Name: "name", Value: "root"}, {Name: "X-Team", Value: "engine"}}); !slices.Equal(reply.Metadata, want) || err != nil {
		t.Errorf("ada's metadata are %v, %v; want %v: what her certificate says of her user id is her own word", reply.Metadata, err, want)
	}
}

func TestBadKeyFolder(t *testing.T) {
	for name, c := range map[string]struct {
		fill func(t *testing.T, folder string)
		want string // behind the folder's name
	}{
		"it is not there": {func(t *testing.T, folder string) { os.Remove(folder) }, ": "},
		"no certificate":  {func(t *testing.T, folder string) { write(t, filepath.Join(folder, "b"), secretPart) }, "/b: curve: "},
		"one key, two users": {func(t *testing.T, folder string) {
			certificate(t, filepath.Join(folder, "a.key"), ada)
			certificate(t, filepath.Join(folder, "b.key"), ada)
		}, `/b.key: the key is that of "a", too: one must go`},
		"a key of the rules": {func(t *testing.T, folder string) { certificate(t, filepath.Join(folder, "a.key"), grace) },
			`/a.key: the key is that of "grace", too: one must go`},
		"metadata that are none": {func(t *testing.T, folder string) {
			certificate(t, filepath.Join(folder, "a"), ada, zmtp.Property{Name: "a@b", Value: "x"})
		}, `/a: invalid metadata: illegal property name "a@b"`},
		"a link to nowhere": {func(t *testing.T, folder string) {
			if err := os.Symlink(filepath.Join(folder, "nowhere"), filepath.Join(folder, "a")); err != nil {
				t.Skip(err)
			}
		}, "/a: "},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "keys")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			c.fill(t, folder)
			_, err := New(Rules{KeyFolder: folder, Keys: map[curve.PublicKey]string{grace: "grace"}})
			if err == nil || !strings.HasPrefix(err.Error(), "auth: Rules.KeyFolder: ") || !strings.Contains(filepath.ToSlash(err.Error()), filepath.ToSlash(folder)+c.want) || strings.Contains(err.Error(), secretPart) {
				t.Errorf("%v; want %s", err, c.want)
			}
		})
	}
}

// Reload sees what has changed in every file, of domains as well; and nothing of it while one of them is wrong.
func TestReload(t *testing.T) {
	folder := t.TempDir()
	passwords, keys := filepath.Join(folder, "passwords"), filepath.Join(folder, "keys")
	write(t, passwords, "ada=horse")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	g := newGuard(t, Rules{PasswordFile: passwords, Passwords: map[string]string{"grace": "staple"}, Domains: map[string]Rules{"d": {KeyFolder: keys}}})
	check := func(when string, want ...string) {
		t.Helper()
		got := []string{answer(t, g, byPassword("ada", "horse")), answer(t, g, byPassword("ada", "mare")),
			answer(t, g, in("d", byKey(ada))), answer(t, g, byPassword("grace", "staple"))}
		if !slices.Equal(got, append(want, "yes grace")) {
			t.Errorf("%s: %q", when, got)
		}
	}
	check("at first", "yes ada", wrongPassword, noKey(ada))

	write(t, passwords, "ada=mare")
	certificate(t, filepath.Join(keys, "ada.key"), ada)
	check("before Reload", "yes ada", wrongPassword, noKey(ada))

	write(t, filepath.Join(keys, "b.key"), "half of a certi")
	if err := g.Reload(); err == nil || !strings.Contains(err.Error(), filepath.Join(keys, "b.key")) {
		t.Errorf("a bad file: %v", err)
	}
	check("after a Reload that could not be", "yes ada", wrongPassword, noKey(ada))

	if err := os.Remove(filepath.Join(keys, "b.key")); err != nil {
		t.Fatal(err)
	}
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	check("after Reload", wrongPassword, "yes ada", "yes ada")

	if err := os.Remove(filepath.Join(keys, "ada.key")); err != nil {
		t.Fatal(err)
	}
	if err := g.Reload(); err != nil {
		t.Fatal(err)
	}
	check("when the key was removed", wrongPassword, "yes ada", noKey(ada))
}

// Any bytes are users or a line that is wrong, and the message about that has nothing of the line.
func FuzzPasswords(f *testing.F) {
	f.Add([]byte("# staff\nada=correct horse\r\nzoë=a=b\n"))
	for _, c := range badPasswords {
		if len(c.text) < 1<<12 {
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		users, err := parsePasswords(b)
		if err != nil {
			if len(err.Error()) > 200 || users != nil {
				t.Fatalf("%v, %v", users, err)
			}
			return
		}
		var again strings.Builder
		names := map[string]bool{}
		for _, u := range users {
			if names[u.name] || checkUser(u.name, u.password) != nil {
				t.Fatalf("%q: %+v", b, u)
			}
			names[u.name] = true
			again.WriteString(strings.Repeat("\n", u.line-1-strings.Count(again.String(), "\n")) + u.name + "=" + u.password + "\n")
		}
		if same, err := parsePasswords([]byte(again.String())); !slices.Equal(same, users) || err != nil {
			t.Fatalf("%q came back as %v, %v; want %v", again.String(), same, err, users)
		}
	})
}
