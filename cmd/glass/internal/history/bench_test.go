package history

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// lines are a minute of a busy service: peers come, shake hands, and leave again.
func lines(b *testing.B, n int) (all [][]byte) {
	kinds := []monitor.Kind{monitor.Accepted, monitor.HandshakeSucceeded, monitor.Disconnected}
	for i := range n {
		f := event(b, uint64(i+1), float64(i)/1000, func(e *monitor.Event) {
			e.Kind, e.Conn, e.FD = kinds[i%3], monitor.ConnID(i/3+1), 17
			e.Local, e.Remote = "tcp://10.0.0.1:5556", fmt.Sprintf("tcp://10.0.0.9:%d", 20000+i/3%40000)
			if i%3 > 0 {
				e.PeerID, e.PeerType, e.Mechanism, e.Version = fmt.Sprintf("risk-%d", i/3%500), "SUB", "NULL", "3.1"
			}
			if i%3 == 2 {
				e.Who, e.Phase, e.Reason, e.MessagesOut, e.BytesOut = monitor.ByPeer, monitor.InTraffic, monitor.ReasonPeerClosed, 1e6, 1e9
			}
		})
		all = append(all, f.Line)
	}
	return all
}

// BenchmarkAppend is an event's whole way from its line to the disk, in batches of 256. One iteration is one event.
func BenchmarkAppend(b *testing.B) {
	h := opened(b, filepath.Join(b.TempDir(), "h.db"), Options{RetainBytes: 1 << 30})
	all := lines(b, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for len(all) > 0 {
		n := min(256, len(all))
		batch := make([]fact.Fact, n)
		for i, line := range all[:n] {
			f, _, err := fact.Parse(line)
			if err != nil {
				b.Fatal(err)
			}
			batch[i] = *f
		}
		appended(b, h, batch...)
		all = all[n:]
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkParse(b *testing.B) {
	all := lines(b, 3000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := fact.Parse(all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}
