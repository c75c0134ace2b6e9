package agent

import (
	"os"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/detect"
	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
	"github.com/glassmq/zmq/observe/fact"
)

// kernelEvery is how many seconds lie between two looks at what the kernel knows of connections: who does not read is a matter of
// seconds, and a look at ten thousand of them takes some milliseconds.
const kernelEvery = 5

// hostName is this host's, as programs on it name it; "" if the system does not tell: then all connections may be of it.
func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	return host
}

// facts are what a detector found, as lines.
func facts(found []detect.Found) []fact.Fact {
	all := make([]fact.Fact, 0, len(found))
	for _, f := range found {
		if line, err := f.Fact(); err == nil { // its times are ours, and JSON can say them
			all = append(all, line)
		}
	}
	return all
}

// look shows the detector what the kernel knows, if a program of this host has said anything lately. Where it tells nothing, a
// slow peer is raised without whose fault it is.
func (a *Agent) look(now time.Time) {
	a.mu.Lock()
	quiet := now.Sub(a.near) > time.Minute
	a.mu.Unlock()
	if quiet {
		return
	}
	conns, err := kernel.Dump()
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told(a.found(nil, a.detector.TCP(now, conns)), nil)
}
