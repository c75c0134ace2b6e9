package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp/curve"
)

// A house is an audience that remembers.
type house struct {
	captions []string
	events   []monitor.Event
	onStage  map[string]int // names and kinds, but for what was backstage
	each     func(e monitor.Event, backstage bool) error
}

func (h *house) audience() Audience {
	h.onStage = make(map[string]int)
	return Audience{
		Caption: func(words string) error { h.captions = append(h.captions, words); return nil },
		Event: func(e monitor.Event, backstage bool) error {
			h.events = append(h.events, e)
			if !backstage {
				h.onStage[e.SocketName+" "+e.Kind.String()]++
			}
			if h.each == nil {
				return nil
			}
			return h.each(e, backstage)
		},
	}
}

// wholePlay plays every scene without a pause between them, and ends when the last one is over.
func wholePlay(t *testing.T) *house {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h := &house{}
	h.each = func(e monitor.Event, _ bool) error {
		if e.SocketName == "heavy-sender" && e.Kind == monitor.MonitorStopped {
			cancel() // it is put away after the last scene
		}
		return nil
	}
	missed, err := Play(ctx, time.Nanosecond, h.audience())
	if err != nil || missed > 0 {
		t.Fatalf("%d scenes missed, %v", missed, err)
	}
	return h
}

func TestThePlay(t *testing.T) {
	defer goleak.VerifyNone(t)
	h := wholePlay(t)
	t.Run("every story is whole and legal", h.everyStoryIsWholeAndLegal)
	t.Run("every type and transport takes part", h.everyTypeTakesPart)
	t.Run("each scene shows what its caption says", h.eachSceneShowsWhatItsCaptionSays)
	t.Run("each failure has its reason", h.eachFailureHasItsReason)
	t.Run("the pauses grow", h.thePausesGrow)
	t.Run("who is refused is told so once, and does not hammer", h.refusalsAreClear)
	t.Run("no key and no password is shown", h.nothingSecretIsShown)
}

func (h *house) everyStoryIsWholeAndLegal(t *testing.T) {
	if err := monitor.Check(slices.Values(h.events)); err != nil {
		t.Error(err)
	}
	begun, ended := map[monitor.ConnID]bool{}, map[monitor.ConnID]int{}
	for _, e := range h.events {
		if e.Conn != 0 {
			begun[e.Conn] = true
		}
		if e.Terminal() {
			ended[e.Conn]++
		}
		if len(e.SocketName) == 0 || len(e.SocketName) > Longest {
			t.Errorf("the socket's name is %q: want 1 to %d bytes", e.SocketName, Longest)
		}
		if e.Kind&monitor.Failures != 0 && (e.Why() == "" || e.Hint() == "" || e.Reason == "") {
			t.Errorf("a failure without words: %v", e)
		}
		if e.Reason == monitor.ReasonOther {
			t.Errorf("nobody knows why: %v", e)
		}
	}
	for conn := range begun {
		if ended[conn] != 1 {
			t.Errorf("connection %d has %d terminal events", conn, ended[conn])
		}
	}
}

func (h *house) everyTypeTakesPart(t *testing.T) {
	ready, transports := map[string]bool{}, map[string]bool{}
	for _, e := range h.events {
		if e.Kind == monitor.HandshakeSucceeded {
			ready[e.SocketType] = true
			transport, _, _ := strings.Cut(e.Endpoint, "://")
			transports[transport] = true
		}
	}
	for typ := zmq.PAIR; typ <= zmq.STREAM; typ++ {
		if !ready[typ.String()] {
			t.Errorf("no %v was ready for a peer", typ)
		}
	}
	for _, transport := range []string{"tcp", "ipc", "inproc"} {
		if !transports[transport] {
			t.Errorf("no peer was ready over %s", transport)
		}
	}
}

