package assault

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// What words mean, to the byte.
func TestSpell(t *testing.T) {
	ready := "04 1a 05 5245414459 0b 536f636b65742d54797065 00000004 50555348" // a command of 26 bytes: READY, Socket-Type, PUSH
	for line, want := range map[string]string{
		`"ab" hex:00ff fill:3 u8:1`:               "6162 00ff 787878 01",
		`u32:2^31-1 u64:2^62`:                     "7fffffff 4000000000000000",
		`head:06:2^64-1`:                          "06 ffffffffffffffff",
		`frame{ "a" } more{ } longcommand{ "b" }`: "00 01 61 01 00 06 0000000000000001 62",
		`flags:0c{ "a" }`:                         "0c 01 61",
		`JUNK PING{ hex:0000 }`:                   "04 05 04 4a554e4b 04 07 04 50494e47 0000",
		`name:x*3 prop:A="b c"`:                   "03 787878 01 41 00000003 622063",
		`repeat:2{ frame{ "\x00}" } }`:            "00 02 007d 00 02 007d",
		`ready`:                                   ready,
		`READY{ prop:Socket-Type=@ } # a remark`:  ready,
	} {
		b, err := Spell(line, "PULL")
		if got := hex.EncodeToString(b); err != nil || got != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s is %s, %v, want %s", line, got, err, want)
		}
	}
	long, err := Spell("frame{ fill:256 }", "PULL")
	if err != nil || !bytes.Equal(long[:9], []byte{2, 0, 0, 0, 0, 0, 0, 1, 0}) || len(long) != 9+256 {
		t.Errorf("a frame of 256 bytes is % x…, %v", long[:9], err)
	}
	greeting, err := Spell(`greeting:version=2.7,mech="A\x00B",server=1,pad=a5,filler=ff`, "PULL")
	want := slices.Concat([]byte{0xFF}, bytes.Repeat([]byte{0xA5}, 8), []byte{0x7F, 2, 7}, []byte("A\x00B"), make([]byte, 17), []byte{1}, bytes.Repeat([]byte{0xFF}, 31))
	if err != nil || !bytes.Equal(greeting, want) {
		t.Errorf("a greeting is % x, %v, want % x", greeting, err, want)
	}
}

