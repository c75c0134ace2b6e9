package credential

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A token is one word, however its line ends. What is none is refused, and not repeated.
func TestToken(t *testing.T) {
	const word = "opensesame-opensesame"
	path := filepath.Join(t.TempDir(), "token")
	for text, want := range map[string]string{
		word:                            "",
		word + "\r\n":                   "",
		"  " + word + "\n\n":            "",
		"sesame":                        "16 to 1024 characters",
		strings.Repeat("x", 1025):       "16 to 1024 characters",
		strings.Repeat("x", 1<<20):      "16 to 1024 characters",
		"":                              "16 to 1024 characters",
		word + " " + word:               "one word",
		word + "\n" + word:              "one word",
		"\xffopensesame-opensesame\x00": "one word",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Token(path)
		switch {
		case want == "" && (err != nil || got != word):
			t.Errorf("%.30q is %q, %v", text, got, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame")):
			t.Errorf("%.30q: %v, want an error about %q", text, err, want)
		}
	}
	if _, err := Token(path + ".none"); err == nil {
		t.Error("a file that is not there has a token")
	}
}

func TestATokenIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing of others here")
	}
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("opensesame-opensesame"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Token(path); err == nil || !strings.Contains(err.Error(), "others may use this token (mode 0640)") || strings.Contains(err.Error(), "sesame") {
		t.Error(err)
	}
}
