package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
)

// A proxyLine is an event of a proxy, or its account at the end.
type proxyLine struct {
	Event, Local string
	Name         string `json:"sock_name"`
	Conn         string
	Directions   []struct {
		From, To                string
		In, Passed, Out, Copies uint64
		Dropped                 map[string]uint64
		Balance                 int64
	}
}

// A running is a glass proxy in this process.
type running struct {
	t     *testing.T
	lines *json.Decoder
	notes *notes
	code  int
	done  sync.WaitGroup
	end   context.CancelFunc // Ctrl-C
	at    map[string]string  // by socket, where it is bound
}

// proxy starts one whose sockets are bound when it returns: so many.
func proxy(t *testing.T, sockets int, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r, w := io.Pipe()
	p := &running{t: t, lines: json.NewDecoder(r), notes: newNotes(), end: cancel, at: map[string]string{}}
	p.done.Go(func() {
		p.code = run(ctx, append([]string{"proxy", "-o", "jsonl"}, args...), nil, w, p.notes)
		w.Close()
	})
	t.Cleanup(func() {
		cancel()
		io.Copy(io.Discard, r)
		p.done.Wait()
	})
	for range sockets {
		l := p.next("listening")
		p.at[l.Name] = l.Local
	}
	return p
}

// next is the next line of this event.
func (p *running) next(event string) (l proxyLine) {
	p.t.Helper()
	for {
		l = proxyLine{}
		if err := p.lines.Decode(&l); err != nil {
			p.t.Fatalf("waiting for %s: %v", event, err)
		}
		if l.Event == event {
			return l
		}
	}
}

// account ends it with Ctrl-C, and is its last line.
func (p *running) account() proxyLine {
	p.t.Helper()
	p.end()
	l := p.next("proxy_account")
	if err := p.lines.Decode(&proxyLine{}); err != io.EOF {
		p.t.Errorf("after the account comes something more, or %v", err)
	}
	p.done.Wait()
	if p.code != exitOK {
		p.t.Errorf("exit code %d", p.code)
	}
	for _, d := range l.Directions {
		if d.Balance != 0 {
			p.t.Errorf("from %s to %s the balance is %d", d.From, d.To, d.Balance)
		}
	}
	return l
}

// The whole command: sockets, page, metrics, a connection that is closed from the page, and the account.
func TestAProxyIsSeenAndSteered(t *testing.T) {
	t.Cleanup(func() {
		goleak.VerifyNone(t, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
	})
	p := proxy(t, 2, "streamer", "--name", "line", "-f", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*", "--listen", "127.0.0.1:0",
		"--event", "listening,handshake_succeeded,local_closed")
	url := regexp.MustCompile(`the page: (http://\S+), and /metrics`).FindStringSubmatch(p.notes.await(t, "and /metrics", 1))[1]
	push := dial(t, zmq.NewPush(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}), p.at["line.frontend"])
	first := p.next("handshake_succeeded")
	pull := dial(t, zmq.NewPull(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}), p.at["line.backend"])
	pass := func(n int) {
		t.Helper()
		for i := range n {
			if err := push.Send(t.Context(), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
			if m, err := pull.Recv(t.Context()); err != nil || string(m.Body()) != fmt.Sprint(i) {
				t.Fatalf("message %d is %q, %v", i, m.Body(), err)
			}
		}
	}
	pass(10)
	if got := get(t, url+"/healthz"); got != "ok\n" {
		t.Errorf("/healthz is %q", got)
	}
	if page := get(t, url); !strings.Contains(page, "<html") {
		t.Errorf("the page is %.100q", page)
	}
	metrics := get(t, url+"/metrics")
	for _, want := range []string{
		`zmq_proxy_forwarded_messages_total{direction="to_backend",proxy="line"} 10`,
		`zmq_proxy_forwarded_bytes_total{direction="to_backend",proxy="line"} 10`,
		`zmq_proxy_paused{proxy="line"} 0`,
		`zmq_proxy_capture_dropped_total{proxy="line"} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("/metrics has no %s in\n%s", want, metrics)
		}
	}
	if strings.Contains(metrics, "to_frontend") {
		t.Error("/metrics has the direction to_frontend, which a streamer has not")
	}
	closeConn(t, url, first)
	p.next("local_closed")
	p.next("handshake_succeeded") // it comes back by itself
	pass(5)
	a := p.account()
	if d := a.Directions; len(d) != 1 || d[0].In != 15 || d[0].Passed != 15 || d[0].Out != 15 {
		t.Errorf("the account is %+v", d)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, answer.Status, err)
	}
	return string(body)
}

// closeConn does what the page does to end a connection, once the agent knows of it.
func closeConn(t *testing.T, url string, of proxyLine) {
	t.Helper()
	_, number, _ := strings.Cut(of.Conn, "/")
	var key, inst string
	for deadline := time.Now().Add(30 * time.Second); key == ""; {
		var s model.Snapshot
		if err := json.Unmarshal([]byte(get(t, url+"/api/v1/state")), &s); err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Connections {
			if strings.HasSuffix(c.Key, "/"+number) {
				key, inst = c.Key, c.Inst
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the agent does not know of connection %s: %+v", number, s.Connections)
		}
	}
	body := fmt.Sprintf(`{"inst":%q,"conn":%q}`, inst, key)
	ask, err := http.NewRequest("POST", url+"/api/v1/conn/close", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("X-Glass", "1")
	ask.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode/100 != 2 {
		t.Fatalf("closing: %s %s", answer.Status, text)
	}
}

// A subscriber that does not read, through the whole command: every message is accounted for, against what the subscribers got.
func TestAProxyAccountsForASlowSubscriber(t *testing.T) {
	p := proxy(t, 2, "forwarder", "-f", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*", "-O", "backend.send_hwm=10", "-O", "backend.send_buffer=16384",
		"-O", "linger=100ms", "--event", "listening,handshake_succeeded,dropped,subscribed")
	slow := dial(t, zmq.NewSub(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{}), RecvHWM: 5, RecvBuffer: 16384, Subscribe: []string{""}}), p.at["forwarder.backend"])
	quick := dial(t, zmq.NewSub(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{}), Subscribe: []string{""}}), p.at["forwarder.backend"])
	pub := dial(t, zmq.NewXPub(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}), p.at["forwarder.frontend"])
	p.next("subscribed")
	p.next("subscribed")
	const n = 400
	body := make([]byte, 32<<10)
	for range n {
		if err := pub.Send(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		if _, err := quick.Recv(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.next("dropped")
	d := p.account().Directions[0]
	if d.In != n || d.Copies != 2*n || d.Dropped["hwm"] == 0 {
		t.Errorf("the account is %+v, want %d messages in, two copies of each, and some dropped", d, n)
	}
	if got := all(t, slow); got != d.Out-n {
		t.Errorf("the slow one received %d messages, and %d were handed to the system for it", got, d.Out-n)
	}
}

// all takes what a socket receives until its connection has ended, and says how much.
func all(t *testing.T, s *zmq.Sub) (n uint64) {
	_, ended := s.WatchState(monitor.Disconnected)
	defer ended.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if len(s.State().Peers) > 0 {
		go func() {
			ended.Next(ctx)
			cancel()
		}()
	} else {
		cancel()
	}
	for ; ; n++ {
		if _, err := s.Recv(ctx); err != nil {
			break
		}
	}
	for ; ; n++ {
		if _, err := s.Recv(zmq.NoWait); err != nil {
			return n
		}
	}
}
