package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/glassmq/zmq/internal/assault"
)

// A target is where sockets under attack come from.
type target interface {
	name() string
	// suits says whether an input can be tried there on a socket of this type in this role.
	suits(in *assault.Input, typ, role string) bool
	// socket makes one, or finds it. dial is where it has to dial, "" for a listener, and at where it listens.
	socket(ctx context.Context, in *assault.Input, typ, dial string) (s socket, at string, err error)
	close()
}

// A socket is one under attack.
type socket interface {
	send(frames []string) error
	messages() [][]string // that its program has received, in their order
	// events are what its monitor has told: of the connection from peer, or where a monitor does not say of which, of all.
	events(peer string) []string
	died() bool        // its process
	lastWords() string // of a process that died: why
	// sees is false for what nobody here can look into: an endpoint.
	sees() bool
	close()
}

// open finds a target by its name.
func open(ctx context.Context, name string, c choice) (target, error) {
	switch name {
	case "ours":
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return startChild(ctx, name, c.patience, self, serveOurs)
	case "libzmq":
		return startChild(ctx, name, c.patience, c.python, "-c", libzmq)
	}
	address, ok := strings.CutPrefix(name, "tcp://")
	if !ok {
		return nil, fmt.Errorf("target %q: ours, libzmq, or an endpoint such as tcp://127.0.0.1:5555", name)
	}
	if assault.Fitting[c.typ] == "" {
		return nil, fmt.Errorf("target %q: say with -type what socket is bound there", name)
	}
	if err := onThisMachine(address); err != nil && !c.anywhere {
		return nil, err
	}
	return &stranger{address: address, typ: c.typ, mechanism: c.mechanism}, nil
}

// onThisMachine looks that nobody else is attacked by mistake. A name is refused: it may mean another address tomorrow.
func onThisMachine(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("tcp://%s is not an address of this machine's loopback: give one, or -anywhere if its owner knows", address)
	}
	return nil
}

// A stranger is an endpoint at which somebody else's socket is bound.
type stranger struct{ address, typ, mechanism string }

func (s *stranger) name() string { return "tcp://" + s.address }

func (s *stranger) suits(in *assault.Input, typ, role string) bool {
	for _, step := range in.Steps {
		if step.Verb == "send" || step.Verb == "queued" || step.Verb == "meanwhile" {
			return false // its program would have to take part
		}
	}
	return role == assault.Listener && typ == s.typ && in.Mechanism == s.mechanism && in.Options == nil && in.ZAP == nil
}

func (s *stranger) socket(context.Context, *assault.Input, string, string) (socket, string, error) {
	return s, s.address, nil
}

func (*stranger) send([]string) error    { return errors.New("an endpoint's program is somebody else's") }
func (*stranger) messages() [][]string   { return nil }
func (*stranger) events(string) []string { return nil }
func (*stranger) sees() bool             { return false }
func (*stranger) lastWords() string      { return "nobody accepts there" }
func (*stranger) close()                 {}

// died looks whether anybody accepts.
func (s *stranger) died() bool {
	conn, err := net.DialTimeout("tcp", s.address, time.Second)
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func hexed(frames []string) (h []string) {
	for _, f := range frames {
		h = append(h, hex.EncodeToString([]byte(f)))
	}
	return h
}

func unhexed(h []string) (frames []string) {
	for _, text := range h {
		b, _ := hex.DecodeString(text) // what is no hexadecimal shows as a difference
		frames = append(frames, string(b))
	}
	return frames
}
