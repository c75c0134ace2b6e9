package assault

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/nacl/box"

	"github.com/glassmq/zmq/zmtp/curve"
)

// The keys that zmq_curve(7) has for tests. A CURVE server under attack holds ServerSecret, and lets in the holder of
// ClientSecret and nobody else; a client holds ClientSecret and means the holder of ServerSecret.
const (
	ClientPublic = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
	ClientSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
	ServerPublic = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
	ServerSecret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
)

// A forge makes CURVE's commands (RFC 26), right or with one thing wrong, in the role that the socket under attack has not.
// Words have the form curve.COMMAND:KEY=VALUE,…{…}; in the braces is the metadata, or what is sealed.
//
//	all      flip=N    bit 0 of byte N of the data is another; from the end if N is negative
//	         cut=N     its last N bytes are missing
//	         pad=N     N zero bytes follow
//	hello    version=2.0  padding=01  nonce=0  sign=01 (what is in the box)
//	         key=low (C' is a point of low order)  to=other (the box is for another server)
//	initiate nonce=1   cookie=other (random bytes)
//	         key=low, key=other (C is not who made the vouch)
//	         vouch=server, vouch=transient (for another), vouch=other (random bytes)
//	welcome  key=low (S')  from=other (made by another server)
//	ready    from=other (made with another key)  nonce=0
//	heard    the last frame that was heard, back to who said it
//	message  flags=04 (inside of the box), more, command
//	         nonce=N   from=mirror (sealed as if by the other side)  from=other
type forge struct {
	server    bool // we play the server
	own, peer keys // permanent; of peer only the public one is known
	transient keys // C' or S'
	theirs    key  // the other's transient one, once heard
	cookie    []byte
	sent      uint64 // our last short nonce
	last      []byte // the last frame that was heard
}

type (
	key  [32]byte
	keys struct{ public, secret key }
)

// everybody is a point of order 2: whatever the other's secret, the key that both agree on is one that everybody knows.
var everybody = key{1}

func newForge(server bool) *forge {
	client, other := keysOf(ClientPublic, ClientSecret), keysOf(ServerPublic, ServerSecret)
	f := &forge{server: server, own: client, peer: other, transient: newKeys(), theirs: other.public, cookie: make([]byte, 96)}
	if server {
		f.own, f.peer, f.theirs = other, client, client.public
	}
	return f
}

func keysOf(public, secret string) (k keys) {
	for to, text := range map[*key]string{&k.public: public, &k.secret: secret} {
		b, err := curve.DecodeZ85(text)
		if err != nil {
			panic("BUG: " + err.Error()) // they stand above
		}
		copy(to[:], b)
	}
	return k
}

func newKeys() keys {
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		panic("BUG: " + err.Error()) // crypto/rand ends the process where it has no randomness
	}
	return keys{*public, *secret}
}

// shared is the key of Box [X](A->B). With a point of low order it is the one that everybody finds.
func shared(secret, public key) (k *key) {
	k = new(key)
	box.Precompute((*[32]byte)(k), (*[32]byte)(&public), (*[32]byte)(&secret))
	return k
}

// seal is Box [text], under a nonce that begins with prefix.
func seal(text []byte, k *key, prefix string, rest []byte) []byte {
	var nonce [24]byte
	copy(nonce[copy(nonce[:], prefix):], rest)
	return box.SealAfterPrecomputation(nil, text, &nonce, (*[32]byte)(k))
}

func open(sealed []byte, k *key, prefix string, rest []byte) ([]byte, error) {
	var nonce [24]byte
	copy(nonce[copy(nonce[:], prefix):], rest)
	text, ok := box.OpenAfterPrecomputation(nil, sealed, &nonce, (*[32]byte)(k))
	if !ok {
		return nil, errors.New("a box does not open")
	}
	return text, nil
}

func short(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func long() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return b
}

// faults are what a word says is wrong.
type faults map[string]string

func (f faults) number(name string, otherwise uint64) (uint64, error) {
	if f[name] == "" {
		return otherwise, nil
	}
	return number(f[name])
}

