package lexicon

import (
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq/cmd/glass/internal/detect"
	"github.com/glassmq/zmq/monitor"
)

func TestEveryCodeIsFoundByNameAndNumber(t *testing.T) {
	for c := range monitor.Codes() {
		if !slices.Contains(Find(c.Name), c) {
			t.Errorf("%s %s is not found by its name", c.Class, c.Name)
		}
	}
}

func TestEveryConditionIsFoundByItsName(t *testing.T) {
	for _, c := range detect.Texts() {
		if found := Conditions(strings.ToUpper(strings.ReplaceAll(c.Name, "_", " "))); len(found) != 1 || found[0] != c {
			t.Errorf("%s: found %v", c.Name, found)
		}
	}
	if found := Conditions("refused"); len(found) > 0 {
		t.Errorf("refused is a reason, not a condition: %v", found)
	}
	if got := Near("silent_steam"); !slices.Contains(got, "silent_stream") {
		t.Errorf("near silent_steam are %q", got)
	}
}

func TestFind(t *testing.T) {
	for word, want := range map[string][]string{
		"refused":                           {"refused"},
		" Refused":                          {"refused"},
		"mechanism-mismatch":                {"mechanism_mismatch"},
		"handshake failed auth":             {"handshake_failed_auth"},
		"ZMQ_EVENT_HANDSHAKE_FAILED_AUTH":   {"handshake_failed_auth"},
		"ZMTP_KEY_EXCHANGE":                 {"ZMTP_KEY_EXCHANGE"},
		"ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED": {"WS_UNSPECIFIED"},
		"0x11000002":                        {"ZMTP_MECHANISM_MISMATCH"},
		"0x1100_0002":                       {"ZMTP_MECHANISM_MISMATCH"},
		"285212674":                         {"ZMTP_MECHANISM_MISMATCH"},
		"0x2000":                            {"handshake_failed_protocol"},
		"400":                               {"400"},
		"econnrefused":                      {"ECONNREFUSED"},
		"heartbeat_timeout":                 {"heartbeat_timeout", "heartbeat_timeout"}, // an event, and its reason
		"zmq_":                              nil,
		"":                                  nil,
		"0":                                 nil,
		"no such":                           nil,
	} {
		var got []string
		for _, c := range Find(word) {
			got = append(got, c.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: found %q, want %q", word, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	for word, want := range map[string]monitor.Mask{
		"0xFFFF": monitor.Classic &^ 0x8000,
		"65535":  monitor.Classic &^ 0x8000,
		"3":      monitor.Connected | monitor.ConnectDelayed,
		"0x8000": 0, "0": 0, "1e3": 0, "0xFFFFFFFFFF": 0,
	} {
		got, ok := Mask(word)
		if ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %v, %v; want %v", word, got, ok, want)
		}
	}
}

func TestNear(t *testing.T) {
	for word, want := range map[string]string{
		"refsued":                 "refused",
		"Rfused":                  "refused",
		"econrefused":             "ECONNREFUSED",
		"mechanism_missmatch":     "mechanism_mismatch",
		"idenity_conflict":        "identity_conflict",
		"ZMQ_EVENT_DISCONECTED":   "disconnected",
		"ZMTP_KEY_EXCHANG":        "ZMTP_KEY_EXCHANGE",
		"server_key":              "wrong_server_key",
		"401":                     "400",
		"handshake_failed_noidea": "handshake_failed_no_detail",
	} {
		if got := Near(word); !slices.Contains(got, want) || len(got) > 5 {
			t.Errorf("%q: near are %q, want %s among them", word, got, want)
		}
	}
	if got := Near("refsued"); got[0] != "refused" {
		t.Errorf("the likeliest is %s", got[0])
	}
	for _, word := range []string{"", "zz", "quarterly report"} {
		if got := Near(word); len(got) > 0 {
			t.Errorf("%q: near are %q, want none", word, got)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ac", 1}, {"abc", "xabc", 1},
		{"abcd", "abdc", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	among := []string{"timeout", "output", "type", "server"}
	for word, want := range map[string]string{"tiemout": "timeout", "outptu": "output", "Server": "server", "tpye": "type", "colour": "", "": ""} {
		if got := Nearest(word, among); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
