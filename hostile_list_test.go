package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

var inputs = sync.OnceValues(assault.Inputs)

// hostileInputs is the list.
func hostileInputs(t testing.TB) []*assault.Input {
	t.Helper()
	all, err := inputs()
	must(t, err)
	return all
}

// spelled is what the words of a line mean to a socket of this type with NULL.
func spelled(t testing.TB, line, typ string) []byte {
	t.Helper()
	b, err := assault.Spell(line, typ)
	must(t, err)
	return b
}

// A list that shrinks is noticed, and so is a CVE or a row of the oracle's table that nothing stands for any more (R1 asks
// for 150 inputs).
func TestHostileListIsComplete(t *testing.T) {
	all := hostileInputs(t)
	runs, mechanisms, sources := 0, map[string]int{}, map[string]bool{}
	for _, in := range all {
		runs += len(in.Types) * len(in.Roles)
		mechanisms[in.Mechanism]++
		for _, source := range in.Sources {
			sources[source] = true
		}
	}
	t.Logf("%d inputs, %d with their types and roles, %v", len(all), runs, mechanisms)
	if len(all) < 400 {
		t.Errorf("%d hostile inputs on the list, there were 400", len(all))
	}
	for _, mechanism := range assault.Mechanisms {
		if mechanisms[mechanism] < 10 {
			t.Errorf("%d inputs for %s", mechanisms[mechanism], mechanism)
		}
	}
	// libzmq's numbered vulnerabilities, and those without a number that an input can show.
	for _, source := range strings.Fields(`CVE-2014-7202 CVE-2014-7203 CVE-2014-9721 CVE-2019-6250 CVE-2019-13132 CVE-2020-15166
		CVE-2020-36400 CVE-2021-20234 CVE-2021-20235 CVE-2021-20236 CVE-2021-20237 libzmq:1488 libzmq:1273 libzmq:4736 libzmq:ba63f037 libzmq:4a18f620
		netmq:1036 netmq:225 jeromq:440 pyzmq:633 rzmq:9`) {
		if !sources[source] {
			t.Errorf("nothing on the list stands for %s", source)
		}
	}
	for row := 1; row <= 36; row++ { // of the table of what libzmq does; 37 is about answers: contract_reqrep_test.go
		if !sources[fmt.Sprint("row:", row)] && row != 24 { // 24 takes two peers: contract_router_test.go
			t.Errorf("nothing on the list stands for row %d", row)
		}
	}
}

// configOf is what an input asks of the socket under attack.
func configOf(in *assault.Input) (c zmq.Config, err error) {
	c, err = security(in.Mechanism)
	for _, option := range in.Options {
		if err != nil {
			return c, err
		}
		name, value, _ := strings.Cut(option, "=")
		value = assault.Text(value)
		switch name {
		case "MaxMessageSize":
			c.MaxMessageSize, err = strconv.ParseInt(value, 10, 64)
		case "HandshakeTimeout":
			c.HandshakeTimeout, err = time.ParseDuration(value)
		case "MaxSubscriptions":
			c.MaxSubscriptions, err = strconv.Atoi(value)
		case "MaxSubscriptionBytes":
			c.MaxSubscriptionBytes, err = strconv.Atoi(value)
		case "ReqCorrelate":
			c.ReqCorrelate = value == "true"
		case "Subscribe":
			c.Subscribe = []string{value}
		default:
			err = fmt.Errorf("no input sets %s", name)
		}
	}
	if in.ZAP != nil {
		c.Authenticate = nil // the handler decides
	}
	return c, err
}

// security is a socket's on its side of a mechanism: a server lets in who has the one password, or the one key.
func security(mechanism string) (c zmq.Config, err error) {
	client, err := curve.ParseKeyPair(assault.ClientPublic, assault.ClientSecret)
	server, err2 := curve.ParseKeyPair(assault.ServerPublic, assault.ServerSecret)
	c.PlainAnywhere = strings.HasPrefix(mechanism, "PLAIN") // a network in memory is not this machine's loopback
	switch mechanism {
	case "NULL-domain":
		c.ZAPDomain, c.Authenticate = "lab", zmq.AllowAny
	case "PLAIN-server":
		c.Mechanism, c.Authenticate = zmtp.PlainServer(), oneUser("admin", "secret")
	case "PLAIN-client":
		c.Mechanism = zmtp.PlainClient("admin", "secret")
	case "CURVE-server":
		c.Mechanism, c.Authenticate = curve.Server(server), curve.Allow(map[curve.PublicKey]string{client.Public: "ann"})
	case "CURVE-client":
		c.Mechanism = curve.Client(client, server.Public)
	}
	return c, errors.Join(err, err2)
}

// opposite is the other side of a mechanism.
func opposite(mechanism string) string {
	name, side, _ := strings.Cut(mechanism, "-")
	switch side {
	case "server":
		return name + "-client"
	case "client":
		return name + "-server"
	}
	return name
}

// answerZAP is a handler that answers about mallory what the input says, and lets in everybody else.
func (a *raid) answerZAP() {
	handler := zmq.NewRouter(zmq.Config{Context: a.field.x})
	bindTo(a.t, handler, "inproc://zeromq.zap.01")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			m, err := handler.Recv(context.Background())
			if err != nil {
				return
			}
			// routing id, "", then RFC 27: version, id, domain, address, identity, mechanism, credentials
			frames := textFrames(m)
			replies := [][]string{{"1.0", "@id", "200", "OK", "", ""}}
			if len(frames) > 8 && frames[8] == "mallory" {
				replies = a.in.ZAP
			}
			for _, reply := range replies {
				if len(reply) == 0 {
					continue // it never answers
				}
				all := append([]string{}, frames[:2]...)
				for _, f := range reply {
					all = append(all, strings.ReplaceAll(f, "@id", frames[3]))
				}
				handler.Send(context.Background(), byteFrames(all)...)
			}
		}
	}()
	a.t.Cleanup(func() {
		handler.Shutdown(zmq.NoWait)
		<-over
	})
}
