package curve

import (
	"bytes"
	"strings"
	"testing"
)

func TestZ85(t *testing.T) {
	for text, hex := range map[string]string{
		"HelloWorld": "864fd26fb559f75b", // RFC 32, "Test Case"
		"":           "",
		"00000":      "00000000",
		"%nSc0":      "ffffffff",
		"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID": "bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518", // zmq_curve(7)
		"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6": "8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7",
	} {
		b := unhex(t, hex)
		if got, err := EncodeZ85(b); err != nil || got != text {
			t.Errorf("%s is %q, %v", hex, got, err)
		}
		if got, err := DecodeZ85(text); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%q is %x, %v", text, got, err)
		}
	}
}

func TestZ85Refusals(t *testing.T) {
	for _, b := range []int{1, 2, 3, 5, 33} {
		if s, err := EncodeZ85(make([]byte, b)); err == nil {
			t.Errorf("%d bytes are %q", b, s)
		}
	}
	for _, s := range []string{"H", "Hell", "HelloW", "Hell~", "Hell\"", "Hell\x00", "Hell\xff", "Hell ", "%nSc1", "#####", "HelloWorl,"} {
		b, err := DecodeZ85(s)
		if err == nil {
			t.Errorf("%q is %x", s, b)
		} else if strings.Contains(err.Error(), "Hell") {
			t.Errorf("%q is repeated: %v", s, err)
		}
	}
}

func FuzzZ85(f *testing.F) {
	for _, s := range []string{"HelloWorld", "%nSc0", "%nSc1", "#####", "abc", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if b, err := DecodeZ85(string(in)); err == nil {
			if again, err := EncodeZ85(b); err != nil || again != string(in) {
				t.Fatalf("%q came back as %q, %v", in, again, err)
			}
		}
		text, err := EncodeZ85(in)
		if (err == nil) != (len(in)%4 == 0) {
			t.Fatalf("%d bytes: %v", len(in), err)
		}
		if err == nil {
			if b, err := DecodeZ85(text); err != nil || !bytes.Equal(b, in) {
				t.Fatalf("%x came back as %x, %v", in, b, err)
			}
		}
		for _, s := range []string{string(in), text} {
			if k, err := ParsePublicKey(s); err == nil && k.String() != s {
				t.Fatalf("%q is the key %v", s, k)
			}
		}
	})
}
