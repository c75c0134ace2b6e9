package zmq_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq"
)

// Walks of REQ and REP: each question is heard once at most, and each answer is the answer to the question that is being
// asked, however many were given up before.

// questions are what was asked.
type questions struct {
	mu sync.Mutex
	// mu guards:
	last  int
	heard map[string]int
}

// answer is a REP's life. It takes its time now and then, and so is late for the impatient.
func (w *walker) answer(m *member, rep *zmq.Rep) {
	for n := 0; ; n++ {
		q, err := rep.Recv(context.Background())
		if err != nil {
			return
		}
		w.asked.mu.Lock()
		if w.asked.heard == nil {
			w.asked.heard = map[string]int{}
		}
		w.asked.heard[string(q.Body())]++
		w.asked.mu.Unlock()
		if n%3 == 0 {
			time.Sleep(time.Duration(n%7*30) * time.Millisecond)
		}
		if rep.Send(context.Background(), []byte("re: "), q.Body()) != nil {
			return
		}
	}
}

// ask asks one question, with more or less patience.
func (w *walker) ask(m *member) {
	req, ok := m.Socket.(*zmq.Req)
	if !ok {
		return
	}
	err := w.askWithin(m, req, time.Duration(1+w.IntN(200))*time.Millisecond)
	w.say("%q asks, and is answered: %v", m.name, err)
}

func (w *walker) askWithin(m *member, req *zmq.Req, patience time.Duration) error {
	w.asked.mu.Lock()
	w.asked.last++
	q := fmt.Sprintf("question %d of %s", w.asked.last, m.name)
	w.asked.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, err := req.Do(ctx, []byte(q))
	if err != nil {
		return err
	}
	if string(a.Frame(0)) != "re: " || string(a.Body()) != q {
		w.t.Errorf("%q asked %q, and was answered %q", m.name, q, a.AppendFrames(nil))
	}
	w.asked.mu.Lock()
	defer w.asked.mu.Unlock()
	if n := w.asked.heard[q]; n != 1 {
		w.t.Errorf("%q was heard %d times", q, n)
	}
	return nil
}

// askAll asks once more when everything is mended: whoever has somebody to ask is answered.
func (w *walker) askAll() {
	for _, m := range w.members {
		if !strings.HasPrefix(m.place, "inproc:") { // no connection is doomed any more
			w.net.CutAfter(m.place, -1)
			w.net.Reset(m.place)
		}
	}
	w.settle()
	for _, m := range w.members {
		req, ok := m.Socket.(*zmq.Req)
		if !ok || len(m.State().Peers) == 0 {
			continue
		}
		for range 5 {
			if err := w.askWithin(m, req, 10*time.Second); err != nil {
				w.t.Errorf("%q is not answered: %v", m.name, err)
			}
		}
	}
	w.asked.mu.Lock()
	defer w.asked.mu.Unlock()
	for q, n := range w.asked.heard {
		if n != 1 {
			w.t.Errorf("%q was heard %d times", q, n)
		}
	}
}
