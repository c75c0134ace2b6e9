package history

import (
	"context"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// state is socket sock of the gateway at so many seconds after noon, when it had sent so many messages.
func state(sock uint64, second float64, sent uint64, full bool, queues ...int) fact.State {
	s := fact.State{Instance: gateway, At: at(second), Sock: sock, Name: "md", Type: "PUB", Full: full, MessagesOut: sent}
	for i, q := range queues {
		s.Peers = append(s.Peers, fact.Peer{Conn: monitor.ConnID(i + 1), QueueOut: q})
	}
	return s
}

func sampled(t *testing.T, h *History, f SampleFilter) []Sample {
	t.Helper()
	all, err := h.Samples(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTenSecondsAreARow(t *testing.T) {
	h := fresh(t)
	for second := range 25 {
		depth := 0
		if second == 13 {
			depth = 900 // for one second only: the row tells of it
		}
		if err := h.AppendSamples([]fact.State{state(3, float64(second), uint64(100*second), second == 0, 2, depth)}); err != nil {
			t.Fatal(err)
		}
	}
	all := sampled(t, h, SampleFilter{Sock: "md"})
	if len(all) != 2 {
		t.Fatalf("%d rows, want those of 0 and 10 s: %+v", len(all), all)
	}
	first, second := all[0], all[1]
	if !first.At.Equal(noon) || first.Tx != 900 || first.TxQueue != 2 || first.Peers != 2 || first.TxRate != 0 {
		t.Errorf("first: %+v", first)
	}
	if !second.At.Equal(at(10)) || second.Tx != 1900 || second.TxQueue != 900 || second.TxRate != 100 || second.Inst != gateway.ID {
		t.Errorf("second: %+v", second)
	}
}

// What is not told of has not changed: a queue that stays full is full in each row, until a full state leaves it out.
func TestAQueueThatIsNotToldOfIsAsItWas(t *testing.T) {
	h := fresh(t)
	states := []fact.State{state(3, 0, 1, true, 0, 1000), state(3, 12, 2, false), state(3, 22, 3, true, 0), state(3, 33, 4, false), state(3, 43, 5, false)}
	if err := h.AppendSamples(states); err != nil {
		t.Fatal(err)
	}
	all := sampled(t, h, SampleFilter{})
	want := []int{1000, 1000, 1000, 0}
	if len(all) != len(want) {
		t.Fatalf("%+v", all)
	}
	for i, s := range all {
		if s.TxQueue != want[i] {
			t.Errorf("row %d: the queue is %d, want %d", i, s.TxQueue, want[i])
		}
	}
}

func TestASocketWithoutNewsHasNoRows(t *testing.T) {
	h := fresh(t)
	for second := 0; second < 200; second += 5 {
		if err := h.AppendSamples([]fact.State{state(3, float64(second), 7, true, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	if all := sampled(t, h, SampleFilter{}); len(all) != 1 {
		t.Errorf("%d rows of a socket to which nothing happens", len(all))
	}
}

// The last row is kept of a socket that is heard of no more, and at the end.
func TestTheLastRowIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	h := opened(t, path, Options{})
	if err := h.AppendSamples([]fact.State{state(3, 1, 7, true), state(4, 1, 8, true)}); err != nil {
		t.Fatal(err)
	}
	later := december.Add(time.Minute)
	h.now = func() time.Time { return later }
	if err := h.AppendSamples([]fact.State{state(4, 60, 9, true)}); err != nil {
		t.Fatal(err)
	}
	if all := sampled(t, h, SampleFilter{Sock: "k7q2m4/3"}); len(all) != 1 || all[0].Tx != 7 {
		t.Errorf("of the silent socket: %+v", all)
	}
	if len(h.sockets) != 1 {
		t.Errorf("%d sockets are remembered", len(h.sockets))
	}
	h.Close()
	h = opened(t, path, Options{})
	if all := sampled(t, h, SampleFilter{Sock: "k7q2m4/4"}); len(all) != 2 || all[1].Tx != 9 {
		t.Errorf("after the end: %+v", all)
	}
	// An agent that is started anew goes on in the same ten seconds.
	if err := h.AppendSamples([]fact.State{state(4, 64, 11, true)}); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h = opened(t, path, Options{})
	if all := sampled(t, h, SampleFilter{Sock: "k7q2m4/4"}); len(all) != 2 || all[1].Tx != 11 {
		t.Errorf("after the new start: %+v", all)
	}
}

func TestSamplesInLargerSteps(t *testing.T) {
	h := fresh(t)
	for second := 0; second < 190; second += 10 {
		if err := h.AppendSamples([]fact.State{state(3, float64(second), uint64(second*10), true, second), state(4, float64(second), 1, true)}); err != nil {
			t.Fatal(err)
		}
	}
	all := sampled(t, h, SampleFilter{Sock: "k7q2m4/3", Step: time.Minute, Since: at(60)})
	if len(all) != 2 || !all[0].At.Equal(at(60)) || all[0].TxQueue != 110 || all[0].Tx != 1100 || all[1].TxRate != 10 {
		t.Errorf("%+v", all)
	}
	if all := sampled(t, h, SampleFilter{App: "nobody"}); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// A stranger's numbers may be anything.
func TestNumbersThatCannotBe(t *testing.T) {
	h := fresh(t)
	s := state(1<<64-1, 5, math.MaxUint64, true)
	s.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := h.AppendSamples([]fact.State{s, state(3, 1, 1, true), {}}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}
