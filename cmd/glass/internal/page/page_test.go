package page_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// run runs an agent until stop, or to the end of the test.
func run(t *testing.T, o agent.Options) (a *agent.Agent, stop func()) {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	o.Note = func(line string) { t.Log(line) }
	a, err := agent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return a, stop
}

func store(t *testing.T, path string) *history.History {
	t.Helper()
	h, err := history.Open(path, history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A shop is a program with real sockets: goods are PUSHed from a counter to a cellar, whose port a web client knocks at, and news
// that nobody listens to are dialled in vain.
type shop struct {
	x       *zmq.Context
	counter *zmq.Push
	cellar  *zmq.Pull
	at      string
}

func openShop(t *testing.T, a *agent.Agent) *shop {
	t.Helper()
	s := &shop{x: zmq.NewContext(zmq.ContextConfig{})}
	t.Cleanup(func() { s.x.Close() })
	s.watch(t, a)
	s.counter = zmq.NewPush(zmq.Config{Context: s.x, Name: "counter", Linger: zmq.Off})
	s.cellar = zmq.NewPull(zmq.Config{Context: s.x, Name: "cellar"})
	var err error
	if s.at, err = s.cellar.Bind("tcp://127.0.0.1:*"); err != nil {
		t.Fatal(err)
	}
	if err := s.counter.Connect(s.at); err != nil {
		t.Fatal(err)
	}
	return s
}

// shopInstance is one for all tests, so that an agent that is started again sees the same process.
var shopInstance = fact.Instance{ID: "shop", App: "shop", PID: 7}

func (s *shop) watch(t *testing.T, a *agent.Agent) {
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	w := a.Watch(s.x, shopInstance)
	watching.Go(func() { w.Run(ctx) })
	t.Cleanup(func() { stop(); watching.Wait() })
}

// open is a browser at a place of the agent's page.
func visit(t *testing.T, a *agent.Agent, place string) *browser {
	t.Helper()
	b := open(t, 1280, 800)
	b.visit(a.URL() + place)
	return b
}

// row is an expression: some row of a table has these words.
func row(words string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".tbody .tr:not([hidden])")].some((r) => r.innerText.includes(%q))`, words)
}

func TestASocketIsOnThePageAsSoonAsItIsThere(t *testing.T) {
	a, _ := run(t, agent.Options{})
	b := visit(t, a, "/")
	b.until(`document.querySelector("h1").innerText === "Nothing to watch yet"`)
	b.until(`document.querySelector(".welcome").innerText.includes("observe.Forward") && document.querySelector(".welcome").innerText.includes("glass demo")`)
	began := time.Now()
	openShop(t, a)
	b.until(row("cellar") + " && " + row("counter"))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the first event was on the page after %v", took)
	}
	b.until(`document.querySelector("h1").innerText === "All is well"`)
	b.until(`document.querySelector("#processes").innerText.includes("shop")`)
	b.unharmed(a)
}

// unharmed: the page broke no rule and threw nothing, and asked nobody but the agent for anything.
func (b *browser) unharmed(a *agent.Agent) {
	b.t.Helper()
	for _, c := range b.complaints() {
		b.t.Error(c)
	}
	for _, u := range b.strangers(a.URL()) {
		b.t.Errorf("the page asked for %s", u)
	}
}

func TestFromASocketToItsPeerByMouse(t *testing.T) {
	a, _ := run(t, agent.Options{History: store(t, filepath.Join(t.TempDir(), "h.db"))})
	s := openShop(t, a)
	b := visit(t, a, "/")
	b.until(row("cellar"))
	b.click(fmt.Sprintf(`.tbody .tr[data-key="shop/%d"]`, s.cellar.ID()))
	b.until(`document.querySelector("h1").innerText === "cellar" && location.hash.startsWith("#/socket/shop/")`)
	b.until(`document.querySelector(".chart canvas")`)
	b.until(`document.querySelector(".endpoints").innerText.includes("listening")`)
	b.until(`document.querySelector(".feed").innerText.includes("took in a connection")`)
	b.click(`[data-range="1h"]`)
	b.until(`location.hash.includes("range=1h") && performance.getEntriesByType("resource").some((r) => r.name.includes("/api/v1/samples?sock=shop"))`)
	b.click(`.tbody .tr`)
	b.until(`location.hash.startsWith("#/connection/shop/") && document.querySelector(".facts").innerText.includes("NULL")`)
	b.until(`document.querySelector(".lifeline rect")`)
	b.click(`.crumb a`)
	b.until(`document.querySelector("h1").innerText === "Connections"`)
	b.unharmed(a)
}

func TestAConnectionIsEndedFromThePage(t *testing.T) {
	var s *shop
	ended := make(chan monitor.ConnID, 1)
	a, _ := run(t, agent.Options{Own: shopInstance, Close: func(_ fact.Instance, c monitor.ConnID) error {
		ended <- c
		return s.cellar.CloseConn(c)
	}})
	s = openShop(t, a)
	b := visit(t, a, "/#/connections?type=PULL")
	b.until(`document.querySelectorAll(".tbody .tr:not([hidden])").length === 1`)
	b.click(`.tbody .tr`)
	b.until(`!document.querySelector(".actions button").hidden`)
	b.click(`.actions button`)
	b.until(`document.querySelector(".actions").innerText.includes("It ends")`)
	b.until(`document.querySelector(".sub").innerText.includes("ended")`)
	b.until(`document.querySelector(".facts").innerText.includes("local, conn_closed")`)
	b.click(`.crumb a`)
	b.until(row("cellar")) // who dialled came back
	if len(ended) != 1 {
		t.Error("the agent was not told")
	}
	b.unharmed(a)
}

func TestByKeysAlone(t *testing.T) {
	a, _ := run(t, agent.Options{})
	openShop(t, a)
	b := visit(t, a, "/")
	b.until(row("cellar"))
	for _, view := range [][2]string{{"c", "Connections"}, {"e", "Events"}, {"t", "Topology"}, {"o", "All is well"}} {
		b.press("g", view[0])
		b.until(fmt.Sprintf(`document.querySelector("h1").innerText === %q`, view[1]))
	}
	b.press("g", "c")
	b.until(`document.querySelector("h1").innerText === "Connections" && ` + row("PULL"))
	b.press("j", "j", "k")
	b.until(`document.querySelectorAll('.tbody .tr[aria-selected="true"]').length === 1`)
	b.press("Enter")
	b.until(`location.hash.startsWith("#/connection/") && document.querySelector("h1").innerText !== "Connections"`) // the view is there, too
	b.press("Escape")
	b.until(`document.querySelector("h1").innerText === "Connections" && document.querySelector("main input[type=search]") && ` + row("PULL"))
	b.press("/")
	b.until(`document.activeElement.type === "search"`)
	b.write("no such peer")
	b.until(`document.querySelector(".empty:not([hidden])")?.innerText === "No connection matches."`)
	b.press("Escape") // out of the field
	b.until(`document.activeElement.type !== "search"`)
	b.press("Escape") // and away with the search
	b.until(row("PULL"))
	b.press("g", "e")
	b.until(`document.querySelector(".event")`)
	b.press("j", "j", "Enter")
	b.until(`document.activeElement.tagName === "SUMMARY" && document.activeElement.parentElement.open`)
	b.press("?")
	b.until(`document.querySelector("dialog[open]").innerText.includes("Topology")`)
	b.press("Escape")
	b.until(`!document.querySelector("dialog")`)
	b.unharmed(a)
}

func TestALinkLeadsToWhatItsSenderSaw(t *testing.T) {
	a, _ := run(t, agent.Options{})
	openShop(t, a)
	b := visit(t, a, "/#/connections?type=PULL&q=push")
	b.until(row("cellar"))
	b.until(`document.querySelectorAll(".tbody .tr:not([hidden])").length === 1`)
	b.until(`document.querySelector("input[type=search]").value === "push" && document.querySelector("select").value === "PULL"`)
	b.until(`document.querySelector(".found").innerText === "1 of 2"`)
	b.visit(a.URL() + "/#/overview?app=nobody")
	b.until(`document.querySelector("h1").innerText === "Nothing to watch yet"`)
	b.unharmed(a)
}

func TestEventsInWordsAndFiltered(t *testing.T) {
	a, _ := run(t, agent.Options{})
	s := openShop(t, a)
	taken := zmq.NewPull(zmq.Config{Context: s.x, Name: "second-cellar"})
	if _, err := taken.Bind(s.at); err == nil {
		t.Fatal("a port was bound twice")
	}
	b := visit(t, a, "/#/events")
	b.until(`document.querySelector(".feed").innerText.includes("second-cellar could not listen on")`)
	b.until(`document.querySelector(".feed").innerText.includes("took in a connection from")`)
	b.click(`[data-sev="error"]`)
	b.until(`document.querySelectorAll(".event").length === 1 && location.hash.includes("sev=error")`)
	b.click(`.event summary`)
	b.until(`document.querySelector(".event .hint").innerText.startsWith("What to do") && document.querySelector(".keys").innerText.includes("address_in_use")`)
	b.click(`[data-sev=""]`)
	b.until(`document.querySelectorAll(".event").length > 3`)
	b.unharmed(a)
}

func TestThePageComesBackAfterTheAgent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	a, stop := run(t, agent.Options{History: store(t, path)})
	s := openShop(t, a)
	b := visit(t, a, "/#/events")
	b.until(`document.querySelector(".feed").innerText.includes("cellar listens on")`)
	b.until(`document.querySelector("#link").innerText === "live"`)
	stop()
	b.until(`document.querySelector("#link").innerText.includes("connection lost, retrying") && !document.querySelector("#banner").hidden`)
	again, _ := run(t, agent.Options{Listen: a.URL()[len("http://"):], History: store(t, path)})
	s.watch(t, again)
	late := zmq.NewRep(zmq.Config{Context: s.x, Name: "latecomer"})
	if _, err := late.Bind("tcp://127.0.0.1:*"); err != nil {
		t.Fatal(err)
	}
	b.until(`document.querySelector("#link").innerText === "live" && document.querySelector("#banner").hidden`)
	b.until(`document.querySelector(".feed").innerText.includes("latecomer listens on")`)
	if n := eval[int](b, `[...document.querySelectorAll(".event")].filter((e) => e.innerText.includes("cellar listens on")).length`); n != 1 {
		t.Errorf("what the page knew before is there %d times", n)
	}
}

func TestDarkAndLight(t *testing.T) {
	a, _ := run(t, agent.Options{})
	b := visit(t, a, "/")
	ground := func() string { return eval[string](b, `getComputedStyle(document.body).backgroundColor`) }
	b.prefer("light")
	light := ground()
	b.prefer("dark")
	dark := ground()
	if light == dark {
		t.Fatalf("light and dark are both %s", light)
	}
	b.click("#theme") // dark
	b.click("#theme") // light, whatever the system says
	if got := ground(); got != light {
		t.Errorf("chosen light is %s, want %s", got, light)
	}
	b.visit(a.URL() + "/")
	if got := ground(); got != light {
		t.Errorf("after a reload it is %s, want %s", got, light)
	}
	b.unharmed(a)
}

func TestATokenIsAskedForOnce(t *testing.T) {
	a, _ := run(t, agent.Options{Token: "correct-horse-battery"})
	openShop(t, a)
	b := open(t, 1280, 800)
	b.call("Page.navigate", map[string]any{"url": a.URL() + "/"}, nil)
	b.until(`document.querySelector("h1")?.innerText === "This agent wants a token"`)
	b.write("wrong")
	b.press("Enter")
	b.until(`document.querySelector(".wrong").innerText.includes("not the token")`)
	b.write("correct-horse-battery") // what was wrong is selected, and goes
	b.press("Enter")
	b.until(row("cellar"))
	b.visit(a.URL() + "/#/connections")
	b.until(row("cellar"))
	if cookie := eval[string](b, `document.cookie`); cookie != "" {
		t.Errorf("scripts can read %q", cookie)
	}
}

func TestAMomentOfThePast(t *testing.T) {
	a, _ := run(t, agent.Options{History: store(t, filepath.Join(t.TempDir(), "h.db"))})
	s := openShop(t, a)
	b := visit(t, a, "/")
	b.until(row("cellar"))
	b.until(`fetch("/api/v1/events?event=handshake_succeeded").then((r) => r.text()).then((x) => { window.kept = x.split("\n").length }) && window.kept > 2`)
	then := time.Now()
	s.counter.Close()
	b.until(`!(` + row("counter") + `)`)
	b.visit(a.URL() + "/#/overview?at=" + then.UTC().Format(time.RFC3339Nano))
	b.until(row("counter"))
	b.until(`document.querySelector("#banner").innerText.includes("As it was on")`)
	b.click("#banner button:last-child")
	b.until(`!location.hash.includes("at=") && !(` + row("counter") + `) && ` + row("cellar"))
	b.unharmed(a)
}

// Every control has a name for those who do not see it.
func TestControlsHaveNames(t *testing.T) {
	a, _ := run(t, agent.Options{})
	openShop(t, a)
	b := visit(t, a, "/")
	for _, view := range []string{"overview", "connections", "events", "topology"} {
		b.visit(a.URL() + "/#/" + view)
		b.until(`document.querySelector("main h1")`)
		var tree struct {
			Nodes []struct {
				Ignored    bool
				Role, Name struct{ Value any }
			}
		}
		b.call("Accessibility.getFullAXTree", nil, &tree)
		named := 0
		for _, n := range tree.Nodes {
			switch n.Role.Value {
			case "button", "link", "searchbox", "combobox", "grid", "dialog":
				if n.Name.Value == nil || n.Name.Value == "" {
					t.Errorf("%s: a %v without a name", view, n.Role.Value)
				}
				named++
			}
		}
		if named < 8 {
			t.Errorf("%s has only %d controls", view, named)
		}
	}
}

// crowd is a ROUTER with so many peers, all of which talk.
type crowd struct {
	of    fact.Instance
	peers int
	n     uint64
}

func (c *crowd) state() fact.State {
	c.n++
	now := time.Now()
	s := fact.State{Instance: c.of, At: now, Sock: 1, Name: "hub", Type: "ROUTER", Full: true, SendHWM: 1000, RecvHWM: 1000, MessagesIn: c.n * 50_000, MessagesOut: c.n * 50_000,
		Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideBind, Endpoint: "tcp://*:5555", Bound: "tcp://0.0.0.0:5555"}}}
	for i := range c.peers {
		s.Peers = append(s.Peers, fact.Peer{Conn: monitor.ConnID(i + 1), Endpoint: 1, Side: monitor.SideBind, EndpointName: "tcp://*:5555", FD: -1,
			Local: "tcp://10.0.0.1:5555", Remote: fmt.Sprintf("tcp://10.0.%d.%d:40000", 1+i/250, 1+i%250), ID: fmt.Sprintf("worker-%04d", i), Type: "DEALER", Mechanism: "NULL", Version: "3.1",
			Since: now.Add(-time.Hour), Ready: true, QueueOut: int(c.n+uint64(i)) % 40, MessagesIn: c.n * uint64(10+i%7), MessagesOut: c.n * 10})
	}
	return s
}

func (c *crowd) events(n int) (facts []fact.Fact) {
	for i := range n {
		c.n++
		kind := monitor.Subscribed
		if i%2 == 1 {
			kind = monitor.Unsubscribed
		}
		f, _ := fact.Of(c.of, monitor.Event{Kind: kind, Seq: c.n, Time: time.Now(), SocketID: 2, SocketName: "feed", SocketType: "XPUB", EndpointID: 2, Endpoint: "tcp://*:6666",
			Side: monitor.SideBind, Conn: 9_000_000, FD: -1, Remote: "tcp://10.0.9.9:1", PeerID: "chatterbox", Topic: "EUR"})
		facts = append(facts, f)
	}
	return facts
}

// A peer that is too slow, for whom messages are dropped, is one thing to attend to; what is dropped for another is another.
func TestASlowPeerIsOneThing(t *testing.T) {
	a, _ := run(t, agent.Options{})
	now := time.Now()
	raise := func(name, remote, why string) fact.Fact {
		f, err := fact.Found(shopInstance, now, fact.Condition{Name: name, State: fact.Raised, Since: now, Severity: "warn", Sock: 1, SockName: "news", SockType: "PUB",
			Remote: remote, Why: why, Hint: "read faster"})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	a.Take([]fact.Fact{
		raise("drops", "tcp://10.0.0.7:40000", "news drops messages for its only peer"),
		raise("slow_subscriber", "tcp://10.0.0.7:40000", "the peer does not read"),
	}, nil)
	b := visit(t, a, "/")
	b.until(`document.querySelector("h1").innerText === "One thing needs attention" && document.querySelectorAll(".card").length === 1`)
	b.until(`document.querySelector(".card").innerText.includes("The peer does not read. News drops messages for its only peer")`)
	f := raise("drops", "", "others drops messages for 3 peers")
	f.Condition.Sock, f.Condition.SockName = 2, "others"
	f, err := fact.Found(shopInstance, now, *f.Condition)
	if err != nil {
		t.Fatal(err)
	}
	a.Take([]fact.Fact{f}, nil)
	b.until(`document.querySelector("h1").innerText === "Two things need attention" && document.querySelectorAll(".card").length === 2`)
	b.unharmed(a)
}

// measured is what the page's own clock says of frames and of tasks that held it up.
const measured = `new Promise((done) => {
	const tasks = []; new PerformanceObserver((l) => l.getEntries().forEach((e) => tasks.push(e.duration))).observe({ type: "longtask" });
	let frames = 0, worst = 0, last = performance.now(); const begin = last, main = document.getElementById("main");
	const frame = (t) => { frames++; worst = Math.max(worst, t - last); last = t; main.scrollTop += 37;
		t - begin < 5000 ? requestAnimationFrame(frame) : done({ frames, worst, tasks, rows: document.querySelectorAll(".tbody .tr").length }) };
	requestAnimationFrame(frame) })`

// processorTime is what the page's thread has used, in seconds.
func (b *browser) processorTime() float64 {
	b.t.Helper()
	var got struct {
		Metrics []struct {
			Name  string
			Value float64
		}
	}
	b.call("Performance.getMetrics", nil, &got)
	for _, m := range got.Metrics {
		if m.Name == "TaskDuration" {
			return m.Value
		}
	}
	b.t.Fatal("the browser does not say what the page costs")
	return 0
}

func TestAThousandEventsASecondOverFiveThousandConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("eight seconds of load")
	}
	a, _ := run(t, agent.Options{})
	c := &crowd{of: fact.Instance{ID: "crowd", App: "crowd"}, peers: 5000}
	a.Take(nil, []fact.State{c.state()})
	b := visit(t, a, "/#/connections")
	b.until(`document.querySelector(".sub").innerText.startsWith("5,000 connections")`)
	load, end := context.WithCancel(t.Context())
	var loading sync.WaitGroup
	loading.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-load.Done():
				return
			case <-tick.C:
				a.Take(c.events(100), nil)
				if n%10 == 0 {
					a.Take(nil, []fact.State{c.state()})
				}
			}
		}
	})
	defer func() { end(); loading.Wait() }()
	b.call("Performance.enable", map[string]any{"timeDomain": "threadTicks"}, nil) // processor time of the page's thread
	before := b.processorTime()
	m := eval[struct {
		Frames int
		Worst  float64
		Tasks  []float64
		Rows   int
	}](b, measured)
	used := b.processorTime() - before
	var held, longest float64
	for _, task := range m.Tasks {
		held += task
		longest = max(longest, task)
	}
	t.Logf("in 5 s: %.1f s of a processor; %d frames, the longest pause between two %.0f ms; %d tasks of over 50 ms, together %.0f ms, the longest %.0f ms; %d rows in the document",
		used, m.Frames, m.Worst, len(m.Tasks), held, longest, m.Rows)
	if m.Rows > 80 {
		t.Errorf("%d rows are in the document: only those in sight should be", m.Rows)
	}
	// What the page costs does not depend on what else the machine does; how long a task lasts does, so its bound is wide.
	if used > 3 || m.Frames < 25 || longest > 1000 {
		t.Error("the page is not fluid")
	}
	b.until(`fetch("/api/v1/about").then((r) => { window.ok = r.ok }) && window.ok`)
	b.press("g", "e")
	b.until(`document.querySelectorAll(".event").length > 100`)
	b.press("g", "t")
	b.until(`[...document.querySelectorAll(".node")].some((n) => n.textContent.includes("5,000 peers")) && document.querySelectorAll(".node").length < 10`)
}
