//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A scene is one trouble, its beginning and its end; or what looks like one and is none.
type scene func(*recorder) error

func scenes() map[string]scene {
	return map[string]scene{
		"server_down":         serverDown,
		"black_hole":          blackHole,
		"accepts_then_closes": acceptsThenCloses,
		"flapping":            flapping,
		"slow_subscriber":     slowSubscriber,
		"silent_stream":       silentStream,
		"wrong_type":          wrongType,
		"web_client":          webClient,
		"identity_conflict":   identityConflict,
		"fd_pressure":         fdPressure,
		"no_route":            noRoute,
		"restart":             restart,
	}
}

// as is the Config of a socket that is called so. Nobody waits for what is left in its queue.
func (r *recorder) as(name string) zmq.Config {
	return zmq.Config{Context: r.Context, Name: name, Linger: zmq.Off}
}

// A port is one that nobody listens on, until somebody does.
func port() (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Nobody listens for 14 s, then the server is there, and stays.
func serverDown(r *recorder) error {
	at, err := port()
	if err != nil {
		return err
	}
	sub := zmq.NewSub(r.as("md"))
	sub.Subscribe("")
	if err := sub.Connect("tcp://" + at); err != nil {
		return err
	}
	time.Sleep(14 * time.Second)
	pub := zmq.NewPub(r.as("pub"))
	if _, err := pub.Bind("tcp://" + at); err != nil {
		return err
	}
	time.Sleep(11 * time.Second)
	return nil
}

// A server whose queue of connections is full does not answer at all.
func blackHole(r *recorder) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	if err := syscall.Listen(fd, 0); err != nil {
		return err
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return err
	}
	at := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 2 { // one in the queue, one that waits for it: the kernel answers no further one
		if c, err := net.DialTimeout("tcp", at, 200*time.Millisecond); err == nil {
			defer c.Close()
		}
	}
	if err := zmq.NewDealer(r.as("client")).Connect("tcp://" + at); err != nil {
		return err
	}
	time.Sleep(13 * time.Second)
	return nil
}

// Something accepts and closes at once.
func acceptsThenCloses(r *recorder) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	if err := zmq.NewReq(r.as("client")).Connect("tcp://" + l.Addr().String()); err != nil {
		return err
	}
	time.Sleep(13 * time.Second)
	return nil
}

// A server that ends each connection after a moment, seven times, and then none.
func flapping(r *recorder) error {
	server := zmq.NewRouter(r.as("server"))
	at, err := server.Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	came := server.Watch(monitor.HandshakeSucceeded)
	if err := zmq.NewDealer(r.as("client")).Connect(at); err != nil {
		return err
	}
	for range 7 {
		e, err := came.Next(context.Background())
		if err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
		server.CloseConn(e.Conn)
	}
	time.Sleep(12 * time.Second)
	return nil
}

// A subscriber that does not read for 13 s, and then does.
func slowSubscriber(r *recorder) error {
	cfg := r.as("md")
	cfg.SendHWM = 50
	pub := zmq.NewPub(cfg)
	at, err := pub.Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	cfg = r.as("risk")
	cfg.RecvHWM = 50
	sub := zmq.NewSub(cfg)
	sub.Subscribe("")
	if err := sub.Connect(at); err != nil {
		return err
	}
	ctx := context.Background()
	if err := pub.WaitReady(ctx, 1); err != nil {
		return err
	}
	var work sync.WaitGroup
	defer work.Wait()
	over, end := context.WithCancel(ctx)
	defer end()
	work.Go(func() {
		for over.Err() == nil {
			pub.Send(ctx, make([]byte, 64<<10))
			time.Sleep(2 * time.Millisecond)
		}
	})
	time.Sleep(13 * time.Second)
	work.Go(func() {
		for {
			if _, err := sub.Recv(over); err != nil {
				return
			}
		}
	})
	time.Sleep(6 * time.Second)
	return nil
}

