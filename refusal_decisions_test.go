package zmq_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A decision is a way in which the question about the visitor can go out.
type decision struct {
	name   string
	ending ending
	user   string // who the visitor is, if it is let in

	// One of three decides: nobody (neither is set), a function, or a ZAP handler.
	decide func(c *cell) zmq.Authenticator
	answer func(c *cell, h *zapHandler, id []byte) // to the first question; it may answer by h.say, or not
	fresh  bool                                    // the handler is of no use after that: another takes its place
	router bool                                    // only a ROUTER can answer so
}

// An ending is a connection's, as its events and the peer are told it.
type ending struct {
	in     bool
	kind   monitor.Kind
	number uint64 // of the event in a frame of libzmq's
	cause  string // who, phase, reason
	told   string // the reason of the ERROR; "": none
}

var (
	letIn    = ending{in: true}
	later    = ending{kind: monitor.HandshakeFailedAuth, number: 300, cause: "local mechanism auth_temporary"}
	denied   = ending{kind: monitor.HandshakeFailedAuth, number: 400, cause: "local mechanism auth_denied", told: "400"}
	atFault  = ending{kind: monitor.HandshakeFailedAuth, number: 500, cause: "local mechanism auth_internal", told: "500"}
	nobody   = ending{kind: monitor.HandshakeFailedNoDetail, number: uint64(syscall.EFAULT), cause: "local mechanism zap_missing"}
	tooLate  = ending{kind: monitor.HandshakeFailedNoDetail, number: uint64(syscall.ETIMEDOUT), cause: "timer mechanism auth_timeout"}
	garbled  = func(code zmtp.Code) ending { return brokenZAP(uint64(code.Classic())) }
	friendly = "user:ann" // whom a mended decider says to be there
)

func brokenZAP(number uint64) ending {
	return ending{kind: monitor.HandshakeFailedProtocol, number: number, cause: "local mechanism zap_protocol"}
}

func decisions() []decision {
	long := strings.Repeat("x", 256)
	role := zmtp.AppendMetadata(nil, zmtp.Metadata{{Name: "X-Role", Value: "admin"}})
	all := []decision{
		{name: "no handler", ending: nobody},
		{name: "200", ending: letIn, user: "user:eve", answer: says("1.0", "ID", "200", "OK", "user:eve", "")},
		{name: "200 to nobody in particular", ending: letIn, answer: says("1.0", "ID", "200", "", "", "")},
		{name: "200 with metadata", ending: letIn, user: "user:eve", answer: says("1.0", "ID", "200", "OK", "user:eve", string(role))},
		{name: "300", ending: later, answer: says("1.0", "ID", "300", "starting", "", "")},
		{name: "400", ending: denied, answer: says("1.0", "ID", "400", "no such user", "", "")},
		{name: "400 with a user id", ending: denied, answer: says("1.0", "ID", "400", "no", "user:eve", string(role))},
		{name: "500", ending: atFault, answer: says("1.0", "ID", "500", "no database", "", "")},

		{name: "another version", ending: garbled(zmtp.ZAPBadVersion), answer: says("2.0", "ID", "200", "OK", "user:eve", "")},
		{name: "no version", ending: garbled(zmtp.ZAPBadVersion), answer: says("", "ID", "200", "OK", "user:eve", "")},
		{name: "another request's id", ending: garbled(zmtp.ZAPBadRequestID), answer: says("1.0", "1", "200", "OK", "user:eve", "")},
		{name: "no request id", ending: garbled(zmtp.ZAPBadRequestID), answer: says("1.0", "", "200", "OK", "user:eve", "")},
		{name: "too few frames", ending: garbled(zmtp.ZAPMalformedReply), answer: says("1.0", "ID", "200", "OK", "user:eve")},
		{name: "too many frames", ending: garbled(zmtp.ZAPMalformedReply), answer: says("1.0", "ID", "200", "OK", "user:eve", "", "")},
		{name: "a 200 alone", ending: garbled(zmtp.ZAPMalformedReply), answer: says("200")},
		{name: "an empty answer", ending: garbled(zmtp.ZAPMalformedReply), answer: says("")},
		{name: "no status", ending: garbled(zmtp.ZAPInvalidStatusCode), answer: says("1.0", "ID", "", "OK", "user:eve", "")},
		{name: "a status that is no number", ending: garbled(zmtp.ZAPInvalidStatusCode), answer: says("1.0", "ID", "OK", "OK", "user:eve", "")},
		{name: "a status and a space", ending: garbled(zmtp.ZAPInvalidStatusCode), answer: says("1.0", "ID", "200 ", "OK", "user:eve", "")},
		{name: "201", ending: garbled(zmtp.ZAPInvalidStatusCode), answer: says("1.0", "ID", "201", "OK", "user:eve", "")},
		{name: "a status in the text's place", ending: garbled(zmtp.ZAPInvalidStatusCode), answer: says("1.0", "ID", "OK", "200", "user:eve", "")},
		{name: "an endless text", ending: garbled(zmtp.ZAPMalformedReply), answer: says("1.0", "ID", "200", long, "user:eve", "")},
		{name: "an endless user id", ending: garbled(zmtp.ZAPMalformedReply), answer: says("1.0", "ID", "200", "OK", long, "")},
		{name: "metadata cut short", ending: garbled(zmtp.ZAPInvalidMetadata), answer: says("1.0", "ID", "200", "OK", "user:eve", string(role[:9]))},
		{name: "metadata twice", ending: garbled(zmtp.ZAPInvalidMetadata), answer: says("1.0", "ID", "200", "OK", "user:eve", string(role)+string(role))},
		{name: "metadata that is text", ending: garbled(zmtp.ZAPInvalidMetadata), answer: says("1.0", "ID", "200", "OK", "user:eve", "role=admin")},

		{name: "200, too late", ending: tooLate, answer: func(c *cell, h *zapHandler, id []byte) {
			<-c.over
			says("1.0", "ID", "200", "OK", "user:eve", "")(c, h, id)
		}},
		{name: "never", ending: tooLate, fresh: true, answer: func(c *cell, h *zapHandler, id []byte) { <-c.over }},
		{name: "goes away when it is asked", ending: tooLate, fresh: true, answer: func(c *cell, h *zapHandler, id []byte) { h.socket.Shutdown(zmq.NoWait) }},
		{name: "goes away, and another comes", ending: tooLate, fresh: true, answer: func(c *cell, h *zapHandler, id []byte) {
			h.socket.Shutdown(zmq.NoWait)
			c.judge.mend()
		}},
	}
	return append(append(all, routersDecisions...), functions...)
}

