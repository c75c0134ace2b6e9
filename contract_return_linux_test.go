package zmq_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A peer that comes back does not overtake what it has sent before (U3), also when the receiver is so far behind that it has not
// read to the old connection's end: most of it is in the kernel still. Nobody can tell whether a newcomer is one who comes
// back, so each waits for those who have gone.
func TestComesBackBehindWhatIsUnread(t *testing.T) {
	finish := func(c *net.TCPConn) error { return c.Close() }
	reset := func(c *net.TCPConn) error {
		must(t, c.SetLinger(0))
		return c.Close()
	}
	for name, leave := range map[string]func(*net.TCPConn) error{"FIN": finish, "RST": reset, "FIN in a crowd": finish} {
		t.Run(name, func(t *testing.T) {
			const old = 5000
			pull := zmq.NewPull(zmq.Config{Context: newContext(t), RecvHWM: 10})
			bound := address(bindTCP(t, pull))
			others := 0
			if name == "FIN in a crowd" { // of whom not all can be asked
				others = 200
			}
			for range others {
				c, err := net.Dial("tcp", bound)
				must(t, err)
				defer c.Close()
				_, err = c.Write(spelled(t, "peer", "PULL"))
				must(t, err)
			}
			until(t, patience, "the others are there", func() bool { return len(pull.State().Peers) == others })
			var wire strings.Builder
			wire.Write(spelled(t, "peer", "PULL"))
			for i := range old {
				wire.Write(appendFrame(nil, fmt.Appendf(nil, "old %d", i)))
			}
			first, err := net.Dial("tcp", bound)
			must(t, err)
			_, err = first.Write([]byte(wire.String()))
			must(t, err)
			until(t, patience, "the queue is full", func() bool {
				peers := pull.State().Peers
				return len(peers) == others+1 && queued(peers) == 10
			})
			must(t, leave(first.(*net.TCPConn)))
			second, err := net.Dial("tcp", bound)
			must(t, err)
			defer second.Close()
			_, err = second.Write(append(spelled(t, "peer", "PULL"), appendFrame(nil, []byte("new"))...))
			must(t, err)
			until(t, patience, "the second is there", func() bool {
				peers := pull.State().Peers
				return len(peers) == others+2 && queued(peers) == 11
			})
			for i := range old {
				m, err := pull.Recv(within(t))
				must(t, err)
				if got := string(m.Body()); got != fmt.Sprint("old ", i) {
					if name == "RST" && got == "new" { // a reset may throw away what is in the kernel: then no more of it comes
						until(t, patience, "the first has gone", func() bool { return len(pull.State().Peers) == 1 })
						if m, err := pull.Recv(zmq.NoWait); err == nil {
							t.Errorf("%q came after that", m.Body())
						}
						return
					}
					t.Fatalf("%q came instead of old %d", got, i)
				}
			}
			recv(t, pull, "new")
		})
	}
}

// Neither do many who have said a word and gone keep anybody from asking after one who has just hung up.
func TestComesBackAmongThoseWhoHaveGone(t *testing.T) {
	const silent, gone, old = 80, 70, 5000
	pull := zmq.NewPull(zmq.Config{Context: newContext(t), RecvHWM: 10})
	bound := address(bindTCP(t, pull))
	come := func(say string, times int) net.Conn {
		c, err := net.Dial("tcp", bound)
		must(t, err)
		wire := spelled(t, "peer", "PULL")
		for range times {
			wire = append(wire, appendFrame(nil, []byte(say))...)
		}
		_, err = c.Write(wire)
		must(t, err)
		return c
	}
	waits := func(what string, peers, messages int) {
		until(t, patience, what, func() bool {
			s := pull.State()
			return len(s.Peers) == peers && queued(s.Peers) == messages
		})
	}
	for range silent {
		defer come("", 0).Close()
	}
	waits("the silent are there", silent, 0)
	for range gone {
		c := come("bye", 1)
		waits("it has spoken", silent+1, 1)
		c.Close()
		waits("it has gone", silent, 0)
	}
	first := come("old", old)
	waits("the queue is full", silent+1, 10)
	must(t, first.Close())
	defer come("new", 1).Close()
	waits("it is back", silent+2, 11)
	for olds := 0; ; {
		m, err := pull.Recv(within(t))
		must(t, err)
		switch string(m.Body()) {
		case "old":
			olds++
		case "new":
			if olds != old {
				t.Errorf("it overtook %d of its messages", old-olds)
			}
			return
		}
	}
}

// queued is what waits of all peers together.
func queued(peers []monitor.PeerState) (messages int) {
	for _, p := range peers {
		messages += p.QueueIn
	}
	return messages
}
