package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/detect"
	"github.com/glassmq/zmq/cmd/glass/internal/lexicon"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

const explainText = `explain says what a code means that stands in an event, in a log or in a frame of libzmq's monitor: what it is, why it
happens, what to do, and on which side. Without a code it lists all.

A code is the name or number of an event, the reason of a failure, a protocol error of libzmq, the status of a ZAP handler,
an error number of the system, or a condition that glass finds out. Case does not count, libzmq's prefixes may be there, numbers are decimal or 0x….`

const explainExamples = `  glass explain mechanism_mismatch
  glass explain 0x11000002            what libzmq calls the same
  glass explain ZMQ_EVENT_CONNECT_RETRIED
  glass explain 111
  glass explain slow_subscriber       a condition: what it is, when it is raised, what to do`

func newExplain() *cobra.Command {
	form := choice{show.Text, []string{show.Text, "json", show.JSONL}}
	cmd := &cobra.Command{
		Use:     "explain [CODE]",
		Short:   "Say what a reason, event, error number or protocol error means, and what to do",
		Long:    explainText,
		Example: explainExamples,
		Args:    cobra.ArbitraryArgs, // "handshake failed auth" is one code
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return lexicon.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return explain(cmd.OutOrStdout(), strings.Join(args, " "), form.chosen)
		},
	}
	cmd.Flags().VarP(&form, "output", "o", "`form`: text; json, an array of objects; or jsonl, one object a line")
	complete(cmd, "output", form.among)
	return cmd
}

func explain(w io.Writer, word string, form string) error {
	entries := entriesOf(word)
	if len(entries) == 0 {
		return unknown(word)
	}
	text := []byte(listText(entries))
	switch {
	case form == "json":
		text, _ = json.Marshal(entries) // an entry is text and numbers: there is no error
		text = append(text, '\n')
	case form == show.JSONL:
		text = nil
		for _, e := range entries {
			line, _ := json.Marshal(e)
			text = append(append(text, line...), '\n')
		}
	case word != "":
		text = []byte(fullText(entries))
	}
	if _, err := w.Write(text); err != nil {
		return &failure{code: exitFailure, err: err}
	}
	return nil
}

// entriesOf are those for what word can mean, or all for none.
func entriesOf(word string) (all []entry) {
	codes, conditions := slices.Collect(monitor.Codes()), detect.Texts()
	if word != "" {
		codes, conditions = lexicon.Find(word), lexicon.Conditions(word)
	}
	for _, c := range codes {
		all = append(all, newEntry(c))
	}
	for _, c := range conditions {
		all = append(all, entry{Code: c.Name, Class: classCondition, About: "a condition: " + c.What, Views: []view{{Why: c.When, Do: c.Do}}})
	}
	if m, ok := lexicon.Mask(word); len(all) == 0 && ok {
		all = []entry{{Code: word, Class: "mask", Number: uint64(m), About: "a set of events: " + strings.ReplaceAll(m.String(), "|", ", ")}}
	}
	return all
}

// unknown is the error for a word that no table has.
func unknown(word string) error {
	f := &failure{code: exitUsage, err: fmt.Errorf("%q: no code is called so", word), hint: "glass explain lists all"}
	if near := lexicon.Near(word); len(near) > 0 {
		f.hint = "perhaps " + strings.Join(near, ", ") + "; " + f.hint
	}
	return f
}

// An entry is a code as explain prints it.
type entry struct {
	Code   string       `json:"code"`
	Class  string       `json:"class"`
	Number uint64       `json:"number,omitempty"`
	About  string       `json:"about"`
	Reason string       `json:"reason,omitempty"` // which it stands for
	Who    monitor.Who  `json:"who,omitempty"`    // whose doing it usually is
	Views  []view       `json:"views,omitempty"`
	Also   []string     `json:"also,omitempty"` // other codes for the same reason
	code   monitor.Code // where all this is from
}

// A view is what is seen of it from one place. Where is "" if it looks the same from everywhere.
type view struct {
	Where string `json:"where,omitempty"`
	Why   string `json:"why"`
	Do    string `json:"do"`
}

// classCondition is the class of what package detect finds out.
const classCondition = "condition"

func newEntry(c monitor.Code) entry {
	e := entry{Code: c.Name, Class: string(c.Class), Number: c.Number, About: about(c), code: c}
	if c.Class == monitor.ClassEvent {
		when, do := monitor.Kind(c.Number).Explain()
		e.Views = []view{{Why: when, Do: do}}
		return e
	}
	if c.Reason == "" {
		return e
	}
	e.Who, e.Views = c.Reason.Who(), views(c)
	if c.Class != monitor.ClassReason {
		e.Reason = string(c.Reason)
		return e
	}
	for other := range monitor.Codes() {
		if other.Reason == c.Reason && other.Class != monitor.ClassReason {
			e.Also = append(e.Also, numbered(other))
		}
	}
	return e
}

