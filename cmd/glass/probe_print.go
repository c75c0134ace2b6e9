package main

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

// A probeWriter prints a probe.
type probeWriter struct {
	form string
	w    io.Writer
	err  error // the first of w's
}

func (o *probeWriter) printf(format string, args ...any) {
	if o.err == nil {
		_, o.err = fmt.Fprintf(o.w, format, args...)
	}
}

func (o *probeWriter) object(v any) {
	b, err := json.Marshal(v)
	if o.err = cmp.Or(o.err, err); o.err == nil {
		o.printf("%s\n", b)
	}
}

func (o *probeWriter) step(s probe.Step) {
	switch o.form {
	case show.JSONL:
		o.object(newStepObject(s))
	case show.Text:
		took, detail := "", s.Detail
		if s.Took > 0 {
			took = fmt.Sprintf("%.2f ms", millis(s.Took))
		}
		if s.Err != nil {
			detail = strings.TrimPrefix(detail+"; ", "; ") + "failed: " + s.Err.Error()
		}
		o.printf("%-10s %10s  %s\n", s.Name, took, detail)
	}
}

// end prints the verdict; a bad one goes to the standard error for people.
func (o *probeWriter) end(r *probe.Report, v *probe.Verdict) {
	switch {
	case o.form != show.Text:
		o.object(newReportObject(r, v, o.form == "json"))
	case v.Class == probe.Fine:
		o.printf("fine: %s\n", v.Why)
		for _, note := range v.Notes {
			o.printf("note: %s\n", note)
		}
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// A stepObject is a step as JSON.
type stepObject struct {
	Step   string  `json:"step"`
	OK     bool    `json:"ok"`
	Took   float64 `json:"dur_ms,omitempty"`
	Detail string  `json:"detail,omitempty"`
	Error  string  `json:"error,omitempty"`
}

func newStepObject(s probe.Step) stepObject {
	o := stepObject{Step: s.Name, OK: s.Err == nil, Took: millis(s.Took), Detail: s.Detail}
	if s.Err != nil {
		o.Error = s.Err.Error()
	}
	return o
}

// A reportObject is a report as JSON, under the keys that events have (docs/events.md).
type reportObject struct {
	Endpoint    string            `json:"endpoint"`
	OK          bool              `json:"ok"`
	Exit        int               `json:"exit"`
	Verdict     string            `json:"verdict"`
	Local       string            `json:"local,omitempty"`
	Remote      string            `json:"remote,omitempty"`
	PID         int               `json:"peer_pid,omitempty"`
	UID         *uint32           `json:"peer_uid,omitempty"` // 0 is a user
	GID         *uint32           `json:"peer_gid,omitempty"`
	Type        string            `json:"peer_type,omitempty"`
	ID          string            `json:"peer_id,omitempty"`
	IDHex       string            `json:"peer_id_hex,omitempty"`
	Version     string            `json:"zmtp,omitempty"`
	Mechanism   string            `json:"mechanism,omitempty"`
	AsServer    bool              `json:"as_server,omitempty"`
	Properties  map[string]string `json:"properties,omitempty"`
	RTT         float64           `json:"ping_ms,omitempty"`
	Claimed     []string          `json:"claimed,omitempty"`
	Connections int               `json:"connections"`
	Phase       monitor.Phase     `json:"phase,omitempty"`
	Who         monitor.Who       `json:"who,omitempty"`
	Reason      monitor.Reason    `json:"reason,omitempty"`
	Error       string            `json:"error,omitempty"`
	Why         string            `json:"why,omitempty"`
	Hint        string            `json:"hint,omitempty"`
	Side        probe.Side        `json:"side,omitempty"` // where something has to be changed
	Likely      []guessObject     `json:"likely,omitempty"`
	Notes       []string          `json:"notes,omitempty"`
	Listener    *listenerObject   `json:"listener,omitempty"`
	Steps       []stepObject      `json:"steps,omitempty"`
}

// A guessObject is a cause that was not seen.
type guessObject struct {
	Reason monitor.Reason `json:"reason"`
	Why    string         `json:"why"`
}

// A listenerObject is what this host's kernel knows of who listens.
type listenerObject struct {
	At          string `json:"at,omitempty"`
	PID         int    `json:"pid,omitempty"`
	Name        string `json:"name,omitempty"`
	Stopped     bool   `json:"stopped,omitempty"`
	Descriptors int    `json:"descriptors,omitempty"`
	Limit       int    `json:"descriptors_limit,omitempty"`
	Waiting     int    `json:"waiting,omitempty"`  // connections that nobody has accepted
	Peers       int    `json:"peers,omitempty"`    // others that somebody has
	Accepted    *bool  `json:"accepted,omitempty"` // ours
	Unread      int    `json:"unread_bytes,omitempty"`
}

func newListenerObject(v *listener.View) *listenerObject {
	if v == nil {
		return nil
	}
	o := &listenerObject{Waiting: v.Waiting, Peers: len(v.Peers), Unread: v.Conn.Unread}
	if v.At.IsValid() {
		o.At = v.At.String()
	}
	if v.Conn.Known {
		o.Accepted = &v.Conn.Accepted
	}
	if p := v.Process; p != nil {
		o.PID, o.Name, o.Stopped, o.Descriptors, o.Limit = p.PID, p.Name, p.Stopped, p.Descriptors, p.Limit
	}
	return o
}

func newReportObject(r *probe.Report, v *probe.Verdict, steps bool) reportObject {
	o := reportObject{Endpoint: r.Endpoint, OK: v.Class == probe.Fine, Exit: int(v.Class), Verdict: v.Why,
		Local: r.Local, Remote: r.Remote, Type: r.Type, IDHex: hex.EncodeToString([]byte(r.Identity)),
		Version: r.Version(), Mechanism: r.Mechanism, AsServer: r.AsServer, RTT: millis(r.RTT),
		Claimed: r.Claimed, Connections: r.Connections, Hint: v.Hint,
		Who: v.Who, Reason: v.Reason, Side: v.Side, Notes: v.Notes, Listener: newListenerObject(r.Listener)}
	for _, g := range v.Likely {
		o.Likely = append(o.Likely, guessObject(g))
	}
	if utf8.ValidString(r.Identity) {
		o.ID = r.Identity
	}
	if who := r.Process; who != nil {
		o.PID, o.UID, o.GID = who.PID, &who.UID, &who.GID
	}
	for _, q := range r.Properties {
		if o.Properties == nil {
			o.Properties = make(map[string]string)
		}
		o.Properties[q.Name] = q.Value
	}
	if e := r.Failure; e != nil {
		o.Phase, o.Why = e.Phase, v.Why
		if e.Err != nil {
			o.Error = e.Err.Error()
		}
	}
	for _, s := range r.Steps {
		if steps {
			o.Steps = append(o.Steps, newStepObject(s))
		}
	}
	return o
}
