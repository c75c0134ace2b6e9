package observe_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/zmqtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// text is what c shows, in Prometheus' text form without the comments.
func text(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	must(t, r.Register(c))
	families, err := r.Gather()
	must(t, err)
	var b strings.Builder
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		must(t, err)
	}
	return regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(b.String(), "")
}

// want fails unless c shows exactly these lines of one metric, besides those that are 0.
func want(t *testing.T, when string, c prometheus.Collector, name string, lines ...string) {
	t.Helper()
	var mine []string
	for line := range strings.SplitSeq(text(t, c), "\n") {
		if strings.HasPrefix(line, name+"{") && !strings.HasSuffix(line, " 0") {
			mine = append(mine, strings.TrimPrefix(line, name))
		}
	}
	if strings.Join(mine, "\n") != strings.Join(lines, "\n") {
		t.Errorf("%s: %s is\n%s\nwant\n%s", when, name, strings.Join(mine, "\n"), strings.Join(lines, "\n"))
	}
}

// A small program: a publisher with one subscriber that reads and one that does not, a worker that dials where nobody
// listens, and one that dials the wrong port. testdata/scene.prom is what an operator sees of it.
func TestAScene(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		feed := zmq.NewPub(zmq.Config{Context: x, Name: "feed", SendHWM: 10})
		c := observe.NewCollector(x, observe.CollectorOptions{Subscriptions: true})
		defer c.Close()
		_, err := feed.Bind("tcp://hub:1")
		must(t, err)

		// The subscribers are other programs.
		far := n.Context(t)
		reads := zmq.NewSub(zmq.Config{Context: far, Subscribe: []string{"a", "b"}})
		sleeps := zmq.NewSub(zmq.Config{Context: far, Subscribe: []string{"a"}, RecvHWM: 1})
		must(t, reads.Connect("tcp://hub:1"))
		must(t, feed.WaitReady(t.Context(), 1)) // one after the other, so that their ports are the same each time
		must(t, sleeps.Connect("tcp://hub:1"))
		must(t, feed.WaitReady(t.Context(), 2))

		jobs := zmq.NewPush(zmq.Config{Context: x, Name: "jobs"})
		must(t, jobs.Connect("tcp://nobody:1"))
		stray := zmq.NewPull(zmq.Config{Context: x, Linger: zmq.Off})
		must(t, stray.Connect("tcp://hub:1"))
		synctest.Wait()
		must(t, stray.Close())

		body := make([]byte, 64<<10)
		for range 100 {
			must(t, feed.Send(t.Context(), []byte("a"), body))
			if _, err := reads.Recv(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // so that how much the one that sleeps has taken is no matter of chance
		}
		must(t, reads.Unsubscribe("b"))
		must(t, feed.Send(t.Context(), []byte("c")))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		golden(t, "testdata/scene.prom", versions.ReplaceAllString(text(t, c), `version="…"`))
		golden(t, "testdata/peers.prom", text(t, c.Peers(1)))

		must(t, reads.Close())
		synctest.Wait()
		want(t, "when one subscriber has left", c, "zmq_socket_connections_closed_total",
			`{reason="handshake",socket="feed"} 1`, `{reason="handshake",socket="pull-1"} 1`, `{reason="peer",socket="feed"} 1`)
		want(t, "when one subscriber has left", c, "zmq_socket_connections", `{side="bind",socket="feed",state="ready"} 1`)
		if err := feed.Shutdown(zmq.NoWait); !errors.Is(err, zmq.ErrDropped) {
			t.Errorf("Shutdown: %v, want what the one that sleeps has not got", err)
		}
		synctest.Wait()
		want(t, "when the publisher is closed", c, "zmq_socket_connections_closed_total",
			`{reason="handshake",socket="feed"} 1`, `{reason="handshake",socket="pull-1"} 1`, `{reason="local",socket="feed"} 1`, `{reason="peer",socket="feed"} 1`)
		want(t, "when the publisher is closed", c, "zmq_socket_dropped_messages_total", `{reason="hwm",socket="feed"} 88`, `{reason="linger_expired",socket="feed"} 10`,
			`{reason="no_subscriber",socket="feed"} 1`)
	})
}

// A Collector that comes late knows what has been, but not when.
func TestACollectorThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		pull, push := zmq.NewPull(zmq.Config{Context: x, Name: "pull"}), zmq.NewPush(zmq.Config{Context: x, Name: "push"})
		_, err := pull.Bind("inproc://jobs")
		must(t, err)
		must(t, push.Connect("inproc://jobs"))
		must(t, push.Send(t.Context(), []byte("x")))
		c := observe.NewCollector(x, observe.CollectorOptions{})
		defer c.Close()
		came := time.Now()
		time.Sleep(time.Hour)
		want(t, "", c, "zmq_socket_messages_total", `{direction="rx",socket="pull"} 1`, `{direction="tx",socket="push"} 1`)
		want(t, "by then", c, "zmq_socket_last_message_timestamp_seconds",
			fmt.Sprintf(`{direction="rx",socket="pull"} %v`, float64(came.Unix())), fmt.Sprintf(`{direction="tx",socket="push"} %v`, float64(came.Unix())))
		must(t, push.Close())
		synctest.Wait()
		want(t, "of inproc, too", c, "zmq_socket_connections_closed_total", `{reason="local",socket="push"} 1`, `{reason="peer",socket="pull"} 1`)
		c.Close()
		want(t, "after Close", c, "zmq_socket_messages_total", `{direction="rx",socket="pull"} 1`, `{direction="tx",socket="push"} 1`)
	})
}

// versions are of the build.
var versions = regexp.MustCompile(`version="[^"]*"`)

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s is no longer what is collected; go test -update writes it anew\n%s", path, diff(string(want), got))
	}
}

// diff is the lines that only one of the two has.
func diff(want, got string) string {
	var b strings.Builder
	for sign, pair := range map[string][2]string{"-": {want, got}, "+": {got, want}} {
		there := map[string]bool{}
		for line := range strings.Lines(pair[1]) {
			there[line] = true
		}
		for line := range strings.Lines(pair[0]) {
			if !there[line] {
				fmt.Fprintf(&b, "%s %s", sign, line)
			}
		}
	}
	return b.String()
}
