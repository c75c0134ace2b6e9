package agent

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// BenchmarkTake is one event into the model, the detectors, the metrics and the ring, and with a history to the disk: an agent's
// whole work for it but for reading it from the network. The events are those of connections that come and go.
func BenchmarkTake(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchmarkTake(b, nil) })
	b.Run("history", func(b *testing.B) {
		h, err := history.Open(filepath.Join(b.TempDir(), "h.db"), history.Options{})
		if err != nil {
			b.Fatal(err)
		}
		benchmarkTake(b, h)
	})
}

func benchmarkTake(b *testing.B, h *history.History) {
	a, err := New(Options{Listen: "127.0.0.1:0", History: h})
	if err != nil {
		b.Fatal(err)
	}
	kinds := []monitor.Kind{monitor.Accepted, monitor.HandshakeSucceeded, monitor.Disconnected}
	facts := make([]fact.Fact, 0, b.N)
	for i := range b.N {
		f, err := fact.Of(here, monitor.Event{Kind: kinds[i%3], Seq: uint64(i + 1), Time: time.Now(), SocketID: 1, SocketName: "md", SocketType: "PUB", EndpointID: 1,
			Endpoint: "tcp://*:5556", Side: monitor.SideBind, Conn: monitor.ConnID(i/3 + 1), FD: 9, Local: "tcp://10.0.0.1:5556", Remote: "tcp://10.0.0.9:41234",
			PeerType: "SUB", Mechanism: "NULL", Version: "3.1", Who: monitor.ByPeer, Phase: monitor.InTraffic, Reason: monitor.ReasonPeerClosed})
		if err != nil {
			b.Fatal(err)
		}
		facts = append(facts, f)
	}
	b.ResetTimer()
	for len(facts) > 0 {
		n := min(256, len(facts))
		a.Take(facts[:n], nil)
		facts = facts[n:]
		for a.keeper != nil { // an agent does not fall behind for ever
			if waiting, _, _ := a.keeper.state(); waiting < keepFacts/2 {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	if err := a.Close(); err != nil { // the last ones on disk count
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