// A stream of five messages a second that stops for 14 s.
func silentStream(r *recorder) error {
	pub, sub := zmq.NewPub(r.as("pub")), zmq.NewSub(r.as("md"))
	at, err := pub.Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	sub.Subscribe("")
	if err := sub.Connect(at); err != nil {
		return err
	}
	ctx := context.Background()
	if err := pub.WaitReady(ctx, 1); err != nil {
		return err
	}
	over, end := context.WithCancel(ctx)
	defer end()
	go func() {
		for {
			if _, err := sub.Recv(over); err != nil {
				return
			}
		}
	}()
	say := func(d time.Duration) {
		for began := time.Now(); time.Since(began) < d; time.Sleep(200 * time.Millisecond) {
			pub.Send(ctx, []byte("EURUSD"))
		}
	}
	say(33 * time.Second)
	if err := zmq.NewDealer(r.as("other")).Connect("inproc://nobody"); err != nil { // the process is heard while the stream is not
		return err
	}
	for range 14 {
		other := zmq.NewPull(r.as("other"))
		if _, err := other.Bind("tcp://127.0.0.1:*"); err != nil {
			return err
		}
		time.Sleep(time.Second)
		other.Close()
	}
	say(4 * time.Second)
	return nil
}

// A SUB dials a PULL: neither will have it.
func wrongType(r *recorder) error {
	pull := zmq.NewPull(r.as("tasks"))
	at, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	if err := zmq.NewSub(r.as("md")).Connect(at); err != nil {
		return err
	}
	time.Sleep(4 * time.Second)
	return nil
}

// A web client has the port of a publisher, and asks again and again.
func webClient(r *recorder) error {
	at, err := zmq.NewPub(r.as("md")).Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	for range 5 {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+at[len("tcp"):], nil)
		if err != nil {
			stop()
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
		stop()
		time.Sleep(400 * time.Millisecond)
	}
	return nil
}

// Two peers call themselves alike.
func identityConflict(r *recorder) error {
	at, err := zmq.NewRouter(r.as("hub")).Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	for _, name := range []string{"one", "two"} {
		cfg := r.as(name)
		cfg.RoutingID = "worker-7"
		d := zmq.NewDealer(cfg)
		if err := d.Connect(at); err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
	}
	time.Sleep(4 * time.Second)
	return nil
}

// A process with few descriptors, and many who want to be let in.
func fdPressure(r *recorder) error {
	at, err := zmq.NewPull(r.as("tasks")).Bind("tcp://127.0.0.1:*")
	if err != nil {
		return err
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		return err
	}
	time.Sleep(1200 * time.Millisecond)
	probe, err := syscall.Dup(1)
	if err != nil {
		return err
	}
	syscall.Close(probe)
	few := was
	few.Cur = uint64(probe + 5) // as many more
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		return err
	}
	var conns []net.Conn
	for range 4 {
		if c, err := net.Dial("tcp", at[len("tcp://"):]); err == nil {
			conns = append(conns, c)
		}
	}
	time.Sleep(3 * time.Second)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		return err
	}
	for _, c := range conns {
		c.Close()
	}
	time.Sleep(time.Second)
	return nil
}

// A ROUTER writes to somebody who is not there.
func noRoute(r *recorder) error {
	router := zmq.NewRouter(r.as("hub"))
	if _, err := router.Bind("tcp://127.0.0.1:*"); err != nil {
		return err
	}
	for range 30 {
		if err := router.Send(context.Background(), []byte("nobody"), []byte("hello")); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// None of this is trouble: a server that is started anew, twice; an attempt that is refused once; traffic; a stream that was
// never regular; a port that was probed once.
func restart(r *recorder) error {
	at, err := port()
	if err != nil {
		return err
	}
	sub := zmq.NewSub(r.as("md"))
	sub.Subscribe("")
	if err := sub.Connect("tcp://" + at); err != nil { // refused once or twice
		return err
	}
	ctx := context.Background()
	over, end := context.WithCancel(ctx)
	defer end()
	go func() {
		for {
			if _, err := sub.Recv(over); err != nil {
				return
			}
		}
	}()
	for range 3 {
		time.Sleep(time.Second)
		pub := zmq.NewPub(r.as("pub"))
		if _, err := pub.Bind("tcp://" + at); err != nil {
			return err
		}
		if err := pub.WaitReady(ctx, 1); err != nil {
			return err
		}
		for range 20 {
			pub.Send(ctx, []byte("tick"))
			time.Sleep(100 * time.Millisecond)
		}
		if c, err := net.Dial("tcp", at); err == nil {
			c.Close()
		}
		pub.Close()
	}
	time.Sleep(5 * time.Second)
	return nil
}
