package zmq_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// Who may come in, in a story.
//
//	Mechanism=plain             of a socket: PLAIN's server; plain:ann:secret is a client of it
//	Mechanism=curve:hub         CURVE's server, with the keys of hub; curve:ann@hub is ann, who takes the server for hub
//	zap knows ann               the Context's ZAP handler lets in ann, by the password "secret" or her keys, and nobody else
//	zap 300                     from now on it says that of everybody; also 400, 500
//	zap silent                  and now nothing
//
// Who has a name has keys. The first zap binds the handler.

// mechanism reads one.
func (s *stage) mechanism(text string) (zmtp.Mechanism, error) {
	kind, rest, named := strings.Cut(text, ":")
	user, other, two := strings.Cut(rest, map[string]string{"plain": ":", "curve": "@"}[kind])
	switch {
	case kind == "plain" && !named:
		return zmtp.PlainServer(), nil
	case kind == "plain" && two:
		return zmtp.PlainClient(user, other), nil
	case kind == "curve" && two:
		return curve.Client(s.porter.keysOf(user), s.porter.keysOf(other).Public), nil
	case kind == "curve" && named:
		return curve.Server(s.porter.keysOf(rest)), nil
	}
	return nil, fmt.Errorf("%s is no mechanism", text)
}

// A porter is who decides in a story.
type porter struct {
	mu sync.Mutex
	// mu guards:
	handler *zmq.Router // nil: nobody
	keys    map[string]curve.KeyPair
	says    string // a status, "silent", or "" for who is known
	knows   []string
}

func (p *porter) keysOf(name string) curve.KeyPair {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.keys[name]; !known {
		if p.keys == nil {
			p.keys = map[string]curve.KeyPair{}
		}
		p.keys[name] = curve.NewKeyPair()
	}
	return p.keys[name]
}

func (s *stage) zap(args []string) (string, error) {
	p := &s.porter
	for _, name := range args[1:] {
		p.keysOf(name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.says, p.knows = args[0], args[1:]; p.says == "knows" {
		p.says = ""
	}
	if p.handler != nil {
		return "", nil
	}
	p.handler = zmq.NewRouter(zmq.Config{Context: s.zctx})
	handler := p.handler
	s.jobs.Go(func() { p.serve(handler) })
	_, err := p.handler.Bind("inproc://zeromq.zap.01")
	return "", err
}

// serve answers until the Context ends.
func (p *porter) serve(handler *zmq.Router) {
	for {
		m, err := handler.Recv(context.Background())
		if err != nil {
			return
		}
		frames := m.AppendFrames(nil) // envelope (2), version, id, domain, address, identity, mechanism, credentials
		status, user := p.verdict(string(frames[7]), frames[8:])
		if status == "silent" {
			continue
		}
		handler.Send(context.Background(), append(slices.Clone(frames[:2]), zapReply(frames[3], status, "", user)...)...)
	}
}

func (p *porter) verdict(mechanism string, credentials [][]byte) (status, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.says != "" {
		return p.says, ""
	}
	for _, name := range p.knows {
		key := p.keys[name].Public
		switch {
		case mechanism == "PLAIN" && string(credentials[0]) == name && string(credentials[1]) == "secret",
			mechanism == "CURVE" && string(credentials[0]) == string(key[:]):
			return "200", name
		}
	}
	return "400", ""
}
