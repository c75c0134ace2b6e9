package assault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Input is one way to do harm, or to look as if. In list/*.txt:
//
//	# why
//	name: TYPE… listener|dialler|both [MECHANISM] [Option=value…] [CVE-…] [row:n] [ordered] [tcp] [inproc]
//	    > words          the attacker writes them, in one call; see Spell
//	    < words          and waits until it has been sent exactly these; "opening" are the other's greeting and READY
//	    hear NAME…       waits until it has been sent these: greeting, a command by its name, MESSAGE for what is sealed
//	    enter            goes through the handshake as an honest peer does
//	    send "a" "b"     our socket sends a message, of a REQ a request
//	    queued           waits until a message is there to be received
//	    meanwhile        a good peer, which was there before, exchanges a message
//	    wait 40ms        does nothing for so long
//	    fin              the attacker says that it will write no more; reset: it is gone
//	    zap "1.0" …      what the ZAP handler answers about mallory; @id is the request's; nothing: it never answers
//	    recv "a" b*300   a message that our program receives, when all is over; there is no other. empty:9 are nine frames
//	    = ending         what becomes of the connection
//
// Our socket is of each of the types, and a listener, a dialler, or both in turn. An input that is ordered makes sense only
// with its waits where they are; one that is tcp needs the system's connections; what one says that is inproc a socket of the same
// process can say as well, in messages.
//
// Endings: "kept" answers a PING and delivers what came; "disconnected who phase reason" is the end of a peer that was
// ready, and "heartbeat" with the same three that of one that was silent for too long; "protocol", "no_detail" and "auth" with the same three are the handshake_failed_… that goes before it, with its
// number, if it has one, in libzmq's frames (0x10000018, 400); "answered" behind them says that the attacker is told why by an ERROR command.
type Input struct {
	Name, Where  string // Where: file and line
	Types, Roles []string
	Mechanism    string   // of the socket under attack: see Mechanisms
	Options      []string // of it: Name=value, as in Config
	Sources      []string // the CVE, the row of a table or the project's thread that it stands for
	Ordered, TCP bool
	Inproc       bool
	Steps        []Step
	ZAP          [][]string // the frames of each answer of the handler
	Delivers     [][]string
	Ending       Ending
}

// A Step is a line of an input, its verb and its words.
type Step struct {
	Verb  string
	Words []string
}

// An Ending is what has to become of the connection. How is kept, disconnected, heartbeat, protocol, no_detail or auth; the others are
// a monitor's words, and empty where it is kept.
type Ending struct {
	How, Who, Phase, Reason string
	Value                   uint64 // of protocol and auth
	Answered                bool   // by an ERROR command
}

// Ready reports whether the attacker comes through its handshake.
func (e Ending) Ready() bool {
	return e.How == "kept" || e.How == "disconnected" || e.How == "heartbeat"
}

// Story are the events of the connection, from a socket's monitor: kind, who, phase, reason, number.
func (e Ending) Story(role string) []string {
	first := "accepted"
	if role == Dialler {
		first = "connected"
	}
	if e.How == "kept" { // until the attacker leaves
		e = Ending{How: "disconnected", Who: "peer", Phase: "traffic", Reason: "peer_closed"}
	}
	cause := strings.Join([]string{"", e.Who, e.Phase, e.Reason}, " ")
	switch e.How {
	case "disconnected":
		return []string{first, "handshake_succeeded", e.How + cause}
	case "heartbeat":
		return []string{first, "handshake_succeeded", "heartbeat_timeout" + cause, "disconnected" + cause}
	}
	failed := "handshake_failed_" + e.How + cause
	if e.Value != 0 {
		failed += " " + Number(e.Value)
	}
	return []string{first, failed, "disconnected" + cause}
}

// String is the ending as it stands in the list.
func (e Ending) String() string {
	s := strings.TrimSpace(strings.Join([]string{e.How, e.Who, e.Phase, e.Reason}, " "))
	if e.Value != 0 {
		s += " " + Number(e.Value)
	}
	if e.Answered {
		s += " answered"
	}
	return s
}

// Number is an event's value as the list has it: a status in decimal, a code in hexadecimal.
func Number(value uint64) string {
	if value < 1000 {
		return strconv.FormatUint(value, 10)
	}
	return fmt.Sprintf("%#x", value)
}

// Listener and Dialler are the roles of the socket under attack.
const (
	Listener = "listener"
	Dialler  = "dialler"
)

// Mechanisms of the socket under attack. NULL-domain has a ZAP domain and so asks about its peers.
var Mechanisms = []string{"NULL", "NULL-domain", "PLAIN-server", "PLAIN-client", "CURVE-server", "CURVE-client"}

// Name is the mechanism's in the greeting.
func (in *Input) mechanism() string {
	name, _, _ := strings.Cut(in.Mechanism, "-")
	return name
}

// Fitting is the type that an attacker of a socket says it is: one that it talks to.
var Fitting = map[string]string{"PULL": "PUSH", "PUSH": "PULL", "PAIR": "PAIR", "REQ": "REP", "REP": "REQ", "DEALER": "ROUTER",
	"ROUTER": "DEALER", "PUB": "SUB", "SUB": "PUB", "XPUB": "XSUB", "XSUB": "XPUB"}

// read takes a file apart.
func read(path, text string) (all []*Input, err error) {
	for n, line := range strings.Split(text, "\n") {
		where := fmt.Sprintf("%s:%d", path, n+1)
		words, err := split(line)
		switch {
		case err != nil:
		case len(words) == 0:
		case !strings.HasPrefix(line, " "):
			all = append(all, newInput(where, words))
		case len(all) == 0:
			err = errors.New("a step of no input")
		default:
			err = all[len(all)-1].line(words)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	for _, in := range all {
		if err := in.check(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", in.Where, in.Name, err)
		}
	}
	return all, nil
}

func newInput(where string, words []string) *Input {
	in := &Input{Name: strings.TrimSuffix(words[0], ":"), Where: where, Mechanism: "NULL"}
	for _, word := range words[1:] {
		switch {
		case word == "both":
			in.Roles = []string{Listener, Dialler}
		case word == Listener || word == Dialler:
			in.Roles = []string{word}
		case word == "ordered":
			in.Ordered = true
		case word == "tcp":
			in.TCP = true
		case word == "inproc":
			in.Inproc = true
		case slices.Contains(Mechanisms, word):
			in.Mechanism = word
		case strings.HasPrefix(word, "CVE-") || strings.Contains(word, ":"):
			in.Sources = append(in.Sources, word)
		case strings.Contains(word, "="):
			in.Options = append(in.Options, word)
		default:
			in.Types = append(in.Types, word)
		}
	}
	return in
}

func (in *Input) line(words []string) error {
	switch verb := words[0]; verb {
	case "=":
		return in.ends(words[1:])
	case "recv":
		in.Delivers = append(in.Delivers, messageOf(words[1:]))
	case "zap":
		in.ZAP = append(in.ZAP, messageOf(words[1:]))
	case "enter":
		in.Steps = append(in.Steps, entrance[in.Mechanism]...)
	default:
		in.Steps = append(in.Steps, Step{verb, words[1:]})
	}
	return nil
}

func (in *Input) ends(words []string) error {
	if n := len(words) - 1; n > 0 && words[n] == "answered" {
		words, in.Ending.Answered = words[:n], true
	}
	if n := len(words) - 1; n == 4 {
		value, err := strconv.ParseUint(words[n], 0, 64)
		if err != nil {
			return err
		}
		words, in.Ending.Value = words[:n], value
	}
	switch {
	case len(words) == 1 && words[0] == "kept":
	case len(words) == 4 && slices.Contains([]string{"disconnected", "heartbeat", "protocol", "no_detail", "auth"}, words[0]):
		in.Ending.Who, in.Ending.Phase, in.Ending.Reason = words[1], words[2], words[3]
	default:
		return fmt.Errorf("no ending is %q", words)
	}
	in.Ending.How = words[0]
	if numbered := in.Ending.How == "protocol" || in.Ending.How == "auth"; numbered != (in.Ending.Value != 0) {
		return fmt.Errorf("%q must have a number, and only what is refused by a protocol's rule or an authenticator", words)
	}
	return nil
}

// entrance is what an honest peer says, for the mechanism of the socket that it meets.
var entrance = map[string][]Step{
	"NULL":         {{">", []string{"peer"}}, {"<", []string{"opening"}}},
	"NULL-domain":  {{">", []string{"peer"}}, {"<", []string{"opening"}}},
	"PLAIN-server": {{">", lineOf("greeting HELLO { name:admin name:secret }")}, {"hear", lineOf("greeting WELCOME")}, {">", lineOf("INITIATE { prop:Socket-Type=@ }")}, {"hear", lineOf("READY")}},
	"PLAIN-client": {{">", lineOf("greeting")}, {"hear", lineOf("greeting HELLO")}, {">", lineOf("WELCOME")}, {"hear", lineOf("INITIATE")}, {">", lineOf("ready")}},
	"CURVE-server": {{">", lineOf("greeting curve.hello")}, {"hear", lineOf("greeting WELCOME")}, {">", lineOf("curve.initiate")}, {"hear", lineOf("READY")}},
	"CURVE-client": {{">", lineOf("greeting")}, {"hear", lineOf("greeting HELLO")}, {">", lineOf("curve.welcome")}, {"hear", lineOf("INITIATE")}, {">", lineOf("curve.ready")}},
}

// Entrance is what an honest peer says to a socket with this mechanism.
func Entrance(mechanism string) []Step { return entrance[mechanism] }

func lineOf(s string) []string { return strings.Fields(s) }

// check finds what nobody can have meant.
func (in *Input) check() error {
	if len(in.Types) == 0 || len(in.Roles) == 0 || in.Ending.How == "" {
		return errors.New("it says no type, no role or no ending")
	}
	for _, typ := range in.Types {
		if Fitting[typ] == "" {
			return fmt.Errorf("no socket is a %s", typ)
		}
		s := NewSpeller(in, typ)
		for _, step := range in.Steps {
			switch step.Verb {
			case ">", "<":
				if _, err := s.Spell(step.Words); err != nil {
					return err
				}
			case "wait":
				if _, err := time.ParseDuration(strings.Join(step.Words, " ")); err != nil {
					return err
				}
			case "hear", "send", "queued", "meanwhile", "fin", "reset":
			default:
				return fmt.Errorf("no step is called %s", step.Verb)
			}
		}
	}
	first := slices.IndexFunc(in.Steps, func(s Step) bool { return s.Verb == "<" || s.Verb == "hear" })
	if first >= 0 && in.Steps[first].Words[0] != "opening" && !strings.HasPrefix(in.Steps[first].Words[0], "greeting") {
		return errors.New("what is read first is our greeting, or opening")
	}
	return nil
}

// Option is the value of an option, "" if the input leaves it alone.
func (in *Input) Option(name string) string {
	for _, option := range in.Options {
		if value, ok := strings.CutPrefix(option, name+"="); ok {
			return unquoted(value)
		}
	}
	return ""
}

// messageOf are the frames that words say.
func messageOf(words []string) (frames []string) {
	for _, word := range words {
		if n, ok := strings.CutPrefix(word, "empty:"); ok {
			count, _ := strconv.Atoi(n)
			frames = append(frames, make([]string, count)...)
			continue
		}
		frames = append(frames, Text(word))
	}
	return frames
}
