package fleet

import (
	"context"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// The scenes of who is let in. Keys and passwords are in none of their events.

// wrongKey has a client who knows the server's key, and one who knows another's.
func wrongKey(ctx context.Context, st *stage) error {
	server, courier, before := curve.NewKeyPair(), curve.NewKeyPair(), curve.NewKeyPair()
	guarded, known, late := st.as("vault"), st.as("courier"), st.as("old-key")
	guarded.Mechanism = curve.Server(server)
	guarded.Authenticate = curve.Allow(map[curve.PublicKey]string{courier.Public: "courier"})
	known.Mechanism = curve.Client(courier, server.Public)
	late.Mechanism = curve.Client(courier, before.Public)
	vault := enter(st, zmq.NewPull(guarded))
	friend, stranger := enter(st, zmq.NewPush(known)), enter(st, zmq.NewPush(late))
	defer st.leave(stranger, friend, vault)
	at, err := vault.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := friend.Connect(at); err != nil {
		return err
	}
	if err := st.both(ctx, friend, vault); err != nil {
		return err
	}
	return st.turnedAway(ctx, stranger, vault, at)
}

// The password of wrongPassword's user, and what he takes for it.
const (
	password = "correct horse"
	mistaken = "correct house"
)

// wrongPassword is over ipc, where PLAIN's clear text goes no farther than this machine.
func wrongPassword(ctx context.Context, st *stage) error {
	guard, err := auth.New(auth.Rules{Passwords: map[string]string{"teller": password}})
	if err != nil {
		return err
	}
	guarded, hasty := st.as("till"), st.as("hasty-teller")
	guarded.Mechanism, guarded.Authenticate = zmtp.PlainServer(), guard.Authenticate
	hasty.Mechanism = zmtp.PlainClient("teller", mistaken)
	till, teller := enter(st, zmq.NewRep(guarded)), enter(st, zmq.NewReq(hasty))
	defer st.leave(teller, till)
	at, err := till.Bind("ipc://*")
	if err != nil {
		return err
	}
	return st.turnedAway(ctx, teller, till, at)
}

// turnedAway connects a client to a server that does not let it in, and waits until both have said so and the client has
// said when it will try again.
func (st *stage) turnedAway(ctx context.Context, client, server zmq.Socket, at string) error {
	if err := client.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, client, monitor.ConnectRetried, 1); err != nil {
		return err
	}
	return st.await(ctx, server, monitor.Disconnected, 1)
}