// says is a handler's answer; ID is the request's.
func says(frames ...string) func(*cell, *zapHandler, []byte) {
	return func(_ *cell, h *zapHandler, id []byte) {
		all := byteFrames(frames)
		for i, f := range all {
			if string(f) == "ID" {
				all[i] = id
			}
		}
		h.say(all...)
	}
}

// What a ROUTER can do, and a REP cannot.
var routersDecisions = []decision{
	{name: "400, then 200", ending: denied, router: true, answer: func(c *cell, h *zapHandler, id []byte) {
		says("1.0", "ID", "400", "no", "", "")(c, h, id)
		says("1.0", "ID", "200", "OK", "user:eve", "")(c, h, id)
	}},
	{name: "200 to somebody else", ending: tooLate, router: true, answer: func(c *cell, h *zapHandler, id []byte) {
		h.envelope = byteFrames([]string{"elsewhere", ""})
		says("1.0", "ID", "200", "OK", "user:eve", "")(c, h, id)
	}},
	{name: "200 without a delimiter", ending: tooLate, router: true, answer: func(c *cell, h *zapHandler, id []byte) {
		h.envelope = h.envelope[:1]
		says("1.0", "ID", "200", "OK", "user:eve", "")(c, h, id)
	}},
}

// What a function of the user's can do.
var functions = []decision{
	{name: "AllowAny", ending: letIn, decide: func(*cell) zmq.Authenticator { return zmq.AllowAny }},
	{name: "a yes", ending: letIn, user: "user:eve", decide: returns(zmtp.AuthReply{UserID: "user:eve"}, nil)},
	{name: "an error", ending: denied, decide: returns(zmtp.AuthReply{UserID: "user:eve"}, errors.New("no such user"))},
	{name: "an error without a status", ending: denied, decide: returns(zmtp.AuthReply{}, &zmq.AuthError{})},
	{name: "an error that says 200", ending: denied, decide: returns(zmtp.AuthReply{}, &zmq.AuthError{Status: 200})},
	{name: "an error that says 300", ending: later, decide: returns(zmtp.AuthReply{}, &zmq.AuthError{Status: 300})},
	{name: "an error that says 500", ending: atFault, decide: returns(zmtp.AuthReply{}, &zmq.AuthError{Status: 500})},
	{name: "what it asks was too slow", ending: later, decide: returns(zmtp.AuthReply{}, context.DeadlineExceeded)},
	{name: "ZAP, without a handler", ending: nobody, decide: func(*cell) zmq.Authenticator { return zmq.ZAP }},
	{name: "a panic", ending: atFault, decide: func(*cell) zmq.Authenticator {
		return func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) { panic("no database") }
	}},
	{name: "a function that ends its goroutine", ending: tooLate, decide: func(*cell) zmq.Authenticator {
		return func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
			runtime.Goexit()
			return zmtp.AuthReply{}, nil
		}
	}},
	{name: "a yes as its time ends", ending: tooLate, decide: func(*cell) zmq.Authenticator {
		return func(ctx context.Context, _ zmtp.AuthRequest) (zmtp.AuthReply, error) {
			<-ctx.Done()
			return zmtp.AuthReply{UserID: "user:eve"}, nil
		}
	}},
	{name: "a yes, too late", ending: tooLate, decide: func(c *cell) zmq.Authenticator {
		return func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
			<-c.over
			return zmtp.AuthReply{UserID: "user:eve"}, nil
		}
	}},
}