// sides are from where c can be seen: who dialled comes first.
var sides = []struct {
	side  monitor.Side
	by    monitor.Who
	local string // an address, for its transport
	where string
}{
	{monitor.SideConnect, monitor.ByLocal, "", "on the side that connects"},
	{monitor.SideBind, monitor.ByLocal, "", "on the side that binds"},
	{monitor.SideConnect, monitor.ByPeer, "", "on the side that was refused"},
	{monitor.SideConnect, monitor.ByLocal, "ipc://", "over ipc"},
}

// views are the words of c, for each side that has its own.
func views(c monitor.Code) (all []view) {
	for _, s := range sides {
		e := c.Event(s.side, s.by)
		e.Local = s.local
		v := view{s.where, e.Why(), e.Hint()}
		if len(all) > 0 && v.Why == all[0].Why && v.Do == all[0].Do {
			continue
		}
		if s.by == monitor.ByPeer {
			all[0].Where = "on the side that refused"
		}
		all = append(all, v)
	}
	if len(all) == 1 {
		all[0].Where = ""
	}
	return all
}

// about is what kind of a thing c is, with its number.
func about(c monitor.Code) string {
	switch c.Class {
	case monitor.ClassEvent:
		if k := monitor.Kind(c.Number); k <= monitor.ClassicV2 {
			return fmt.Sprintf("event %#04x, libzmq's ZMQ_EVENT_%s", c.Number, strings.ToUpper(c.Name))
		}
		return fmt.Sprintf("event %#x, which libzmq does not have", c.Number)
	case monitor.ClassReason:
		return "reason of a failure or an end, usually " + usually[c.Reason.Who()]
	case monitor.ClassProtocol:
		return fmt.Sprintf("protocol error %#x (%d), libzmq's ZMQ_PROTOCOL_ERROR_%s, the value of handshake_failed_protocol", c.Number, c.Number, c.Name)
	case monitor.ClassZAP:
		return "status of a ZAP handler (RFC 27), the value of handshake_failed_auth"
	}
	return fmt.Sprintf("error number %d of this system: %v", c.Number, syscall.Errno(c.Number))
}

// usually is whose doing something is.
var usually = map[monitor.Who]string{
	monitor.ByLocal: "this side's doing", monitor.ByPeer: "the peer's doing",
	monitor.ByNetwork: "the network's doing", monitor.ByTimer: "a time limit's doing",
}

// numbered is the name of a code with its number.
func numbered(c monitor.Code) string {
	switch c.Class {
	case monitor.ClassProtocol:
		return fmt.Sprintf("%s (%#x)", c.Name, c.Number)
	case monitor.ClassZAP:
		return "ZAP status " + c.Name
	}
	return fmt.Sprintf("%s (%d)", c.Name, c.Number)
}

func fullText(entries []entry) string {
	var texts []string
	for _, e := range entries {
		texts = append(texts, e.text())
	}
	return strings.Join(texts, "\n")
}

// text is the entry in full.
func (e entry) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", e.Code, e.About)
	if e.Reason != "" {
		fmt.Fprintf(&b, "  reason  %s, usually %s\n", e.Reason, usually[e.Who])
	}
	first := "why"
	if e.Class == string(monitor.ClassEvent) || e.Class == classCondition {
		first = "when"
	}
	for _, v := range e.Views {
		if v.Where != "" {
			fmt.Fprintf(&b, "  %s:\n", v.Where)
		}
		fmt.Fprintf(&b, "  %-6s  %s\n  do      %s\n", first, v.Why, v.Do)
	}
	if len(e.Also) > 0 {
		fmt.Fprintf(&b, "  also    %s\n", strings.Join(e.Also, ", "))
	}
	return b.String()
}

// headings of the list.
var headings = map[string]string{
	string(monitor.ClassEvent):    "Events",
	string(monitor.ClassReason):   "Reasons of failures and ends",
	string(monitor.ClassProtocol): "Protocol errors of libzmq (ZMQ_PROTOCOL_ERROR_), and the reasons they stand for",
	string(monitor.ClassZAP):      "Statuses of ZAP handlers, and the reasons they stand for",
	string(monitor.ClassErrno):    "Error numbers of this system, and the reasons they stand for",
	classCondition:                "Conditions, which glass finds out",
}

func listText(entries []entry) string {
	var b strings.Builder
	class := ""
	for _, e := range entries {
		if e.Class != class {
			class = e.Class
			b.WriteString("\n" + headings[class] + "\n")
		}
		b.WriteString("  " + e.line())
	}
	return b.String()[1:]
}

// line is the entry in a list.
func (e entry) line() string {
	said := e.About
	switch {
	case e.Class == classCondition:
		said = strings.TrimPrefix(said, "a condition: ")
	case e.Reason != "":
		said = e.Reason
	case len(e.Views) > 0:
		said = e.Views[0].Why
	}
	switch e.code.Class {
	case monitor.ClassProtocol:
		return fmt.Sprintf("%#x  %-34s %s\n", e.Number, e.Code, said)
	case monitor.ClassErrno:
		if e.Reason == "" {
			said = syscall.Errno(e.Number).Error()
		}
		return fmt.Sprintf("%-20s %5d %s\n", e.Code, e.Number, said)
	}
	return fmt.Sprintf("%-26s %s\n", e.Code, said)
}
