package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/doctor"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/internal/endpoint"
)

const doctorText = `doctor looks at endpoints as glass probe does, and says of each thing that makes a connection whether it is in order (✓), is not (✗),
or was not asked (–): the name, the address, the greeting, the security mechanism, the handshake, the socket type, the round trip
of a PING, and if the peer is on this host, what the kernel knows of its process. Then it names the cause, what to do, and on whose
side. What is likely and was not seen, it says to be likely. If an agent runs (glass serve), it tells what that has seen of the
endpoint.

Several endpoints are looked at at once. With --for it keeps looking, one look every --every, tells each change when it happens,
and at the end how often something was wrong, and whether it flaps.

It disturbs nobody, as little as glass probe, whose help says how.

` + askingText + `

Exit codes are those of glass probe: 0 fine, 1 nothing there, 2 usage, 3 no answer in time, 4 refused, 5 another type; of several
endpoints, the first one's that is not fine. With --for, that of the last look that was not.`

const doctorExamples = `  glass doctor tcp://db:5556
  glass doctor tcp://db:5556 --server-key db.key --curve-key me.key_secret
  glass doctor tcp://feed:5557 --type SUB
  glass doctor tcp://a:5555 tcp://b:5555 ipc:///run/c.sock -o json | jq -r '[.endpoint, .reason] | @tsv'
  glass doctor tcp://db:5556 --for 10m                does it flap`

// A doctoring is the command line of doctor.
type doctoring struct {
	asking
	form          choice
	noColour      bool
	expect        []string
	during, every time.Duration
	agent         remote
}

func newDoctor() *cobra.Command {
	d := doctoring{form: choice{show.Text, []string{show.Text, "json", show.JSONL}}}
	cmd := &cobra.Command{
		Use:     "doctor ENDPOINT...",
		Short:   "Say what is wrong with an endpoint, why, what to do, and on whose side",
		Long:    doctorText,
		Example: doctorExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("doctor takes endpoints, as in: glass doctor tcp://127.0.0.1:5555")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(&d.form, "output", "o", "`form`: text, or json or jsonl, one object a line for each endpoint")
	f.DurationVar(&d.during, "for", 0, "keep looking for this `time`; 0: look once")
	f.DurationVar(&d.every, "every", time.Second, "with --for: begin a look every so much `time`")
	f.StringSliceVar(&d.expect, "expect-type", nil, "be content with this socket `type` only, as in ROUTER, or one of several: PUB,XPUB")
	d.asking.flags(cmd)
	d.agent.flags(cmd)
	f.BoolVar(&d.noColour, "no-color", false, "no colours on a terminal either (also: the environment variable NO_COLOR)")
	complete(cmd, "output", d.form.among)
	completeList(cmd, "expect-type", typeNames())
	return cmd
}

// A patient is one endpoint that is looked at.
type patient struct {
	text   string
	to     endpoint.Endpoint
	ask    probe.Options
	course doctor.Course
	told   []string // what an agent knows of it
}

// admit reads the command line.
func (d *doctoring) admit(args []string) (all []*patient, err error) {
	switch {
	case d.during < 0:
		return nil, usagef("--for %v: a time that is past; write 10s or 2m", d.during)
	case d.every <= 0:
		return nil, usagef("--every %v: write a time, as in 1s", d.every)
	}
	if d.expect, err = parseTypes("--expect-type", d.expect...); err != nil {
		return nil, err
	}
	for _, text := range args {
		to, o, err := d.check(text)
		if err != nil {
			return nil, err
		}
		o.Host = true
		all = append(all, &patient{text: text, to: to, ask: o})
	}
	return all, nil
}

func (d *doctoring) run(cmd *cobra.Command, args []string) error {
	patients, err := d.admit(args)
	if err != nil {
		return err
	}
	began := time.Now()
	w := doctorWriter{w: cmd.OutOrStdout(), form: d.form.chosen, alone: len(patients) == 1}
	w.style.Width, w.style.Colour = show.Screen(w.w, d.noColour)
	each(patients, func(p *patient) {
		p.look(cmd.Context(), d.expect)
		p.told = d.agent.recall(cmd, p.text, p.course.Last.Report.Remote)
	})
	for _, p := range patients {
		w.diagnosis(p)
	}
	if d.during > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "looking every %v for %v; Ctrl-C ends\n", d.every, d.during)
		each(patients, func(p *patient) { d.keepLooking(cmd.Context(), p, began, &w) })
	}
	w.end(patients, time.Since(began), d.during > 0)
	if w.err != nil {
		return &failure{code: exitFailure, err: w.err}
	}
	return verdictOf(patients)
}

