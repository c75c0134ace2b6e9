package zmq_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp"
)

// The list of hostile inputs is testdata/hostile/*.txt:
//
//	# why
//	name: TYPE… listener|dialler|both [Option=value…] [ordered] [tcp]
//	    > words          the attacker writes them, in one call; see wire
//	    < words          and waits until it has been sent exactly these; "opening" are our greeting and READY
//	    send "a" "b"     our socket sends a message, of a REQ a request
//	    queued           waits until a message is there to be received
//	    fin              the attacker says that it will write no more; reset: it is gone
//	    recv "a" b*300   a message that our program receives, when all is over; there is no other. empty:9 are nine frames
//	    = ending         what becomes of the connection
//
// Our socket is of each of the types, and a listener, a dialler, or both in turn. An input that is ordered makes sense only
// with its waits where they are; one that is tcp needs the system's connections.
//
// Endings: "kept" answers a PING and delivers what came; "disconnected who phase reason" is the end of a peer that was
// ready; "protocol", "no_detail" and "auth" with the same three are the handshake_failed_… that goes before it; "answered"
// behind them says that the attacker is told why by an ERROR command.
type input struct {
	name, where  string
	types, roles []string
	options      []string
	ordered, tcp bool
	steps        []step
	delivers     [][]string
	ending       []string
	answered     bool
}

// A step is a line of an input, its verb and its words.
type step struct {
	verb  string
	words []string
}

// hostileInputs reads the list.
func hostileInputs(t testing.TB) (all []*input) {
	t.Helper()
	paths, err := filepath.Glob("testdata/hostile/*.txt")
	must(t, err)
	names := map[string]bool{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		for n, line := range strings.Split(string(text), "\n") {
			where := fmt.Sprintf("%s:%d", path, n+1)
			words, err := hostileWords(line)
			if err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			switch {
			case len(words) == 0 || strings.HasPrefix(line, "#"):
			case !strings.HasPrefix(line, " "):
				in := newInput(where, words)
				if names[in.name] {
					t.Fatalf("%s: %s is on the list already", where, in.name)
				}
				names[in.name] = true
				all = append(all, in)
			default:
				all[len(all)-1].line(words)
			}
		}
	}
	for _, in := range all {
		if err := in.check(); err != nil {
			t.Fatalf("%s: %s: %v", in.where, in.name, err)
		}
	}
	return all
}

func newInput(where string, words []string) *input {
	in := &input{name: strings.TrimSuffix(words[0], ":"), where: where}
	for _, word := range words[1:] {
		switch {
		case word == "both":
			in.roles = []string{"listener", "dialler"}
		case word == "listener" || word == "dialler":
			in.roles = []string{word}
		case word == "ordered":
			in.ordered = true
		case word == "tcp":
			in.tcp = true
		case strings.Contains(word, "="):
			in.options = append(in.options, word)
		default:
			in.types = append(in.types, word)
		}
	}
	return in
}

func (in *input) line(words []string) {
	switch verb := words[0]; verb {
	case "=":
		in.ending = words[1:]
		if n := len(in.ending) - 1; n > 0 && in.ending[n] == "answered" {
			in.ending, in.answered = in.ending[:n], true
		}
	case "recv":
		var frames []string
		for _, word := range words[1:] {
			if n, ok := strings.CutPrefix(word, "empty:"); ok {
				count, _ := strconv.Atoi(n)
				frames = append(frames, make([]string, count)...)
				continue
			}
			frames = append(frames, hostileText(word))
		}
		in.delivers = append(in.delivers, frames)
	default:
		in.steps = append(in.steps, step{verb, words[1:]})
	}
}

// check finds what nobody can have meant.
func (in *input) check() error {
	if len(in.types) == 0 || len(in.roles) == 0 {
		return fmt.Errorf("it says no type, or no role")
	}
	for _, typ := range in.types {
		if fitting[typ] == "" {
			return fmt.Errorf("no socket is a %s", typ)
		}
		for _, s := range in.steps {
			switch s.verb {
			case ">", "<":
				if _, err := hostileWire(s.words, typ); err != nil {
					return err
				}
			case "send", "queued", "fin", "reset":
			default:
				return fmt.Errorf("no step is called %s", s.verb)
			}
		}
	}
	if _, err := in.config(); err != nil {
		return err
	}
	first := slices.IndexFunc(in.steps, func(s step) bool { return s.verb == "<" })
	if first >= 0 && in.steps[first].words[0] != "opening" && in.steps[first].words[0] != "greeting" {
		return fmt.Errorf("what is read first is our greeting, or opening")
	}
	switch n := len(in.ending); {
	case n == 1 && in.ending[0] == "kept":
	case n == 4 && slices.Contains([]string{"disconnected", "protocol", "no_detail", "auth"}, in.ending[0]):
	default:
		return fmt.Errorf("no ending is %q", in.ending)
	}
	return nil
}

