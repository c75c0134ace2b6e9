package socket

import (
	"bytes"
	"testing"

	"github.com/glassmq/zmq/internal/message"
)

// A message is a subscription or is not, and nothing of it is lost or made up: the sentence of the manual page of ZMQ_XPUB,
// "a byte 1 (for subscriptions) or byte 0 (for unsubscriptions) followed by the subscription body".
func FuzzParseSubscription(f *testing.F) {
	for _, seed := range []string{"", "\x01", "\x00", "\x01topic", "\x00topic", "\x02topic", "topic", "\x01\x01"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, head []byte, more bool) {
		m := message.Message{Head: head}
		if more {
			m = message.New([][]byte{head, nil})
		}
		prefix, on, ok := ParseSubscription(m)
		if want := !more && len(head) > 0 && head[0] <= 1; ok != want {
			t.Fatalf("%q, with a second frame %v, is a subscription: %v", head, more, ok)
		}
		first := byte(0)
		if on {
			first = 1
		}
		if ok && !bytes.Equal(append([]byte{first}, prefix...), head) || !ok && (prefix != nil || on) {
			t.Fatalf("%q was read as %q, %v, %v", head, prefix, on, ok)
		}
	})
}
