package monitor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Stories are written as one line: "listening e2, accepted c7 e2, …". e is the
// endpoint (odd ones are dialled, even ones bound), c the connection, a the
// attempt, n the count, s the socket (1 if not said), q the number (the next
// of its socket if not said).
func parseStory(t testing.TB, text string) (story []Event) {
	t.Helper()
	last := map[uint64]uint64{}
	for _, line := range strings.Split(text, ",") {
		words := strings.Fields(line)
		k, err := ParseMask(words[0])
		if err != nil {
			t.Fatal(err)
		}
		e := Event{Kind: k, SocketID: 1, FD: -1}
		for _, w := range words[1:] {
			var n uint64
			if _, err := fmt.Sscan(w[1:], &n); err != nil {
				t.Fatalf("%q: %v", w, err)
			}
			switch w[0] {
			case 'e':
				e.EndpointID = n
			case 'c':
				e.Conn = ConnID(n)
			case 'a':
				e.Attempt = int(n)
			case 'n':
				e.Count = n
			case 's':
				e.SocketID = n
			case 'q':
				e.Seq = n
			default:
				t.Fatalf("%q is no word of a story", w)
			}
		}
		e.Side = SideBind
		if e.EndpointID%2 == 1 {
			e.Side = SideConnect
		}
		if e.Seq == 0 {
			e.Seq = last[e.SocketID] + 1
		}
		last[e.SocketID] = e.Seq
		story = append(story, e)
	}
	return story
}

const (
	up        = "connect_delayed c7 e1 a1, connected c7 e1 a1"
	ready     = up + ", handshake_succeeded c7 e1"
	listening = "listening e2"
	served    = listening + ", accepted c8 e2, handshake_succeeded c8 e2"
	refused   = "connect_delayed c7 e1 a1, connect_failed c7 e1 a1"
	waiting   = refused + ", closed e1 a1, connect_retried e1 a1"
)

