package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// serveOurs is the argument with which the command is a child of itself: what libzmq.py is for libzmq, with sockets of ours.
const serveOurs = "serve-ours"

// An order is a line that a child is given.
type order struct {
	Do, Type, Endpoint, Mechanism string
	Run                           int
	Bind                          bool
	Options                       map[string]string
	ZAP                           [][]string
	Frames                        []string
}

// A host obeys orders until there are no more.
type host struct {
	mu  sync.Mutex
	out *json.Encoder // guarded by mu

	x      *zmq.Context
	socket zmq.Socket
	work   sync.WaitGroup // who reads the socket and its monitor
}

func serve(in io.Reader, out io.Writer) {
	h := &host{out: json.NewEncoder(out)}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 256<<20)
	for lines.Scan() {
		var o order
		answer := map[string]any{"answer": true}
		err := json.Unmarshal(lines.Bytes(), &o)
		if err == nil {
			answer["endpoint"], err = h.obey(o)
		}
		if err != nil {
			answer["error"] = err.Error()
		}
		h.say(answer)
	}
}

func (h *host) say(line map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.out.Encode(line)
}

func (h *host) obey(o order) (endpoint string, err error) {
	switch o.Do {
	case "open":
		return h.open(o)
	case "send":
		var frames [][]byte
		for _, f := range unhexed(o.Frames) {
			frames = append(frames, []byte(f))
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := h.socket.(zmq.Sender).Send(ctx, frames...)
		if h.socket.Type() == zmq.REQ && err == nil { // there is nothing to receive before
			h.work.Go(func() { h.receiveOne(h.socket.(zmq.Receiver), o.Run) })
		}
		return "", err
	case "close":
		err = h.x.Shutdown(zmq.NoWait)
		h.work.Wait()
	}
	return "", err
}

func (h *host) open(o order) (endpoint string, err error) {
	h.x = zmq.NewContext(zmq.ContextConfig{})
	typ, err := zmq.ParseType(o.Type)
	if err != nil {
		return "", err
	}
	cfg, err := configOf(o)
	if err != nil {
		return "", err
	}
	cfg.Context = h.x
	if h.socket, err = zmq.New(typ, cfg); err != nil {
		return "", err
	}
	if o.ZAP != nil {
		if err := h.answerZAP(o.ZAP); err != nil {
			return "", err
		}
	}
	watch := h.socket.Watch(monitor.Lifecycle)
	h.work.Go(func() { h.tell(watch, o.Run) })
	if r, ok := h.socket.(zmq.Receiver); ok && typ != zmq.REQ {
		h.work.Go(func() {
			for h.receiveOne(r, o.Run) {
			}
		})
	}
	if o.Bind {
		return h.socket.Bind(o.Endpoint)
	}
	return o.Endpoint, h.socket.Connect(o.Endpoint)
}

// configOf is what an order asks for.
func configOf(o order) (c zmq.Config, err error) {
	c = zmq.Config{ReconnectMin: 20 * time.Millisecond, ReconnectMax: 100 * time.Millisecond, ReqRelaxed: o.Type == "REQ"}
	if o.Type == "SUB" || o.Type == "XSUB" {
		c.Subscribe = []string{""}
	}
	client, err := curve.ParseKeyPair(assault.ClientPublic, assault.ClientSecret)
	server, err2 := curve.ParseKeyPair(assault.ServerPublic, assault.ServerSecret)
	guard, err3 := auth.New(auth.Rules{Passwords: map[string]string{"admin": "secret"}, Keys: map[curve.PublicKey]string{client.Public: "ann"}})
	if err := errors.Join(err, err2, err3); err != nil {
		return c, err
	}
	switch o.Mechanism {
	case "NULL-domain":
		c.ZAPDomain, c.Authenticate = "lab", zmq.AllowAny
	case "PLAIN-server":
		c.Mechanism, c.Authenticate = zmtp.PlainServer(), guard.Authenticate
	case "PLAIN-client":
		c.Mechanism = zmtp.PlainClient("admin", "secret")
	case "CURVE-server":
		c.Mechanism, c.Authenticate = curve.Server(server), guard.Authenticate
	case "CURVE-client":
		c.Mechanism = curve.Client(client, server.Public)
	}
	if o.ZAP != nil {
		c.Authenticate = nil // the handler decides
	}
	for name, value := range o.Options {
		n, err := strconv.ParseInt(value, 10, 64)
		switch name {
		case "HandshakeTimeout":
			c.HandshakeTimeout = time.Duration(n) * time.Millisecond
		case "MaxMessageSize":
			c.MaxMessageSize = n
		case "MaxSubscriptions":
			c.MaxSubscriptions = int(n)
		case "MaxSubscriptionBytes":
			c.MaxSubscriptionBytes = int(n)
		case "ReqCorrelate":
			c.ReqCorrelate, err = value == "true", nil
		case "Subscribe":
			c.Subscribe, err = []string{value}, nil
		default:
			err = fmt.Errorf("no input sets %s", name)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// tell tells the story of each connection.
func (h *host) tell(watch *monitor.Subscription, run int) {
	for e := range watch.Events(context.Background()) {
		if e.Conn == 0 || e.Kind == monitor.ConnectDelayed {
			continue
		}
		l := map[string]any{"run": run, "event": e.Kind.String(), "conn": e.Conn, "peer": e.Remote}
		if e.Kind&(monitor.Failures|monitor.HeartbeatTimeout|monitor.Disconnected|monitor.LocalClosed) != 0 {
			l["detail"] = fmt.Sprintf("%s %s %s", e.Who, e.Phase, e.Reason)
		}
		if e.Kind&(monitor.HandshakeFailedProtocol|monitor.HandshakeFailedAuth) != 0 {
			l["value"] = e.Value
		}
		h.say(l)
	}
}

// receiveOne reports whether a message came.
func (h *host) receiveOne(r zmq.Receiver, run int) bool {
	m, err := r.Recv(context.Background())
	if err != nil {
		return false
	}
	h.say(map[string]any{"run": run, "message": hexed(textsOf(m))})
	if s, ok := r.(zmq.Sender); ok && h.socket.Type() == zmq.REP {
		s.Send(context.Background(), []byte("answer"))
	}
	return true
}

func textsOf(m zmq.Message) (frames []string) {
	for _, f := range m.All() {
		frames = append(frames, string(f))
	}
	return frames
}

// answerZAP is a handler that answers about mallory as the input says, and lets in everybody else.
func (h *host) answerZAP(replies [][]string) error {
	handler := zmq.NewRouter(zmq.Config{Context: h.x})
	if _, err := handler.Bind("inproc://zeromq.zap.01"); err != nil {
		return err
	}
	h.work.Go(func() {
		for {
			m, err := handler.Recv(context.Background())
			if err != nil {
				return
			}
			frames := textsOf(m) // routing id, "", version, id, domain, address, identity, mechanism, credentials (RFC 27)
			answers := [][]string{{"1.0", frames[3], "200", "OK", "", ""}}
			if len(frames) > 8 && frames[8] == "mallory" {
				answers = nil
				for _, reply := range replies {
					answers = append(answers, unhexed(reply))
				}
			}
			for _, answer := range answers {
				all := [][]byte{[]byte(frames[0]), []byte(frames[1])}
				for _, f := range answer {
					all = append(all, []byte(strings.ReplaceAll(f, "@id", frames[3])))
				}
				if len(answer) > 0 {
					handler.Send(context.Background(), all...)
				}
			}
		}
	})
	return nil
}
