package show

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/glassmq/zmq/monitor"
)

// openTerminal makes a pseudo-terminal (pty(7)): what is written to tty is read from screen.
func openTerminal(t *testing.T, columns uint16) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

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
			screen, tty := openTerminal(t, 60)
			if _, err := NewStream(tty, c.o).Event(event(monitor.BindFailed, 0, monitor.ReasonAddressInUse)); err != nil {
				t.Fatal(err)
			}
			seen := make([]byte, 4096)
			n, err := screen.Read(seen)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(seen[:n]), "\x1b["); got != c.colour {
				t.Errorf("coloured is %v, want %v: %q", got, c.colour, seen[:n])
			}
			if c.o.Form == Text && strings.Count(string(seen[:n]), "\n") < 4 {
				t.Errorf("not folded to the 60 columns of the terminal: %q", seen[:n])
			}
		})
	}
}