func (h *house) eachSceneShowsWhatItsCaptionSays(t *testing.T) {
	scenes := (&fixtures{}).scenes()
	if len(h.captions) != len(scenes)+1 { // and the curtain
		t.Fatalf("%d captions for %d scenes: %q", len(h.captions), len(scenes), h.captions)
	}
	for i, s := range scenes {
		if h.captions[i] != s.caption {
			t.Errorf("caption %d is %q, want %q", i, h.captions[i], s.caption)
		}
	}
	for line, atLeast := range map[string]int{
		"orders-in listening": 1, "orders-out connect_delayed": 1, "orders-out connected": 1, "orders-in accepted": 2,
		"orders-out handshake_succeeded": 1, "orders-in handshake_succeeded": 1,
		"question handshake_succeeded": 1, "answer handshake_succeeded": 1,
		"price-feed subscribed": 1, "price-feed handshake_succeeded": 1, "euro-desk handshake_succeeded": 1,
		"feed subscribed": 1, "relay-in handshake_succeeded": 1, "relay-out subscribed": 1, "far-desk handshake_succeeded": 1,
		"dispatcher handshake_succeeded": 2, "worker-a handshake_succeeded": 1, "worker-b handshake_succeeded": 1,
		"plain-tcp accepted": 1, "plain-tcp handshake_succeeded": 1,
		"risk-desk identity_conflict": 1, "risk-1 handshake_succeeded": 1, "risk-2 connect_retried": 1,
		"ticker queue_full": 1, "ticker dropped": 1, "ticker queue_drained": 1,
		"early-bird connect_failed": 3, "early-bird closed": 3, "early-bird connect_retried": 3, "early-bird handshake_succeeded": 1,
		"orders-copy bind_failed":               1,
		"lost-pusher handshake_failed_protocol": 1, "price-server handshake_failed_protocol": 1,
		"orders-in handshake_failed_protocol": 1,
		"doorman handshake_failed_no_detail":  1,
		"courier handshake_succeeded":         1, "vault handshake_succeeded": 1,
		"vault handshake_failed_protocol": 1, "old-key handshake_failed_no_detail": 1, "old-key connect_retried": 1,
		"till handshake_failed_auth": 1, "hasty-teller handshake_failed_auth": 1, "hasty-teller connect_retried": 1,
		"left handshake_failed_protocol": 1, "third-wheel handshake_failed_protocol": 1,
		"ledger closed": 1, "ledger listening": 2, "clerk disconnected": 1, "clerk connect_retried": 1, "clerk handshake_succeeded": 2,
		"sensor heartbeat_timeout": 1, "sensor handshake_succeeded": 2, "station handshake_succeeded": 2,
		"narrow-gate disconnected": 1, "heavy-sender disconnected": 1, "heavy-sender handshake_succeeded": 2,
		"orders-out local_closed": 1, "orders-in disconnected": 2, "orders-in closed": 1,
	} {
		if h.onStage[line] < atLeast {
			t.Errorf("%s: seen %d times, want %d", line, h.onStage[line], atLeast)
		}
	}
	for line := range h.onStage {
		name, kind, _ := strings.Cut(line, " ")
		if kind == "monitor_stopped" && name != "ledger" && name != "orders-in" && name != "orders-out" {
			t.Errorf("%s on stage: its scene does not say that it ends", line)
		}
	}
}

func (h *house) eachFailureHasItsReason(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range h.events {
		seen[e.SocketName+" "+e.Kind.String()+" "+string(e.Reason)] = true
	}
	for _, want := range []string{
		"early-bird connect_failed refused",
		"early-bird connect_retried refused",
		"orders-copy bind_failed address_in_use",
		"lost-pusher handshake_failed_protocol incompatible_socket_type",
		"price-server handshake_failed_protocol incompatible_socket_type",
		"orders-in handshake_failed_protocol not_zmtp",
		"doorman handshake_failed_no_detail handshake_timeout",
		"vault handshake_failed_protocol wrong_server_key",
		"old-key handshake_failed_no_detail wrong_server_key",
		"till handshake_failed_auth auth_denied",
		"hasty-teller handshake_failed_auth auth_denied",
		"left handshake_failed_protocol pair_taken",
		"third-wheel handshake_failed_protocol refused_by_peer",
		"clerk disconnected peer_closed",
		"risk-desk identity_conflict identity_conflict",
		"ticker dropped hwm",
		"sensor heartbeat_timeout heartbeat_timeout",
		"sensor disconnected heartbeat_timeout",
		"narrow-gate disconnected oversize_message",
	} {
		if !seen[want] {
			t.Errorf("no %s", want)
		}
	}
}

func (h *house) thePausesGrow(t *testing.T) {
	var before time.Duration
	for _, e := range h.events {
		if e.SocketName != "early-bird" || e.Kind != monitor.ConnectRetried {
			continue
		}
		if e.Interval <= before {
			t.Errorf("a pause of %v after one of %v", e.Interval, before)
		}
		before = e.Interval
	}
}