// config is our socket's, as far as the input says it.
func (in *input) config() (c zmq.Config, err error) {
	for _, option := range in.options {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "MaxMessageSize":
			c.MaxMessageSize, err = strconv.ParseInt(value, 10, 64)
		case "HandshakeTimeout":
			c.HandshakeTimeout, err = time.ParseDuration(value)
		case "ReqCorrelate":
			c.ReqCorrelate = value == "true"
		default:
			err = fmt.Errorf("no input sets %s", name)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// fitting is the type that each of our types talks to.
var fitting = map[string]string{"PULL": "PUSH", "PUSH": "PULL", "PAIR": "PAIR", "REQ": "REP", "REP": "REQ"}

// hostileWords takes a line apart at spaces and braces; what is in quotes stays together.
func hostileWords(line string) (words []string, err error) {
	for rest := strings.TrimSpace(line); rest != "" && rest[0] != '#'; rest = strings.TrimLeft(rest, " ") {
		n := 0
		for n < len(rest) && rest[n] != ' ' {
			if rest[n] == '{' || rest[n] == '}' {
				n = max(n, 1)
				break
			}
			if rest[n] != '"' {
				n++
				continue
			}
			quoted, err := strconv.QuotedPrefix(rest[n:])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", rest[n:], err)
			}
			n += len(quoted)
		}
		words, rest = append(words, rest[:n]), rest[n:]
	}
	return words, nil
}

// hostileText is what a word says: in quotes, x*300 for 300 times x, or as it is.
func hostileText(word string) string {
	if text, err := strconv.Unquote(word); err == nil {
		return text
	}
	if text, times, ok := strings.Cut(word, "*"); ok {
		if n, err := strconv.Atoi(times); err == nil {
			return strings.Repeat(text, n)
		}
	}
	return word
}

// A spelling turns words into the bytes that an attacker of a socket of one type writes:
//
//	"text" hex:00ff fill:300        bytes; 300 times x
//	u8:1 u32:2^31-1 u64:2^62        numbers, the most significant byte first
//	greeting:KEY=VALUE,…            64 bytes; version=3.1 mech=NULL server=0 pad=00 filler=00
//	head:04:2^62                    flags and a size of eight bytes, and no body
//	frame{…} more{…} command{…}     a frame around what is in the braces; long…{…} with a size of eight bytes
//	flags:0c{…}                     the same with these flags
//	name:READY prop:X-A=b           a name with its length; a property; @ for a value is the type that we talk to
//	PING{…}                         command{ name:PING … }, and so any word in capitals; without braces it is all
//	ready peer                      READY{ prop:Socket-Type=@ }; a greeting and that
//	opening                         what our own socket sends in its handshake
//	repeat:70{…}
type spelling struct {
	typ   string // our socket's
	words []string
}

func hostileWire(words []string, typ string) ([]byte, error) {
	s := &spelling{typ: typ, words: words}
	b, err := s.sequence()
	if err == nil && len(s.words) > 0 {
		err = fmt.Errorf("%s where nothing is open", s.words[0])
	}
	return b, err
}

// sequence spells words up to the end, or to the brace that closes.
func (s *spelling) sequence() (b []byte, err error) {
	for len(s.words) > 0 && s.words[0] != "}" {
		word := s.words[0]
		s.words = s.words[1:]
		var more []byte
		if len(s.words) > 0 && s.words[0] == "{" {
			more, err = s.braces(word)
		} else {
			more, err = s.word(word)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
		b = append(b, more...)
	}
	return b, nil
}

// braces spells a word that stands before braces, and what is in them.
func (s *spelling) braces(word string) ([]byte, error) {
	s.words = s.words[1:]
	body, err := s.sequence()
	if err != nil || len(s.words) == 0 {
		return nil, fmt.Errorf("nothing closes the brace: %w", err)
	}
	s.words = s.words[1:]
	kind, arg, _ := strings.Cut(word, ":")
	flags := byte(0)
	switch short, _ := strings.CutPrefix(kind, "long"); short {
	case "frame":
	case "more":
		flags = 1
	case "command":
		flags = 4
	case "flags":
		n, err := strconv.ParseUint(arg, 16, 8)
		return append([]byte{byte(n), byte(len(body))}, body...), err
	case "repeat":
		n, err := hostileNumber(arg)
		return slices.Repeat(body, int(n)), err
	default:
		if kind != strings.ToUpper(kind) {
			return nil, fmt.Errorf("no frame is called so")
		}
		return zmtp.AppendCommand(nil, zmtp.Command{Name: kind, Data: body}), nil
	}
	if strings.HasPrefix(kind, "long") || len(body) > 255 {
		return append(binary.BigEndian.AppendUint64([]byte{flags | 2}, uint64(len(body))), body...), nil
	}
	return append([]byte{flags, byte(len(body))}, body...), nil
}

// word spells a word that stands alone.
func (s *spelling) word(word string) ([]byte, error) {
	if word[0] == '"' {
		text, err := strconv.Unquote(word)
		return []byte(text), err
	}
	if word == strings.ToUpper(word) {
		return zmtp.AppendCommand(nil, zmtp.Command{Name: word}), nil
	}
	kind, arg, _ := strings.Cut(word, ":")
	switch kind {
	case "greeting":
		return hostileGreeting(arg)
	case "ready":
		return hostileReady(fitting[s.typ]), nil
	case "peer":
		return append(greetingOf("NULL"), hostileReady(fitting[s.typ])...), nil
	case "opening":
		return hostileOpening(s.typ), nil
	case "hex":
		return hex.DecodeString(arg)
	case "name":
		text := hostileText(arg)
		return append([]byte{byte(len(text))}, text...), nil
	case "prop":
		name, value, _ := strings.Cut(arg, "=")
		if value == "@" {
			value = fitting[s.typ]
		}
		return property(hostileText(name), hostileText(value)), nil
	case "head":
		flags, size, _ := strings.Cut(arg, ":")
		b, err := hex.DecodeString(flags)
		n, err2 := hostileNumber(size)
		if err == nil {
			err = err2
		}
		return binary.BigEndian.AppendUint64(b, n), err
	}
	n, err := hostileNumber(arg)
	switch kind {
	case "fill":
		return []byte(strings.Repeat("x", int(n))), err
	case "u8":
		return []byte{byte(n)}, err
	case "u32":
		return binary.BigEndian.AppendUint32(nil, uint32(n)), err
	case "u64":
		return binary.BigEndian.AppendUint64(nil, n), err
	}
	return nil, fmt.Errorf("no word is spelt so")
}

// hostileNumber reads 300, 2^62 and 2^63-1.
func hostileNumber(s string) (uint64, error) {
	s, less := strings.CutSuffix(s, "-1")
	base, power, _ := strings.Cut(s, "^")
	n, ok := new(big.Int).SetString(base, 10)
	if !ok {
		return 0, fmt.Errorf("%q is no number", s)
	}
	if power != "" {
		p, err := strconv.ParseInt(power, 10, 64)
		if err != nil {
			return 0, err
		}
		n.Exp(n, big.NewInt(p), nil)
	}
	if less {
		n.Sub(n, big.NewInt(1))
	}
	if !n.IsUint64() {
		return 0, fmt.Errorf("%s has more than 64 bits", s)
	}
	return n.Uint64(), nil
}

// hostileGreeting is a greeting in which anything can be wrong (RFC 37, "Protocol Grammar").
func hostileGreeting(changes string) ([]byte, error) {
	b := greetingOf("NULL")
	for change := range strings.SplitSeq(changes, ",") {
		key, value, _ := strings.Cut(change, "=")
		value = hostileText(value)
		var err error
		switch key {
		case "":
		case "version":
			_, err = fmt.Sscanf(value, "%d.%d", &b[10], &b[11])
		case "mech":
			clear(b[12:32])
			copy(b[12:32], value)
		case "server":
			_, err = fmt.Sscan(value, &b[32])
		case "pad":
			_, err = hex.Decode(b[1:9], []byte(strings.Repeat(value, 8)))
		case "filler":
			_, err = hex.Decode(b[33:], []byte(strings.Repeat(value, 31)))
		default:
			err = fmt.Errorf("a greeting has no %s", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

func greetingOf(mechanism string) []byte {
	b := make([]byte, 64)
	b[0], b[9], b[10], b[11] = 0xFF, 0x7F, 3, 1
	copy(b[12:], mechanism)
	return b
}

func hostileReady(typ string) []byte {
	return zmtp.AppendCommand(nil, zmtp.Command{Name: zmtp.READY, Data: property(zmtp.SocketType, typ)})
}

func property(name, value string) []byte {
	b := append([]byte{byte(len(name))}, name...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

// hostileOpening is what a socket of ours says of itself: a REQ also its routing id.
func hostileOpening(typ string) []byte {
	data := property(zmtp.SocketType, typ)
	if typ == "REQ" {
		data = append(data, property(zmtp.Identity, "")...)
	}
	return zmtp.AppendCommand(greetingOf("NULL"), zmtp.Command{Name: zmtp.READY, Data: data})
}