var legalStories = map[string]string{
	"nothing happened":                            "monitor_stopped",
	"a client's whole life":                       ready + ", disconnected c7 e1, connect_retried e1, connected c9 e1, handshake_succeeded c9 e1, local_closed c9 e1, unbound e1, monitor_stopped",
	"a server's whole life":                       served + ", disconnected c8 e2, closed e2, unbound e2, monitor_stopped",
	"several addresses in one attempt":            "connect_delayed c7 e1, connect_delayed c7 e1, connected c7 e1",
	"connected at once, as over ipc":              "connected c7 e1, handshake_succeeded c7 e1",
	"refused at once":                             "connect_failed c7 e1 a1, closed e1 a1, connect_retried e1",
	"refused, waiting, refused":                   waiting + ", connect_delayed c8 e1 a2, connect_failed c8 e1 a2, closed e1 a2, connect_retried e1 a2",
	"a name without an address has no descriptor": "connect_failed c7 e1 a1, connect_retried e1 a1",
	"tried again without a timer":                 refused + ", closed e1 a1, connected c8 e1 a2",
	"an attempt called off":                       "connect_delayed c7 e1 a1, local_closed c7 e1 a1, closed e1 a1, unbound e1",
	"an attempt called off while it resolves":     "local_closed c7 e1 a1, unbound e1",
	"an attempt called off, or not, after a gap":  "connect_delayed c7 e1 a1, lost n3 q5, local_closed c7 e1 a1, closed e1 a1",
	"ended after unbound, whatever it was":        "connect_delayed c7 e1 a1, lost n3 q5, unbound e1, local_closed c7 e1 a1",
	"gave up":                                     waiting + ", connect_failed c8 e1 a2, gave_up e1 a2, unbound e1",
	"gave up after a refused handshake":           up + ", handshake_failed_auth c7 e1, disconnected c7 e1, gave_up e1",
	"gave up without an endpoint: a callback":     "gave_up",
	"a handshake that failed":                     listening + ", accepted c8 e2, handshake_failed_no_detail c8 e2, disconnected c8 e2",
	"we end it during the handshake":              up + ", local_closed c7 e1, unbound e1",
	"we end it after the handshake failed":        up + ", handshake_failed_protocol c7 e1, local_closed c7 e1",
	"a routing id refused":                        listening + ", accepted c8 e2, identity_conflict c8 e2, disconnected c8 e2",
	"a routing id refused with a handshake event": listening + ", accepted c8 e2, identity_conflict c8 e2, handshake_failed_protocol c8 e2, disconnected c8 e2",
	"a routing id handed over":                    served + ", accepted c9 e2, identity_conflict c9 e2, local_closed c8 e2, handshake_succeeded c9 e2",
	"a silent peer":                               ready + ", heartbeat_timeout c7 e1, unsubscribed c7 e1, dropped c7 e1 n3, disconnected c7 e1",
	"traffic":                                     ready + ", queue_full c7 e1, queue_drained c7 e1, dropped c7 e1 n1, subscribed c7 e1, unsubscribed c7 e1, pipes_stats c7 e1",
	"a queue without a connection":                "queue_full e1, connect_delayed c7 e1, dropped e1 n1, dropped n4, pipes_stats e1",
	"a bind that failed":                          "bind_failed e2",
	"a bind that failed with its listener closed": "closed e2, bind_failed e2, listening e4",
	"accept failed":                               listening + ", accept_failed e2 n10, accepted c8 e2",
	"close failed in place of closed":             listening + ", close_failed e2, unbound e2",
	"unbound while connections linger":            served + ", closed e2, unbound e2, disconnected c8 e2",
	"disconnected while a connection lingers":     ready + ", unbound e1, local_closed c7 e1",
	"disconnected before the first attempt":       "unbound e1",
	"disconnected while it waits":                 waiting + ", unbound e1",
	"holes in the numbers":                        "listening e2, accepted c8 e2 q5, handshake_succeeded c8 e2 q17",
	"a kind of the future":                        "listening e2, 0x80000000 c8 e2, accepted c8 e2",
	"two sockets":                                 "listening s1 e2, connect_delayed s2 c7 e1, accepted s1 c8 e2, monitor_stopped s1, connected s2 c7 e1",
	"the same endpoint id on two sockets":         "listening s1 e2, listening s2 e2",
	"begun late":                                  "disconnected c3 e2 q100, connect_retried e1, handshake_succeeded c4 e2, accepted c5 e2, subscribed c4 e2",
	"a gap in a connection":                       up + ", lost n5 q9, subscribed c7 e1, disconnected c7 e1",
	"a gap in an endpoint":                        up + ", lost n5 q9, connect_retried e1, connected c9 e1",
	"an end lost, the next attempt seen":          ready + ", lost n2 q9, connect_delayed c9 e1",
	"a beginning lost":                            listening + ", lost n1 q9, handshake_succeeded c8 e2",
	"a story that stops in the middle":            up,
}

