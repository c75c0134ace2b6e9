package show

import (
	"io"
	"strings"
	"testing"

	"github.com/glassmq/zmq/cmd/glass/internal/ptytest"
	"github.com/glassmq/zmq/monitor"
)

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	for name, c := range map[string]struct {
		env    [2]string
		o      Options
		colour bool
	}{
		"a terminal":   {[2]string{"TERM", "xterm"}, Options{Form: Text}, true},
		"NO_COLOR":     {[2]string{"NO_COLOR", "1"}, Options{Form: Text}, false},
		"dumb":         {[2]string{"TERM", "dumb"}, Options{Form: Text}, false},
		"--no-color":   {[2]string{"TERM", "xterm"}, Options{Form: Text, NoColour: true}, false},
		"not for JSON": {[2]string{"TERM", "xterm"}, Options{Form: JSONL}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_COLOR", "")
			t.Setenv("TERM", "xterm")
			t.Setenv(c.env[0], c.env[1])
			screen, tty := ptytest.Open(t, 60)
			if _, err := NewStream(tty, c.o).Event(event(monitor.BindFailed, 0, monitor.ReasonAddressInUse)); err != nil {
				t.Fatal(err)
			}
			const end = "the end"
			if _, err := io.WriteString(tty, end); err != nil {
				t.Fatal(err)
			}
			seen, buf := "", make([]byte, 4096)
			for !strings.HasSuffix(seen, end) { // a terminal's output comes in pieces
				n, err := screen.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				seen += string(buf[:n])
			}
			if got := strings.Contains(seen, "\x1b["); got != c.colour {
				t.Errorf("coloured is %v, want %v: %q", got, c.colour, seen)
			}
			if c.o.Form == Text && strings.Count(seen, "\n") < 4 {
				t.Errorf("not folded to the 60 columns of the terminal: %q", seen)
			}
		})
	}
}
