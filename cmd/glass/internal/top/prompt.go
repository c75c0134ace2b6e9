package top

import (
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// A prompt is a line that is being written, at its end.
type prompt struct {
	sign   string // ":" for a command, "/" for a filter
	text   string
	before string // the filter that was, if the user thinks better of it
}

func (p *prompt) insert(s string) {
	p.text += table.Printable(strings.ReplaceAll(s, "\n", " "))
}

// write takes one key, and says whether the line is done, and whether the user wants it.
func (p *prompt) write(key tea.KeyPressMsg) (done, wanted bool) {
	switch key.String() {
	case "enter":
		return true, true
	case "esc", "ctrl+c":
		return true, false
	case "backspace", "ctrl+h":
		if p.text == "" {
			return true, false
		}
		_, size := utf8.DecodeLastRuneInString(p.text)
		p.text = p.text[:len(p.text)-size]
	case "ctrl+u":
		p.text = ""
	case "ctrl+w":
		rest := strings.TrimRight(p.text, " ")
		p.text = rest[:strings.LastIndex(rest, " ")+1]
	case "tab":
		p.complete()
	default:
		p.insert(key.Text)
	}
	return false, false
}

// line is the end of what is written that fits.
func (p *prompt) line(width int) string {
	text := p.text
	for table.Width(text) > max(0, width-2) {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return p.sign + text + "█"
}

// choices are the commands that may be meant.
func (p *prompt) choices() []string {
	if p.sign != ":" {
		return nil
	}
	return commandsLike(p.text)
}

// complete finishes a command of which only one begins so.
func (p *prompt) complete() {
	if names := p.choices(); len(names) == 1 {
		p.text = names[0]
	}
}

// commandsLike are the commands that begin so.
func commandsLike(text string) []string {
	return slices.DeleteFunc(append(Views(), "help", "quit"), func(name string) bool { return !strings.HasPrefix(name, text) })
}
