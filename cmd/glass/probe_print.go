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
func (o *probeWriter) end(r *probe.Report, verdict *failure) {
	switch {
	case o.form != show.Text:
		o.object(newReportObject(r, verdict, o.form == "json"))
	case verdict.code == exitOK:
		o.printf("fine: %v\n", verdict)
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
	Steps       []stepObject      `json:"steps,omitempty"`
}

func newReportObject(r *probe.Report, verdict *failure, steps bool) reportObject {
	o := reportObject{Endpoint: r.Endpoint, OK: verdict.code == exitOK, Exit: verdict.code, Verdict: verdict.Error(),
		Local: r.Local, Remote: r.Remote, Type: r.Type, IDHex: hex.EncodeToString([]byte(r.Identity)),
		Version: r.Version(), Mechanism: r.Mechanism, AsServer: r.AsServer, RTT: millis(r.RTT),
		Claimed: r.Claimed, Connections: r.Connections, Hint: verdict.hint}
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
		o.Phase, o.Who, o.Reason, o.Why = e.Phase, e.Who, e.Reason, e.Why()
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
