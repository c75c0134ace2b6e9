package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// most is the size of the largest user name, password, user id and domain: PLAIN and RFC 27 have no room for more.
const most = math.MaxUint8

// tables are what Rules come to: nobody changes them any more.
type tables struct {
	rules   *Rules // for Reload
	outer   *table
	domains map[string]*table
}

// of is the table that has the users of a domain.
func (t *tables) of(domain string) *table {
	if own, ok := t.domains[domain]; ok {
		return own
	}
	return t.outer
}

// A table is what the Rules of one domain come to.
type table struct {
	deny, allow       []netip.Prefix
	secret            [sha256.Size]byte              // of the seals
	passwords         map[[sha256.Size]byte]struct{} // the seals of names with their passwords
	keys              map[curve.PublicKey]zmtp.AuthReply
	anyKey, anonymous bool
	otherwise         zmq.Authenticator
}

// admits reports whether a peer may come from there.
func (t *table) admits(address string) bool {
	if len(t.deny) == 0 && len(t.allow) == 0 {
		return true
	}
	at, err := netip.ParseAddr(address)
	if err != nil {
		return address == "" && len(t.allow) == 0 // ipc; what cannot be read may be what Deny means
	}
	at = at.Unmap().WithZone("") // a network has no zone
	holds := func(p netip.Prefix) bool { return p.Contains(at) }
	return !slices.ContainsFunc(t.deny, holds) && (len(t.allow) == 0 || slices.ContainsFunc(t.allow, holds))
}

// decide looks a peer up. What it says of one that is not there names a key, which may be shown to anybody and which you may
// want to add, but no user: people type passwords in the place of names.
func (t *table) decide(r zmtp.AuthRequest) (reply zmtp.AuthReply, err error) {
	switch r.Mechanism {
	case "NULL":
		if t.anonymous {
			return reply, nil
		}
		return reply, denied("it comes by NULL, which Rules.Anonymous does not allow")
	case "PLAIN":
		if _, ok := t.passwords[t.seal(r.Username, r.Password)]; ok {
			return zmtp.AuthReply{UserID: r.Username}, nil
		}
		return reply, denied("its user name or password is wrong")
	case "CURVE":
		key := curve.PublicKey(r.PublicKey)
		if known, ok := t.keys[key]; ok {
			return known, nil
		}
		if t.anyKey {
			return zmtp.AuthReply{UserID: key.String()}, nil
		}
		return reply, denied("its key %s is none that may come in", key)
	}
	return reply, denied("there are no rules for its mechanism %q", r.Mechanism)
}

// seal is what is kept of a name and its password, and looked up: a MAC under a key that nobody knows. So an unknown name
// and a wrong password are one case, which takes one time; and where the look-up of a map compares bytes, these are none
// that a peer could choose, so how many are equal tells nothing.
//
// It is no hash of the kind that files of passwords want (bcrypt, argon2): it lives in memory, as its key does. It costs
// half a microsecond.
func (t *table) seal(name, password string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, t.secret[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(name)))) // where the one ends and the other begins
	mac.Write([]byte(name))
	mac.Write([]byte(password))
	mac.Sum(sum[:0])
	return sum
}

// tabulate reads the files and checks the rules.
func tabulate(rules *Rules) (t *tables, err error) {
	t = &tables{rules: rules, domains: map[string]*table{}}
	if t.outer, err = newTable("auth: Rules", rules); err != nil {
		return nil, err
	}
	for name, own := range rules.Domains {
		where := fmt.Sprintf("auth: Rules.Domains[%.64q]", name)
		switch {
		case name == "":
			err = errors.New(`this is no domain: put these rules outside of Domains`)
		case len(name) > most:
			err = fmt.Errorf("the name has %d bytes: at most %d", len(name), most)
		case own.Domains != nil:
			err = errors.New("a domain has no Domains: leave them out")
		default:
			if t.domains[name], err = newTable(where, &own); err != nil {
				return nil, err
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	return t, nil
}

// newTable makes the table of one domain, whose rules stand there.
func newTable(where string, rules *Rules) (t *table, err error) {
	t = &table{
		passwords: map[[sha256.Size]byte]struct{}{}, keys: map[curve.PublicKey]zmtp.AuthReply{},
		anyKey: rules.AnyKey, anonymous: rules.Anonymous, otherwise: rules.Otherwise,
	}
	rand.Read(t.secret[:]) // cannot go wrong (crypto/rand)
	if t.deny, err = networks(rules.Deny); err != nil {
		return nil, fmt.Errorf("%s.Deny: %w", where, err)
	}
	if t.allow, err = networks(rules.Allow); err != nil {
		return nil, fmt.Errorf("%s.Allow: %w", where, err)
	}
	if err := t.addPasswords(where, rules); err != nil {
		return nil, err
	}
	return t, t.addKeys(where, rules)
}

// networks are prefixes as netip.Prefix.Contains wants them: IPv4 is IPv4, whatever form it was written in.
func networks(prefixes []netip.Prefix) ([]netip.Prefix, error) {
	all := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		if !p.IsValid() {
			return nil, fmt.Errorf("number %d is no network: make it with netip.ParsePrefix and look at its error", i+1)
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		all[i] = p
	}
	return all, nil
}

func (t *table) addPasswords(where string, rules *Rules) error {
	for name, password := range rules.Passwords {
		if err := checkUser(name, password); err != nil {
			return fmt.Errorf("%s.Passwords: %w, of %.64q", where, err, name)
		}
		t.passwords[t.seal(name, password)] = struct{}{}
	}
	if rules.PasswordFile == "" {
		return nil
	}
	users, err := readPasswords(rules.PasswordFile)
	if err != nil {
		return fmt.Errorf("%s.PasswordFile: %w", where, err)
	}
	for _, u := range users {
		if _, twice := rules.Passwords[u.name]; twice {
			return fmt.Errorf("%s.PasswordFile: %s: line %d: the name has a password in Passwords, too: one must go", where, rules.PasswordFile, u.line)
		}
		t.passwords[t.seal(u.name, u.password)] = struct{}{}
	}
	return nil
}

// checkUser holds a name and a password against what PLAIN can carry. An empty password is a variable that nobody has set,
// and not a user for whom a name is enough.
func checkUser(name, password string) error {
	switch {
	case name == "":
		return errors.New("there is no name")
	case password == "":
		return errors.New("there is no password")
	case len(name) > most:
		return fmt.Errorf("the name has %d bytes: at most %d", len(name), most)
	case len(password) > most:
		return fmt.Errorf("the password has %d bytes: at most %d", len(password), most)
	}
	return nil
}

func (t *table) addKeys(where string, rules *Rules) error {
	for key, id := range rules.Keys {
		if len(id) > most {
			return fmt.Errorf("%s.Keys: %s: the user id has %d bytes: at most %d", where, key, len(id), most)
		}
		t.keys[key] = zmtp.AuthReply{UserID: id}
	}
	if rules.KeyFolder == "" {
		return nil
	}
	certificates, err := readKeys(rules.KeyFolder)
	if err != nil {
		return fmt.Errorf("%s.KeyFolder: %w", where, err)
	}
	for _, c := range certificates {
		if known, twice := t.keys[c.key]; twice {
			return fmt.Errorf("%s.KeyFolder: %s: the key is that of %q, too: one must go", where, c.path, known.UserID)
		}
		t.keys[c.key] = c.reply
	}
	return nil
}
