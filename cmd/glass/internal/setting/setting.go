// Package setting reads what a user has set for good: in a file, and in the environment. It knows the commands and their flags by
// name alone; whether a value fits is for the flag to say.
//
//	server: http://hub:5590      for each command that has the flag --server
//	probe:                       for glass probe alone
//	  timeout: 2s
//	watch:
//	  option: [reconnect_ivl=1s, linger=0]
//
// In the environment these are GLASS_SERVER and GLASS_PROBE_TIMEOUT. The environment wins over the file, and what is set for one
// command over what is set for all.
package setting

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/lexicon"
)

// Commands are the names of commands, and of the flags of each that can be set.
type Commands map[string][]string

// A Setting is one flag's value as somebody wrote it.
type Setting struct {
	Command string   // "": for each that has the flag
	Flag    string   // without dashes
	Values  []string // one, but for a list
	From    string   // "config.yaml:3", "GLASS_PROBE_TIMEOUT"
}

// Find is the setting of a command's flag in layers, the strongest first; nil: there is none.
func Find(command, flag string, layers ...[]Setting) *Setting {
	for _, layer := range layers {
		for _, of := range []string{command, ""} {
			for i := range layer {
				if s := &layer[i]; s.Command == of && s.Flag == flag {
					return s
				}
			}
		}
	}
	return nil
}

// flags are those of all commands.
func (c Commands) flags() (all []string) {
	for _, flags := range c {
		all = append(all, flags...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c Commands) names() (all []string) {
	for name := range c {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// unknown is an error for a word that is none of those that may stand there.
func unknown(what, word string, among []string) error {
	text := fmt.Sprintf("%q is no %s", word, what)
	if near := lexicon.Nearest(word, among); near != "" {
		return fmt.Errorf("%s: perhaps %s", text, near)
	}
	return fmt.Errorf("%s: there are %s", text, strings.Join(among, ", "))
}
