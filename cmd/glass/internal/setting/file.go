package setting

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"
)

// longestFile is more than any settings need: what is read is kept in memory, and a wrong path may be a large file.
const longestFile = 1 << 20

// Read reads a file of settings; name is what its errors call it. It returns what can be used and all that is wrong, so that a
// person mends it once.
func Read(r io.Reader, name string, known Commands) (all []Setting, wrong []error) {
	text, err := io.ReadAll(io.LimitReader(r, longestFile+1))
	if err == nil && len(text) > longestFile {
		err = fmt.Errorf("over %d bytes: that is no file of settings", longestFile)
	}
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, nil // nothing, or comments
	}
	f := reader{name: name, known: known}
	f.top(doc.Content[0])
	return f.all, f.wrong
}

// A reader gathers settings.
type reader struct {
	name  string
	known Commands
	all   []Setting
	wrong []error
}

func (f *reader) refuse(at *yaml.Node, err error) {
	f.wrong = append(f.wrong, fmt.Errorf("%s:%d: %w", f.name, at.Line, err))
}

// pairs gives each key of a mapping with its value, and refuses what stands there twice.
func (f *reader) pairs(m *yaml.Node, see func(key, value *yaml.Node)) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key := m.Content[i]
		if seen[key.Value] {
			f.refuse(key, fmt.Errorf("%q stands here a second time", key.Value))
			continue
		}
		seen[key.Value] = true
		see(key, m.Content[i+1])
	}
}

// top reads flags for all commands, and commands.
func (f *reader) top(m *yaml.Node) {
	if m.Kind != yaml.MappingNode {
		f.refuse(m, errors.New("write NAME: VALUE, a line each"))
		return
	}
	f.pairs(m, func(key, value *yaml.Node) {
		flags, isCommand := f.known[key.Value]
		isFlag := slices.Contains(f.known.flags(), key.Value)
		switch {
		case isCommand && value.Kind == yaml.MappingNode:
			f.pairs(value, func(flag, value *yaml.Node) {
				if !slices.Contains(flags, flag.Value) {
					f.refuse(flag, unknown("flag of "+key.Value, flag.Value, flags))
					return
				}
				f.take(key.Value, flag, value)
			})
		case isFlag:
			f.take("", key, value)
		case isCommand:
			f.refuse(value, fmt.Errorf("%s is a command: write its flags below it, NAME: VALUE, with two spaces before", key.Value))
		case value.Kind == yaml.MappingNode:
			f.refuse(key, unknown("command", key.Value, f.known.names()))
		default:
			f.refuse(key, unknown("flag of any command", key.Value, f.known.flags()))
		}
	})
}

// take reads the value of a flag: a word, or a list of them. What YAML makes of a word (a number, a date) is not asked for.
func (f *reader) take(command string, flag, value *yaml.Node) {
	s := Setting{Command: command, Flag: flag.Value, From: fmt.Sprintf("%s:%d", f.name, flag.Line)}
	words := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		words = value.Content
	}
	for _, word := range words {
		if word.Kind != yaml.ScalarNode || word.Tag == "!!null" {
			f.refuse(flag, fmt.Errorf("%s: write a word, or a list of words: [a, b]", flag.Value))
			return
		}
		s.Values = append(s.Values, word.Value)
	}
	if len(s.Values) > 0 {
		f.all = append(f.all, s)
	}
}
