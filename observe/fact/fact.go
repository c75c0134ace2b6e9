package fact

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// A Fact is something that happened in some process: an event of one of its sockets, or a condition.
type Fact struct {
	Instance
	monitor.Event

	// Name is the key "event": Kind's name, or one that monitor does not know, such as "condition".
	Name string
	// Condition is there if Name is "condition".
	Condition *Condition
	// Line is the JSON object, without a line break, as it came; what it says beyond the fields above is kept there.
	Line []byte
}

// A Condition is something that lasts, which a detector has found out: that it is there from now on, or no longer.
type Condition struct {
	Name     string    `json:"condition"`      // "slow_subscriber", "server_down" …
	State    string    `json:"state"`          // "raised" or "cleared"
	Since    time.Time `json:"since,omitzero"` // when it was raised
	Severity string    `json:"sev"`            // "warn", "error"; "info" when cleared
	Sock     uint64    `json:"sock,omitempty"` // 0: not about one socket
	SockName string    `json:"sock_name,omitempty"`
	SockType string    `json:"sock_type,omitempty"`
	Conn     string    `json:"conn,omitempty"`     // Instance.ConnKey; "": not about one connection
	Endpoint string    `json:"endpoint,omitempty"` // "": not about one endpoint
	Remote   string    `json:"remote,omitempty"`
	Peer     string    `json:"peer_id,omitempty"` // what the peer calls itself
	Why      string    `json:"why"`
	Hint     string    `json:"hint"`
	Count    uint64    `json:"n,omitempty"` // of what it counts: attempts, drops, failures
}

// The states of a Condition.
const (
	Raised  = "raised"
	Cleared = "cleared"
)

// nameCondition is the event under which a condition goes.
const nameCondition = "condition"

// Of is what happened in i.
func Of(i Instance, e monitor.Event) (Fact, error) {
	line, err := i.JSON(e)
	if err != nil {
		return Fact{}, err
	}
	return Fact{Instance: i, Event: e, Name: e.Kind.String(), Line: line}, nil
}

// Found is a condition in i, at a time. Its Seq is 0: it is nobody's event, and whoever stores it numbers it.
func Found(i Instance, at time.Time, c Condition) (Fact, error) {
	f := Fact{Instance: i, Name: nameCondition, Condition: &c}
	f.Time, f.FD = at, -1
	f.SocketID, f.SocketName, f.SocketType, f.Endpoint, f.Remote = c.Sock, c.SockName, c.SockType, c.Endpoint, c.Remote
	var err error
	f.Line, err = json.Marshal(struct {
		V     int       `json:"v"`
		TS    time.Time `json:"ts"`
		Event string    `json:"event"`
		Instance
		Condition
	}{1, at.UTC(), nameCondition, i, c})
	return f, err
}

// In is f under the instance i, if it came without one: what a program wrote with monitor.JSON alone.
func (f Fact) In(i Instance) (Fact, error) {
	if f.Instance.ID != "" {
		return f, nil
	}
	line, err := i.sign(f.Line)
	if err != nil {
		return f, err
	}
	f.Instance, f.Line = i, line
	return f, nil
}

// MaxLine is the longest line that is read, in bytes: a state of some thousand peers.
const MaxLine = 4 << 20

// Parse reads one line: of an event or a condition it returns the Fact, of a state the State, and nil for the other. It
// keeps line.
func Parse(line []byte) (*Fact, *State, error) {
	if len(line) > MaxLine {
		return nil, nil, fmt.Errorf("a line of %d bytes: %d at most", len(line), MaxLine)
	}
	var head struct {
		Event string `json:"event"`
		Instance
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, nil, fmt.Errorf("a line that is no JSON object of the keys of docs/events.md: %w", err)
	}
	switch head.Event {
	case "":
		return nil, nil, errors.New(`a line without the key "event"`)
	case nameState:
		s := new(State)
		return nil, s, json.Unmarshal(line, s)
	}
	f := &Fact{Instance: head.Instance, Name: head.Event, Line: line}
	if err := json.Unmarshal(line, &f.Event); err != nil {
		return nil, nil, err
	}
	if head.Event == nameCondition {
		f.Condition = new(Condition)
		return f, nil, json.Unmarshal(line, f.Condition)
	}
	return f, nil, nil
}
