package observe_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
)

// Metrics of all sockets of the program at /metrics, and of the busiest hundred peers, by name, at /metrics/peers.
func ExampleNewCollector() {
	sockets := observe.NewCollector(zmq.DefaultContext(), observe.CollectorOptions{})
	defer sockets.Close()
	prometheus.MustRegister(sockets)
	http.Handle("/metrics", promhttp.Handler())

	peers := prometheus.NewRegistry()
	peers.MustRegister(sockets.Peers(100))
	http.Handle("/metrics/peers", promhttp.HandlerFor(peers, promhttp.HandlerOpts{}))

	log.Fatal(http.ListenAndServe("127.0.0.1:9464", nil))
}

// A program that tells glass serve on the same host everything.
func ExampleForward() {
	agent, err := observe.Forward(context.Background(), zmq.DefaultContext(), "tcp://127.0.0.1:5580", observe.ForwardOptions{App: "md-gateway"})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close() // tells the last events

	feed := zmq.NewPub(zmq.Config{Name: "feed"})
	defer feed.Close()
	if _, err := feed.Bind("tcp://*:5556"); err != nil {
		log.Fatal(err) // and the agent knows why
	}
}

// The log of all sockets. A server that is down is a line a minute.
func ExampleLog() {
	events := zmq.DefaultContext().Watch(monitor.Lifecycle | monitor.Flow)
	defer events.Close()
	tell := observe.Log(slog.Default(), 0)
	go func() {
		for e := range events.Events(context.Background()) {
			tell(e)
		}
	}()
}

// One socket's story. Levels are the events' own: what somebody has to mend is an error, what may mend itself a warning,
// what every attempt goes through is for debugging.
func ExampleLog_levels() {
	plain := &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "level", "msg", "sock_name", "reason", "hint":
			return a
		}
		return slog.Attr{}
	}}
	tell := observe.Log(slog.New(slog.NewTextHandler(os.Stdout, plain)), 0)

	jobs := zmq.NewPull(zmq.Config{Name: "jobs"})
	events := jobs.Watch(monitor.Lifecycle)
	bound, err := jobs.Bind("tcp://127.0.0.1:*")
	if err != nil {
		fmt.Println(err)
	}
	jobs.Bind(bound) // a mistake
	jobs.Close()
	for e := range events.Events(context.Background()) {
		tell(e)
	}
	// Output:
	// level=ERROR msg=bind_failed sock_name=jobs reason=address_in_use hint="find its owner (ss -ltnp, lsof -i) and stop it, or bind another port; port * takes a free one"
}
