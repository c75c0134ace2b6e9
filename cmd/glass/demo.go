package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/fleet"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

const demoText = `demo starts a small fleet of sockets in this process, good ones and troubled ones, and prints what happens to them, as
it happens: what a service that works looks like, what a refused port, a wrong socket type or a dead network looks like.

The sockets are real: ports are the system's choice, on the loopback interface only. In text each scene begins with a
caption; -o jsonl prints events only. When the time is over everything is closed.

The same is on a web page, at the address that demo names at the beginning, together with a small trading house that trades
for as long as demo runs. While somebody has the page open, demo goes on after its time, to Ctrl-C. With -o jsonl there is a
page only if --listen asks for one.`

// A demonstration is the command line of demo.
type demonstration struct {
	streaming
	listen string
	noPage bool
}

func newDemo() *cobra.Command {
	var d demonstration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a small fleet of good and troubled sockets, live",
		Long:  demoText,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.demo(cmd)
		},
	}
	d.flags(cmd, 12*time.Second)
	f := cmd.Flags()
	f.StringVar(&d.listen, "listen", "127.0.0.1:0", "the `address` of the page; port 0: one of the system's choice")
	f.BoolVar(&d.noPage, "no-page", false, "only here, no page")
	return cmd
}

func (d *demonstration) demo(cmd *cobra.Command) error {
	out, err := d.open(cmd, show.Options{Names: fleet.Longest})
	if err != nil {
		return err
	}
	ctx, cancel := d.bounded(cmd.Context())
	defer cancel()
	to := d.audience(out)
	if !d.noPage && (d.form.chosen == show.Text || cmd.Flags().Changed("listen")) {
		p, err := openPage(d.listen, cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		defer p.close()
		to.Context = p.watch
		// A --for that was given is meant.
		if !cmd.Flags().Changed("for") {
			var looked context.CancelFunc
			ctx, looked = p.whileLookedAt(cmd.Context(), ctx)
			defer looked()
		}
	}
	if d.form.chosen == show.Text {
		fmt.Fprintf(cmd.ErrOrStderr(), "a fleet of sockets on this host's loopback interface, for %v; Ctrl-C ends\n"+
			"each line: time, socket, what happened, to which endpoint; then what is known of it\n", d.during)
	}
	missed, err := fleet.Play(ctx, d.during, to)
	if err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("demo: %w", err)}
	}
	if missed > 0 && errors.Is(context.Cause(ctx), errTimeUp) {
		fmt.Fprintf(cmd.ErrOrStderr(), "scenes left out: %d; give it more time, as in --for 12s\n", missed)
	}
	return nil
}

func (d *demonstration) audience(out *show.Stream) fleet.Audience {
	return fleet.Audience{
		Caption: out.Caption,
		Event: func(e monitor.Event, backstage bool) error {
			if backstage && d.form.chosen == show.Text {
				return nil // a person follows the scene; a program wants whole stories
			}
			_, err := out.Event(e)
			return err
		},
	}
}
