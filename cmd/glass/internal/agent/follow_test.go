package agent

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

// A sse is one event of a stream.
type sse struct{ id, name, data string }

// stream reads the events of a stream until done says so.
func stream(t *testing.T, r *http.Response, done func(sse) bool) (all []sse) {
	t.Helper()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("the stream is %s: %s", r.Status, text(t, r))
	}
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, 8<<20)
	var e sse
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			if e.data != "" {
				all = append(all, e)
			}
			if done(e) { // without data it is only where the stream is
				return all
			}
			e = sse{id: e.id}
		}
	}
	t.Fatalf("the stream ended after %d events: %v", len(all), lines.Err())
	return nil
}

// seqs are the numbers of the events in a stream, -1 for a gap.
func seqs(t *testing.T, all []sse) (numbers []int) {
	t.Helper()
	for _, e := range all {
		var f struct{ Seq int }
		switch {
		case e.name == "gap":
			numbers = append(numbers, -1)
		case e.name == "":
			if err := json.Unmarshal([]byte(e.data), &f); err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, f.Seq)
		}
	}
	return numbers
}

func isSeq(n int) func(sse) bool {
	return func(e sse) bool { return strings.Contains(e.data, fmt.Sprintf(`"seq":%d,`, n)) }
}

func feed(t *testing.T, a *Agent, from, to uint64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		a.Take([]fact.Fact{happened(t, seq)}, nil)
	}
}

func TestAStreamGoesOnWhereItWasBroken(t *testing.T) {
	a, _ := start(t, Options{})
	first := get(t, a, "/events")
	feed(t, a, 1, 5)
	heard := stream(t, first, isSeq(3))
	first.Body.Close()
	feed(t, a, 6, 8)
	again := stream(t, get(t, a, "/events", "Last-Event-ID", heard[len(heard)-1].id), isSeq(8))
	if got := fmt.Sprint(seqs(t, heard), seqs(t, again)); got != "[1 2 3] [4 5 6 7 8]" {
		t.Errorf("heard %s", got)
	}
}

// After a restart the history has what was told before, and the stream goes on from there: nothing is left out.
func TestAStreamGoesOnAcrossARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	a, stop := start(t, Options{History: openHistory(t, path)})
	r := get(t, a, "/events")
	feed(t, a, 1, 3)
	until(t, func() bool { _, _, kept := a.ring.marks(); return kept == 3 })
	feed(t, a, 4, 4)
	heard := stream(t, r, isSeq(4))
	feed(t, a, 5, 9)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	b, _ := start(t, Options{History: openHistory(t, path)})
	feed(t, b, 10, 11)
	again := seqs(t, stream(t, get(t, b, "/events", "Last-Event-ID", heard[len(heard)-1].id), isSeq(11)))
	if got := fmt.Sprint(again); got != "[4 5 6 7 8 9 10 11]" && got != "[5 6 7 8 9 10 11]" {
		t.Errorf("heard %s", got)
	}
}

func TestAStreamSaysWhatIsMissing(t *testing.T) {
	a, _ := start(t, Options{})
	r := get(t, a, "/events")
	feed(t, a, 1, 1)
	last := stream(t, r, isSeq(1))
	a.ring.most = 10
	feed(t, a, 2, 40)
	again := stream(t, get(t, a, "/events", "Last-Event-ID", last[len(last)-1].id), isSeq(40))
	if got := fmt.Sprint(seqs(t, again)); got != "[-1 31 32 33 34 35 36 37 38 39 40]" {
		t.Errorf("heard %s", got)
	}
	for _, e := range again {
		if e.name == "gap" && e.data != `{"missed":29}` {
			t.Errorf("the gap is %s", e.data)
		}
	}
	unknown := stream(t, get(t, a, "/events", "Last-Event-ID", "never heard of"), isSeq(40))
	if seqs(t, unknown)[0] != -1 {
		t.Error("an id of nobody's is no gap")
	}
}

func TestAStreamOfSome(t *testing.T) {
	a, _ := start(t, Options{})
	r := get(t, a, "/events?sock=other")
	feed(t, a, 1, 2)
	f := happened(t, 3)
	f.SocketName = "other"
	f, err := fact.Of(here, f.Event)
	if err != nil {
		t.Fatal(err)
	}
	a.Take([]fact.Fact{f}, nil)
	if got := fmt.Sprint(seqs(t, stream(t, r, isSeq(3)))); got != "[3]" {
		t.Errorf("heard %s", got)
	}
	if r := get(t, a, "/events?sev=terrible"); r.StatusCode != http.StatusBadRequest || !strings.Contains(text(t, r), "terrible") {
		t.Errorf("a filter that cannot be: %s", r.Status)
	}
}

