package setting

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

var known = Commands{"probe": {"timeout", "type", "server-key"}, "watch": {"option", "server-key"}, "type": {"output"}}

func TestAFile(t *testing.T) {
	const text = `
# for all
server-key: hub.key
timeout: 1
probe:
  timeout: 2s
  type: 0x11 # a word is what stands there
watch: {option: [a=1, "b=2"]}
type: PUB
`
	all, wrong := Read(strings.NewReader(text), "f", known)
	want := []Setting{
		{"", "server-key", []string{"hub.key"}, "f:3"}, {"", "timeout", []string{"1"}, "f:4"},
		{"probe", "timeout", []string{"2s"}, "f:6"}, {"probe", "type", []string{"0x11"}, "f:7"},
		{"watch", "option", []string{"a=1", "b=2"}, "f:8"}, {"", "type", []string{"PUB"}, "f:9"},
	}
	if len(wrong) > 0 || !reflect.DeepEqual(all, want) {
		t.Errorf("%v, %v\nwant %v", all, wrong, want)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "{}\n", "probe: {}\n", "watch:\n  option: []\n"} {
		if all, wrong := Read(strings.NewReader(empty), "f", known); len(all)+len(wrong) > 0 {
			t.Errorf("%q: %v, %v", empty, all, wrong)
		}
	}
}

func TestWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"timeout: 1\ntiemout: 2":               `f:2: "tiemout" is no flag of any command: perhaps timeout`,
		"prob: {timeout: 1}":                   `f:1: "prob" is no command: perhaps probe`,
		"probe:\n  option: a":                  `f:2: "option" is no flag of probe: there are timeout, type, server-key`,
		"probe: 1":                             `f:1: probe is a command: write its flags below it, NAME: VALUE, with two spaces before`,
		"probe:":                               `f:1: probe is a command: write its flags below it, NAME: VALUE, with two spaces before`,
		"timeout:":                             `f:1: timeout: write a word, or a list of words: [a, b]`,
		"timeout: [[a]]":                       `f:1: timeout: write a word, or a list of words: [a, b]`,
		"timeout: 1\ntimeout: 2":               `f:2: "timeout" stands here a second time`,
		"- timeout":                            `f:1: write NAME: VALUE, a line each`,
		"timeout: [":                           `f: yaml: line 1: did not find expected node content`,
		strings.Repeat("#", longestFile) + "#": `f: over 1048576 bytes: that is no file of settings`,
	} {
		_, wrong := Read(strings.NewReader(text), "f", known)
		if got := fmt.Sprint(wrong); got != "["+want+"]" {
			t.Errorf("%.40q: %s, want %s", text, got, want)
		}
	}
}

func TestTheEnvironment(t *testing.T) {
	all, wrong := Environ([]string{"HOME=/x", "GLASS_CONFIG=/y", "GLASS_TIMEOUT=3s", "GLASS_PROBE_SERVER_KEY=k=v", "GLASS_TYPE=", "GLASS_PRBE_TYPE=1", "GLASS="}, known)
	want := []Setting{{"", "timeout", []string{"3s"}, "GLASS_TIMEOUT"}, {"probe", "server-key", []string{"k=v"}, "GLASS_PROBE_SERVER_KEY"}}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("%v, want %v", all, want)
	}
	if got := fmt.Sprint(wrong); got != `[the environment: "GLASS_PRBE_TYPE" is no variable of glass: perhaps GLASS_PROBE_TYPE]` {
		t.Error(got)
	}
}

func TestWhoWins(t *testing.T) {
	file := []Setting{{"", "timeout", nil, "file, all"}, {"probe", "timeout", nil, "file, probe"}, {"", "type", nil, "file"}}
	env := []Setting{{"", "timeout", nil, "env, all"}}
	for _, c := range []struct {
		command, flag string
		layers        [][]Setting
		want          string
	}{
		{"probe", "timeout", [][]Setting{env, file}, "env, all"},
		{"probe", "timeout", [][]Setting{file}, "file, probe"},
		{"watch", "timeout", [][]Setting{file}, "file, all"},
		{"probe", "type", [][]Setting{env, file}, "file"},
		{"probe", "option", [][]Setting{env, file}, ""},
	} {
		got := Find(c.command, c.flag, c.layers...)
		if got == nil && c.want != "" || got != nil && got.From != c.want {
			t.Errorf("%s %s: %v, want %q", c.command, c.flag, got, c.want)
		}
	}
}

// What a file has in it, there is no panic, and what is taken is known.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"timeout: 1", "probe: {type: [a, b]}", "a: &x 1\ntimeout: *x", "? [timeout]: 1", "probe: {<<: {type: x}}", "!!binary x: y", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := Read(strings.NewReader(text), "f", known)
		for _, s := range all {
			if variables(known)[Variable(s.Command, s.Flag)].Flag != s.Flag || len(s.Values) == 0 {
				t.Errorf("%q: %+v", text, s)
			}
		}
	})
}
