package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
)

// While nothing is missed, nobody is asked.
func TestStream(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 99)
		s.want(0, numbers(0, 0, 99)...)
	})
}

// Who comes late has a gap before its first message.
func TestLate(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.keep(0, 9)
		s.bind()
		s.want(0)
		s.publish(10, 11)
		s.want(1, numbers(0, 0, 11)...)
	})
}

// Messages that were dropped above a mark are asked for, once.
func TestGap(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 2)
		s.keep(3, 7)
		s.publish(8, 9)
		s.want(1, numbers(0, 0, 9)...)
		s.keep(10, 10)
		s.publish(11, 11)
		s.want(2, numbers(0, 0, 11)...)
	})
}

// The publisher is asked as soon as it is back, and not when it next has something to say: that may be in minutes.
func TestBack(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 2)
		s.net.Reset(stream)
		s.publish(3, 5) // nobody is there to hear it
		s.want(0, numbers(0, 0, 2)...)
		s.pass(time.Second)
		s.want(1, numbers(0, 0, 5)...)
		s.publish(6, 7)
		s.want(1, numbers(0, 0, 7)...)
	})
}

// What came before the break is taken first, however slow the consumer is; then it asks for what it has not got.
func TestBackWhileBusy(t *testing.T) {
	play(t, busy, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 9)
		s.net.Reset(stream)
		s.keep(10, 12)
		s.pass(time.Second) // the connection is back
		s.publish(13, 14)
		s.relax()
		s.want(1, numbers(0, 0, 14)...)
	})
}

// What the publisher no longer has is told, and not asked for again.
func TestLost(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.pub.keep = 3
		s.bind()
		s.publish(0, 1)
		s.keep(2, 7)
		s.publish(8, 8)
		s.publish(9, 10)
		want := append(numbers(0, 0, 1), "0/6 event 6 of life 0 (4 missing)")
		s.want(1, append(want, numbers(0, 7, 10)...)...)
	})
}

// A publisher that begins anew is recognized, however far it has come: by what it says of the last number that we have.
func TestNewLife(t *testing.T) {
	for _, come := range []int{0, 1, 9, 10, 11, 30} {
		t.Run(fmt.Sprint(come), func(t *testing.T) {
			play(t, nil, func(t *testing.T, s *stage) {
				s.bind()
				s.publish(0, 9)
				s.end()
				s.keep(0, come-1)
				s.bind()
				s.want(3, append(numbers(0, 0, 9), numbers(1, 0, come-1)...)...) // who are you; from 0; and over a new connection: still you?
				s.publish(come, come+2)
				s.want(3, append(numbers(0, 0, 9), numbers(1, 0, come+2)...)...)
			})
		})
	}
}

// What lies unread when the publisher dies is its own life's, and not the next one's.
func TestNewLifeWhileBusy(t *testing.T) {
	play(t, busy, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 9)
		s.end()
		s.keep(0, 4)
		s.bind()
		s.publish(5, 6)
		s.relax()
		s.want(2, append(numbers(0, 0, 9), numbers(1, 0, 6)...)...) // its number 5 is in the answer: no doubt who gave it
	})
}

// A gap that nobody can fill any more: its publisher has died before it was asked. What it said behind the gap must not
// be taken for the next one's.
func TestNewLifeInGap(t *testing.T) {
	play(t, busy, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 4)
		s.keep(5, 19)
		s.publish(20, 24) // behind the gap, unread
		s.end()
		s.keep(0, 9)
		s.bind()
		s.relax()
		s.pass(time.Second)
		s.publish(10, 11)
		s.want(3, append(numbers(0, 0, 4), numbers(1, 0, 11)...)...)
	})
}

// The same while a connection is being made: it is older than the answer, and so of no use when it is there.
func TestNewLifeWhileDialling(t *testing.T) {
	play(t, busy, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 4)
		s.keep(5, 19)
		s.publish(20, 20)
		s.end()
		s.keep(0, 9)
		s.net.BlackHole(stream, true)
		s.bind()
		s.relax()
		s.want(2, append(numbers(0, 0, 4), numbers(1, 0, 9)...)...)
		s.net.BlackHole(stream, false)
		s.pass(time.Second)
		s.publish(10, 11)
		s.want(3, append(numbers(0, 0, 4), numbers(1, 0, 11)...)...)
	})
}