// A follower that does not read holds up nobody: who takes facts in does not wait for it. When it reads again it hears what has
// gone by, and goes on.
func TestWhoDoesNotReadMissesSome(t *testing.T) {
	a, _ := start(t, Options{})
	r := get(t, a, "/events")
	a.ring.most = 100
	const all = 3000 // of 8 KiB: more than kernel and net/http hold between them
	pad := strings.Repeat("x", 8<<10)
	for seq := 1; seq <= all; seq++ {
		a.ring.add([]fact.Fact{{Line: fmt.Appendf(nil, `{"seq":%d,"pad":%q}`, seq, pad)}})
	}
	heard := seqs(t, stream(t, r, isSeq(all)))
	gaps, before := 0, 0
	for _, n := range heard {
		switch {
		case n == -1:
			gaps++
		case n <= before:
			t.Fatalf("%d after %d", n, before)
		default:
			before = n
		}
	}
	if gaps == 0 || len(heard) >= all {
		t.Errorf("heard %d events and of %d gaps", len(heard), gaps)
	}
}

func FuzzParseID(f *testing.F) {
	for _, id := range []string{"", "1-2", "18446744073709551615-9223372036854775807", "-1", "1--2", "x", "1-2-3", "0-0"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		number, kept, ok := parseID(id)
		if !ok {
			return
		}
		if n, k, again := parseID(fmt.Sprintf("%d-%d", number, kept)); !again || n != number || k != kept || kept < 0 {
			t.Errorf("%q is %d and %d, which is read as %d and %d", id, number, kept, n, k)
		}
	})
}

// isPlace is an event that says nothing but where the stream is.
func isPlace(e sse) bool { return e.data == "" && e.id != "" }

// Over HTTP/2 a deadline is a timer: one that was left behind by a write ended the stream, though nothing was stuck.
func TestAQuietStreamOverTLSLasts(t *testing.T) {
	cert, key := certificate(t)
	a, _ := start(t, Options{TLSCert: cert, TLSKey: key})
	a.pace = pace{alive: time.Second, patience: 200 * time.Millisecond}
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // nobody has signed it
	defer client.CloseIdleConnections()
	r, err := client.Get(a.URL() + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.ProtoMajor != 2 {
		t.Fatalf("it speaks %s", r.Proto)
	}
	quiet := false
	stream(t, r, func(e sse) bool {
		if isPlace(e) && !quiet { // so long that the deadline of the first write has passed
			quiet = true
			feed(t, a, 1, 1)
		}
		return quiet && isSeq(1)(e)
	})
}

// A stream of something rare, of an agent to which much happens, is not silent: it says where it is, and who comes back there goes
// on without what its filter has left out.
func TestAStreamOfWhatIsRareSaysWhereItIs(t *testing.T) {
	a, _ := start(t, Options{})
	a.pace.alive = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan uint64)
	go func() { // always something, and more often than the stream is silent
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for seq := uint64(1); ; seq++ {
			select {
			case <-ctx.Done():
				done <- seq
				return
			case <-tick.C:
				a.Take([]fact.Fact{happened(t, seq)}, nil)
			}
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL()+"/events?sock=other", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	first, place := "", ""
	stream(t, answer, func(e sse) bool {
		if e.name == "hello" {
			first = e.id
		}
		place = e.id
		return isPlace(e)
	})
	from, _, _ := parseID(first)
	to, _, ok := parseID(place)
	if !ok || to <= from {
		t.Errorf("it began at %s, and is at %s", first, place)
	}
	cancel()
	n := <-done
	feed(t, a, n, n)
	for _, e := range stream(t, get(t, a, "/events", "Last-Event-ID", place), isSeq(int(n))) {
		if e.name == "gap" || e.name == "" && isSeq(1)(e) {
			t.Errorf("behind %s it is told of %+v", place, e)
		}
	}
}

// An id of a number that is still to come, as of a run whose clock was ahead, is of nobody's: what happens is told all the same.
func TestAStreamFromTheFuture(t *testing.T) {
	a, _ := start(t, Options{})
	feed(t, a, 1, 2)
	r := get(t, a, "/events", "Last-Event-ID", fmt.Sprintf("%d-0", a.ring.end()+1000))
	feed(t, a, 3, 3)
	if got := fmt.Sprint(seqs(t, stream(t, r, isSeq(3)))); got != "[-1 1 2 3]" {
		t.Errorf("heard %s", got)
	}
}

// A follower that is behind what the history has must not be told that it has all of that: after a restart it would miss some.
func TestAnIdIsNotAheadOfItsFollower(t *testing.T) {
	a, err := New(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	start, _, _ := a.ring.marks()
	a.ring.keep(start+10, 99)
	f := follower{a: a, number: start + 5, kept: 3}
	for number, kept := range map[uint64]int{start + 5: 3, start + 9: 3} {
		f.number = number
		if got, want := f.id(), fmt.Sprintf("%d-%d", number, kept); got != want {
			t.Errorf("at %d it is %s, want %s", number-start, got, want)
		}
	}
	f.number = start + 10
	if got, want := f.id(), fmt.Sprintf("%d-99", start+10); got != want {
		t.Errorf("when it has come so far it is %s, want %s", got, want)
	}
}