func TestCheckAccepts(t *testing.T) {
	for name, text := range legalStories {
		if err := Check(slices.Values(parseStory(t, text))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // in the error
	}{
		"ready before it was connected":         {"connect_delayed c7 e1, handshake_succeeded c7 e1", "connection 7 is dialing, after connect_delayed: legal are connected|connect_delayed|connect_failed|local_closed"},
		"ready out of nothing":                  {"handshake_succeeded c7 e1", "connection 7 is dialing: legal are"},
		"accepted twice":                        {listening + ", accepted c8 e2, accepted c8 e2", "connection 8 is up"},
		"connected twice":                       {up + ", connected c7 e1", "connection 7 is up"},
		"delayed after it was connected":        {up + ", connect_delayed c7 e1", "connection 7 is up"},
		"connect_failed after it was connected": {up + ", connect_failed c7 e1", "connection 7 is up"},
		"ready twice":                           {ready + ", handshake_succeeded c7 e1", "connection 7 is ready"},
		"ready after the handshake failed":      {up + ", handshake_failed_auth c7 e1, handshake_succeeded c7 e1", "connection 7 is failed, after handshake_failed_auth: legal are disconnected|local_closed"},
		"the handshake failed twice":            {up + ", handshake_failed_auth c7 e1, handshake_failed_protocol c7 e1", "connection 7 is failed"},
		"the handshake failed after it was done": {ready + ", handshake_failed_protocol c7 e1",
			"connection 7 is ready"},
		"a handshake that ends in a bare disconnected": {listening + ", accepted c8 e2, disconnected c8 e2", "connection 8 is up"},
		"an attempt that ends disconnected":            {"connect_delayed c7 e1, disconnected c7 e1", "connection 7 is dialing"},
		"an attempt called off without an end":         {"connect_delayed c7 e1, local_closed c7 e1, unbound e1, connected c7 e1", "connection 7 is ended"},
		"an attempt called off twice":                  {"connect_delayed c7 e1, local_closed c7 e1, connect_failed c7 e1", "connection 7 is ended"},
		"closed of a connection that we ended":         {up + ", local_closed c7 e1, closed e1", "endpoint 1 is over"},
		"closed of another attempt, called off":        {"connect_delayed c7 e1 a1, local_closed c7 e1 a1, closed e1 a2", "it closes attempt 2, but attempt 1"},
		"called off while another is live":             {ready + ", local_closed c9 e1", "dials while its connection 7 has not ended"},
		"an accepted connection out of nothing":        {listening + ", local_closed c8 e2", "connection 8 is new"},
		"accepted on a Connect":                        {"accepted c7 e1", "connection 7 is dialing"},
		"connected on a Bind":                          {listening + ", connected c8 e2", "connection 8 is new"},
		"traffic before the handshake":                 {up + ", subscribed c7 e1", "connection 7 is up"},
		"a queue full before the handshake":            {up + ", queue_full c7 e1", "connection 7 is up"},
		"dropped after the end":                        {ready + ", disconnected c7 e1, dropped c7 e1 n1", "connection 7 is ended, after disconnected: nothing more is legal"},
		"two ends":                                     {ready + ", disconnected c7 e1, local_closed c7 e1", "connection 7 is ended"},
		"an end of an attempt that failed":             {refused + ", disconnected c7 e1", "connection 7 is ended"},
		"an id used again":                             {refused + ", closed e1 a1, connected c7 e1", "connection 7 is ended"},
		"an id used again on another endpoint":         {ready + ", disconnected c7 e1, connected c7 e3", "connection 7 is of endpoint 1 of socket 1"},
		"an id used again on another socket":           {ready + ", accepted s2 c7 e1", "connection 7 is of endpoint 1 of socket 1"},
		"silent twice":                                 {ready + ", heartbeat_timeout c7 e1, heartbeat_timeout c7 e1", "connection 7 is silent"},
		"silent before the handshake":                  {up + ", heartbeat_timeout c7 e1", "connection 7 is up"},
		"a connection's event without its id":          {listening + ", accepted e2", "has no Conn"},
		"an endpoint's event with an id":               {refused + ", closed c7 e1 a1", "has a Conn"},
		"connect_retried with an id":                   {waiting + ", connect_failed c8 e1, connect_retried c8 e1", "has a Conn"},

		"accepted before listening":            {"accepted c8 e2", "endpoint 2 is new"},
		"accepted after the listener closed":   {listening + ", closed e2, accepted c8 e2", "endpoint 2 is shut"},
		"listening twice":                      {listening + ", listening e2", "endpoint 2 is listening"},
		"listening after bind_failed":          {"bind_failed e2, listening e2", "endpoint 2 is gone"},
		"bind_failed after listening":          {listening + ", bind_failed e2", "endpoint 2 is listening"},
		"closed twice":                         {listening + ", closed e2, closed e2", "endpoint 2 is shut"},
		"accept_failed after the listener":     {listening + ", closed e2, accept_failed e2 n1", "endpoint 2 is shut"},
		"unbound twice":                        {listening + ", closed e2, unbound e2, unbound e2", "endpoint 2 is gone"},
		"accepted after unbound":               {listening + ", unbound e2, accepted c8 e2", "endpoint 2 is gone"},
		"dialled after unbound":                {ready + ", unbound e1, disconnected c7 e1, connect_delayed c9 e1", "endpoint 1 is gone"},
		"a retry before the end":               {ready + ", connect_retried e1", "endpoint 1 is dialing"},
		"a retry before the first attempt":     {"connect_retried e1", "endpoint 1 is new"},
		"two retries for one end":              {waiting + ", connect_retried e1", "endpoint 1 is waiting"},
		"closed after the retry":               {refused + ", connect_retried e1 a1, closed e1 a1", "endpoint 1 is waiting"},
		"closed before connect_failed":         {"connect_delayed c7 e1 a1, closed e1 a1", "endpoint 1 is dialing"},
		"closed for an established connection": {ready + ", disconnected c7 e1, closed e1", "endpoint 1 is over"},
		"closed of another attempt":            {refused + ", closed e1 a2", "it closes attempt 2, but attempt 1"},
		"a second connection before the end":   {ready + ", connect_delayed c9 e1", "dials while its connection 7 has not ended"},
		"a retry after giving up":              {refused + ", gave_up e1, connect_retried e1", "endpoint 1 is gave up"},
		"an attempt after giving up":           {refused + ", gave_up e1, connected c9 e1", "endpoint 1 is gave up"},
		"gave up while an attempt is pending":  {"connect_delayed c7 e1, gave_up e1", "endpoint 1 is dialing"},

		"two kinds in one":                  {"connected|closed c7 e1", "exactly one kind"},
		"no kind":                           {"none", "exactly one kind"},
		"a number twice":                    {"listening e2 q1, accepted c8 e2 q1", "not above 1"},
		"a number going back":               {"listening e2 q5, accepted c8 e2 q4", "not above 5"},
		"an event after monitor_stopped":    {"monitor_stopped, listening e2", "nothing follows monitor_stopped"},
		"two monitor_stopped":               {"monitor_stopped, monitor_stopped", "nothing follows monitor_stopped"},
		"lost that lost nothing":            {"lost n0", "it stands for no event"},
		"what ended before a gap is ended":  {refused + ", lost n5 q9, connected c7 e1 a1", "connection 7 is ended"},
		"a gap does not undo the handshake": {ready + ", lost n5 q9, handshake_succeeded c7 e1", "connection 7 is ready or silent or ended"},
		"a gap does not undo unbound":       {"listening e2, unbound e2, lost n1 q9, listening e2", "endpoint 2 is gone"},
		"begun late, then twice":            {"handshake_succeeded c4 e2 q100, handshake_succeeded c4 e2", "connection 4 is ready"},
		"begun late, but this one was seen": {"listening e2 q100, accepted c5 e2, subscribed c5 e2", "connection 5 is up"},
		"one socket late excuses no other":  {"listening s1 e2 q100, handshake_succeeded s2 c7 e1", "connection 7 is dialing"},
	} {
		err := Check(slices.Values(parseStory(t, c.text)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %q", name, err, c.want)
		}
	}
}

// A reader's mask hides steps, which then may have been taken; it hides no more.
func TestCheckKnowsTheMask(t *testing.T) {
	for name, c := range map[string]struct {
		m     Mask
		text  string
		legal bool
	}{
		"libzmq's view of a refused dial":         {Classic, "connect_delayed c7 e1, closed e1, connect_retried e1, connect_delayed c8 e1", true},
		"the same under Lifecycle":                {Lifecycle, "connect_delayed c7 e1, closed e1, connect_retried e1, connect_delayed c8 e1", false},
		"libzmq's view of our own disconnect":     {Classic, ready + ", connected c9 e1", true},
		"only readiness and ends":                 {HandshakeSucceeded | Disconnected, "handshake_succeeded c7 e1, disconnected c7 e1, handshake_succeeded c9 e1", true},
		"two ends are two ends":                   {HandshakeSucceeded | Disconnected, "disconnected c7 e1, disconnected c7 e1", false},
		"ready twice":                             {HandshakeSucceeded | Disconnected, "handshake_succeeded c7 e1, handshake_succeeded c7 e1", false},
		"only failures":                           {Failures, "connect_failed c7 e1, connect_failed c8 e1, handshake_failed_auth c9 e1", true},
		"only failures: two of one handshake":     {Failures, "handshake_failed_auth c9 e1, handshake_failed_protocol c9 e1", false},
		"more than Lifecycle is no excuse":        {All, up + ", subscribed c7 e1", false},
		"subscriptions without their connections": {Subs, "subscribed c7 e2, unsubscribed c7 e2", true},
	} {
		err := CheckMask(c.m, slices.Values(parseStory(t, c.text)))
		if (err == nil) != c.legal {
			t.Errorf("%s: %v, want legal %v", name, err, c.legal)
		}
	}
}

func TestCheckHoldsTimeToItsOrder(t *testing.T) {
	now := time.Now()
	story := parseStory(t, "listening e2, accepted c8 e2")
	story[0].Time, story[1].Time = now, now.Add(-time.Millisecond)
	if err := Check(slices.Values(story)); err == nil || !strings.Contains(err.Error(), "1ms before") {
		t.Errorf("time went back: %v", err)
	}
	for i := range story { // a decoded story has wall clock times, and clocks are set
		story[i].Time = story[i].Time.Round(0)
	}
	if err := Check(slices.Values(story)); err != nil {
		t.Errorf("a wall clock was set back: %v", err)
	}
}

func TestCheckNamesTheEvent(t *testing.T) {
	err := Check(slices.Values(parseStory(t, up+", subscribed c7 e1")))
	const want = "event 3 of the story (seq 3, subscribed): connection 7 is up, after connected: " +
		"legal are handshake_failed_no_detail|handshake_succeeded|handshake_failed_protocol|handshake_failed_auth|local_closed|identity_conflict"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestCheckStopsReading(t *testing.T) {
	n := 0
	_ = Check(func(yield func(Event) bool) {
		for yield(Event{Kind: HandshakeSucceeded, Conn: 1, Seq: 1}) {
			n++
		}
	})
	if n != 0 {
		t.Errorf("Check read on %d events after the first that is not legal", n)
	}
}

// No row of the tables is there for nothing: without it, some legal story is
// refused.
func TestEveryStepIsNeeded(t *testing.T) {
	stories := make(map[string][]Event)
	for name, text := range legalStories {
		stories[name] = parseStory(t, text)
	}
	for _, g := range []*grammar{&connGrammar, &endpointGrammar} {
		whole := g.steps
		t.Cleanup(func() { g.steps = whole })
		for i, s := range whole {
			g.steps = slices.Clone(whole)
			g.steps[i].from = 0 // taken from nowhere, but its kinds are still the grammar's
			needed := false
			for _, story := range stories {
				needed = needed || Check(slices.Values(story)) != nil
			}
			if !needed {
				t.Errorf("every legal story is legal without the step from %s by %v to %s", g.name(s.from), s.kinds, g.name(s.to))
			}
		}
	}
}

func TestGrammarTables(t *testing.T) {
	for name, g := range map[string]*grammar{"connection": &connGrammar, "endpoint": &endpointGrammar} {
		var from, to states
		for _, s := range g.steps {
			from, to = from|s.from, to|s.to
		}
		for bit, state := range g.names {
			one := states(1) << bit
			if state != "new" && to&one == 0 {
				t.Errorf("%s: nothing leads to %q", name, state)
			}
			if state != "ended" && from&one == 0 {
				t.Errorf("%s: nothing leads out of %q", name, state)
			}
		}
		if all := states(1)<<len(g.names) - 1; (from|to)&^all != 0 {
			t.Errorf("%s: a state has no name", name)
		}
	}
	if both := ofConn & notOfConn; both != 0 {
		t.Errorf("%v must and must not have a Conn", both)
	}
	if connLate != states(1)<<len(connGrammar.names)-1 || endLate != states(1)<<len(endpointGrammar.names)-1 {
		t.Errorf("a state is missing in %b or %b", connLate, endLate)
	}
}

func BenchmarkCheck(b *testing.B) {
	story := parseStory(b, ready+", disconnected c7 e1")
	for b.Loop() {
		if err := Check(slices.Values(story)); err != nil {
			b.Fatal(err)
		}
	}
}
