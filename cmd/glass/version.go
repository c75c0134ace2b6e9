package main

import (
	"fmt"
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
			version := "(unknown)"
			if info, ok := debug.ReadBuildInfo(); ok {
				version = info.Main.Version // a tag, else the time and hash of the commit; "(devel)" without a repository
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "glass %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if err != nil {
				return &failure{code: exitFailure, err: err}
			}
			return nil
		},
	}
}
