package interop

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// countless is how many prefixes one connection carries here.
const countless = 100_000

// prefix is a topic of which there are many. None is a prefix of another; their bytes are of any kind. testdata/peer.py has it, too.
func prefix(i int) string {
	return string(fmt.Appendf(binary.BigEndian.AppendUint32(nil, uint32(i*2654435761)), "/%d/", i))
}

func prefixes(first, end int) (all []string) {
	for i := first; i < end; i++ {
		all = append(all, prefix(i))
	}
	return all
}

// digest is what a set of topics is compared by.
func digest(topics []string) string {
	whole := sha256.New()
	slices.Sort(topics)
	for _, topic := range topics {
		whole.Write(binary.BigEndian.AppendUint32(nil, uint32(len(topic))))
		whole.Write([]byte(topic))
	}
	return hex.EncodeToString(whole.Sum(nil)[:16])
}

// notices are the prefixes as an XPUB hears of them.
func notices(how string, prefixes []string) (all []string) {
	for _, p := range prefixes {
		all = append(all, how+p)
	}
	return all
}

// sample are numbers of prefixes from all over the range and from beyond it.
func sample() (numbers []int) {
	for i := 0; i < countless+1000; i += 97 {
		numbers = append(numbers, i)
	}
	return numbers
}

// hears checks what an XPUB was told: n notices, which are these in any order.
func hears(t *testing.T, what, got string, how string, want []string) {
	t.Helper()
	if want := digest(notices(how, want)); got != want {
		t.Fatalf("%s: %s, not %s", what, got, want)
	}
}

// They subscribe to a hundred thousand prefixes, and later to half of them no longer.
func TestTheySubscribeToVeryMany(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.XPUB, zmq.PUB} {
		t.Run(typ.String(), func(t *testing.T) {
			// libzmq's SUB drops subscriptions beyond its mark.
			o, s := open(t, typ, zmq.Config{SendHWM: zmq.Unlimited}), p.open(t, "SUB", options{"SNDHWM": 0, "RCVHWM": 0})
			join(t, o, s, true)
			told := o.watchSubs(t)
			theyTurn(t, o, s, told, 0, countless, monitor.Subscribed)
			topicsCount(t, o, countless)
			weDeliver(t, o, s, func(i int) bool { return i < countless })
			theyTurn(t, o, s, told, 0, countless/2, monitor.Unsubscribed)
			topicsCount(t, o, countless/2)
			weDeliver(t, o, s, func(i int) bool { return i >= countless/2 && i < countless })
			s.close(t)
			o.await(t, monitor.Disconnected)
			topicsCount(t, o, 0)
		})
	}
}

// theyTurn has them subscribe to prefixes, or no longer, and waits until our publisher knows.
func theyTurn(t *testing.T, o *ours, s *socket, told *story[zmq.Event], first, end int, k monitor.Kind) {
	t.Helper()
	turned := s.tell(t, "subscribe_range", args{"first": first, "end": end, "on": k == monitor.Subscribed})
	if o.Type() == zmq.XPUB {
		var heard []string
		for range end - first {
			heard = append(heard, o.show(t)...)
		}
		how := map[monitor.Kind]string{monitor.Subscribed: "\x01", monitor.Unsubscribed: "\x00"}[k]
		hears(t, "what our XPUB received", digest(heard), how, prefixes(first, end))
	}
	awaitTopic(t, told, k, prefix(end-1))
	turned.done(t)
}

func topicsCount(t *testing.T, o *ours, want int) {
	t.Helper()
	if n := o.Socket.(interface{ TopicsCount() int }).TopicsCount(); n != want {
		t.Errorf("%d topics, not %d", n, want)
	}
}

// weDeliver publishes the sample; they receive what they have subscribed to.
func weDeliver(t *testing.T, o *ours, s *socket, has func(i int) bool) {
	t.Helper()
	for _, i := range sample() {
		o.put(t, prefix(i), fmt.Sprint(i))
	}
	for _, i := range sample() {
		if has(i) {
			wantFrames(t, "what they received", s.show(t), prefix(i), fmt.Sprint(i))
		}
	}
}

// We subscribe to as many, and later to half of them no longer.
func TestWeSubscribeToVeryMany(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.SUB, zmq.Config{RecvHWM: zmq.Unlimited}), p.open(t, "XPUB", options{"SNDHWM": 0, "RCVHWM": 0})
	join(t, o, s, true)
	deliver := func(has func(i int) bool) {
		t.Helper()
		sent := s.tell(t, "publish", args{"numbers": sample()})
		for _, i := range sample() {
			if has(i) {
				wantFrames(t, "what we received", o.show(t), prefix(i), fmt.Sprint(i))
			}
		}
		sent.done(t)
	}
	o.subscribe(t, prefixes(0, countless)...)
	hears(t, "what their XPUB received", s.tell(t, "hear", args{"count": countless}).done(t).Messages[0], "\x01", prefixes(0, countless))
	deliver(func(i int) bool { return i < countless })
	o.unsubscribe(t, prefixes(0, countless/2)...)
	hears(t, "what their XPUB received", s.tell(t, "hear", args{"count": countless / 2}).done(t).Messages[0], "\x00", prefixes(0, countless/2))
	deliver(func(i int) bool { return i >= countless/2 && i < countless })
}

// What we subscribed to while nobody was there all publishers hear, before anything else.
func TestVeryManyBeforeAnybody(t *testing.T) {
	p := startPeer(t)
	there := freeEndpoint(t)
	o := open(t, zmq.SUB, zmq.Config{})
	o.subscribe(t, prefixes(0, countless)...)
	o.connect(t, there)
	for range 2 {
		s := p.open(t, "XPUB", options{"RCVHWM": 0})
		s.bind(t, there)
		hears(t, "what their XPUB received", s.tell(t, "hear", args{"count": countless}).done(t).Messages[0], "\x01", prefixes(0, countless))
		s.put(t, prefix(countless/2), "found")
		wantFrames(t, "what we received", o.show(t), prefix(countless/2), "found")
		s.close(t)
	}
}
