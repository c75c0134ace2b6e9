package agent

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
)

// A frame is all rows of one second as JSON, under their keys. It does not change any more, so all pages share it: what each has
// to be told is what differs from the frame that it saw last.
type frame struct {
	snapshot    model.Snapshot
	instances   map[string][]byte
	sockets     map[string][]byte // with the newest of their history only
	connections map[string][]byte
	conditions  []byte
	closed      []byte
	trouble     string
}

// beats hand each second's frame to those who look; nobody looking, there is none.
type beats struct {
	mu       sync.Mutex // guards what follows
	watchers int
	latest   *frame        // nil if nobody looked
	changed  chan struct{} // closed and renewed with each frame
}

func newBeats() *beats { return &beats{changed: make(chan struct{})} }

// watch counts one who looks, until forget.
func (b *beats) watch() (forget func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.watchers--; b.watchers == 0 {
			b.latest = nil
		}
	}
}

func (b *beats) wanted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.watchers > 0
}

// Watched reports whether a page is open.
func (a *Agent) Watched() bool { return a.beats.wanted() }

func (b *beats) set(f *frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest = f
	close(b.changed)
	b.changed = make(chan struct{})
}

// now is the latest frame, nil if there is none yet, and what is closed when there is another.
func (b *beats) now() (*frame, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest, b.changed
}

// second is the agent's pulse. Rates are over it, and a page moves with it.
const second = time.Second

// beat lets time pass for the model and the detectors, until ctx ends.
func (a *Agent) beat(ctx context.Context) {
	tick := time.NewTicker(second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			a.pass(now)
			if n%kernelEvery == 0 {
				a.look(now)
			}
			if n%forgetEvery == 0 {
				a.forget(now)
			}
			if a.beats.wanted() {
				a.beats.set(a.frame())
			}
		}
	}
}

// pass is one second.
func (a *Agent) pass(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told(a.found(a.model.Tick(now), a.detector.Tick(now)), nil)
}

// The metrics of a process that is gone stay until they have been scraped for the last time; then they go, and make room for those
// of its successor, which has an instance of its own.
const (
	forgetEvery = 30 // seconds
	lastScrapes = 5 * time.Minute
)

func (a *Agent) forget(now time.Time) {
	for _, in := range a.Snapshot().Instances {
		if in.Gone && now.Sub(in.Last) > lastScrapes {
			a.tallies.Forget(in.Instance)
		}
	}
}

// frame is this moment's.
func (a *Agent) frame() *frame {
	s := a.Snapshot()
	f := &frame{
		snapshot: s, instances: make(map[string][]byte, len(s.Instances)),
		sockets: make(map[string][]byte, len(s.Sockets)), connections: make(map[string][]byte, len(s.Connections)),
	}
	for i := range s.Instances {
		f.instances[s.Instances[i].ID] = row(&s.Instances[i])
	}
	for i := range s.Sockets {
		recent := s.Sockets[i]
		recent.History = recent.History[max(0, len(recent.History)-2):] // a page that missed one frame misses nothing
		f.sockets[recent.Key] = row(&recent)
	}
	for i := range s.Connections {
		f.connections[s.Connections[i].Key] = row(&s.Connections[i])
	}
	f.conditions, f.closed = row(s.Conditions), row(s.Closed)
	if a.keeper != nil {
		if _, _, err := a.keeper.state(); err != nil {
			f.trouble = err.Error()
		}
	}
	return f
}

// row is JSON of a type of ours that has no value which JSON cannot say.
func row(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}

// changes are what a page is told: rows that are new or otherwise than before, and the keys of those that are gone.
type changes struct {
	At              time.Time         `json:"at"`
	Full            bool              `json:"full,omitempty"` // forget what was before
	Truncated       int               `json:"truncated"`
	Trouble         string            `json:"trouble,omitempty"` // with the history
	Instances       []json.RawMessage `json:"instances,omitempty"`
	Sockets         []json.RawMessage `json:"sockets,omitempty"`
	Connections     []json.RawMessage `json:"connections,omitempty"`
	Conditions      json.RawMessage   `json:"conditions,omitempty"`
	Closed          json.RawMessage   `json:"closed,omitempty"`
	GoneInstances   []string          `json:"gone_instances,omitempty"`
	GoneSockets     []string          `json:"gone_sockets,omitempty"`
	GoneConnections []string          `json:"gone_connections,omitempty"`
}

// pieceRows are the connections of one message: reading it must not hold up a page for longer than a frame of the screen lasts.
const pieceRows = 400

// since is how f differs from before, which may be nil, in one message or more.
func (f *frame) since(before *frame) (pieces []changes) {
	first := changes{At: f.snapshot.At, Truncated: f.snapshot.Truncated, Trouble: f.trouble, Full: before == nil}
	if before == nil {
		before = &frame{}
		for i := range f.snapshot.Sockets { // with all of their history
			first.Sockets = append(first.Sockets, row(&f.snapshot.Sockets[i]))
		}
	} else {
		first.Sockets, first.GoneSockets = differ(f.sockets, before.sockets)
	}
	first.Instances, first.GoneInstances = differ(f.instances, before.instances)
	var connections []json.RawMessage
	connections, first.GoneConnections = differ(f.connections, before.connections)
	if string(f.conditions) != string(before.conditions) {
		first.Conditions = f.conditions
	}
	if string(f.closed) != string(before.closed) {
		first.Closed = f.closed
	}
	for piece := range slices.Chunk(connections, pieceRows) {
		first.Connections = piece
		pieces = append(pieces, first)
		first = changes{At: first.At, Truncated: first.Truncated, Trouble: first.Trouble}
	}
	if len(connections) == 0 {
		pieces = append(pieces, first)
	}
	return pieces
}

func differ(now, before map[string][]byte) (changed []json.RawMessage, gone []string) {
	for key, row := range now {
		if string(before[key]) != string(row) {
			changed = append(changed, row)
		}
	}
	for key := range before {
		if _, there := now[key]; !there {
			gone = append(gone, key)
		}
	}
	return changed, gone
}