// The same before anything was ever heard: the late consumer's first question is answered by the next life.
func TestNewLifeOfLate(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.keep(0, 9)
		s.bind()
		s.net.BlackHole(replay, true)
		s.publish(10, 10)
		s.end()
		s.keep(0, 3)
		s.bindNow()
		s.net.BlackHole(replay, false)
		s.pass(time.Second)
		s.publish(4, 4)
		var want []string
		for n := range 5 {
			want = append(want, fmt.Sprintf("0/%d event %d of life 1", n, n))
		}
		s.want(2, want...)
	})
}

// A life that begins and ends while the consumer is busy: the one after it answers. What was said in between has numbers
// of its own, and is nobody's any more.
func TestTwoNewLives(t *testing.T) {
	for _, come := range []int{0, 3, 7, 20} { // how far the last one is, where the one before it came to 10
		t.Run(fmt.Sprint(come), func(t *testing.T) {
			play(t, busy, func(t *testing.T, s *stage) {
				s.bind()
				s.publish(0, 4)
				s.end()
				s.bind()
				s.publish(0, 9)
				s.end()
				s.keep(0, come-1)
				s.bind()
				s.relax()
				s.pass(time.Second)
				s.publish(come, come)
				want := numbers(0, 0, 4)
				for n := range come + 1 {
					want = append(want, fmt.Sprintf("1/%d event %d of life 2", n, n))
				}
				s.want(3, want...)
			})
		})
	}
}

// Without a replay endpoint what is missing is told, and a life whose numbers go back is a new one.
func TestNoReplay(t *testing.T) {
	play(t, func(s *stage) { s.c.Replay = "" }, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 2)
		s.keep(3, 4)
		s.publish(5, 5)
		s.end()
		s.bind()
		s.publish(0, 1)
		want := append(numbers(0, 0, 2), "0/5 event 5 of life 0 (2 missing)")
		s.want(0, append(want, numbers(1, 0, 1)...)...)
	})
}

// A replay endpoint that does not answer costs its patience once a gap, and then the gap.
func TestSilentReplay(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.bind()
		s.net.BlackHole(replay, true)
		s.publish(0, 0)
		s.keep(1, 1)
		s.publish(2, 4)
		s.pass(4 * time.Second)
		s.want(0, numbers(0, 0, 0)...)
		s.pass(2 * time.Second)
		want := append(numbers(0, 0, 0), "0/2 event 2 of life 0 (1 missing)")
		s.want(0, append(want, numbers(0, 3, 4)...)...)
	})
}

// What is no event of a publisher is passed over.
func TestStrangers(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		s.bind()
		s.publish(0, 0)
		for _, frames := range [][]string{{"kv"}, {"kv", "short", "x"}, {"kv", "12345678"}, {"kv", "12345678", "x", "more"}} {
			var b [][]byte
			for _, f := range frames {
				b = append(b, []byte(f))
			}
			if err := s.pub.pub.Send(t.Context(), b...); err != nil {
				t.Fatal(err)
			}
		}
		s.publish(1, 1)
		s.want(0, numbers(0, 0, 1)...)
		told := slices.DeleteFunc(slices.Clone(s.log), func(line string) bool { return !strings.Contains(line, "are no topic, number and payload") })
		if len(told) != 4 {
			t.Errorf("the operator was told %q, want a line for each of 4", told)
		}
	})
}

// An endpoint that is none ends Run.
func TestBadEndpoint(t *testing.T) {
	c := Consumer{Stream: "nowhere", Deliver: func(Batch) {}}
	if err := c.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}

// A server is a replay endpoint that does to each question what a test says.
type server struct {
	router *zmq.Router
	served sync.WaitGroup
	mu     sync.Mutex
	asked  []uint64 // mu guards it
}

