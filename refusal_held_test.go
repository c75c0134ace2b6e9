package zmq_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// receives takes one message, whose sender the authenticator has called user.
func (c *cell) receives(body, user string) {
	c.t.Helper()
	m, err := c.ours.(zmq.Receiver).Recv(within(c.t))
	if err != nil {
		c.t.Fatal(err)
	}
	if got := string(m.Frame(m.Len() - 1)); got != body {
		c.t.Errorf("received %q, want %q", got, body)
	}
	if !c.guise.asks && c.decision.decide == nil {
		user = "" // nobody was asked
	}
	if got := m.Peer().UserID; got != user {
		c.t.Errorf("it comes from %q, want %q", got, user)
	}
	if c.typ == zmq.REP {
		send(c.t, c.ours.(zmq.Sender), "answer")
	}
}

// ends follows the story to the terminal event of the visitor's connection, and returns what happened to it.
func (c *cell) ends() (conn []zmq.Event) {
	c.t.Helper()
	for {
		e, err := c.watch.Next(within(c.t))
		if err != nil {
			c.t.Fatalf("the connection has not ended: %v, after\n%s", err, storyText(c.story))
		}
		c.story = append(c.story, e)
		if e.Conn == 0 || e.Kind == monitor.ConnectDelayed || !c.field.memory && e.Remote != "tcp://"+c.visitor.String() {
			continue // somebody else on this machine may dial a port that had been his
		}
		if conn = append(conn, e); e.Terminal() {
			return conn
		}
	}
}

// hold holds the connection's story against the table.
func (c *cell) hold(conn []zmq.Event) {
	c.t.Helper()
	want := []string{"accepted"}
	if c.side == "dialler" {
		want[0] = "connected"
	}
	if end := c.ending(); end.in {
		want = append(want, "handshake_succeeded", "disconnected peer traffic peer_closed")
	} else {
		want = append(want, fmt.Sprintf("%v %s %#x", end.kind, end.cause, end.number), "disconnected "+end.cause)
	}
	var got []string
	for _, e := range conn {
		line := e.Kind.String()
		switch {
		case e.Kind&(monitor.Accepted|monitor.Connected|monitor.HandshakeSucceeded) != 0:
		case e.Kind == monitor.Disconnected:
			line += fmt.Sprintf(" %s %s %s", e.Who, e.Phase, e.Reason)
		default:
			line += fmt.Sprintf(" %s %s %s %#x", e.Who, e.Phase, e.Reason, frameNumber(c.t, e))
			wantWords(c.t, e)
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("the connection's story is\n\t%s\nwant\n\t%s\n%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"), storyText(conn))
	}
	if last := conn[len(conn)-1]; (last.MessagesIn == 1) != c.ending().in {
		c.t.Errorf("%d messages are counted", last.MessagesIn)
	}
}

// frameNumber is the number that libzmq's programs hear of e.
func frameNumber(t *testing.T, e zmq.Event) uint64 {
	t.Helper()
	seen, err := monitor.Parse(e.AppendFrames(nil, 2))
	if err != nil {
		t.Fatal(err)
	}
	if n := seen.Errno(); e.Kind == monitor.HandshakeFailedNoDetail {
		return uint64(n)
	}
	return seen.Value
}

// told is what the visitor is to hear behind our greeting.
func (c *cell) told() (all []string) {
	end := c.ending()
	if c.version.old() {
		return nil
	}
	if c.guise.name == "CURVE" || c.guise.name == "PLAIN" && end.in {
		all = append(all, zmtp.WELCOME)
	}
	if end.in {
		return append(all, zmtp.READY)
	}
	if end.told != "" {
		all = append(all, zmtp.ERROR+" "+end.told)
	}
	return all
}

// holdVisit holds what the visitor has brought about, and what it was told, against the table.
func (c *cell) holdVisit(v *visitor, in bool) {
	c.t.Helper()
	if in != c.ending().in {
		c.t.Errorf("the visitor is in: %v", in)
	}
	if err := c.ours.(zmq.Receiver).CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		c.t.Errorf("there is something to receive: %v", err)
	}
	if want := c.told(); !slices.Equal(v.told, want) {
		c.t.Errorf("the visitor was told %q, want %q", v.told, want)
	}
	if asked := c.judge.asked.Load(); asked > 1 || (asked == 1) != (c.asked() && c.judge.exists()) {
		c.t.Errorf("somebody was asked %d times", asked)
	}
}
