package zmq_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// The breaks of R11 that befall a whole process, or the network that it is in: the subscriber is a process of its own.

// A diallerRole is such a subscriber's, and a dialled is what has become of it.
type (
	diallerRole struct {
		Endpoint               string
		Least, Most, Heartbeat time.Duration
	}
	dialled struct {
		Ready, Vain int            // connections; attempts since the last
		Ended       monitor.Reason // of the last connection
		Reason      monitor.Reason // of the last attempt
	}
)

func playDialler(p *part) {
	var role diallerRole
	p.cast(&role)
	var mu sync.Mutex // guards d
	var d dialled
	sub := zmq.NewSub(zmq.Config{ReconnectMin: role.Least, ReconnectMax: role.Most, ConnectTimeout: breakLimit, HandshakeTimeout: breakLimit,
		HeartbeatInterval: role.Heartbeat, Subscribe: topicsOf()})
	sub.OnEvent(monitor.Lifecycle, func(e zmq.Event) {
		mu.Lock()
		defer mu.Unlock()
		switch e.Kind {
		case monitor.HandshakeSucceeded:
			d.Ready, d.Vain = d.Ready+1, 0
		case monitor.Disconnected:
			d.Ended = e.Reason
		case monitor.ConnectFailed:
			d.Vain, d.Reason = d.Vain+1, e.Reason
		}
	})
	connect(p.t, sub, role.Endpoint)
	p.obey(func(order) (any, bool) {
		mu.Lock()
		defer mu.Unlock()
		return d, true
	})
}

// An apart is a subscriber in a process, and a break that befalls it.
type apart struct {
	t           *testing.T
	sub         *process
	begin, mend func()
	subscribed  func() int // what the publisher knows of
	ended       monitor.Reason
	reason      monitor.Reason // why attempts fail meanwhile; "": that depends
	allowed     time.Duration
}

func (a *apart) tell() (d dialled) {
	a.t.Helper()
	a.sub.ask("tell", nil, &d)
	return d
}

// run is the break so many times, and the way back.
func (a *apart) run(rounds int) {
	t := a.t
	t.Helper()
	until(t, patience, "it is there", func() bool { return a.tell().Ready == 1 })
	longest := time.Duration(0)
	for round := range rounds {
		a.begin()
		until(t, patience, "it has tried three times", func() bool { return a.tell().Vain >= 3 })
		if d := a.tell(); d.Ended != a.ended || a.reason != "" && d.Reason != a.reason {
			t.Errorf("the connection ended for %s, and attempts fail for %s; want %s and %s", d.Ended, d.Reason, a.ended, a.reason)
		}
		a.mend()
		took := until(t, patience, "it is back", func() bool { return a.tell().Ready == round+2 })
		if longest = max(longest, took); took > a.allowed {
			t.Errorf("it was back after %v, allowed are %v", took, a.allowed)
		}
		until(t, patience, "every subscription is back", func() bool { return a.subscribed() == breakTopics })
	}
	t.Logf("%d times, back within %v", rounds, longest.Round(time.Millisecond))
}

// outOfDescriptors takes them from a process that has to dial: it says why it cannot, and comes back when it can.
func outOfDescriptors(t *testing.T, rounds int, least, most time.Duration) {
	pub := zmq.NewXPub(zmq.Config{Context: newContext(t)})
	proxy := zmqtest.NewProxy(t, bindTCP(t, pub))
	a := &apart{t: t, sub: spawn(t, "dialler", diallerRole{Endpoint: proxy.Endpoint(), Least: least, Most: most}),
		ended: monitor.ReasonReset, reason: monitor.ReasonFDLimit, allowed: allowed(most, 0)}
	a.begin = func() { a.sub.limit(3); proxy.Reset() }
	a.mend = func() { a.sub.limit(1000) }
	a.subscribed = func() (n int) {
		for _, p := range pub.State().Peers {
			n += p.Subscriptions
		}
		return n
	}
	a.run(rounds)
}

// pullTheCable puts publisher and subscriber into network namespaces of their own, with a cable between them, and pulls it.
func pullTheCable(t *testing.T, rounds int, least, most time.Duration) {
	if os.Getuid() != 0 {
		t.Skip("only root makes network namespaces")
	}
	here, there := fmt.Sprintf("glassmq-%d-a", os.Getpid()), fmt.Sprintf("glassmq-%d-b", os.Getpid())
	ip := func(line string) error {
		out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %v %s", line, err, out)
		}
		return nil
	}
	for _, ns := range []string{here, there} {
		if err := ip("netns add " + ns); err != nil {
			t.Skipf("no network namespaces here: %v", err)
		}
		t.Cleanup(func() { ip("netns del " + ns) })
	}
	for _, line := range []string{
		"link add cable netns " + here + " type veth peer name cable netns " + there,
		"-n " + here + " addr add 10.99.0.1/24 dev cable", "-n " + there + " addr add 10.99.0.2/24 dev cable",
		"-n " + here + " link set cable up", "-n " + there + " link set cable up",
	} {
		if err := ip(line); err != nil {
			t.Skipf("no cables here: %v", err)
		}
	}
	in := func(ns string) []string { return []string{"ip", "netns", "exec", ns} }
	pub := spawnBy(t, in(there), "server", serverRole{Type: "XPUB", Endpoint: "tcp://10.99.0.2:5555", Heartbeat: breakLimit})
	a := &apart{t: t, sub: spawnBy(t, in(here), "dialler", diallerRole{"tcp://10.99.0.2:5555", least, most, breakLimit}),
		ended: monitor.ReasonHeartbeatTimeout, allowed: allowed(most, breakLimit)}
	a.begin = func() { must(t, ip("-n "+there+" link set cable down")) }
	a.mend = func() { must(t, ip("-n "+there+" link set cable up")) }
	a.subscribed = func() int { return pub.tell().Subscribed }
	a.run(rounds)
}

// allowed is how long the way back may take: twice the back-off, and what an attempt that is under way may hang.
func allowed(backOff, held time.Duration) time.Duration {
	if *full {
		return 2*backOff + held
	}
	return 2*backOff + held + 2*time.Second // what a busy machine makes of it is no test
}