// refusalsAreClear: each attempt of those who are not let in has one failure on each side, with who, why and what to do; and the
// next attempt is as far away as the longest pause of the others.
func (h *house) refusalsAreClear(t *testing.T) {
	sides := map[string]monitor.Who{"old-key": monitor.ByPeer, "vault": monitor.ByPeer, "hasty-teller": monitor.ByPeer, "till": monitor.ByLocal}
	failures, ends := map[monitor.ConnID]int{}, map[string]int{}
	for _, e := range h.events {
		who, refused := sides[e.SocketName]
		switch {
		case !refused:
		case e.Kind&(monitor.HandshakeFailedAuth|monitor.HandshakeFailedProtocol|monitor.HandshakeFailedNoDetail) != 0:
			failures[e.Conn]++
			if e.Who != who || e.Reason == "" || e.Why() == "" || e.Hint() == "" {
				t.Errorf("%s by %s, want by %s: %v; %s; %s", e.SocketName, e.Who, who, e, e.Why(), e.Hint())
			}
		case e.Kind == monitor.Disconnected && e.Reason != monitor.ReasonPeerClosed: // as courier does in the end
			ends[e.SocketName]++
			if failures[e.Conn] != 1 {
				t.Errorf("%s: %d failures on connection %d", e.SocketName, failures[e.Conn], e.Conn)
			}
		case e.Kind == monitor.ConnectRetried && e.Interval < 2*time.Second: // of five, up to half is chance
			t.Errorf("%s tries again after %v", e.SocketName, e.Interval)
		}
	}
	for name := range sides {
		if ends[name] == 0 {
			t.Errorf("%s turned nobody away, or was not", name)
		}
	}
}

// nothingSecretIsShown looks at all that an audience can make of an event.
func (h *house) nothingSecretIsShown(t *testing.T) {
	for _, e := range h.events {
		b, err := json.Marshal(e)
		var object map[string]any // as a reader has it: JSON writes some letters of a key as \u003c
		if err := errors.Join(err, json.Unmarshal(b, &object)); err != nil {
			t.Fatal(err)
		}
		shown := fmt.Sprint(e.String(), " ", e.Why(), " ", e.Hint(), fmt.Sprintf(" %+v ", e.Peer()))
		for _, value := range object {
			shown += fmt.Sprint(value, " ")
		}
		if strings.Contains(shown, password) || strings.Contains(shown, mistaken) {
			t.Errorf("a password: %s", shown)
		}
		for _, word := range strings.FieldsFunc(shown, func(r rune) bool { return r == ' ' || r == '"' || r == ',' }) {
			if _, err := curve.ParsePublicKey(word); err == nil && !strings.Contains(word, "://") {
				t.Errorf("a key, %s: %s", word, shown)
			}
		}
	}
}

// Whenever Ctrl-C comes, everything is put away.
func TestTheDemoEndsWheneverItIsTold(t *testing.T) {
	for _, after := range []int{0, 1, 7, 20, 45, 70, 95, 120, 160, 200} {
		func() {
			defer goleak.VerifyNone(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			h := &house{}
			h.each = func(monitor.Event, bool) error {
				if len(h.events) >= after {
					cancel()
				}
				return nil
			}
			if after == 0 {
				cancel()
			}
			missed, err := Play(ctx, time.Nanosecond, h.audience())
			if err != nil {
				t.Errorf("told to end after %d events: %v", after, err)
			}
			if missed == 0 {
				t.Errorf("told to end after %d events, but no scene is missing", after)
			}
			if err := monitor.Check(slices.Values(h.events)); err != nil {
				t.Errorf("told to end after %d events: %v", after, err)
			}
		}()
	}
}

func TestAnAudienceThatLeavesEndsTheDemo(t *testing.T) {
	defer goleak.VerifyNone(t)
	gone := errors.New("gone")
	for name, h := range map[string]*house{
		"at an event":   {each: func(e monitor.Event, _ bool) error { return gone }},
		"in the middle": {each: func(e monitor.Event, _ bool) error { return map[bool]error{true: gone}[e.SocketName == "doorman"] }},
	} {
		_, err := Play(t.Context(), time.Nanosecond, h.audience())
		if !errors.Is(err, gone) {
			t.Errorf("%s: %v", name, err)
		}
		n := len(h.events)
		if name == "at an event" && n != 1 {
			t.Errorf("%d events for an audience that left at the first", n)
		}
	}
	deaf := (&house{}).audience()
	deaf.Caption = func(string) error { return gone }
	if _, err := Play(t.Context(), time.Nanosecond, deaf); !errors.Is(err, gone) {
		t.Errorf("at a caption: %v", err)
	}
}
