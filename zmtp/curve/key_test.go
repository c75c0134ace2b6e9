package curve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

func TestKeys(t *testing.T) {
	const public, secret = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
	if alice.Public.String() != public || alice.Secret.Z85() != secret || alice.Secret.Public() != alice.Public {
		t.Errorf("alice is %v, %s", alice.Public, alice.Secret.Z85())
	}
	again, err := ParseSecretKey(secret)
	if err != nil || !again.Equal(alice.Secret) || again.Equal(bob.Secret) || again.Equal(SecretKey{}) || (SecretKey{}).Equal(again) {
		t.Errorf("alice's secret key is not equal to itself, or to another: %v", err)
	}
	if (SecretKey{}).Z85() != "" || (SecretKey{}).Public() != (PublicKey{}) || !(SecretKey{}).IsZero() || again.IsZero() || !(SecretKey{}).Equal(SecretKey{}) {
		t.Error("the zero secret key is something")
	}
	fresh, other := NewKeyPair(), NewKeyPair()
	if fresh.validate() != nil || fresh.Public == other.Public || fresh.Secret.Equal(other.Secret) {
		t.Error("two new pairs are one")
	}
	if pair, err := ParseKeyPair(fresh.Public.String(), fresh.Secret.Z85()); err != nil || pair.Public != fresh.Public || !pair.Secret.Equal(fresh.Secret) {
		t.Errorf("a new pair came back as %v, %v", pair, err)
	}
}

func TestKeyRefusals(t *testing.T) {
	public, secret := alice.Public.String(), alice.Secret.Z85()
	for name, c := range map[string]struct{ public, secret, want string }{
		"swapped":           {secret, public, "belong together"},
		"of two people":     {public, bob.Secret.Z85(), "belong together"},
		"no secret":         {public, "", "has 0 characters"},
		"one character":     {public, secret[1:], "has 39 characters"},
		"in hex":            {strings.Repeat("bb88471d", 8), secret, "has 64 characters"},
		"no Z85":            {public, "~" + secret[1:], "character 1 is none of Z85's, in the secret key"},
		"over 32 bits":      {"#####" + public[5:], secret, "32 bits"},
		"with a line's end": {public + "\n", secret, "has 41 characters"},
	} {
		pair, err := ParseKeyPair(c.public, c.secret)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret[5:20]) {
			t.Errorf("%s: %v, %v; want %s", name, pair, err, c.want)
		}
	}
}

// A public key is text in JSON, and a map's key.
func TestPublicKeyText(t *testing.T) {
	var got struct{ Keys map[PublicKey]string }
	text, err := json.Marshal(struct{ Keys map[PublicKey]string }{map[PublicKey]string{alice.Public: "alice"}})
	if err != nil || json.Unmarshal(text, &got) != nil || got.Keys[alice.Public] != "alice" {
		t.Errorf("%s came back as %v, %v", text, got, err)
	}
	k := bob.Public
	if err := k.UnmarshalText([]byte("too short")); err == nil || k != bob.Public {
		t.Errorf("%v, %v; want what was there", k, err)
	}
}

// However a secret is printed, logged or marshalled, and whatever it is a part of, it does not come out.
func TestSecretsStaySecret(t *testing.T) {
	b := alice.Secret.bytes()
	var numbers []string
	for _, n := range b[:4] {
		numbers = append(numbers, fmt.Sprint(n))
	}
	tells := []string{alice.Secret.Z85(), fmt.Sprintf("%x", b[:4]), fmt.Sprintf("%X", b[:4]), strings.Join(numbers, " "), strings.Join(numbers, ","), fmt.Sprintf("%#x", b[0]) + ", " + fmt.Sprintf("%#x", b[1])}
	hidden := struct{ key SecretKey }{alice.Secret}
	client := Client(alice, bob.Public)
	for _, v := range []any{
		alice.Secret, &alice.Secret, alice, &alice, hidden, &hidden, []SecretKey{alice.Secret}, Certificate{KeyPair: alice},
		client, struct{ Mechanism zmtp.Mechanism }{client}, struct{ m zmtp.Mechanism }{client}, Server(alice), Server(alice).Begin(nil), client.Begin(nil),
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%#x", "%o", "%b", "%c", "%U", "%p", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
		text, _ := json.Marshal(v)
		out.Write(text)
		for _, tell := range tells {
			if strings.Contains(out.String(), tell) {
				t.Errorf("%T shows %s in:\n%s", v, tell, out.String())
			}
		}
	}
	if s := fmt.Sprintf("%v %s %#v %x", alice.Secret, alice.Secret, alice.Secret, alice.Secret); s != "[redacted] [redacted] [redacted] [redacted]" {
		t.Error(s)
	}
	if alice.Secret.String() != redacted || alice.Secret.GoString() != redacted || alice.Secret.LogValue().String() != redacted {
		t.Error("a method tells more than the others")
	}
}

func TestAllow(t *testing.T) {
	names := map[PublicKey]string{alice.Public: "alice"}
	allow := Allow(names)
	names[bob.Public] = "bob" // too late
	ask := func(mechanism string, key PublicKey) (zmtp.AuthReply, error) {
		return allow(context.Background(), zmtp.AuthRequest{Mechanism: mechanism, PublicKey: key})
	}
	if r, err := ask("CURVE", alice.Public); err != nil || r.UserID != "alice" {
		t.Errorf("alice: %+v, %v", r, err)
	}
	for _, c := range []struct {
		mechanism string
		key       PublicKey
	}{{"CURVE", bob.Public}, {"CURVE", PublicKey{}}, {"NULL", alice.Public}, {"PLAIN", PublicKey{}}, {"", alice.Public}} {
		r, err := ask(c.mechanism, c.key)
		if e := (*zmtp.AuthError)(nil); !errors.As(err, &e) || e.Status != 400 || r.UserID != "" {
			t.Errorf("%s %v: %+v, %v", c.mechanism, c.key, r, err)
		}
	}
}

// Any text is a key or an error that does not repeat it, and a key's own text is the one it was read from.
func FuzzKeys(f *testing.F) {
	f.Add("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")
	f.Add("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6") // another's half
	f.Add("#####################################@@@", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI")  // beyond 32 bits, and too short
	f.Add("", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\x00")
	f.Fuzz(func(t *testing.T, public, secret string) {
		p, err := ParsePublicKey(public)
		var same PublicKey
		if again := same.UnmarshalText([]byte(public)); (again == nil) != (err == nil) || same != p {
			t.Fatalf("UnmarshalText says %v, %v, and ParsePublicKey %v, %v", same, again, p, err)
		}
		if err == nil && p.String() != public {
			t.Fatalf("%q was read as %q", public, p)
		}
		s, err := ParseSecretKey(secret)
		if err == nil && s.Z85() != secret {
			t.Fatalf("%q was read as another secret key", secret)
		}
		pair, errPair := ParseKeyPair(public, secret)
		for _, err := range []error{err, errPair} {
			if err != nil && (len(err.Error()) > 250 || len(secret) > 8 && strings.Contains(err.Error(), secret)) {
				t.Fatalf("an error that is too long, or says the secret: %q", err)
			}
		}
		if errPair == nil && (pair.Public != p || pair.Secret.Public() != p) {
			t.Fatalf("%v is no pair", pair)
		}
	})
}
