package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print which glass this is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printVersion(cmd.OutOrStdout())
		},
	}
}

// printVersion writes one line: the version, what it was built from, and for what.
func printVersion(w io.Writer) error {
	version, from := "(unknown)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version, from = info.Main.Version, revision(info)
	}
	if _, err := fmt.Fprintf(w, "glass %s%s %s %s/%s\n", version, from, runtime.Version(), runtime.GOOS, runtime.GOARCH); err != nil {
		return &failure{code: exitFailure, err: err}
	}
	return nil
}

// revision is the commit that the binary was built from, if the build had a repository around it.
func revision(info *debug.BuildInfo) (text string) {
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	if text == "" {
		return ""
	}
	return text + changed
}
