package zmtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// property encodes without the checks of AppendMetadata.
func property(name, value string) string {
	size := binary.BigEndian.AppendUint32(nil, uint32(len(value)))
	return string([]byte{byte(len(name))}) + name + string(size) + value
}

func TestMetadataRoundTrip(t *testing.T) {
	full := Metadata{}
	for i := range MaxProperties {
		full = append(full, Property{fmt.Sprintf("X-%d", i), strings.Repeat("v", i)})
	}
	for _, m := range []Metadata{
		nil,
		{{SocketType, "DEALER"}},
		{{SocketType, "REQ"}, {Identity, ""}},
		{{Identity, "\x00\xff binary"}, {SocketType, "ROUTER"}, {"X-a.b_c+d-9", "é"}},
		{{strings.Repeat("N", 255), strings.Repeat("v", 256)}},
		{{"X", strings.Repeat("v", MaxMetadata-6)}},
		full,
	} {
		b := AppendMetadata([]byte("before"), m)
		got, err := ParseMetadata(b[len("before"):])
		if err != nil || !slices.Equal(got, m) {
			t.Errorf("%d properties, %.80q, came back as %.80q, %v", len(m), m, got, err)
		}
	}
}

func TestMetadataGet(t *testing.T) {
	m := Metadata{{"socket-TYPE", "REP"}, {"X-Empty", ""}}
	for name, want := range map[string]string{
		"Socket-Type": "REP true", "SOCKET-TYPE": "REP true", "X-EMPTY": " true", "Socket": " false", "": " false", "Socket-Type2": " false",
	} {
		value, ok := m.Get(name)
		if got := fmt.Sprint(value, " ", ok); got != want {
			t.Errorf("%q is %q; want %q", name, got, want)
		}
	}
}

// Values outlive the read buffer they came in.
func TestMetadataCopies(t *testing.T) {
	b := []byte(property(SocketType, "DEALER") + property(Identity, "alice"))
	m, err := ParseMetadata(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if !slices.Equal(m, Metadata{{SocketType, "DEALER"}, {Identity, "alice"}}) {
		t.Errorf("after the buffer was used again the metadata is %q", m)
	}
}

func TestMetadataRefusals(t *testing.T) {
	good := property(SocketType, "PULL")
	var many strings.Builder
	for i := range MaxProperties + 1 {
		many.WriteString(property(fmt.Sprint("X-", i), ""))
	}
	for _, c := range []struct{ name, in, want string }{
		{"no name", property("", "v"), `illegal property name ""`},
		{"a space in a name", property("Socket Type", "PULL"), `illegal property name "Socket Type"`},
		{"NUL in a name", property("X\x00Y", ""), "illegal property name bytes 58 00 59"},
		{"UTF-8 in a name", property("Ünicode", ""), "illegal property name bytes c3 9c 6e 69 63 6f 64 65"},
		{"the same name twice", good + good, `property "Socket-Type" twice`},
		{"twice in another case, the second wrong", good + property("socket-type", "REQ"), `property "socket-type" twice`},
		{"an engine's name twice", property(UserID, "a") + property(UserID, "b"), `property "User-Id" twice`},
		{"a trailing byte", good + "\x00", "property 2 of the list is cut short"},
		{"a name longer than the list", "\xffSocket-Type", "property 1 of the list is cut short"},
		{"a name and no value", "\x01X", "property 1 of the list is cut short"},
		{"half a value's length", "\x01X\x00\x00\x00", "property 1 of the list is cut short"},
		{"2^31-1 bytes announced and none there", "\x01X\x7f\xff\xff\xff", "property 1 of the list is cut short"},
		{"2^32-1 bytes announced and one there", "\x01X\xff\xff\xff\xffv", "property 1 of the list is cut short"},
		{"one property too many", many.String(), "more than 64 properties"},
		{"one byte too many", property("X", strings.Repeat("v", MaxMetadata-5)), "65537 bytes of properties, at most 65536 accepted"},
	} {
		m, err := ParseMetadata([]byte(c.in))
		if err == nil || err.Error() != "invalid metadata: "+c.want || m != nil || codeOf(t, err) != InvalidMetadata {
			t.Errorf("%s: %.80q, %v; want %s", c.name, m, err, c.want)
		}
	}
}

// Cutting a list anywhere but between two properties breaks it.
func TestMetadataEverySplit(t *testing.T) {
	first := property(SocketType, "DEALER")
	all := first + property(Identity, "alice")
	for cut := range len(all) {
		_, err := ParseMetadata([]byte(all[:cut]))
		if whole := cut == 0 || cut == len(first); whole != (err == nil) {
			t.Errorf("%d of %d bytes: %v", cut, len(all), err)
		}
	}
}

// A peer cannot say who it is in the engine's words.
func TestMetadataDropsWhatOnlyTheEngineSays(t *testing.T) {
	in := property("user-ID", "root") + property(SocketType, "PUSH") + property(PeerAddress, "127.0.0.1") + property("X-App", "a") + property(RoutingID, "b")
	m, err := ParseMetadata([]byte(in))
	if want := (Metadata{{SocketType, "PUSH"}, {"X-App", "a"}}); err != nil || !slices.Equal(m, want) {
		t.Errorf("read %q, %v; want %q", m, err, want)
	}
}

// A stranger's metadata costs about what it sent: the strings' headers are
// bounded by MaxProperties, and what is too long is not even copied.
func TestMetadataMemory(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		most uint64
	}{
		{"as many properties as there is room for", bytes.Repeat([]byte(property("X", "")), MaxMetadata/6), 2 * MaxMetadata},
		{"one property of a megabyte", []byte(property("X", strings.Repeat("v", 1<<20))), 4096},
	} {
		const runs = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if _, err := ParseMetadata(c.in); err == nil {
				t.Fatalf("%s: accepted", c.name)
			}
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > c.most {
			t.Errorf("%s: %d bytes allocated for %d received; want at most %d", c.name, got, len(c.in), c.most)
		}
	}
}

func TestAppendMetadataPanics(t *testing.T) {
	for name, m := range map[string]Metadata{
		"no name":       {{"", "v"}},
		"a long name":   {{strings.Repeat("N", 256), ""}},
		"a space":       {{"X Y", ""}},
		"twice":         {{"X", ""}, {"x", ""}},
		"a large value": {{"X", strings.Repeat("v", MaxMetadata)}},
		"many":          slices.Repeat(Metadata{{"X", ""}}, MaxProperties+1),
	} {
		if err := m.Validate(); err == nil {
			t.Errorf("%s: valid", name)
		}
		mustPanic(t, name, func() { AppendMetadata(nil, m) })
	}
}
