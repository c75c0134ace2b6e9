package fact

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/glassmq/zmq/monitor"
)

// An Instance is the process that facts come from: what joins the lines of many processes, where connection ids and
// numbers of events are unique in one only.
type Instance struct {
	ID   string `json:"inst"`           // random
	App  string `json:"app,omitempty"`  // the service; "" if unknown
	Host string `json:"host,omitempty"` // "" if the system does not tell
	PID  int    `json:"pid,omitempty"`
}

// Self is this process, under a new random ID.
func Self(app string) Instance {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return Instance{
		ID:  strings.ToLower(rand.Text()), // base32, 128 bits and two more
		App: app, Host: host, PID: os.Getpid(),
	}
}

// ConnKey is a connection's id among those of all processes: "<instance>/<n>"; "" for 0, which is none.
func (i Instance) ConnKey(c monitor.ConnID) string {
	if c == 0 {
		return ""
	}
	return fmt.Sprintf("%s/%d", i.ID, c)
}

// JSON is e as one JSON object without a line break: monitor's own, with the instance's keys before those that they
// belong to, and conn as "<instance>/<n>". The order of the keys stays as monitor has it.
func (i Instance) JSON(e monitor.Event) ([]byte, error) {
	plain, err := e.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return i.sign(plain)
}

// sign puts the instance's keys into a line, in the place of its own.
func (i Instance) sign(line []byte) ([]byte, error) {
	in := json.NewDecoder(bytes.NewReader(line))
	if _, err := in.Token(); err != nil { // the opening brace
		return nil, err
	}
	out := object{b: make([]byte, 0, len(line)+160)}
	for named := false; in.More(); {
		key, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, fmt.Errorf("key %v: %w", key, err)
		}
		switch key {
		case "inst", "app", "host", "pid":
			continue
		}
		if !named && key != "v" && key != "ts" {
			out.text("inst", i.ID)
			named = true
		}
		i.extend(&out, key, value)
	}
	return out.close(), nil
}

// extend writes one of monitor's keys, and what goes before it.
func (i Instance) extend(out *object, key any, value json.RawMessage) {
	switch key {
	case "event":
		out.text("app", i.App)
		out.text("host", i.Host)
		if i.PID != 0 {
			out.value("pid", fmt.Append(nil, i.PID))
		}
	case "conn":
		var n string
		if json.Unmarshal(value, &n) == nil {
			out.text("conn", i.ID+"/"+n)
			return
		}
	}
	out.value(key, value)
}

// An object is a JSON object that is being written.
type object struct{ b []byte }

func (o *object) value(key any, value []byte) {
	sep := byte(',')
	if len(o.b) == 0 {
		sep = '{'
	}
	quoted, _ := json.Marshal(key) // a string has a JSON form, whatever its bytes
	o.b = append(append(append(append(o.b, sep), quoted...), ':'), value...)
}

// text leaves out what is unknown. Host names and ids are plain, but the system's host name is only supposed to be.
func (o *object) text(key, s string) {
	if s == "" {
		return
	}
	quoted, _ := json.Marshal(s)
	o.value(key, quoted)
}

func (o *object) close() []byte { return append(o.b, '}') }