// spell makes one command.
func (f *forge) spell(name, arg string, body []byte) ([]byte, error) {
	wrong := faults{}
	for fault := range strings.SplitSeq(arg, ",") {
		key, value, _ := strings.Cut(fault, "=")
		wrong[key] = value
	}
	delete(wrong, "")
	makers := map[string]func(faults, []byte) ([]byte, error){"hello": f.hello, "welcome": f.welcome, "initiate": f.initiate,
		"ready": f.ready, "message": f.message, "heard": f.again}
	if makers[name] == nil {
		return nil, errors.New("CURVE has no such command")
	}
	data, err := makers[name](wrong, body)
	if err == nil {
		data, err = wrong.damage(data)
	}
	switch {
	case err != nil:
		return nil, err
	case name == "heard":
		return data, nil
	case name == "message":
		return frame(0, append([]byte("\x07MESSAGE"), data...)), nil
	}
	return command(strings.ToUpper(name), data), nil
}

// damage does what may be done to any command.
func (f faults) damage(data []byte) ([]byte, error) {
	if text := f["flip"]; text != "" {
		at, err := strconv.Atoi(text)
		if at < 0 {
			at += len(data)
		}
		if err != nil || at < 0 || at >= len(data) {
			return nil, fmt.Errorf("there is no byte %s", text)
		}
		data = bytes.Clone(data)
		data[at] ^= 1
	}
	cut, err := f.number("cut", 0)
	if err != nil || cut > uint64(len(data)) {
		return nil, fmt.Errorf("%d of %d bytes cannot be missing", cut, len(data))
	}
	pad, err := f.number("pad", 0)
	return append(data[:len(data)-int(cut):len(data)-int(cut)], make([]byte, pad)...), err
}

// hello is version, padding, C', nonce, Box [64 * %x0](C'->S).
func (f *forge) hello(wrong faults, _ []byte) (b []byte, err error) {
	b = make([]byte, 74)
	b[0] = 1
	if v := wrong["version"]; v != "" {
		if _, err := fmt.Sscanf(v, "%d.%d", &b[0], &b[1]); err != nil {
			return nil, err
		}
	}
	if wrong["padding"] != "" {
		b[73] = 1
	}
	if f.sent, err = wrong.number("nonce", f.sent+1); err != nil {
		return nil, err
	}
	mine, to := f.transient, f.peer.public
	k := shared(mine.secret, to)
	switch {
	case wrong["key"] == "low":
		mine.public = everybody
		k = shared(mine.secret, everybody)
	case wrong["to"] == "other":
		k = shared(mine.secret, newKeys().public)
	}
	signature := make([]byte, 64)
	if wrong["sign"] != "" {
		signature[0] = 1
	}
	b = append(append(b, mine.public[:]...), short(f.sent)...)
	return append(b, seal(signature, k, "CurveZMQHELLO---", short(f.sent))...), nil
}

// welcome is a nonce and Box [S' + cookie](S->C').
func (f *forge) welcome(wrong faults, _ []byte) ([]byte, error) {
	k, public, nonce := shared(f.own.secret, f.theirs), f.transient.public, long()
	switch {
	case wrong["key"] == "low":
		public = everybody
	case wrong["from"] == "other":
		k = shared(newKeys().secret, f.theirs)
	}
	text := append(append([]byte{}, public[:]...), f.cookie...) // the client keeps it for us and cannot read it: any 96 bytes are one
	return append(nonce, seal(text, k, "WELCOME-", nonce)...), nil
}

// initiate is the cookie, a nonce and Box [C + vouch + metadata](C'->S').
func (f *forge) initiate(wrong faults, metadata []byte) (b []byte, err error) {
	if f.sent, err = wrong.number("nonce", f.sent+1); err != nil {
		return nil, err
	}
	cookie := f.cookie
	if wrong["cookie"] == "other" {
		cookie = make([]byte, len(cookie))
		rand.Read(cookie)
	}
	permanent := f.own.public
	vouch := f.vouch(wrong["vouch"])
	switch wrong["key"] {
	case "low":
		permanent = everybody
		nonce := long()
		text := append(append([]byte{}, f.transient.public[:]...), f.peer.public[:]...)
		vouch = append(nonce, seal(text, shared(f.transient.secret, everybody), "VOUCH---", nonce)...)
	case "other":
		permanent = newKeys().public
	}
	text := append(append(permanent[:], vouch...), metadata...)
	b = append(append(b, cookie...), short(f.sent)...)
	return append(b, seal(text, f.session(), "CurveZMQINITIATE", short(f.sent))...), nil
}

