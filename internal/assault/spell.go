package assault

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Speller turns words into the bytes that an attacker of a socket of one type writes on one connection. It is for one
// goroutine.
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
//	repeat:70{…}                    these very bytes, 70 times
//	curve.hello curve.initiate{…}   CURVE's commands, and what may be wrong with them: see forge.go
//
// A greeting is the mechanism's of the socket under attack, and on its other side.
type Speller struct {
	in    *Input
	typ   string // our socket's
	words []string
	forge *forge
}

// NewSpeller is for one connection to a socket of this type.
func NewSpeller(in *Input, typ string) *Speller {
	return &Speller{in: in, typ: typ, forge: newForge(in.Mechanism == "CURVE-client")}
}

// Spell makes the bytes of words. What CURVE's commands say depends on what was spelled and heard before.
func (s *Speller) Spell(words []string) ([]byte, error) {
	s.words = words
	b, err := s.sequence()
	if err == nil && len(s.words) > 0 {
		err = fmt.Errorf("%s where nothing is open", s.words[0])
	}
	return b, err
}

// Spell is a Speller's for a socket with NULL, of a whole line.
func Spell(line, typ string) ([]byte, error) {
	words, err := split(line)
	if err != nil {
		return nil, err
	}
	return NewSpeller(&Input{Mechanism: "NULL"}, typ).Spell(words)
}

// sequence spells words up to the end, or to the brace that closes.
func (s *Speller) sequence() (b []byte, err error) {
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
func (s *Speller) braces(word string) ([]byte, error) {
	s.words = s.words[1:]
	body, err := s.sequence()
	if err != nil {
		return nil, err
	}
	if len(s.words) == 0 {
		return nil, errors.New("nothing closes the brace")
	}
	s.words = s.words[1:]
	kind, arg, _ := strings.Cut(word, ":")
	flags := byte(0)
	switch short, _ := strings.CutPrefix(kind, "long"); short {
	case "frame":
	case "more":
		flags = flagMore
	case "command":
		flags = flagCommand
	case "flags":
		n, err := strconv.ParseUint(arg, 16, 8)
		return append([]byte{byte(n), byte(len(body))}, body...), err
	case "repeat":
		n, err := number(arg)
		return slices.Repeat(body, int(n)), err
	default:
		if name, ok := strings.CutPrefix(kind, "curve."); ok {
			return s.forge.spell(name, arg, body)
		}
		if kind != strings.ToUpper(kind) {
			return nil, errors.New("no frame is called so")
		}
		return command(kind, body), nil
	}
	if strings.HasPrefix(kind, "long") {
		return append(binary.BigEndian.AppendUint64([]byte{flags | flagLong}, uint64(len(body))), body...), nil
	}
	return frame(flags, body), nil
}

// word spells a word that stands alone.
func (s *Speller) word(word string) ([]byte, error) {
	if word[0] == '"' {
		text, err := strconv.Unquote(word)
		return []byte(text), err
	}
	if word == strings.ToUpper(word) {
		return command(word, nil), nil
	}
	kind, arg, _ := strings.Cut(word, ":")
	if name, ok := strings.CutPrefix(kind, "curve."); ok {
		return s.forge.spell(name, arg, property("Socket-Type", Fitting[s.typ]))
	}
	switch kind {
	case "greeting":
		return s.greeting(arg)
	case "ready":
		return Ready(Fitting[s.typ]), nil
	case "peer":
		return append(Greeting("NULL"), Ready(Fitting[s.typ])...), nil
	case "opening":
		return Opening(s.typ), nil
	case "hex":
		return hex.DecodeString(arg)
	case "name":
		text := Text(arg)
		return append([]byte{byte(len(text))}, text...), nil
	case "prop":
		name, value, _ := strings.Cut(arg, "=")
		if value == "@" {
			value = Fitting[s.typ]
		}
		return property(Text(name), Text(value)), nil
	case "head":
		flags, size, _ := strings.Cut(arg, ":")
		b, err := hex.DecodeString(flags)
		n, err2 := number(size)
		return binary.BigEndian.AppendUint64(b, n), errors.Join(err, err2)
	}
	n, err := number(arg)
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
	return nil, errors.New("no word is spelt so")
}

// greeting is one in which anything can be wrong (RFC 37, "Protocol Grammar").
func (s *Speller) greeting(changes string) ([]byte, error) {
	b := Greeting(s.in.mechanism())
	if strings.HasSuffix(s.in.Mechanism, "-client") {
		b[32] = 1
	}
	for change := range strings.SplitSeq(changes, ",") {
		key, value, _ := strings.Cut(change, "=")
		value = Text(value)
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