// serve answers with answer(which question, from where, say): say sends one answer and reports whether the client is there.
func serveReplay(t *testing.T, x *zmq.Context, answer func(q int, m zmq.Message, from uint64, say func(seq uint64, payload string))) *server {
	s := &server{router: zmq.NewRouter(zmq.Config{Context: x, RouterMandatory: true})}
	if _, err := s.router.Bind(replay); err != nil {
		t.Fatal(err)
	}
	s.served.Go(func() {
		for m := range s.router.Messages(context.Background()) {
			from := binary.BigEndian.Uint64(m.Frame(2))
			s.mu.Lock()
			s.asked = append(s.asked, from)
			q := len(s.asked)
			s.mu.Unlock()
			answer(q, m, from, func(seq uint64, payload string) {
				s.router.Reply(context.Background(), m, binary.BigEndian.AppendUint64(nil, seq), []byte(payload))
			})
		}
	})
	t.Cleanup(func() {
		s.router.Close()
		s.served.Wait()
	})
	return s
}

func (s *server) questions() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// playGap has a gap from 1 to 9 before a server that answers in its own way.
func playGap(t *testing.T, answer func(s *stage, srv **server, q int, m zmq.Message, from uint64, say func(seq uint64, payload string)), want []uint64, batches ...string) {
	play(t, nil, func(t *testing.T, s *stage) {
		if _, err := s.pub.pub.Bind(stream); err != nil {
			t.Fatal(err)
		}
		var srv *server
		srv = serveReplay(t, s.x, func(q int, m zmq.Message, from uint64, say func(uint64, string)) {
			answer(s, &srv, q, m, from, say)
		})
		s.pass(time.Second)
		s.publish(0, 0)
		s.keep(1, 9)
		s.publish(10, 10)
		s.pass(time.Minute)
		s.want(0, batches...)
		if got := srv.questions(); !slices.Equal(got, want) {
			t.Errorf("asked from %v, want %v", got, want)
		}
	})
}

// An answer that breaks off is asked for again, from where it broke off.
func TestCutAnswer(t *testing.T) {
	playGap(t, func(s *stage, srv **server, q int, m zmq.Message, from uint64, say func(uint64, string)) {
		for n := int(from); n <= 10; n++ {
			if q == 1 && n == 4 {
				time.Sleep(time.Millisecond) // what was said arrives
				(*srv).router.CloseConn(m.Conn())
				return
			}
			say(uint64(n), s.text(n))
		}
		say(end, "")
	}, []uint64{0, 3}, numbers(0, 0, 10)...)
}

// So is one in which something is missing: a ROUTER drops above its mark, and vLLM's mark is below what it keeps.
func TestTornAnswer(t *testing.T) {
	playGap(t, func(s *stage, _ **server, q int, _ zmq.Message, from uint64, say func(uint64, string)) {
		for n := int(from); n <= 10; n++ {
			if q == 1 && n > 4 && n < 8 {
				continue
			}
			say(uint64(n), s.text(n))
		}
		say(end, "")
	}, []uint64{0, 4}, numbers(0, 0, 10)...)
}

// Or its end.
func TestEndlessAnswer(t *testing.T) {
	playGap(t, func(s *stage, _ **server, q int, _ zmq.Message, from uint64, say func(uint64, string)) {
		for n := int(from); n <= 10; n++ {
			if q == 1 && n > 4 {
				return
			}
			say(uint64(n), s.text(n))
		}
		say(end, "")
	}, []uint64{0, 4}, numbers(0, 0, 10)...)
}

// Or that what was dropped is its tail, before its end.
func TestTornTail(t *testing.T) {
	play(t, nil, func(t *testing.T, s *stage) {
		const last = 2 * mark
		if _, err := s.pub.pub.Bind(stream); err != nil {
			t.Fatal(err)
		}
		srv := serveReplay(t, s.x, func(q int, _ zmq.Message, from uint64, say func(uint64, string)) {
			for n := int(from); n <= last && (q > 1 || n < last-100); n++ {
				say(uint64(n), s.text(n))
			}
			say(end, "")
		})
		s.pass(time.Second)
		s.publish(0, 0)
		s.net.Reset(stream)
		s.keep(1, last)
		s.pass(time.Second)
		s.want(0, numbers(0, 0, last)...)
		if got, want := srv.questions(), []uint64{0, last - 101}; !slices.Equal(got, want) {
			t.Errorf("asked from %v, want %v", got, want)
		}
	})
}