// vouch is a nonce and Box [C',S](C->S').
func (f *forge) vouch(wrong string) []byte {
	transient, server, nonce := f.transient.public, f.peer.public, long()
	switch wrong {
	case "transient":
		transient = newKeys().public
	case "server":
		server = newKeys().public
	case "other":
		return append(nonce, bytes.Repeat([]byte{7}, 80)...)
	}
	return append(nonce, seal(append(transient[:], server[:]...), shared(f.own.secret, f.theirs), "VOUCH---", nonce)...)
}

// session is the key of both transient ones.
func (f *forge) session() *key { return shared(f.transient.secret, f.theirs) }

// ready is a nonce and Box [metadata](S'->C').
func (f *forge) ready(wrong faults, metadata []byte) (b []byte, err error) {
	if f.sent, err = wrong.number("nonce", f.sent+1); err != nil {
		return nil, err
	}
	k := f.session()
	if wrong["from"] == "other" {
		k = shared(newKeys().secret, f.theirs)
	}
	return append(short(f.sent), seal(metadata, k, "CurveZMQREADY---", short(f.sent))...), nil
}

// message is a nonce and Box [flags + data]; "more" and "command" are its flags.
func (f *forge) message(wrong faults, text []byte) (b []byte, err error) {
	if f.sent, err = wrong.number("nonce", f.sent+1); err != nil {
		return nil, err
	}
	var flags byte
	for name, bit := range map[string]byte{"more": 1, "command": 2} { // libzmq's form of what RFC 26 leaves open
		if _, ok := wrong[name]; ok {
			flags |= bit
		}
	}
	if text := wrong["flags"]; text != "" {
		n, err := strconv.ParseUint(text, 16, 8)
		if err != nil {
			return nil, err
		}
		flags = byte(n)
	}
	k, prefix := f.session(), f.prefix(f.server)
	switch wrong["from"] {
	case "mirror":
		prefix = f.prefix(!f.server)
	case "other":
		k = shared(newKeys().secret, f.theirs)
	}
	return append(short(f.sent), seal(append([]byte{flags}, text...), k, prefix, short(f.sent))...), nil
}

// prefix is of the nonces of what a side says.
func (f *forge) prefix(server bool) string {
	if server {
		return "CurveZMQMESSAGES"
	}
	return "CurveZMQMESSAGEC"
}

// again is the last frame that was heard, back to who said it.
func (f *forge) again(faults, []byte) ([]byte, error) { return f.last, nil }

// hear learns from a command what the next ones need, and returns what was sealed in it.
func (f *forge) hear(u unit) (text []byte, err error) {
	f.last = bytes.Clone(u.whole)
	d := u.data()
	switch name := u.name(); {
	case name == "HELLO" && f.server && len(d) == 194:
		f.theirs = key(d[74:])
		_, err = open(d[114:], shared(f.own.secret, f.theirs), "CurveZMQHELLO---", d[106:114])
	case name == "WELCOME" && !f.server && len(d) == 160:
		if text, err = open(d[16:], shared(f.transient.secret, f.peer.public), "WELCOME-", d[:16]); err == nil {
			f.theirs, f.cookie = key(text), text[32:]
		}
	case name == "INITIATE" && f.server && len(d) > 104:
		text, err = open(d[104:], f.session(), "CurveZMQINITIATE", d[96:104])
	case name == "READY" && !f.server && len(d) > 8:
		text, err = open(d[8:], f.session(), "CurveZMQREADY---", d[:8])
	case name == "MESSAGE" && len(d) > 8:
		text, err = open(d[8:], f.session(), f.prefix(!f.server), d[:8])
	default:
		err = errors.New("this is no command of CURVE that can come now")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.name(), err)
	}
	return text, nil
}
