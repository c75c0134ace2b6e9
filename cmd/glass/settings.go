package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glassmq/zmq/cmd/glass/internal/setting"
)

// A settled is what a user has set for good, and all that is wrong with it.
type settled struct {
	path        string // "": there is no file
	file, env   []setting.Setting
	wrongInFile []error
	wrongInEnv  []error
}

// settle reads the file that flag names, GLASS_CONFIG, or the usual one, which need not be there.
func settle(flag string, known setting.Commands) (s settled) {
	s.env, s.wrongInEnv = setting.Environ(os.Environ(), known)
	path, named := flag, true
	if path == "" {
		path = os.Getenv(setting.Config)
	}
	if path == "" {
		path, named = usualPath(), false
	}
	f, err := os.Open(path)
	switch {
	case err != nil && !named && (path == "" || errors.Is(err, os.ErrNotExist)):
		return s
	case err != nil:
		s.wrongInFile = []error{fmt.Errorf("the configuration: %w", err)}
		return s
	}
	defer f.Close()
	s.path = path
	s.file, s.wrongInFile = setting.Read(f, path, known)
	return s
}

// usualPath is $XDG_CONFIG_HOME/glass/config.yaml, or where this system has such files; "" if it does not say.
func usualPath() string {
	folder := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(folder) { // the specification has others ignored
		var err error
		if folder, err = os.UserConfigDir(); err != nil {
			return ""
		}
	}
	return filepath.Join(folder, "glass", "config.yaml")
}

// settable are the commands whose flags can be set for good, with those flags.
func settable(root *cobra.Command) setting.Commands {
	known := setting.Commands{}
	for _, cmd := range root.Commands() {
		if slices.Contains([]string{"config", "completion", "help"}, cmd.Name()) || cmd.Hidden {
			continue
		}
		var flags []string
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				flags = append(flags, f.Name)
			}
		})
		if len(flags) > 0 {
			known[cmd.Name()] = flags
		}
	}
	return known
}

// applySettings gives cmd's flags that are not on the command line the values that a user has set for good.
func applySettings(cmd *cobra.Command, path string) error {
	known := settable(cmd.Root())
	if _, ok := known[cmd.Name()]; !ok || cmd.Parent() != cmd.Root() {
		return nil
	}
	s := settle(path, known)
	if len(s.wrongInFile) > 0 {
		return &failure{code: exitUsage, err: s.wrongInFile[0], hint: "glass config check says all that is wrong"}
	}
	for _, f := range unset(cmd) {
		found := setting.Find(cmd.Name(), f.Name, s.env, s.file)
		if found == nil {
			continue
		}
		if err := assign(cmd, f, found); err != nil {
			return &failure{code: exitUsage, err: err, hint: "see glass config view, and " + cmd.CommandPath() + " --help"}
		}
	}
	return nil
}

// unset are the flags that the command line does not have.
func unset(cmd *cobra.Command) (flags []*pflag.Flag) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			flags = append(flags, f)
		}
	})
	return flags
}

// assign gives a flag its value.
func assign(cmd *cobra.Command, f *pflag.Flag, s *setting.Setting) error {
	_, isList := f.Value.(pflag.SliceValue)
	if len(s.Values) > 1 && !isList {
		return fmt.Errorf("%s: %s %s takes one value, not a list", s.From, cmd.Name(), f.Name)
	}
	for _, value := range s.Values {
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			return fmt.Errorf("%s: %s: %w", s.From, cmd.Name(), bareFlagError(err))
		}
	}
	return nil
}

// bareFlagError is without pflag's account of shorthands: "invalid argument "x" for "-o, --output" flag: why".
func bareFlagError(err error) error {
	return errors.New(strings.Replace(err.Error(), " flag:", ":", 1))
}
