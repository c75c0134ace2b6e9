package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/setting"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

const configText = `Every flag can be set for good: in a file, $XDG_CONFIG_HOME/glass/config.yaml (~/.config/glass/config.yaml) or the one that --config
or GLASS_CONFIG names, and in the environment. Flags win over the environment, and the environment over the file; what is set
for one command wins over what is set for all.

  server: http://hub:5590          each command that has --server             GLASS_SERVER=http://hub:5590
  probe:
    timeout: 2s                    glass probe --timeout 2s                   GLASS_PROBE_TIMEOUT=2s
  watch:
    option: [linger=0, ipv6=true]  glass watch -O linger=0 -O ipv6=true       GLASS_WATCH_OPTION=linger=0

A name that is not known is refused, and a value that does not fit. Keys and passwords have no place here: flags name files that
have them.`

func newConfig(path *string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config view | check",
		Short: "Say which settings are in force and where they are from, or what is wrong with them",
		Long:  configText,
		Args: func(_ *cobra.Command, args []string) error {
			return usagef("config takes view or check, as in: glass config check")
		},
		RunE: func(*cobra.Command, []string) error { return nil }, // Args has refused
	}
	cmd.AddCommand(newConfigView(path), newConfigCheck(path))
	return cmd
}

func newConfigView(path *string) *cobra.Command {
	var r rowing
	var all bool
	cmd := &cobra.Command{
		Use:   "view",
		Short: "List settings, and where each is from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return viewConfig(cmd, *path, all, &r)
		},
	}
	r.flags(cmd, table.Forms...)
	cmd.Flags().BoolVar(&all, "all", false, "also those that nobody has set")
	return cmd
}

// A settingObject is one setting in force, as JSON.
type settingObject struct {
	Command string   `json:"command"`
	Flag    string   `json:"flag"`
	Values  []string `json:"values"`
	From    string   `json:"from"` // "default" if nobody has set it
}

func viewConfig(cmd *cobra.Command, path string, all bool, r *rowing) error {
	known := settable(cmd.Root())
	s := settle(path, known)
	if wrong := s.wrong(cmd.Root()); len(wrong) > 0 {
		return &failure{code: exitUsage, err: wrong[0], hint: "glass config check says all that is wrong"}
	}
	t := table.Table{Columns: []table.Column{{Name: "COMMAND"}, {Name: "SETTING"}, {Name: "VALUE", Elastic: true}, {Name: "FROM"}}}
	for _, o := range s.inForce(cmd.Root(), known, all) {
		t.Rows = append(t.Rows, table.Row{Key: o.Command + " " + o.Flag, Value: o, Cells: []table.Cell{
			table.Text(o.Command), table.Text(o.Flag), table.Text(strings.Join(o.Values, ", ")), table.Text(o.From)}})
	}
	if len(t.Rows) == 0 {
		file := "there is no " + usualPath()
		if s.path != "" {
			file = "there is nothing in " + s.path
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "nothing is set: %s, and no environment variable GLASS_…; --all shows the defaults\n", file)
	}
	return r.print(cmd, &t)
}

// inForce are the settings of all commands, in the order of their names.
func (s *settled) inForce(root *cobra.Command, known setting.Commands, all bool) (list []settingObject) {
	for _, cmd := range root.Commands() {
		for _, flag := range known[cmd.Name()] {
			o := settingObject{Command: cmd.Name(), Flag: flag, From: "default"}
			if found := setting.Find(o.Command, flag, s.env, s.file); found != nil {
				o.Values, o.From = found.Values, found.From
			} else if !all {
				continue
			} else if text := cmd.LocalFlags().Lookup(flag).DefValue; text != "" && text != "[]" {
				o.Values = []string{text}
			}
			list = append(list, o)
		}
	}
	return list
}

func newConfigCheck(path *string) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with the settings; exit code 2 if anything is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return checkConfig(cmd, *path)
		},
	}
}

func checkConfig(cmd *cobra.Command, path string) error {
	s := settle(path, settable(cmd.Root()))
	wrong := s.wrong(cmd.Root())
	for _, err := range wrong {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), err); err != nil {
			return &failure{code: exitFailure, err: err}
		}
	}
	if len(wrong) > 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("errors in the configuration: %d", len(wrong)), hint: "glass config --help says what a file looks like"}
	}
	file := "no file"
	if s.path != "" {
		file = s.path
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "fine: %s: settings %d; in the environment: %d\n", file, len(s.file), len(s.env))
	if err != nil {
		return &failure{code: exitFailure, err: err}
	}
	return nil
}

// wrong is all that is wrong: names that are not known, and values that do not fit. Each value is tried on the flags that it would
// be given to, which is why this is for commands that have no flags of their own in it.
func (s *settled) wrong(root *cobra.Command) (all []error) {
	all = slices.Concat(s.wrongInFile, s.wrongInEnv)
	told := map[string]bool{}
	for _, one := range slices.Concat(s.env, s.file) {
		for _, cmd := range newRoot().Commands() { // whose flags nobody reads
			f := cmd.LocalFlags().Lookup(one.Flag)
			if f == nil || one.Command != "" && one.Command != cmd.Name() || settable(root)[cmd.Name()] == nil {
				continue
			}
			if err := assign(cmd, f, &one); err != nil && !told[err.Error()] {
				told[err.Error()] = true
				all = append(all, err)
			}
		}
	}
	return all
}

// configFlag declares --config, for all commands.
func configFlag(root *cobra.Command, path *string) {
	root.PersistentFlags().StringVar(path, "config", "", "the `file` of settings (also: the environment variable GLASS_CONFIG); see glass config --help")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return applySettings(cmd, *path) }
}
