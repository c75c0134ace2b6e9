package lines

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/glassmq/zmq"
)

// How a message becomes a line of output, besides Hex.
const (
	Text  = "text"  // tabs between frames; what a terminal should not see is escaped as in Go: \x00, \n, \\
	Raw   = "raw"   // tabs between frames, which are as they are
	JSONL = "jsonl" // an object: when it came, from whom, its frames
)

// Forms are the names of the forms of output.
var Forms = []string{Text, Raw, Hex, JSONL}

// Append appends m, which came at the time now, without the end of the line.
func Append(b []byte, form string, m zmq.Message, now time.Time) []byte {
	if form == JSONL {
		return appendJSON(b, m, now)
	}
	for i, f := range m.All() {
		switch form {
		case Hex:
			b = appendHex(separate(b, i, ' '), f)
		case Raw:
			b = append(separate(b, i, '\t'), f...)
		default:
			b = appendText(separate(b, i, '\t'), f)
		}
	}
	return b
}

func separate(b []byte, i int, by byte) []byte {
	if i > 0 {
		b = append(b, by)
	}
	return b
}

func appendHex(b, f []byte) []byte {
	if len(f) == 0 {
		return append(b, emptyHex...)
	}
	return hex.AppendEncode(b, f)
}

func appendText(b, f []byte) []byte {
	for len(f) > 0 {
		r, size := utf8.DecodeRune(f)
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, `\x`...), hex.EncodeToString(f[:1])...)
		case r == '\\':
			b = append(b, `\\`...)
		case unicode.IsPrint(r):
			b = append(b, f[:size]...)
		default:
			quoted := strconv.QuoteRune(r)
			b = append(b, quoted[1:len(quoted)-1]...)
		}
		f = f[size:]
	}
	return b
}

// A lineObject is a message as JSON, under the keys of events where they mean the same.
type lineObject struct {
	Time     string `json:"ts"`
	Conn     string `json:"conn,omitempty"` // as in the events of this process
	Remote   string `json:"remote,omitempty"`
	PeerType string `json:"peer_type,omitempty"`
	PeerID   string `json:"peer_id_hex,omitempty"`
	Frames   []any  `json:"frames"`
}

func appendJSON(b []byte, m zmq.Message, now time.Time) []byte {
	p := m.Peer()
	o := lineObject{Time: now.UTC().Format(time.RFC3339Nano), Remote: p.Remote, PeerType: p.Type,
		PeerID: hex.EncodeToString([]byte(p.RoutingID)), Frames: make([]any, m.Len())}
	if p.Conn != 0 {
		o.Conn = strconv.FormatUint(uint64(p.Conn), 10)
	}
	for i, f := range m.All() {
		if utf8.Valid(f) {
			o.Frames[i] = string(f)
		} else {
			o.Frames[i] = map[string]string{"hex": hex.EncodeToString(f)}
		}
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic("BUG: strings have a JSON form: " + err.Error())
	}
	return append(b, text...)
}