// A list that nobody can have meant is refused, with its line.
func TestMistakesInTheList(t *testing.T) {
	for text, want := range map[string]string{
		"    = kept": "list:1: a step of no input",
		"a: PULL both\n    > frme{ }\n    = kept":                   "no frame is called so",
		"a: PULL both\n    > frame{ \n    = kept":                   "nothing closes the brace",
		"a: PULL both\n    > } \n    = kept":                        "where nothing is open",
		"a: PULL both\n    > u8:x\n    = kept":                      "is no number",
		"a: PULL both\n    > u64:2^64\n    = kept":                  "more than 64 bits",
		"a: PULL both\n    > \"x\n    = kept":                       "list:2: ",
		"a: PULL both\n    jump\n    = kept":                        "no step is called jump",
		"a: PULL both\n    > curve.hallo\n    = kept":               "no such command",
		"a: PULL both\n    < READY\n    = kept":                     "what is read first",
		"a: PULL both\n    wait long\n    = kept":                   "invalid duration",
		"a: HUB both\n    = kept":                                   "no socket is a HUB",
		"a: PULL\n    = kept":                                       "no type, no role or no ending",
		"a: PULL both\n    > peer":                                  "no type, no role or no ending",
		"a: PULL both\n    = died":                                  "no ending is",
		"a: PULL both\n    = protocol peer greeting not_zmtp":       "must have a number",
		"a: PULL both\n    = disconnected peer traffic bad_frame 7": "must have a number",
	} {
		if _, err := read("list", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// What the list has comes back in the words that it has it in.
func TestInput(t *testing.T) {
	all, err := read("list", "# why\na: PULL PUSH both CURVE-server CVE-2014-7203 row:3 MaxMessageSize=10 ordered tcp inproc\n"+
		"    enter\n    > frame{ \"x\" }\n    recv a \"b c\" empty:2\n    zap 200 @id\n    = auth local mechanism auth_denied 400 answered\n")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	in := all[0]
	steps := append(slices.Clone(Entrance("CURVE-server")), Step{">", []string{"frame", "{", `"x"`, "}"}})
	got, want := fmt.Sprintf("%+v", *in), fmt.Sprintf("%+v", Input{Name: "a", Where: "list:2", Types: []string{"PULL", "PUSH"}, Roles: []string{Listener, Dialler},
		Mechanism: "CURVE-server", Options: []string{"MaxMessageSize=10"}, Sources: []string{"CVE-2014-7203", "row:3"}, Ordered: true, TCP: true, Inproc: true, Steps: steps,
		ZAP: [][]string{{"200", "@id"}}, Delivers: [][]string{{"a", "b c", "", ""}}, Ending: Ending{"auth", "local", "mechanism", "auth_denied", 400, true}})
	if got != want {
		t.Errorf("read as %s, want %s", got, want)
	}
	if text := in.Ending.String(); text != "auth local mechanism auth_denied 400 answered" || in.Option("MaxMessageSize") != "10" || in.Option("Linger") != "" {
		t.Errorf("%q, %q", text, in.Option("MaxMessageSize"))
	}
}

// The forge is an honest peer of the engine's CURVE in both roles if it is told to be; each fault that it knows makes it none.
func TestForge(t *testing.T) {
	hello := []string{"", "version=2.0", "padding=01", "sign=01", "key=low", "to=other", "flip=0", "flip=-1", "cut=1", "pad=1"}
	initiate := []string{"", "nonce=1", "cookie=other", "key=low", "key=other", "vouch=server", "vouch=transient", "vouch=other", "flip=-1", "cut=1", "pad=1"}
	message := []string{"", "flags=04", "flags=03", "nonce=1", "from=mirror", "from=other", "flip=8", "flip=-1", "cut=1", "pad=1"}
	for _, c := range [][3][]string{{hello, {""}, {""}}, {{""}, initiate, {""}}, {{""}, {""}, message}} {
		for _, h := range c[0] {
			for _, i := range c[1] {
				for _, m := range c[2] {
					err := meetServer(t, h, i, m)
					if honest := h+i+m == ""; honest != (err == nil) {
						t.Errorf("hello %q, initiate %q, message %q: %v", h, i, m, err)
					}
				}
			}
		}
	}
	welcome := []string{"", "key=low", "from=other", "flip=0", "flip=-1", "cut=1", "pad=1"}
	ready := []string{"", "from=other", "flip=0", "flip=-1", "cut=1", "pad=1"}
	for _, c := range [][3][]string{{welcome, {""}, {""}}, {{""}, ready, {""}}, {{""}, {""}, message}} {
		for _, w := range c[0] {
			for _, r := range c[1] {
				for _, m := range c[2] {
					err := meetClient(t, w, r, m)
					if honest := w+r+m == ""; honest != (err == nil) {
						t.Errorf("welcome %q, ready %q, message %q: %v", w, r, m, err)
					}
				}
			}
		}
	}
}

// A forger is a Speller that meets a handshake of the engine's.
type forger struct {
	t *testing.T
	*Speller
	with zmtp.Handshake
}

// say gives the engine one command, and hears its answer. err is the engine's.
func (f *forger) say(line string) (zmtp.Step, error) {
	f.t.Helper()
	u := f.unit(line)
	step, err := f.with.Next(zmtp.Command{Name: u.name(), Data: u.data()})
	if step.Ask != nil {
		step, err = f.with.Decide(zmtp.AuthReply{}, nil)
	}
	return step, errors.Join(err, f.hear(step))
}

func (f *forger) unit(line string) unit {
	f.t.Helper()
	words, err := split(line)
	if err != nil {
		f.t.Fatal(err)
	}
	b, err := f.Spell(words)
	u, rest, ok := next(b, true)
	if err != nil || !ok || len(rest) > 0 {
		f.t.Fatalf("%s: % x, %v", line, b, err)
	}
	return u
}

func (f *forger) hear(step zmtp.Step) error {
	for _, c := range step.Send {
		u, _, _ := next(zmtp.AppendCommand(nil, c), true)
		if _, err := f.forge.hear(u); err != nil {
			return err
		}
	}
	return nil
}

// exchange seals a message for the engine, and opens one of its own.
func (f *forger) exchange(codec zmtp.Codec, faults string) error {
	u := f.unit("curve.message:" + faults + `{ "to us" }`)
	h, body, err := codec.Open(bytes.Clone(u.body))
	if err != nil || string(body) != "to us" || h.More || h.Command {
		return fmt.Errorf("%+v, %q: %w", h, body, err)
	}
	answer, _, _ := next(codec.AppendSealed(nil, zmtp.Header{}, []byte("from us")), true)
	text, err := f.forge.hear(answer)
	if err != nil || string(text) != "\x00from us" {
		return fmt.Errorf("%q: %w", text, err)
	}
	return nil
}

func pairs(t *testing.T) (client, server curve.KeyPair) {
	t.Helper()
	client, err := curve.ParseKeyPair(ClientPublic, ClientSecret)
	server, err2 := curve.ParseKeyPair(ServerPublic, ServerSecret)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func meetServer(t *testing.T, hello, initiate, message string) error {
	_, server := pairs(t)
	f := &forger{t, NewSpeller(&Input{Mechanism: "CURVE-server"}, "PULL"), curve.Server(server).Begin(zmtp.Metadata{{Name: zmtp.SocketType, Value: "PULL"}})}
	if _, err := f.say("curve.hello:" + hello); err != nil {
		return err
	}
	step, err := f.say("curve.initiate:" + initiate)
	if err != nil {
		return err
	}
	return f.exchange(step.Codec, message)
}

func meetClient(t *testing.T, welcome, ready, message string) error {
	client, server := pairs(t)
	f := &forger{t, NewSpeller(&Input{Mechanism: "CURVE-client"}, "PUSH"), curve.Client(client, server.Public).Begin(zmtp.Metadata{{Name: zmtp.SocketType, Value: "PUSH"}})}
	step, err := f.with.Next(zmtp.Command{})
	if err := errors.Join(err, f.hear(step)); err != nil {
		return err
	}
	if _, err := f.say("curve.welcome:" + welcome); err != nil {
		return err
	}
	if step, err = f.say("curve.ready:" + ready); err != nil {
		return err
	}
	return f.exchange(step.Codec, message)
}

// An attack says what the other side did otherwise.
func TestAttack(t *testing.T) {
	opening := Opening("PULL")
	for name, c := range map[string]struct {
		steps   string
		answers []byte // of the other side, which then hangs up
		want    string // of the error; "": none
		told    []string
	}{
		"as it should be":    {"> peer\n    < opening", opening, "", []string{"greeting 3.1 NULL", "READY"}},
		"other words":        {"> peer\n    < opening", append(bytes.Clone(opening[:len(opening)-1]), 'X'), "want", []string{"greeting 3.1 NULL", "READY"}},
		"half of it":         {"> peer\n    < opening", opening[:70], "want", []string{"greeting 3.1 NULL", "6 bytes"}},
		"nothing":            {"> peer\n    < opening", nil, "EOF", nil},
		"another command":    {"hear greeting WELCOME", opening, "READY came, want WELCOME", []string{"greeting 3.1 NULL", "READY"}},
		"a message":          {"hear greeting READY message", append(bytes.Clone(opening), 0, 2, 'h', 'i'), "", []string{"greeting 3.1 NULL", "READY", "message of 2 bytes"}},
		"a refusal":          {"hear greeting ERROR", append(Greeting("NULL"), command("ERROR", []byte("\x03400"))...), "", []string{"greeting 3.1 NULL", `ERROR "400"`}},
		"what nobody can do": {"queued", nil, "nobody here can ask that", nil},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := read("list", "a: PULL both ordered\n    "+c.steps+"\n    = kept")
			if err != nil {
				t.Fatal(err)
			}
			mine, theirs := net.Pipe()
			a := &Attack{In: all[0], Type: "PULL", Conn: mine, Patience: 5 * time.Second}
			a.Begin()
			heard := make(chan struct{})
			go func() {
				defer close(heard)
				go io.Copy(io.Discard, theirs)
				theirs.Write(c.answers)
				theirs.Close()
			}()
			err = a.Strike(t.Context())
			<-heard
			if _, err := a.Rest(t.Context()); err != nil {
				t.Error(err)
			}
			a.Close()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if _, ended := a.Ended(); !slices.Equal(a.Told(), c.told) || ended == nil {
				t.Errorf("told %q, ended %v, want %q", a.Told(), ended, c.told)
			}
		})
	}
}

// Bytes of any kind are told in words.
func FuzzTold(f *testing.F) {
	f.Add(Opening("PULL"))
	f.Add(append(Opening("REQ"), "\x04\x03\x05WELC\x02\xff\xff\xff\xff\xff\xff\xff\xff"...))
	f.Add(append(Greeting("CURVE"), "\x00\x0a\x07MESSAGEab\x04\x00\x04\x01\x00"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		a := &Attack{all: b}
		if n := len(a.Told()); n > 2+len(b)/2 || n == 0 && len(b) > 0 {
			t.Errorf("%d words for %d bytes", n, len(b))
		}
	})
}
