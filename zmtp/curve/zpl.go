package curve

import (
	"errors"
	"fmt"
	"strings"
)

// A property is a line of ZPL: where it stands ("curve/public-key"), and what it
// says if it has a value.
type property struct {
	path, value string
	valued      bool
}

// parseZPL reads the ZeroMQ Property Language (RFC 4). Its errors name the line and
// do not repeat it: there may be a secret in it.
func parseZPL(text string) (all []property, err error) {
	var path []string // of the line before
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	for i, line := range lines {
		p, depth, err := parseLine(line)
		if err == nil && depth > len(path) {
			err = errors.New("it is indented deeper than a child of the line above")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if p.path == "" {
			continue
		}
		path = append(path[:depth], p.path)
		if p.path = strings.Join(path, "/"); p.valued {
			all = append(all, p)
		}
	}
	return all, nil
}

// parseLine reads "    name = value # comment"; path is the name alone, "" of a
// line that says nothing.
func parseLine(line string) (p property, depth int, err error) {
	rest := strings.TrimLeft(line, " ")
	indent := len(line) - len(rest)
	if rest == "" || rest[0] == '#' {
		return p, 0, nil
	}
	end := 0
	for end < len(rest) && isNameChar(rest[end]) {
		end++
	}
	p.path, rest = rest[:end], strings.TrimLeft(rest[end:], " \t")
	switch {
	case p.path == "":
		return p, 0, errors.New("it does not begin with a name")
	case indent%4 != 0:
		return p, 0, fmt.Errorf("it is indented by %d spaces, which is no multiple of 4", indent)
	case rest == "" || rest[0] == '#':
		return p, indent / 4, nil
	case rest[0] != '=':
		return p, 0, errors.New("there is no = behind the name")
	}
	p.valued, p.value = true, parseValue(strings.TrimLeft(rest[1:], " \t"))
	return p, indent / 4, nil
}

// parseValue takes off quotes, or else what begins with # and the space before it.
// "A value that starts with a quote and does not end in a matching quote is treated
// as unquoted."
func parseValue(s string) string {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if value, behind, ok := strings.Cut(s[1:], s[:1]); ok {
			if behind = strings.TrimLeft(behind, " \t"); behind == "" || behind[0] == '#' {
				return value
			}
		}
	}
	s, _, _ = strings.Cut(s, "#")
	return strings.TrimRight(s, " \t")
}

// appendProperty appends a line of a section. It fails where ZPL has no way to say
// it: "There is no mechanism for escaping quotes".
func appendProperty(b []byte, name, value string) ([]byte, error) {
	for i := range len(name) {
		if !isNameChar(name[i]) {
			return nil, fmt.Errorf("%q is no name of a property: letters, digits and $-_@.&+/ are", name)
		}
	}
	quote := `"`
	if strings.Contains(value, quote) {
		quote = "'"
	}
	if name == "" || strings.Contains(value, quote) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, fmt.Errorf("the property %q cannot be written: its value must be printable ASCII without one of the quotes", name)
	}
	return fmt.Appendf(b, "    %s = %s%s%s\n", name, quote, value, quote), nil
}

// isNameChar is name-char = ALPHA | DIGIT | "$" | "-" | "_" | "@" | "." | "&" | "+" | "/".
func isNameChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("$-_@.&+/", c) >= 0
}
