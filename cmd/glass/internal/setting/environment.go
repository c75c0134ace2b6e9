package setting

import (
	"fmt"
	"slices"
	"strings"
)

// prefix is that of the environment variables that are ours.
const prefix = "GLASS_"

// Config is the environment variable that names the file; it is no setting itself.
const Config = prefix + "CONFIG"

// Environ reads the environment, "NAME=VALUE" each, and returns besides which of our variables are unknown. An empty one is none.
func Environ(environ []string, known Commands) (all []Setting, wrong []error) {
	variables := variables(known)
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		if !strings.HasPrefix(name, prefix) || name == Config || value == "" {
			continue
		}
		s, ok := variables[name]
		if !ok {
			var names []string
			for name := range variables {
				names = append(names, name)
			}
			slices.Sort(names)
			wrong = append(wrong, fmt.Errorf("the environment: %w", unknown("variable of glass", name, names)))
			continue
		}
		s.Values, s.From = []string{value}, name
		all = append(all, s)
	}
	return all, wrong
}

// variables are the names of all that can be set.
func variables(known Commands) map[string]Setting {
	all := map[string]Setting{}
	for command, flags := range known {
		for _, flag := range flags {
			all[Variable("", flag)] = Setting{Flag: flag}
		}
		for _, flag := range flags {
			all[Variable(command, flag)] = Setting{Command: command, Flag: flag}
		}
	}
	return all
}

// Variable is the environment variable of a command's flag, or with no command, of a flag of all.
func Variable(command, flag string) string {
	name := prefix
	if command != "" {
		name += command + "_"
	}
	return strings.ToUpper(strings.ReplaceAll(name+flag, "-", "_"))
}