func returns(r zmtp.AuthReply, err error) func(*cell) zmq.Authenticator {
	return func(*cell) zmq.Authenticator {
		return func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) { return r, err }
	}
}

// A judge is who decides in a cell: as the decision has it about the visitor, and about all who come later with yes.
type judge struct {
	c     *cell
	asked atomic.Int64 // how often, about the visitor
	work  sync.WaitGroup

	mu   sync.Mutex
	zaps []*zapHandler // mu guards
}

func newJudge(c *cell) *judge {
	j := &judge{c: c}
	if c.decision.answer != nil {
		j.open(c.decision.answer)
	}
	return j
}

// exists reports whether there is somebody who counts questions.
func (j *judge) exists() bool { return j.c.decision.answer != nil || j.c.decision.decide != nil }

// function is Config.Authenticate.
func (j *judge) function() zmq.Authenticator {
	if j.c.decision.decide == nil {
		return nil
	}
	first := j.c.decision.decide(j.c)
	return func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
		if j.visited() {
			return zmtp.AuthReply{UserID: friendly}, nil
		}
		j.asked.Add(1)
		return first(ctx, r)
	}
}

// visited reports whether the visitor has been there: who comes now is a friend.
func (j *judge) visited() bool {
	select {
	case <-j.c.over:
		return true
	default:
		return false
	}
}

// mend puts somebody there who says yes, if nobody is.
func (j *judge) mend() {
	j.mu.Lock()
	there := len(j.zaps)
	j.mu.Unlock()
	switch o := j.c.decision; {
	case o.decide != nil, o.answer != nil && !o.fresh, there > 1:
		return
	case there == 1:
		j.zaps[0].socket.Shutdown(zmq.NoWait)
	}
	j.open(nil)
}

func (j *judge) end() {
	for _, h := range j.zaps {
		h.socket.Shutdown(zmq.NoWait)
	}
	j.work.Wait()
}

// A zapHandler is a REP or ROUTER at inproc://zeromq.zap.01.
type zapHandler struct {
	socket   zmq.Socket
	router   bool
	envelope [][]byte // of the question that is being answered
}

// open binds a handler: answer, if it is not nil, is for the first question.
func (j *judge) open(answer func(*cell, *zapHandler, []byte)) {
	typ := j.c.handler
	if j.c.decision.router {
		typ = zmq.ROUTER
	}
	socket, err := zmq.New(typ, zmq.Config{Context: j.c.field.x})
	must(j.c.t, err)
	h := &zapHandler{socket: socket, router: typ == zmq.ROUTER}
	bindTo(j.c.t, socket, "inproc://zeromq.zap.01")
	j.mu.Lock()
	j.zaps = append(j.zaps, h)
	j.mu.Unlock()
	j.work.Go(func() { j.serve(h, answer) })
}

func (j *judge) serve(h *zapHandler, answer func(*cell, *zapHandler, []byte)) {
	for {
		m, err := h.socket.(zmq.Receiver).Recv(context.Background())
		if err != nil {
			return
		}
		frames := m.Clone().AppendFrames(nil)
		if h.envelope = nil; h.router {
			h.envelope, frames = frames[:2:2], frames[2:]
		}
		if answer == nil || j.visited() {
			says("1.0", "ID", "200", "OK", friendly, "")(j.c, h, frames[1])
			continue
		}
		j.asked.Add(1)
		answer(j.c, h, frames[1])
		answer = nil
	}
}

// say answers. That nobody waits for it any more is no error of the handler's.
func (h *zapHandler) say(frames ...[]byte) {
	h.socket.(zmq.Sender).Send(context.Background(), append(h.envelope, frames...)...)
}
