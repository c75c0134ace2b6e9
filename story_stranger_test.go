package zmq_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// Strangers are peers that are not sockets of ours: they send what a story says, byte for byte.
//
//	dial r tcp://hub:1                 a connection
//	listen l tcp://hub:1, accept r l   the other way round
//	write r greeting READY:PUSH        bytes; see wireForms
//	drip r 1s greeting                 a byte a second, in the background
//	read r                             what came since the last read
//	hangup r                           also of a listener
//
// wireForms: greeting, greeting:CURVE, READY:TYPE, ERROR:REASON, command:NAME, frame:TEXT, more:TEXT, PING:1s, hex:ff00,
// and "any text".

// A stranger is one connection. A goroutine reads it, so that nothing that it is sent stays on its way.
type stranger struct {
	conn net.Conn
	work sync.WaitGroup

	mu sync.Mutex
	// mu guards:
	in      []byte // not yet told
	greeted bool
	ended   bool
	more    chan struct{} // closed, and renewed, when there is more
}

func (s *stage) enter(name string, conn net.Conn) {
	r := &stranger{conn: conn, more: make(chan struct{})}
	s.strangers[name] = r
	r.work.Go(r.run)
}

func (r *stranger) run() {
	b := make([]byte, 4096)
	for {
		n, err := r.conn.Read(b)
		r.mu.Lock()
		r.in = append(r.in, b[:n]...)
		r.ended = err != nil
		close(r.more)
		r.more = make(chan struct{})
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (r *stranger) close() {
	r.conn.Close()
	r.work.Wait()
}

func (s *stage) dial(args []string) (string, error) {
	ctx, cancel := patient()
	defer cancel()
	conn, err := s.world.dial(ctx, args[1])
	if err == nil {
		s.enter(args[0], conn)
	}
	return "", err
}

func (s *stage) listen(args []string) (string, error) {
	l, err := s.world.listen(context.Background(), args[1])
	if err == nil {
		s.listeners[args[0]] = l
		s.world.bound(args[1], true)
	}
	return "", err
}

func (s *stage) accept(args []string) (string, error) {
	conn, err := s.listeners[args[1]].Accept()
	if err == nil {
		s.enter(args[0], conn)
	}
	return "", err
}

func (s *stage) hangup(args []string) (string, error) {
	if l := s.listeners[args[0]]; l != nil {
		return "", l.Close()
	}
	r := s.strangers[args[0]]
	r.conn.(interface{ CloseWrite() error }).CloseWrite()
	r.work.Wait() // to close with something unread would be a reset
	return "", r.conn.Close()
}

func (s *stage) write(args []string) (string, error) {
	b, err := s.wire(args[1:])
	if err == nil {
		_, err = s.strangers[args[0]].conn.Write(b)
	}
	return "", err
}

func (s *stage) drip(args []string) (string, error) {
	every, err := time.ParseDuration(args[1])
	if err != nil {
		return "", err
	}
	b, err := s.wire(args[2:])
	if err != nil {
		return "", err
	}
	r := s.strangers[args[0]]
	r.work.Go(func() {
		tick := time.NewTicker(s.world.time(every))
		defer tick.Stop()
		for i := range b {
			if _, err := r.conn.Write(b[i : i+1]); err != nil {
				return
			}
			<-tick.C
		}
	})
	return "", nil
}

// wire makes bytes of words.
func (s *stage) wire(words []string) (b []byte, err error) {
	for _, word := range words {
		form, arg, _ := strings.Cut(word, ":")
		switch form {
		case "greeting":
			b = zmtp.AppendGreeting(b, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: cmp.Or(arg, "NULL")})
		case "READY":
			b = zmtp.AppendCommand(b, zmtp.Command{Name: zmtp.READY, Data: zmtp.AppendMetadata(nil, zmtp.Metadata{{Name: zmtp.SocketType, Value: arg}})})
		case "PING":
			var ttl time.Duration
			ttl, err = time.ParseDuration(arg)
			b = zmtp.AppendPing(b, zmtp.Ping{TTL: s.world.time(ttl)})
		case "ERROR":
			b = zmtp.AppendError(b, arg)
		case "command":
			b = zmtp.AppendCommand(b, zmtp.Command{Name: arg})
		case "frame", "more":
			b = append(zmtp.AppendHeader(b, zmtp.Header{More: form == "more", Size: uint64(len(arg))}), arg...)
		case "hex":
			var raw []byte
			raw, err = hex.DecodeString(arg)
			b = append(b, raw...)
		default:
			b = append(b, word...)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
	}
	return b, nil
}

func (s *stage) read(args []string) (string, error) {
	r := s.strangers[args[0]]
	if r == nil {
		return "", errors.New("nobody is called " + args[0])
	}
	want := s.world.hint(s.scene)
	limit := time.After(longest)
	for {
		r.mu.Lock()
		in, greeted, more := r.in, r.greeted, r.more
		text, rest, greeted := understand(in, greeted, r.ended)
		if text == "" {
			text = "nothing"
		}
		if want == "" || "> "+text == want {
			r.in, r.greeted = rest, greeted
			r.mu.Unlock()
			return text, nil
		}
		r.mu.Unlock()
		select {
		case <-more:
		case <-limit:
			return text, nil
		}
	}
}

// understand puts what came into words, as far as it is whole.
func understand(b []byte, greeted, ended bool) (text string, rest []byte, greetedNow bool) {
	var words []string
	if g, n, err := zmtp.ParseGreeting(b); !greeted && err == nil && n > 0 {
		words = append(words, fmt.Sprintf("greeting %d.%d %s", g.Major, g.Minor, g.Mechanism))
		b, greeted = b[n:], true
	}
	for greeted {
		h, n, err := zmtp.ParseHeader(b, 0)
		if err != nil || n == 0 || uint64(len(b)-n) < h.Size {
			break
		}
		body := b[n : n+int(h.Size)]
		b = b[n+int(h.Size):]
		words = append(words, frameWords(h, body))
	}
	if ended {
		if len(b) > 0 {
			words = append(words, fmt.Sprintf("%d bytes", len(b)))
		}
		words = append(words, "end")
	}
	return strings.Join(words, ", "), b, greeted
}

func frameWords(h zmtp.Header, body []byte) string {
	if !h.Command {
		more := ""
		if h.More {
			more = " and more"
		}
		return strconv.Quote(string(body)) + more
	}
	c, err := zmtp.ParseCommand(body)
	if err != nil {
		return err.Error()
	}
	switch c.Name {
	case zmtp.READY:
		m, _ := zmtp.ParseMetadata(c.Data)
		typ, _ := m.Get(zmtp.SocketType)
		return "READY " + typ
	case zmtp.ERROR:
		return fmt.Sprintf("ERROR %q", c.Data[min(1, len(c.Data)):])
	}
	return c.Name
}
