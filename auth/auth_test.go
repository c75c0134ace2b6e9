package auth

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

var (
	ada, grace = curve.PublicKey{0: 1}, curve.PublicKey{31: 1}

	anybody = zmtp.AuthRequest{Mechanism: "NULL", Address: "10.0.0.1"}
)

func byPassword(name, password string) zmtp.AuthRequest {
	return zmtp.AuthRequest{Mechanism: "PLAIN", Address: "10.0.0.1", Username: name, Password: password}
}

func byKey(k curve.PublicKey) zmtp.AuthRequest {
	return zmtp.AuthRequest{Mechanism: "CURVE", Address: "10.0.0.1", PublicKey: k}
}

func in(domain string, r zmtp.AuthRequest) zmtp.AuthRequest {
	r.Domain = domain
	return r
}

func from(address string, r zmtp.AuthRequest) zmtp.AuthRequest {
	r.Address = address
	return r
}

func nets(all ...string) (prefixes []netip.Prefix) {
	for _, s := range all {
		prefixes = append(prefixes, netip.MustParsePrefix(s))
	}
	return prefixes
}

func newGuard(t *testing.T, rules Rules) *Guard {
	t.Helper()
	g, err := New(rules)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// answer is what a guard says of a peer, as a word: the user id of who may come in, or why not.
func answer(t *testing.T, g *Guard, r zmtp.AuthRequest) string {
	t.Helper()
	reply, err := g.Authenticate(t.Context(), r)
	no := (*zmtp.AuthError)(nil)
	switch {
	case err == nil:
		return "yes " + reply.UserID
	case !errors.As(err, &no) || reply.UserID != "" || reply.Metadata != nil:
		t.Errorf("%v is told %+v and %v", r, reply, err)
	case r.Password != "" && strings.Contains(err.Error(), r.Password), r.Username != "" && strings.Contains(err.Error(), r.Username):
		t.Errorf("%v is told what it said: %v", r, err)
	}
	return err.Error()
}

const (
	wrongPassword = "400: its user name or password is wrong"
	noNull        = "400: it comes by NULL, which Rules.Anonymous does not allow"
)

var (
	noAddress = `400: its address "10.0.0.1" is none that may come in`
	noKey     = func(k curve.PublicKey) string { return "400: its key " + k.String() + " is none that may come in" }
)

// Nobody comes in but by a rule that says so.
func TestWhoMayComeIn(t *testing.T) {
	passwords := map[string]string{"ada": "horse", "grace": "staple", "a": "dahorse"}
	keys := map[curve.PublicKey]string{ada: "ada", grace: ""}
	for name, c := range map[string]struct {
		rules Rules
		peer  zmtp.AuthRequest
		want  string
	}{
		"no rules, NULL":    {Rules{}, anybody, noNull},
		"no rules, PLAIN":   {Rules{}, byPassword("", ""), wrongPassword},
		"no rules, CURVE":   {Rules{}, byKey(ada), noKey(ada)},
		"no rules, no key":  {Rules{}, byKey(curve.PublicKey{}), noKey(curve.PublicKey{})},
		"no rules, no name": {Rules{}, zmtp.AuthRequest{}, `400: there are no rules for its mechanism ""`},

		"a password":                  {Rules{Passwords: passwords}, byPassword("ada", "horse"), "yes ada"},
		"another's password":          {Rules{Passwords: passwords}, byPassword("ada", "staple"), wrongPassword},
		"the beginning of a password": {Rules{Passwords: passwords}, byPassword("ada", "hors"), wrongPassword},
		"a password and more":         {Rules{Passwords: passwords}, byPassword("ada", "horse\x00"), wrongPassword},
		"no password":                 {Rules{Passwords: passwords}, byPassword("ada", ""), wrongPassword},
		"an unknown name":             {Rules{Passwords: passwords}, byPassword("eve", "horse"), wrongPassword},
		"a name cut elsewhere":        {Rules{Passwords: passwords}, byPassword("adaho", "rse"), wrongPassword},
		"the other name's length":     {Rules{Passwords: passwords}, byPassword("a", "dahorse"), "yes a"},
		"a name in another case":      {Rules{Passwords: passwords}, byPassword("Ada", "horse"), wrongPassword},
		"passwords are not for NULL":  {Rules{Passwords: passwords}, anybody, noNull},
		"passwords are not for CURVE": {Rules{Passwords: passwords}, byKey(ada), noKey(ada)},

		"a key":                   {Rules{Keys: keys}, byKey(ada), "yes ada"},
		"a key without a user id": {Rules{Keys: keys}, byKey(grace), "yes "},
		"an unknown key":          {Rules{Keys: keys}, byKey(curve.PublicKey{1: 1}), noKey(curve.PublicKey{1: 1})},
		"any key":                 {Rules{AnyKey: true}, byKey(grace), "yes " + grace.String()},
		"any key, a known one":    {Rules{AnyKey: true, Keys: keys}, byKey(ada), "yes ada"},
		"any key is not for NULL": {Rules{AnyKey: true}, anybody, noNull},
		"a key by PLAIN":          {Rules{AnyKey: true, Keys: keys}, zmtp.AuthRequest{Mechanism: "PLAIN", PublicKey: ada}, wrongPassword},

		"anonymous":                  {Rules{Anonymous: true}, anybody, "yes "},
		"anonymous is not for PLAIN": {Rules{Anonymous: true}, byPassword("ada", "horse"), wrongPassword},
		"anonymous is not for CURVE": {Rules{Anonymous: true}, byKey(ada), noKey(ada)},
		"a mechanism of its own":     {Rules{Anonymous: true, AnyKey: true}, zmtp.AuthRequest{Mechanism: "SEALING\n"}, `400: there are no rules for its mechanism "SEALING\n"`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answer(t, newGuard(t, c.rules), c.peer); got != c.want {
				t.Errorf("%s; want %s", got, c.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		deny, allow []netip.Prefix
		in, out     []string
	}{
		{nil, nil, []string{"10.0.0.1", "::1", "", "no address"}, nil},
		{nil, nets("10.0.0.0/8", "2001:db8::/32"), []string{"10.255.0.1", "::ffff:10.0.0.1", "2001:db8::7"}, []string{"11.0.0.1", "2001:db9::7", "::10.0.0.1", "", "no address"}},
		{nets("10.0.0.0/8", "fe80::/10"), nil, []string{"11.0.0.1", "::1", ""}, []string{"10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "10.0.0.1:80", "no address"}},
		{nets("10.1.0.0/16"), nets("10.0.0.0/8"), []string{"10.2.0.1"}, []string{"10.1.0.1", "11.0.0.1", ""}},
		{nets("::ffff:10.1.0.0/112"), nets("::ffff:10.0.0.0/104"), []string{"10.2.0.1", "::ffff:10.2.0.1"}, []string{"10.1.0.1", "::ffff:10.1.0.1", "11.0.0.1"}},
		{nets("10.1.2.3/8"), nil, []string{"11.0.0.1"}, []string{"10.200.0.1"}}, // the host's bits do not count
		{nets("10.0.0.0/8"), nets("10.0.0.0/8"), nil, []string{"10.0.0.1"}},
		{nil, []netip.Prefix{}, []string{"10.0.0.1", ""}, nil},
	} {
		g := newGuard(t, Rules{Deny: c.deny, Allow: c.allow, Anonymous: true, Otherwise: yes("otherwise")})
		for _, address := range c.in {
			if got := answer(t, g, from(address, anybody)); got != "yes " {
				t.Errorf("deny %v, allow %v: %q is told %s", c.deny, c.allow, address, got)
			}
		}
		for _, address := range c.out {
			if got, want := answer(t, g, from(address, anybody)), fmt.Sprintf("400: its address %q is none that may come in", address); got != want {
				t.Errorf("deny %v, allow %v: %q is told %s", c.deny, c.allow, address, got)
			}
		}
	}
}

// yes is an authenticator that lets everybody in under one name.
func yes(name string) func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
	return func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
		return zmtp.AuthReply{UserID: name}, nil
	}
}

// Whoever is not in the tables is Otherwise's, but for those whose address may not come in.
func TestOtherwise(t *testing.T) {
	g := newGuard(t, Rules{
		Deny: nets("192.0.2.0/24"), Passwords: map[string]string{"ada": "horse"}, Keys: map[curve.PublicKey]string{ada: "ada"},
		Otherwise: func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
			if r.Username == "late" {
				<-ctx.Done()
				return zmtp.AuthReply{}, &zmtp.AuthError{Status: 500, Text: ctx.Err().Error()}
			}
			return zmtp.AuthReply{UserID: "otherwise " + r.Mechanism + " " + r.Domain}, nil
		},
	})
	for _, c := range []struct {
		peer zmtp.AuthRequest
		want string
	}{
		{byPassword("ada", "horse"), "yes ada"},
		{byPassword("ada", "staple"), "yes otherwise PLAIN "},
		{in("orders", byPassword("eve", "")), "yes otherwise PLAIN orders"},
		{byKey(ada), "yes ada"},
		{byKey(grace), "yes otherwise CURVE "},
		{anybody, "yes otherwise NULL "},
		{zmtp.AuthRequest{Mechanism: "GSSAPI"}, "yes otherwise GSSAPI "},
		{from("192.0.2.7", byPassword("eve", "")), `400: its address "192.0.2.7" is none that may come in`},
	} {
		if got := answer(t, g, c.peer); got != c.want {
			t.Errorf("%v: %s; want %s", c.peer, got, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Authenticate(ctx, byPassword("late", "")); err == nil || err.Error() != "500: context canceled" {
		t.Errorf("its answer is not what it was: %v", err)
	}
}

// A domain's users are its own; addresses are held against the rules outside and the domain's.
func TestDomains(t *testing.T) {
	g := newGuard(t, Rules{
		Deny: nets("192.0.2.0/24"), Passwords: map[string]string{"ada": "horse"}, Anonymous: true, Otherwise: yes("outer"),
		Domains: map[string]Rules{
			"orders": {Allow: nets("10.0.0.0/24", "192.0.2.0/24"), Passwords: map[string]string{"ada": "staple", "eve": "x"}},
			"keys":   {AnyKey: true, Otherwise: yes("keys' own")},
			"empty":  {},
		},
	})
	for _, c := range []struct {
		peer zmtp.AuthRequest
		want string
	}{
		{byPassword("ada", "horse"), "yes ada"},
		{in("elsewhere", byPassword("ada", "horse")), "yes ada"},
		{in("orders", byPassword("ada", "staple")), "yes ada"},
		{in("orders", byPassword("ada", "horse")), wrongPassword},
		{in("orders", byPassword("eve", "x")), "yes eve"},
		{in("Orders", byPassword("eve", "x")), "yes outer"},
		{in("orders", anybody), noNull},
		{in("orders", from("10.0.1.1", byPassword("eve", "x"))), `400: its address "10.0.1.1" is none that may come in`},
		{in("orders", from("192.0.2.1", byPassword("eve", "x"))), `400: its address "192.0.2.1" is none that may come in`},
		{from("10.0.1.1", byPassword("ada", "horse")), "yes ada"},
		{in("keys", byKey(ada)), "yes " + ada.String()},
		{in("keys", byPassword("ada", "horse")), "yes keys' own"},
		{in("empty", byPassword("ada", "horse")), wrongPassword},
		{in("empty", byKey(ada)), noKey(ada)},
	} {
		if got := answer(t, g, c.peer); got != c.want {
			t.Errorf("%v: %s; want %s", c.peer, got, c.want)
		}
	}
}

// Rules that cannot be meant are no rules: the ones before stay in force.
func TestWrongRules(t *testing.T) {
	long := strings.Repeat("x", 256)
	g := newGuard(t, Rules{Passwords: map[string]string{"ada": "horse"}})
	for _, c := range []struct {
		rules Rules
		want  string
	}{
		{Rules{Deny: make([]netip.Prefix, 1)}, "auth: Rules.Deny: number 1 is no network: make it with netip.ParsePrefix and look at its error"},
		{Rules{Allow: append(nets("::1/128"), netip.Prefix{})}, "auth: Rules.Allow: number 2 is no network: make it with netip.ParsePrefix and look at its error"},
		{Rules{Passwords: map[string]string{"": "horse"}}, `auth: Rules.Passwords: there is no name, of ""`},
		{Rules{Passwords: map[string]string{"ada": ""}}, `auth: Rules.Passwords: there is no password, of "ada"`},
		{Rules{Passwords: map[string]string{"ada": long}}, `auth: Rules.Passwords: the password has 256 bytes: at most 255, of "ada"`},
		{Rules{Passwords: map[string]string{long: "horse"}}, `auth: Rules.Passwords: the name has 256 bytes: at most 255, of "` + long[:64] + `"`},
		{Rules{Keys: map[curve.PublicKey]string{ada: long}}, "auth: Rules.Keys: " + ada.String() + ": the user id has 256 bytes: at most 255"},
		{Rules{Domains: map[string]Rules{"": {}}}, `auth: Rules.Domains[""]: this is no domain: put these rules outside of Domains`},
		{Rules{Domains: map[string]Rules{long: {}}}, `auth: Rules.Domains["` + long[:64] + `"]: the name has 256 bytes: at most 255`},
		{Rules{Domains: map[string]Rules{"a": {Domains: map[string]Rules{}}}}, `auth: Rules.Domains["a"]: a domain has no Domains: leave them out`},
		{Rules{Domains: map[string]Rules{"a": {Passwords: map[string]string{"eve": ""}}}}, `auth: Rules.Domains["a"].Passwords: there is no password, of "eve"`},
	} {
		if _, err := New(c.rules); err == nil || err.Error() != c.want {
			t.Errorf("New: %v; want %s", err, c.want)
		}
		if err := g.Update(c.rules); err == nil || err.Error() != c.want {
			t.Errorf("Update: %v; want %s", err, c.want)
		}
		if got := answer(t, g, byPassword("ada", "horse")); got != "yes ada" {
			t.Errorf("after wrong rules: %s", got)
		}
	}
}

func TestZeroGuard(t *testing.T) {
	var g Guard
	if got, want := answer(t, &g, anybody), "400: this Guard has no rules: make it with New"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if err := g.Reload(); err != nil {
		t.Error(err)
	}
	if err := g.Update(Rules{Anonymous: true}); err != nil || answer(t, &g, anybody) != "yes " {
		t.Errorf("with rules: %v, %s", err, answer(t, &g, anybody))
	}
}

// What rules refer to is the caller's again once they were given.
func TestRulesAreCopied(t *testing.T) {
	rules := Rules{
		Deny: nets("192.0.2.0/24"), Passwords: map[string]string{"ada": "horse"}, Keys: map[curve.PublicKey]string{ada: "ada"},
		Domains: map[string]Rules{"orders": {Passwords: map[string]string{"eve": "x"}}},
	}
	g := newGuard(t, rules)
	rules.Deny[0] = nets("10.0.0.0/8")[0]
	rules.Passwords["ada"] = "staple"
	clear(rules.Keys)
	rules.Domains["orders"].Passwords["eve"] = "y"
	delete(rules.Domains, "orders")
	for range 2 {
		for peer, want := range map[zmtp.AuthRequest]string{
			byPassword("ada", "horse"): "yes ada", byKey(ada): "yes ada", in("orders", byPassword("eve", "x")): "yes eve",
			from("192.0.2.1", byKey(ada)): `400: its address "192.0.2.1" is none that may come in`,
		} {
			if got := answer(t, g, peer); got != want {
				t.Errorf("%v: %s; want %s", peer, got, want)
			}
		}
		if err := g.Reload(); err != nil { // has kept the same
			t.Fatal(err)
		}
	}
}

// Rules change while peers come: each is judged by the old ones or the new, and by nothing between.
func TestUpdateUnderLoad(t *testing.T) {
	sets := []Rules{
		{Passwords: map[string]string{"ada": "horse"}, Deny: nets("192.0.2.0/24")},
		{Passwords: map[string]string{"eve": "x"}, Allow: nets("192.0.2.0/24"), Domains: map[string]Rules{"d": {}}},
	}
	g := newGuard(t, sets[0])
	var done atomic.Bool
	var peers sync.WaitGroup
	asked := make(chan bool, 3) // each has asked
	for range cap(asked) {
		peers.Go(func() {
			for n := 0; !done.Load(); n++ {
				one := answer(t, g, byPassword("ada", "horse"))
				other := answer(t, g, from("192.0.2.1", byPassword("eve", "x")))
				if one != "yes ada" && one != noAddress || other != "yes eve" && !strings.Contains(other, "address") {
					t.Errorf("%s, %s", one, other)
					return
				}
				if n == 0 {
					asked <- true
				}
			}
		})
	}
	for range cap(asked) {
		<-asked
	}
	for i := range 500 {
		if err := g.Update(sets[(i+1)%2]); err != nil {
			t.Error(err)
		}
		if err := g.Reload(); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	peers.Wait()
	if got := answer(t, g, byPassword("ada", "horse")); got != "yes ada" {
		t.Errorf("in the end: %s", got)
	}
}

// No way of printing shows a password.
func TestSecretsAreNotPrinted(t *testing.T) {
	rules := Rules{Passwords: map[string]string{"ada": "horse"}, Domains: map[string]Rules{"orders": {Passwords: map[string]string{"eve": "horse"}}}}
	g := newGuard(t, rules)
	var lines strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		fmt.Fprintf(&lines, verb+"\n", rules)
		fmt.Fprintf(&lines, verb+"\n", &rules)
		fmt.Fprintf(&lines, verb+"\n", struct{ R Rules }{rules})
		fmt.Fprintf(&lines, verb+"\n", g)
		fmt.Fprintf(&lines, verb+"\n", struct{ g *Guard }{g})
	}
	for _, encode := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		b, err := encode(rules)
		if err != nil {
			t.Error(err)
		}
		lines.Write(b)
	}
	slog.New(slog.NewTextHandler(&lines, nil)).Info("here", "rules", rules, "guard", g)
	slog.New(slog.NewJSONHandler(&lines, nil)).Info("here", "rules", rules, "guard", g)
	for _, form := range []string{"horse", fmt.Sprintf("%x", "horse"), fmt.Sprintf("%X", "horse"), fmt.Sprint([]byte("horse"))} {
		if strings.Contains(lines.String(), form) {
			t.Errorf("%q is in\n%s", form, lines.String())
		}
	}
	if want := "{0 networks denied, 0 allowed, 1 passwords, 0 keys, 1 domains}"; rules.String() != want || !strings.Contains(lines.String(), want) {
		t.Errorf("%s; want %s", rules, want)
	}
}

// How long a peer has to wait does not tell whether its name is known: see seal.
func BenchmarkPlain(b *testing.B) {
	rules := Rules{Passwords: map[string]string{}}
	for i := range 10_000 {
		rules.Passwords[fmt.Sprint("user", i)] = "correct horse"
	}
	g, err := New(rules)
	if err != nil {
		b.Fatal(err)
	}
	for name, peer := range map[string]zmtp.AuthRequest{
		"right": byPassword("user77", "correct horse"), "wrong": byPassword("user77", "correct house"), "unknown": byPassword("nobody", "correct horse"),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				g.Authenticate(b.Context(), peer)
			}
		})
	}
}
