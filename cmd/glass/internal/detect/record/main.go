//go:build linux

// Record makes the recordings that the detectors' tests replay: scenes that real sockets play over loopback, in real time, each a
// file of lines as an agent gets them.
//
//	go run ./internal/detect/record server_down     # in cmd/glass; without a name all of them, one after the other
//
// After that `go test ./internal/detect -update` writes what the detectors make of them, for a person to read.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/fact"
)

func main() {
	names := os.Args[1:]
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(scenes()))
	}
	for _, name := range names {
		if err := record(name); err != nil {
			fmt.Fprintln(os.Stderr, "record:", err)
			os.Exit(1)
		}
	}
}

func record(name string) error {
	play, ok := scenes()[name]
	if !ok {
		return fmt.Errorf("no scene is called %s: there are %v", name, slices.Sorted(maps.Keys(scenes())))
	}
	file, err := os.Create(filepath.Join("internal", "detect", "testdata", name+".jsonl"))
	if err != nil {
		return fmt.Errorf("%w: run it in cmd/glass", err)
	}
	r := newRecorder(file)
	err = play(r)
	r.end()
	if err == nil {
		err = r.err
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// A recorder writes what happens to the sockets of its Context: events as they come; once a second what has changed of the
// sockets, and every two what the kernel says of their connections.
type recorder struct {
	*zmq.Context
	out  *os.File
	self fact.Instance
	sub  *monitor.Subscription
	last map[uint64]string // each socket's state, to see a change
	done chan struct{}
	err  error // the writer's; may be read after end
}

func newRecorder(out *os.File) *recorder {
	x := zmq.NewContext(zmq.ContextConfig{})
	r := &recorder{
		Context: x, out: out, self: fact.Self("scene"), sub: x.Watch(monitor.Lifecycle | monitor.Flow | monitor.Inproc),
		last: make(map[uint64]string), done: make(chan struct{}),
	}
	r.self.ID, r.self.Host, r.self.PID = "i", "h", 7 // the same in every recording
	go r.run()
	return r
}

// end waits until all is written, and closes what is left, which is no part of the scene: the trouble is to end by itself.
func (r *recorder) end() {
	r.sub.Close()
	<-r.done
	r.Close()
}

func (r *recorder) run() {
	defer close(r.done)
	ctx, tick := context.Background(), time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-r.sub.Ready():
		case <-tick.C:
			if n++; n%2 == 0 {
				r.kernel()
			}
			r.states()
			continue
		}
		e, err := r.sub.Next(ctx)
		if err != nil || e.SocketID == 0 {
			return // end
		}
		line, err := r.self.JSON(e)
		r.line(line, err)
	}
}

func (r *recorder) line(b []byte, err error) {
	if err == nil && b != nil {
		_, err = r.out.Write(append(b, '\n'))
	}
	if err != nil && r.err == nil {
		r.err = err
	}
}

func (r *recorder) states() {
	for _, s := range r.Sockets() {
		st := observe.StateOf(r.self, s, time.Time{})
		timeless, err := st.Line()
		if err != nil || string(timeless) == r.last[s.ID()] {
			r.line(nil, err)
			continue
		}
		r.last[s.ID()] = string(timeless)
		st.At = time.Now().UTC()
		r.line(st.Line())
	}
}

// kernel writes the connections of this process's sockets, as detect's tests read them.
func (r *recorder) kernel() {
	conns, err := kernel.Dump()
	if err != nil {
		return // a process without descriptors cannot ask
	}
	ours := make(map[string]bool)
	for _, s := range r.Sockets() {
		for _, p := range s.State().Peers {
			ours[p.Local+p.Remote] = true
		}
	}
	conns = slices.DeleteFunc(conns, func(c kernel.Conn) bool {
		return !ours["tcp://"+c.Local.String()+"tcp://"+c.Remote.String()]
	})
	r.line(json.Marshal(map[string]any{"event": "kernel", "ts": time.Now().UTC(), "conns": conns}))
}
