package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/show"
)

func newVersion() *cobra.Command {
	form := choice{show.Text, []string{show.Text, "json", show.JSONL}}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print which glass this is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printVersion(cmd.OutOrStdout(), form.chosen != show.Text)
		},
	}
	cmd.Flags().VarP(&form, "output", "o", "`form`: text, or json or jsonl, one object")
	complete(cmd, "output", form.among)
	return cmd
}

// A versionObject is the version as JSON.
type versionObject struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // of the repository that it was built in
	Changed bool   `json:"changed,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	ZMTP    string `json:"zmtp"`
}

func printVersion(w io.Writer, asJSON bool) error {
	o := versionObject{Version: version(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, ZMTP: "3.1"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				o.Commit = s.Value
			case "vcs.modified":
				o.Changed = s.Value == "true"
			}
		}
	}
	text := fmt.Sprintf("glass %s %s %s/%s\n", o.Version, o.Go, o.OS, o.Arch)
	if asJSON {
		b, _ := json.Marshal(o) // texts: there is no error
		text = string(b) + "\n"
	}
	if _, err := io.WriteString(w, text); err != nil {
		return &failure{code: exitFailure, err: err}
	}
	return nil
}

// version is a tag, else the time and hash of the commit; "(devel)" without a repository.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return info.Main.Version
}
