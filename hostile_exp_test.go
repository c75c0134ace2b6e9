package zmq_test

import (
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func shake(t *testing.T, bound, typ string) net.Conn {
	c, err := net.Dial("tcp", bound[6:])
	must(t, err)
	b := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: "NULL"})
	b = zmtp.AppendCommand(b, zmtp.Command{Name: zmtp.READY, Data: zmtp.AppendMetadata(nil, zmtp.Metadata{{Name: zmtp.SocketType, Value: typ}})})
	c.Write(b)
	return c
}

func TestExpCommandFlood(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	bound := bindTCP(t, pull)
	c := shake(t, bound, "PUSH")
	c.Write([]byte{0, 1, 'a'})
	ready(t, pull, 1)
	before := heap()
	junk := zmtp.AppendCommand(nil, zmtp.Command{Name: "JUNK", Data: make([]byte, 1000)})
	for range 30000 {
		c.Write(junk)
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Printf("commands: grew %d KiB\n", (int64(heap())-int64(before))/1024)
	// empty MORE
	pull2 := zmq.NewPull(zmq.Config{Context: x, MaxMessageSize: 1000})
	bound = bindTCP(t, pull2)
	c2 := shake(t, bound, "PUSH")
	ready(t, pull2, 1)
	before = heap()
	more := make([]byte, 20000)
	for i := 0; i < len(more); i += 2 {
		more[i] = 1
	}
	for range 1000 {
		c2.Write(more)
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Printf("empty MORE: sent 20 MB, MaxMessageSize 1000, grew %d KiB\n", (int64(heap())-int64(before))/1024)
	c2.Write([]byte{0, 0})
	before = heap()
	m, err := pull2.Recv(within(t))
	fmt.Println(m.Len(), err)
	fmt.Printf("message: grew %d KiB\n", (int64(heap())-int64(before))/1024)
	runtime.KeepAlive(m)
}

func TestExpWake(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	bound := bindTCP(t, pull)
	w := pull.Watch(monitor.Lifecycle)
	got := make(chan string, 10)
	go func() {
		for {
			m, err := pull.Recv(t.Context())
			if err != nil {
				got <- err.Error()
				return
			}
			got <- string(m.Body())
		}
	}()
	c := shake(t, bound, "PUSH")
	ready(t, pull, 1)
	c.Write([]byte{0, 1, 'a', 8, 8})
	for e := range w.Events(within(t)) {
		fmt.Println(e, "|", e.Why(), "|", e.Hint())
		if e.Kind == monitor.Disconnected {
			break
		}
	}
	select {
	case s := <-got:
		fmt.Println("got", s)
	case <-time.After(time.Second):
		t.Error("Recv not woken")
	}
}

func TestExpReadyOversize(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	bound := bindTCP(t, pull)
	w := pull.Watch(monitor.Lifecycle)
	c, _ := net.Dial("tcp", bound[6:])
	b := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: "NULL"})
	b = zmtp.AppendCommand(b, zmtp.Command{Name: zmtp.READY, Data: make([]byte, 1<<20)})
	c.Write(b)
	for e := range w.Events(within(t)) {
		fmt.Println(e, "|", e.Why(), "|", e.Hint())
		if e.Kind == monitor.Disconnected {
			break
		}
	}
	c = shake(t, bound, "PUSH")
	c.Write(zmtp.AppendPong(nil, nil))
	c.Write(zmtp.AppendPing(nil, zmtp.Ping{}))
	c.Read(make([]byte, 100))
	time.Sleep(100 * time.Millisecond)
	fmt.Println(pull.State().Peers[0].RTT)
}
