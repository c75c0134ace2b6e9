package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/cmd/glass/internal/credential"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

const secureText = `Keys and passwords come from files, which only their owner may read (mode 0600). Which side is the server has nothing to do
with which one binds:
  --server-key                      a CURVE client; without --curve-key, with a key that is made for this run
  --curve-key                       a CURVE server, who also says whom it lets in: --curve-clients or --any-client
  --plain-file                      a PLAIN client
  --plain-users                     a PLAIN server
PLAIN's password goes in the clear, and no farther than this machine without --plain-anywhere. Who binds where other machines
reach the socket, and asks nobody who they are, is warned.

`

// A security is what the commands have in common that may need keys or a password.
type security struct {
	key, server    string // CURVE: own certificate; the server's public key
	plain          string // PLAIN: a client's
	anywhere       bool
	clients, users string // a server's
	anyClient      bool
	clientOnly     bool // the command is a client
}

// clientFlags declares the flags of a client.
func (s *security) clientFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.key, "curve-key", "", "CURVE: who we are, the secret certificate in this `file` (glass keygen)")
	f.StringVar(&s.server, "server-key", "", "CURVE: who the server must be, a certificate's `file` or the key itself, in Z85")
	f.StringVar(&s.plain, "plain-file", "", "PLAIN: who we are, user:password or two lines in this `file`")
	f.BoolVar(&s.anywhere, "plain-anywhere", false, "PLAIN also beyond this machine: the password goes over the network in the clear")
}

// flags declares the flags of a socket that may be client or server.
func (s *security) flags(cmd *cobra.Command) {
	s.clientFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.clients, "curve-clients", "", "CURVE server: let in who has a certificate in this `folder`")
	f.BoolVar(&s.anyClient, "any-client", false, "CURVE server: let everybody in; encryption without authentication")
	f.StringVar(&s.users, "plain-users", "", "PLAIN server: let in whose name=password is a line of this `file`")
	if err := cmd.MarkFlagDirname("curve-clients"); err != nil {
		panic(err) // the flag was declared two lines before
	}
}

// A use is a flag that was given.
type use struct {
	flag  string
	given bool
}

// given names those of uses that were.
func given(uses ...use) (flags []string) {
	for _, u := range uses {
		if u.given {
			flags = append(flags, u.flag)
		}
	}
	return flags
}

// conflict says which flags cannot be meant together, nil if all can.
func (s *security) conflict() error {
	curves := given(use{"--server-key", s.server != ""}, use{"--curve-key", s.key != ""})
	who := given(use{"--curve-clients", s.clients != ""}, use{"--any-client", s.anyClient})
	ways := given(use{strings.Join(curves, " and "), len(curves) > 0}, use{"--plain-file", s.plain != ""}, use{"--plain-users", s.users != ""})
	switch {
	case len(ways) > 1 && len(curves) == 0:
		return errors.New("--plain-file makes a client and --plain-users a server: a socket is one of them")
	case len(ways) > 1:
		return fmt.Errorf("%s: CURVE and PLAIN are two mechanisms, and a socket has one", strings.Join(ways, ", "))
	case len(who) > 0 && (s.key == "" || s.server != ""):
		return fmt.Errorf("%s is for a CURVE server: give it its own key with --curve-key, and no --server-key", who[0])
	case len(who) > 1:
		return errors.New("--curve-clients and --any-client are two answers to who may come in: give one of them")
	case s.anywhere && s.plain == "" && s.users == "":
		return errors.New("--plain-anywhere is for PLAIN: give --plain-file or --plain-users, or leave it out")
	case s.key == "" || s.server != "" || len(who) > 0:
		return nil
	case s.clientOnly:
		return errors.New("--curve-key says who we are: say with --server-key who the server must be")
	}
	return errors.New("--curve-key alone makes a CURVE server: say whom it lets in, with --curve-clients FOLDER or --any-client; for a client, say with --server-key who the server must be")
}

// mechanism reads the files; nil is NULL.
func (s *security) mechanism() (m zmtp.Mechanism, err error) {
	if err := s.conflict(); err != nil {
		return nil, err
	}
	switch {
	case s.plain != "":
		user, password, err := credential.Plain(s.plain)
		if err != nil {
			return nil, fmt.Errorf("--plain-file: %w", err)
		}
		return zmtp.PlainClient(user, password), nil
	case s.users != "":
		return zmtp.PlainServer(), nil
	case s.key == "" && s.server == "":
		return nil, nil
	}
	own := curve.NewKeyPair()
	if s.key != "" {
		if own, err = credential.KeyPair(s.key); err != nil {
			return nil, fmt.Errorf("--curve-key: %w", err)
		}
	}
	if s.server == "" {
		return curve.Server(own), nil
	}
	server, err := credential.PublicKey(s.server)
	if err != nil {
		return nil, fmt.Errorf("--server-key: %w", err)
	}
	return curve.Client(own, server), nil
}

// apply makes c the Config of a socket that is secured as the flags say.
func (s *security) apply(c *zmq.Config) (err error) {
	c.Mechanism, err = s.mechanism()
	if err != nil || c.Mechanism == nil {
		return err
	}
	c.PlainAnywhere = s.anywhere
	if !c.Mechanism.AsServer() {
		return nil
	}
	rules := auth.Rules{PasswordFile: s.users, KeyFolder: s.clients, AnyKey: s.anyClient}
	guard, err := auth.New(rules)
	if err != nil {
		flag := given(use{"--plain-users", s.users != ""}, use{"--curve-clients", s.clients != ""}, use{"--any-client", true})
		return fmt.Errorf("%s: %w", flag[0], err)
	}
	c.Authenticate = guard.Authenticate
	return nil
}

// explain says an error of zmq.New in the words of these flags, where it is about them.
func (s *security) explain(err error) error {
	var bad *zmq.ConfigError
	if errors.As(err, &bad) && slices.Contains([]string{"Mechanism", "Authenticate", "PlainAnywhere"}, bad.Field) {
		return fmt.Errorf("%v with a key or a password: %s", bad.Type, bad.Reason)
	}
	return err
}
