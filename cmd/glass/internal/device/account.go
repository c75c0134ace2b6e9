package device

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// An Account is what became of the messages of one direction of a device: four counts, kept by four who do not ask each
// other. The socket that they come from counts what its peers have sent; the proxy, what it passed on; the socket that
// they go to, what it gave to the system; and events tell what was dropped. Together they have to balance.
type Account struct {
	From string `json:"from"` // "frontend"
	To   string `json:"to"`   // "backend"

	In      uint64 `json:"in"`      // messages that came to the one socket
	Waiting uint64 `json:"waiting"` // … and were not taken from it: at the end, lost there
	Passed  uint64 `json:"passed"`  // given to the other one
	Refused uint64 `json:"refused"` // which it would never take: no such peer, too many frames

	// Of a publisher: one copy for each subscriber that wanted a message, and messages that nobody wanted.
	Fan      bool   `json:"-"`
	Copies   uint64 `json:"copies,omitempty"`
	Unwanted uint64 `json:"unwanted,omitempty"`

	Out     uint64                    `json:"out"`    // handed to the system, on their way to a peer
	Queued  uint64                    `json:"queued"` // not yet
	Dropped map[monitor.Reason]uint64 `json:"dropped,omitempty"`
	Missed  uint64                    `json:"events_lost,omitempty"` // above 0, Dropped is too low

	// What the messages are that an XPUB has and an XSUB takes: subscriptions, which are nobody's messages.
	Subscriptions bool `json:"subscriptions,omitempty"`
	// The first socket does not count all that it has: see uncounted.
	Uncounted bool `json:"uncounted,omitempty"`
}

// A Side is one socket of a device and what is known of it.
type Side struct {
	Role   string // "frontend", "backend"
	Socket zmq.Socket
	Ledger *Ledger
	Left   uint64 // messages that came and were not taken, where Drain has counted them
	Passed uint64 // messages that Drain has taken from here and passed on
}

// accountOf makes up the account from one side to the other. taken is what the proxy took from the one, refused what the
// other would not take of it.
func accountOf(from, to *Side, taken, refused uint64) Account {
	in, out := from.Socket.State(), to.Socket.State()
	a := Account{From: from.Role, To: to.Role,
		In: in.MessagesIn, Waiting: from.Left, Passed: taken - refused + from.Passed, Refused: refused,
		Copies: out.Copies, Unwanted: out.Unwanted, Out: out.MessagesOut}
	a.Dropped, a.Missed = to.Ledger.Dropped()
	for _, p := range in.Peers {
		a.Waiting += uint64(p.QueueIn)
	}
	for _, p := range out.Peers {
		a.Queued += uint64(p.QueueOut)
	}
	a.Fan = to.Socket.Type() == zmq.PUB || to.Socket.Type() == zmq.XPUB
	a.Subscriptions = to.Socket.Type() == zmq.XSUB
	a.Uncounted = uncounted(from.Socket)
	return a
}

// uncounted reports whether a socket throws away some of what has come, without a word, or makes messages by itself.
func uncounted(s zmq.Socket) bool {
	c := s.Config()
	return c.Conflate || s.Type() == zmq.SUB && !slices.Contains(c.Subscribe, "") ||
		s.Type() == zmq.XPUB || c.RouterNotify != 0 || s.Type() == zmq.STREAM || c.HiccupMessage != nil || c.DisconnectMessage != nil
}

// Accounts are those of both directions, where the types have two.
func Accounts(p *zmq.Proxy, front, back *Side) (all []Account) {
	inFront, inBack := p.Stats()
	if passes(front.Socket, back.Socket) {
		all = append(all, accountOf(front, back, inFront.MessagesIn, inBack.Dropped))
	}
	if passes(back.Socket, front.Socket) {
		all = append(all, accountOf(back, front, inBack.MessagesIn, inFront.Dropped))
	}
	return all
}

func passes(from, to zmq.Socket) bool {
	_, receives := from.(zmq.Receiver)
	_, sends := to.(zmq.Sender)
	return receives && sends
}

// Balance is how many messages nobody can say the fate of: 0, at the end; below 0, more went on than came. While the device
// runs, it is also those that are under way at the moment.
func (a *Account) Balance() (n int64) {
	if a.Subscriptions {
		return 0
	}
	if !a.Uncounted {
		n = int64(a.In) - int64(a.Waiting+a.Passed+a.Refused)
	}
	given := a.Passed
	if a.Fan {
		given = a.Copies
	}
	n += int64(given) - int64(a.Out+a.Queued)
	for _, dropped := range a.Dropped {
		n -= int64(dropped)
	}
	return n
}

var came = map[bool]string{false: "messages came", true: "messages came; not all that are taken, or not only they"}

// Text is the account for people, some lines.
func (a *Account) Text() string {
	var b strings.Builder
	line := func(what string, n uint64, about string) { fmt.Fprintf(&b, "  %-10s %10d  %s\n", what, n, about) }
	fmt.Fprintf(&b, "from the %s to the %s:\n", a.From, a.To)
	if a.Subscriptions {
		line("passed", a.Passed, "subscriptions and cancellations")
		return b.String()
	}
	line("in", a.In, came[a.Uncounted])
	if a.Waiting > 0 {
		line("waiting", a.Waiting, "of them were not taken any more")
	}
	line("passed", a.Passed, "to the "+a.To)
	if a.Refused > 0 {
		line("refused", a.Refused, "for a peer that there is not, or with too many frames")
	}
	if a.Fan {
		line("unwanted", a.Unwanted, "were for nobody")
		line("copies", a.Copies, "one for each subscriber that wanted it")
	}
	line("out", a.Out, "handed to the system")
	if a.Queued > 0 {
		line("queued", a.Queued, "not yet")
	}
	for _, r := range a.reasons() {
		line("dropped", a.Dropped[r], string(r))
	}
	return b.String() + a.verdict()
}

// reasons are those of drops, the most frequent first.
func (a *Account) reasons() []monitor.Reason {
	return slices.SortedFunc(maps.Keys(a.Dropped), func(r, s monitor.Reason) int {
		return cmp.Or(cmp.Compare(a.Dropped[s], a.Dropped[r]), cmp.Compare(r, s))
	})
}

func (a *Account) verdict() string {
	switch n := a.Balance(); {
	case n == 0:
		return "  balance             0\n"
	case a.Missed > 0:
		return fmt.Sprintf("  balance    %10d  unaccounted for; %d events were lost, and with them counts of drops\n", n, a.Missed)
	default:
		return fmt.Sprintf("  balance    %10d  unaccounted for\n", n)
	}
}

// MarshalJSON adds the balance.
func (a Account) MarshalJSON() ([]byte, error) {
	type plain Account // without this method
	return json.Marshal(struct {
		plain
		Balance int64 `json:"balance"`
	}{plain(a), a.Balance()})
}
