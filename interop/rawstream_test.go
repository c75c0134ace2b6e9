package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// serveHTTP answers each request to our STREAM with its path, and hangs up (zmq_socket(3), ZMQ_STREAM: an empty message).
func serveHTTP(o *zmq.Stream) {
	requests := map[string][]byte{}
	for {
		m, err := o.Recv(context.Background())
		if err != nil {
			return
		}
		id, piece := string(m.Frame(0)), m.Body()
		if len(piece) == 0 { // it came, or went
			delete(requests, id)
			continue
		}
		requests[id] = append(requests[id], piece...)
		if request := requests[id]; bytes.HasSuffix(request, []byte("\r\n\r\n")) {
			path := strings.Fields(string(request))[1]
			answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(path), path)
			o.Send(context.Background(), []byte(id), []byte(answer))
			o.Send(context.Background(), []byte(id), nil)
		}
	}
}

// Web clients, many at a time, are served by a STREAM.
func TestWebClients(t *testing.T) {
	o := open(t, zmq.STREAM, zmq.Config{})
	there := strings.Replace(o.bind(t, loopback), "tcp", "http", 1)
	var serving, asking sync.WaitGroup
	serving.Go(func() { serveHTTP(o.Socket.(*zmq.Stream)) })
	const clients, each = 5, 20
	for who := range clients {
		asking.Go(func() {
			for i := range each {
				path := fmt.Sprintf("/%d/%d", who, i)
				answer, err := http.Get(there + path)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(answer.Body)
				if err != nil || string(body) != path {
					t.Errorf("%s: %q, %v", path, body, err)
				}
				answer.Body.Close()
			}
		})
	}
	asking.Wait()
	for range clients * each { // whoever was first to hang up
		e := o.story.await(t, "the end of a connection", zmq.Event.Terminal)
		if e.MessagesIn == 0 || e.MessagesOut != 1 || e.Reason != monitor.ReasonConnClosed && e.Reason != monitor.ReasonPeerClosed {
			t.Errorf("we say of a client: %v", e)
		}
	}
	o.Close()
	serving.Wait()
	o.none(t, monitor.HandshakeFailedNoDetail|monitor.HandshakeFailedProtocol) // libzmq tells of one at every end
}

// A STREAM is a web client, too.
func TestWebServer(t *testing.T) {
	page := strings.Repeat("a large page ", 100_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, page) }))
	defer server.Close()
	o := open(t, zmq.STREAM, zmq.Config{})
	if err := o.Socket.(*zmq.Stream).ConnectAs(strings.Replace(server.URL, "http", "tcp", 1), "web"); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, "first", o.show(t), "web", "")
	o.put(t, "web", "GET / HTTP/1.0\r\n\r\n")
	var got strings.Builder
	for m := o.show(t); m[1] != ""; m = o.show(t) {
		got.WriteString(m[1])
	}
	head, body, _ := strings.Cut(got.String(), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.0 200 OK") || body != page {
		t.Errorf("the server answered %d bytes under %q", len(body), head)
	}
}

// Between STREAMs of two engines flow bytes, both ways, and each hears of the other's coming and going; either may hang up.
func TestStreamPeers(t *testing.T) {
	p := startPeer(t)
	const size = 1 << 20
	bytes := frame("stream", 0, 0, size)
	want := printed([][]byte{bytes})
	for _, weHangUp := range []bool{true, false} {
		t.Run(fmt.Sprint("we hang up: ", weHangUp), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.STREAM, zmq.Config{ReconnectMin: zmq.Off}), p.open(t, "STREAM", nil)
				if weBind {
					s.connect(t, o.bind(t, loopback))
				} else {
					o.connect(t, s.bind(t, loopback))
				}
				we, they := s.show(t), o.show(t) // what each calls the other
				if len(we) != 2 || len(we[0]) != 5 || we[1] != "" || len(they) != 2 || len(they[0]) != 5 || they[0][0] != 0 || they[1] != "" {
					t.Fatalf("they are told of %q, we of %q", we, they)
				}
				gathered := s.tell(t, "gather", args{"size": size})
				o.send(t, [][]byte{[]byte(they[0]), bytes})
				same(t, "what they received", gathered.done(t).Messages, []string{want})

				sent := s.tell(t, "put_frames", args{"frames": hexed([]string{we[0], string(bytes)})})
				var got []byte
				for len(got) < size {
					m := o.recv(t)
					if m.Len() != 2 || string(m.Frame(0)) != they[0] || m.Size() == 5 {
						t.Fatalf("after %d bytes came %.100q", len(got), m.AppendFrames(nil))
					}
					got = append(got, m.Body()...)
				}
				sent.done(t)
				same(t, "what we received", []string{printed([][]byte{got})}, []string{want})

				if weHangUp {
					o.put(t, they[0], "")
					wantFrames(t, "they are told of the end", s.show(t), we[0], "")
				} else {
					s.put(t, we[0], "")
				}
				wantFrames(t, "we are told of the end", o.show(t), they[0], "")
			})
		})
	}
}

// Who hangs up what it has dialled does not want it dialled again; who is hung up by the peer finds it again.
func TestStreamDialsAgain(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.STREAM, zmq.Config{}), p.open(t, "STREAM", nil)
	there := s.bind(t, loopback)
	if err := o.Socket.(*zmq.Stream).ConnectAs(there, "them"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		wantFrames(t, "it came", o.show(t), "them", "")
		we := s.show(t)
		o.put(t, "them", "hello")
		wantFrames(t, "what they received", s.show(t), we[0], "hello")
		s.put(t, we[0], "") // they hang up
		wantFrames(t, "it went", o.show(t), "them", "")
	}
	wantFrames(t, "it came", o.show(t), "them", "")
	o.put(t, "them", "") // we do
	wantFrames(t, "it went", o.show(t), "them", "")
	o.await(t, monitor.Unbound)
	if eps := o.State().Endpoints; len(eps) != 0 {
		t.Errorf("our endpoints: %+v", eps)
	}
}