// each does something for all patients at once.
func each(patients []*patient, do func(*patient)) {
	var work sync.WaitGroup
	for _, p := range patients {
		work.Go(func() { do(p) })
	}
	work.Wait()
}

// look is one look, and says whether it found otherwise than the one before.
func (p *patient) look(ctx context.Context, expect []string) (changed bool) {
	r := probe.Run(ctx, p.text, p.to, p.ask)
	if r.Interrupted && p.course.Looks > 0 {
		return false // it saw nothing
	}
	return p.course.See(time.Now(), doctor.Diagnose(r, r.Verdict(expect...)))
}

// keepLooking looks again and again. A look that has begun is brought to its end, unless Ctrl-C ends it.
func (d *doctoring) keepLooking(ctx context.Context, p *patient, began time.Time, w *doctorWriter) {
	next := time.NewTicker(d.every)
	defer next.Stop()
	over := time.NewTimer(time.Until(began.Add(d.during)))
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-over.C:
			return
		case <-next.C:
		}
		if p.look(ctx, d.expect) {
			w.turn(p)
		}
	}
}

// verdictOf is how the command ends.
func verdictOf(patients []*patient) error {
	var ill []string
	first := exitOK
	for _, p := range patients {
		d := p.course.Verdict()
		if d.Well() {
			continue
		}
		if len(ill) == 0 {
			first = int(d.Verdict.Class)
		}
		ill = append(ill, p.text+": "+d.Name())
	}
	switch {
	case len(ill) == 0:
		return nil
	case len(patients) == 1:
		return &failure{code: first, err: errors.New(ill[0])}
	}
	return &failure{code: first, err: fmt.Errorf("%d of %d endpoints are not well: %s", len(ill), len(patients), strings.Join(ill, ", "))}
}

// A doctorWriter prints diagnoses.
type doctorWriter struct {
	form  string
	style doctor.Style
	alone bool // one patient

	mu  sync.Mutex // guards w and err while they are looked at at once
	w   io.Writer
	err error // the first of w's
}

func (w *doctorWriter) print(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		_, w.err = io.WriteString(w.w, text)
	}
}

// diagnosis prints the first look.
func (w *doctorWriter) diagnosis(p *patient) {
	if w.form == show.Text {
		w.print(w.style.Text(&p.course.Last) + w.style.History(p.told))
	}
}

// turn prints a change.
func (w *doctorWriter) turn(p *patient) {
	if w.form != show.Text {
		return
	}
	endpoint := p.text
	if w.alone {
		endpoint = ""
	}
	w.print(w.style.Turn(endpoint, p.course.Changes[len(p.course.Changes)-1]))
}

// end prints the objects, or what came of all looks.
func (w *doctorWriter) end(patients []*patient, took time.Duration, kept bool) {
	for _, p := range patients {
		switch {
		case w.form != show.Text:
			o := probeWriter{w: w.w}
			o.object(newDoctorObject(p, kept))
			w.err = errors.Join(w.err, o.err)
		case kept:
			if !w.alone {
				w.print(p.text + " ")
			}
			w.print(w.style.Summary(&p.course, took))
		}
	}
}