// But what is missing each time is lost.
func TestHoleInAnswer(t *testing.T) {
	playGap(t, func(s *stage, _ **server, _ int, _ zmq.Message, from uint64, say func(uint64, string)) {
		say(from, s.text(int(from)))
		say(10, s.text(10))
		say(end, "")
	}, []uint64{0}, append(numbers(0, 0, 0), "0/10 event 10 of life 0 (9 missing)")...)
}

// An answer in pieces, and a new life between the first two: that the last two are of one life does not say whose message
// 10 is.
func TestNewLifeInAnswer(t *testing.T) {
	playGap(t, func(s *stage, srv **server, q int, m zmq.Message, from uint64, say func(uint64, string)) {
		life, last := 1, 5
		switch q {
		case 1:
			life, last = 0, 2
		case 3:
			last = 3
		}
		for n := int(from); n <= last; n++ {
			say(uint64(n), fmt.Sprintf("event %d of life %d", n, life))
		}
		if last < 5 {
			time.Sleep(time.Millisecond) // what was said arrives
			(*srv).router.CloseConn(m.Conn())
			return
		}
		say(end, "")
	}, []uint64{0, 2, 0, 3, 5}, append(numbers(0, 0, 2), numbers(1, 0, 5)...)...)
}

// A server that hangs up when it has said everything need not be asked again.
func TestAnswerAndGone(t *testing.T) {
	play(t, busy, func(t *testing.T, s *stage) {
		if _, err := s.pub.pub.Bind(stream); err != nil {
			t.Fatal(err)
		}
		var srv *server
		srv = serveReplay(t, s.x, func(_ int, m zmq.Message, from uint64, say func(uint64, string)) {
			for n := int(from); n <= 10; n++ {
				say(uint64(n), s.text(n))
			}
			say(end, "")
			time.Sleep(time.Millisecond) // what was said arrives
			srv.router.CloseConn(m.Conn())
		})
		s.pass(time.Second)
		s.keep(0, 9)
		s.publish(10, 10)
		s.pass(time.Second)
		s.relax()
		s.pass(time.Second)
		s.want(0, numbers(0, 0, 10)...)
		if got := srv.questions(); len(got) != 1 {
			t.Errorf("asked from %v, want one question", got)
		}
	})
}

// An answer may take its time as long as it goes on.
func TestSlowAnswer(t *testing.T) {
	playGap(t, func(s *stage, _ **server, _ int, _ zmq.Message, from uint64, say func(uint64, string)) {
		for n := int(from); n <= 10; n++ {
			time.Sleep(4 * time.Second)
			say(uint64(n), s.text(n))
		}
		say(end, "")
	}, []uint64{0}, numbers(0, 0, 10)...)
}

// A server that hangs up on every question is not asked for ever.
func TestHostileReplay(t *testing.T) {
	var cut []uint64
	for range 50 { // every 100 ms in 5 s
		cut = append(cut, 0)
	}
	playGap(t, func(_ *stage, srv **server, _ int, m zmq.Message, _ uint64, _ func(uint64, string)) {
		(*srv).router.CloseConn(m.Conn())
	}, cut, append(numbers(0, 0, 0), "0/10 event 10 of life 0 (9 missing)")...)
}

// Nor one that speaks of something else.
func TestForeignReplay(t *testing.T) {
	playGap(t, func(_ *stage, srv **server, _ int, m zmq.Message, _ uint64, _ func(uint64, string)) {
		(*srv).router.Reply(context.Background(), m, []byte("hello"))
	}, []uint64{0}, append(numbers(0, 0, 0), "0/10 event 10 of life 0 (9 missing)")...)
}
