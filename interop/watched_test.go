package interop

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A subject is a socket of either engine whose monitor is looked at.
type subject interface {
	binds(t *testing.T, endpoint string) (bound string, ok bool)
	dials(t *testing.T, endpoint string)
	unbinds(t *testing.T, endpoint string)
	hangsUp(t *testing.T, endpoint string)
	ends(t *testing.T)
	sees(t *testing.T, kinds ...monitor.Kind) // waits for these events, one after the other; of a union for any one
	told(endpoint string) string              // the events up to the last that was waited for; the scene's endpoint goes without saying
}

// A trait is an option of a subject, in both engines' words.
type trait struct {
	ours   func(*zmq.Config)
	theirs options
}

// Traits that scenes need. Both engines dial anew after 20 ms or a little more, but for those who do so once only.
var (
	dialsAnew = trait{func(c *zmq.Config) { c.ReconnectMin = 20 * time.Millisecond }, options{"RECONNECT_IVL": 20}}
	dialsOnce = trait{func(c *zmq.Config) { c.ReconnectMin = zmq.Off }, options{"RECONNECT_IVL": -1}}
	impatient = trait{func(c *zmq.Config) { c.HandshakeTimeout = 300 * time.Millisecond }, options{"HANDSHAKE_IVL": 300}}
	smallOnly = trait{func(c *zmq.Config) { c.MaxMessageSize = 1000 }, options{"MAXMSGSIZE": 1000}}
	beating   = trait{
		func(c *zmq.Config) { c.HeartbeatInterval, c.HeartbeatTimeout = beats, 300*time.Millisecond },
		options{"HEARTBEAT_IVL": 50, "HEARTBEAT_TIMEOUT": 300},
	}
)

// ourSubject is a socket of ours as an old program would watch it: with the classic mask.
type ourSubject struct{ *ours }

func newOurSubject(t *testing.T, typ zmq.Type, traits []trait) subject {
	cfg := zmq.Config{Linger: zmq.Off}
	for _, tr := range traits {
		tr.ours(&cfg)
	}
	return ourSubject{open(t, typ, cfg)}
}

func (s ourSubject) binds(t *testing.T, endpoint string) (bound string, ok bool) {
	bound, err := s.Bind(endpoint)
	return bound, err == nil
}
func (s ourSubject) dials(t *testing.T, endpoint string) { s.connect(t, endpoint) }
func (s ourSubject) unbinds(t *testing.T, endpoint string) {
	if err := s.Unbind(endpoint); err != nil {
		t.Fatal(err)
	}
}
func (s ourSubject) hangsUp(t *testing.T, endpoint string) {
	if err := s.Disconnect(endpoint); err != nil {
		t.Fatal(err)
	}
}
func (s ourSubject) ends(t *testing.T) {
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
func (s ourSubject) sees(t *testing.T, kinds ...monitor.Kind) {
	t.Helper()
	for _, k := range kinds {
		s.await(t, k)
	}
}
func (s ourSubject) told(endpoint string) string {
	var lines []string
	for _, e := range s.story.before() {
		if e.Kind&monitor.Classic == 0 {
			continue
		}
		h, err := monitor.Parse(e.AppendFrames(nil, 1)) // what an old program reads
		if err != nil {
			return err.Error()
		}
		lines = append(lines, tell(h.Kind, h.Value, h.Addr(), endpoint))
	}
	return strings.Join(lines, ", ")
}

// theirSubject is the same of libzmq.
type theirSubject struct{ *socket }

func newTheirSubject(t *testing.T, p *process, typ zmq.Type, traits []trait) subject {
	o := options{"LINGER": 0}
	for _, tr := range traits {
		for name, value := range tr.theirs {
			o[name] = value
		}
	}
	return theirSubject{p.open(t, typ.String(), o)}
}

func (s theirSubject) binds(t *testing.T, endpoint string) (bound string, ok bool) {
	l := s.tell(t, "bind", args{"endpoint": endpoint}).answered(t)
	return l.Endpoint, l.Error == ""
}
func (s theirSubject) dials(t *testing.T, endpoint string) { s.connect(t, endpoint) }
func (s theirSubject) unbinds(t *testing.T, endpoint string) {
	s.tell(t, "unbind", args{"endpoint": endpoint}).done(t)
}
func (s theirSubject) hangsUp(t *testing.T, endpoint string) {
	s.tell(t, "disconnect", args{"endpoint": endpoint}).done(t)
}
func (s theirSubject) ends(t *testing.T) { s.tell(t, "close", args{"linger": 0}).done(t) }
func (s theirSubject) sees(t *testing.T, kinds ...monitor.Kind) {
	t.Helper()
	for _, k := range kinds {
		s.await(t, k)
	}
}
func (s theirSubject) told(endpoint string) string {
	var lines []string
	for _, h := range s.story.before() {
		lines = append(lines, tell(h.Event, h.Value, h.Address, endpoint))
	}
	return strings.Join(lines, ", ")
}

// Kinds whose number says the same in every run: an error number, or a code.
const (
	errnoKinds = monitor.ConnectDelayed | monitor.BindFailed | monitor.HandshakeFailedNoDetail
	codeKinds  = monitor.HandshakeFailedProtocol | monitor.HandshakeFailedAuth
)

// tell is an event in the words that are compared.
func tell(k monitor.Kind, value uint64, address, endpoint string) string {
	line := k.String()
	switch {
	case k&errnoKinds != 0:
		line += fmt.Sprintf(" (%v)", syscall.Errno(value))
	case k&codeKinds != 0 && value > 1000:
		line += fmt.Sprintf(" %#x", value)
	case k&codeKinds != 0:
		line += fmt.Sprintf(" %d", value)
	}
	if address == endpoint || address == "" {
		return line
	}
	if path, ok := strings.CutPrefix(endpoint, "ipc://"); ok {
		address = strings.ReplaceAll(address, path, "PATH")
	}
	return line + " at " + port.ReplaceAllString(address, ":PORT")
}

var port = regexp.MustCompile(`:\d+$`)
