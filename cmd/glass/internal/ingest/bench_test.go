package ingest

import (
	"context"
	"fmt"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// BenchmarkLine and BenchmarkFrames are an event's way from a sender's socket to take, one a message, over tcp.
func BenchmarkLine(b *testing.B) {
	ingested(b, func(i int) [][]byte {
		return [][]byte{fmt.Appendf(nil, `{"v":1,"ts":"2026-11-22T02:13:04.118204911Z","inst":"k7q2m4aaaabbbbccccddddeeee","seq":%d,"app":"md-gw","host":"h1","pid":812,`+
			`"event":"accepted","zmq_event":32,"zmq_value":17,"sev":"info","sock":3,"sock_name":"md-pub","sock_type":"PUB","conn":"k7q2m4aaaabbbbccccddddeeee/9",`+
			`"side":"bind","transport":"tcp","endpoint_id":1,"endpoint":"tcp://*:5556","local":"tcp://10.0.0.1:5556","remote":"tcp://10.0.0.9:41234","fd":17}`, i)}
	})
}

func BenchmarkFrames(b *testing.B) {
	ingested(b, func(int) [][]byte { return v1(monitor.Accepted, 17, "tcp://10.0.0.1:5556") })
}

func ingested(b *testing.B, message func(int) [][]byte) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	came, all := 0, make(chan struct{})
	in, err := Listen(x, "tcp://127.0.0.1:*", func(facts []fact.Fact, _ []fact.State) {
		if came += len(facts); came == b.N {
			close(all)
		}
	}, func(line string) { b.Error(line) }, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	s := zmq.NewDealer(zmq.Config{Context: x, RoutingID: feed.id})
	defer s.Close()
	if err := s.Connect(in.Endpoint()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if err := s.Send(context.Background(), message(i)...); err != nil {
			b.Fatal(err)
		}
	}
	<-all
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
