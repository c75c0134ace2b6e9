package zmq_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/glassmq/zmq/zmqtest"
)

// A story is testdata/story/NAME.txt: commands, one a line, and indented under each what it caused. It is told twice:
//
//  1. TestStories plays it in virtual time over a network in memory, where every run is the same, word for word, but for
//     the order of what two connections of a socket go through at one instant;
//  2. TestStoriesOverTCP plays it over the system's TCP, where what each connection went through is the same.
//
// The events of both go through monitor.Check. story_play_test.go has the commands, story_stranger_test.go those of
// peers that are not sockets, story_tcp_test.go the second playing.
var update = flag.Bool("update", false, "rewrite testdata/story by what happens now; a person reads the difference")

func TestStories(t *testing.T) {
	for name, path := range stories(t) {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			story := parseStory(string(want))
			synctest.Test(t, func(t *testing.T) {
				play(t, &memory{zmqtest.NewNetwork()}, story, func(c *scene, caused []string) { c.caused = inOrder(c.caused, caused) })
			})
			got := story.String()
			if *update {
				err = os.WriteFile(path, []byte(got), 0o666)
			} else if got != string(want) {
				t.Errorf("%s tells something else now (-update rewrites it):\n%s", path, difference(string(want), got))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// inOrder is what a scene caused, in the order in which it is written, if only different connections changed places.
func inOrder(written, now []string) []string {
	if slices.EqualFunc(strands(written), strands(now), slices.Equal) {
		return written
	}
	return now
}

// strands are the lines of each connection, by its first word and its number: router … #2.
func strands(lines []string) [][]string {
	of := map[string][]string{}
	for _, line := range lines {
		words := strings.Fields(line)
		name := words[0]
		for _, w := range words {
			if strings.HasPrefix(w, "#") {
				name += w
			}
		}
		of[name] = append(of[name], line)
	}
	var all [][]string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all = append(all, of[name])
	}
	return all
}

// stories are the files by their names.
func stories(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("testdata/story/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	all := map[string]string{}
	for _, path := range paths {
		all[strings.TrimSuffix(filepath.Base(path), ".txt")] = path
	}
	return all
}

// A script is a story as it is written.
type script struct {
	scenes []*scene
	end    []string // comments behind the last command
}

// A scene is one command and what it causes.
type scene struct {
	before  []string // comments and empty lines
	command string
	caused  []string // the lines, without what indents them
}

const indent = "    "

func parseStory(text string) *script {
	s := &script{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch caused, isCaused := strings.CutPrefix(line, indent); {
		case isCaused && len(s.scenes) > 0:
			last := s.scenes[len(s.scenes)-1]
			last.caused = append(last.caused, caused)
		case line == "" || strings.HasPrefix(line, "#"):
			s.end = append(s.end, line)
		default:
			s.scenes = append(s.scenes, &scene{before: s.end, command: line})
			s.end = nil
		}
	}
	return s
}

func (s *script) String() string {
	var lines []string
	for _, c := range s.scenes {
		lines = append(append(lines, c.before...), c.command)
		for _, line := range c.caused {
			lines = append(lines, indent+line)
		}
	}
	return strings.Join(append(lines, s.end...), "\n") + "\n"
}

// difference shows two texts as one: what is only in the first is marked -, what is only in the second +.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	common := make([][]int, len(x)+1) // the longest common run of lines from here on
	for i := range common {
		common[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); x[i] == y[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			out = append(out, "  "+x[i])
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "- "+x[i])
			i++
		default:
			out = append(out, "+ "+y[j])
			j++
		}
	}
	return strings.Join(out, "\n")
}

// A story that nobody could have written differently is read and written as it is.
func TestStoryFormat(t *testing.T) {
	const text = "# why\n\nsocket a push\nclose a\n    a +0s monitor_stopped\n\n# the end\n"
	s := parseStory(text)
	if s.String() != text {
		t.Errorf("written again it differs:\n%s", difference(text, s.String()))
	}
	if !slices.Equal(s.scenes[1].caused, []string{"a +0s monitor_stopped"}) {
		t.Errorf("close a caused %q", s.scenes[1].caused)
	}
	if got, want := difference("a\nb\nc", "a\nx\nc"), "  a\n- b\n+ x\n  c"; got != want {
		t.Errorf("difference:\n%s\nwant\n%s", got, want)
	}
}
