package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/glassmq/zmq"
)

// A message goes from one socket to another. Which of them is there first does not matter.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	pull := zmq.NewPull(zmq.Config{})
	defer pull.Close()
	bound, err := pull.Bind("tcp://127.0.0.1:*") // a port of the system's choice
	if err != nil {
		log.Fatal(err)
	}

	push := zmq.NewPush(zmq.Config{})
	defer push.Close() // waits until what was sent is on its way
	if err := push.Connect(bound); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(ctx, []byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}

	m, err := pull.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d frames: %s, %s\n", m.Len(), m.Frame(0), m.Body())
	// Output:
	// 2 frames: greeting, hello
}

// A server that does not answer costs one deadline: the request is given up, and the next Do starts clean.
func ExampleReq_Do() {
	rep := zmq.NewRep(zmq.Config{})
	defer rep.Close()
	bound, err := rep.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}
	late := make(chan struct{})
	go func() {
		for {
			m, err := rep.Recv(context.Background())
			if err != nil {
				return // it was closed: a client's failure never shows up here
			}
			if string(m.Body()) == "nobody" {
				<-late // the answer comes when nobody waits for it any more
			}
			rep.Send(context.Background(), []byte("hello"), m.Body())
		}
	}()

	req := zmq.NewReq(zmq.Config{})
	defer req.Close()
	if err := req.Connect(bound); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"ada", "nobody", "grace"} {
		patience := 10 * time.Second
		if name == "nobody" {
			patience = 50 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		answer, err := req.Do(ctx, []byte(name))
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			fmt.Println(name, "was given up")
			close(late)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s, %s\n", answer.Frame(0), answer.Frame(1))
	}
	// Output:
	// hello, ada
	// nobody was given up
	// hello, grace
}

// WaitReady says whether the other side is there, and if not, what is the matter.
func ExampleSocket_WaitReady() {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	push := zmq.NewPush(zmq.Config{Context: x})
	if err := push.Connect("inproc://work"); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	err := push.WaitReady(ctx, 1)
	fmt.Println(err)
	fmt.Println(errors.Is(err, zmq.ErrWouldBlock), errors.Is(err, context.DeadlineExceeded))

	pull := zmq.NewPull(zmq.Config{Context: x})
	if _, err := pull.Bind("inproc://work"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(push.WaitReady(context.Background(), 1))
	// Output:
	// zmq: 0 of 1 peers ready: inproc://work: nobody has bound it
	// true true
	// <nil>
}

// One select waits for two sockets and a deadline. The channels are asked for anew in each round, one message is taken a
// round, and a nil channel leaves its case out.
func ExampleReceiver_Readable() {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	jobs, work := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x, SendHWM: 1})
	if _, err := jobs.Bind("inproc://jobs"); err != nil {
		log.Fatal(err)
	}
	if err := work.Connect("inproc://jobs"); err != nil {
		log.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	sent, sum := uint32(0), uint32(0)
	for sum < 5050 {
		writable := work.Writable()
		if sent == 100 {
			writable = nil // nothing left to send
		}
		select {
		case <-writable:
			if err := work.Send(zmq.NoWait, binary.BigEndian.AppendUint32(nil, sent+1)); err != nil {
				log.Fatal(err)
			}
			sent++
		case <-jobs.Readable():
			m, err := jobs.Recv(zmq.NoWait)
			if errors.Is(err, zmq.ErrWouldBlock) {
				continue // only if another goroutine receives here too, and was faster
			}
			if err != nil {
				log.Fatal(err)
			}
			sum += binary.BigEndian.Uint32(m.Body())
		case <-deadline:
			log.Fatal("too slow")
		}
	}
	fmt.Println(sent, "sent, sum", sum)
	// Output:
	// 100 sent, sum 5050
}

// Receiving without garbage: the frames are valid until the next RecvInto.
func ExampleReceiver_RecvInto() {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
	if _, err := pull.Bind("inproc://words"); err != nil {
		log.Fatal(err)
	}
	if err := push.Connect("inproc://words"); err != nil {
		log.Fatal(err)
	}
	for _, word := range []string{"one", "two", "three"} {
		if err := push.Send(context.Background(), []byte(word)); err != nil {
			log.Fatal(err)
		}
	}
	var b zmq.Buffer
	var kept zmq.Message
	for range 3 {
		if err := pull.RecvInto(context.Background(), &b); err != nil {
			log.Fatal(err)
		}
		if string(b.Body()) == "two" {
			kept = b.Clone() // has bytes of its own
		}
	}
	fmt.Printf("%s, and kept: %s\n", b.Body(), kept.Body())
	// Output:
	// three, and kept: two
}

// Close waits for what is queued, for at most Config.Linger, and says what did not make it.
func ExampleDroppedError() {
	push := zmq.NewPush(zmq.Config{Linger: 10 * time.Millisecond})
	if err := push.Connect("inproc://nobody-binds-this"); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(context.Background(), []byte("last words")); err != nil {
		log.Fatal(err)
	}
	var dropped *zmq.DroppedError
	if err := push.Close(); errors.As(err, &dropped) {
		fmt.Println(dropped.Messages, "message for", dropped.Peers[0].Endpoint)
	}
	// Output:
	// 1 message for inproc://nobody-binds-this
}
