package main

import "github.com/spf13/cobra"

const rootText = `glass shows what happens on ZeroMQ sockets: who connects, who does not, why not, and what to change.

Start with "glass demo": a small fleet of sockets, good ones and troubled ones, that tells its story in a few seconds.

Exit codes: 0 ok, 1 failure, 2 usage, 3 timeout (--for was over before what was waited for); probe and doctor have
two more, and check has those of Nagios.`

func newRoot() *cobra.Command {
	var config string
	root := &cobra.Command{
		Use:           "glass",
		Short:         "See what happens on ZeroMQ sockets",
		Long:          rootText,
		SilenceErrors: true, // report says them
		SilenceUsage:  true,
	}
	root.AddCommand(newWatch(), newCat(), newProbe(), newDoctor(), newExplain(), newKeygen(), newDemo(), newServe(), newProxy(), newCheck(), newVersion(), newConfig(&config),
		newLs(), newDescribe(), newGraph(), newTimeline(), newTop(), newHistory())
	configFlag(root, &config)
	return root
}
