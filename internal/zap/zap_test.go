package zap

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

var clientKey = [32]byte([]byte("0123456789abcdef0123456789\x00\x01\x02\xfd\xfe\xff"))

// requests are what RFC 27 has examples for, and what it says without one.
var requests = []struct {
	name   string
	r      zmtp.AuthRequest
	frames []string // behind "1.0" and the request id
}{
	{"the RFC's example of NULL", zmtp.AuthRequest{Domain: "test", Address: "192.168.55.1", RoutingID: "BOB", Mechanism: "NULL"},
		[]string{"test", "192.168.55.1", "BOB", "NULL"}},
	{"the RFC's example of PLAIN", zmtp.AuthRequest{Domain: "test", Address: "192.168.55.1", RoutingID: "BOB", Mechanism: "PLAIN", Username: "admin", Password: "secret"},
		[]string{"test", "192.168.55.1", "BOB", "PLAIN", "admin", "secret"}},
	{"PLAIN without a name", zmtp.AuthRequest{Mechanism: "PLAIN"}, []string{"", "", "", "PLAIN", "", ""}},
	{"CURVE's key is 32 binary bytes", zmtp.AuthRequest{Domain: "d", Address: "fe80::1", Mechanism: "CURVE", PublicKey: clientKey},
		[]string{"d", "fe80::1", "", "CURVE", string(clientKey[:])}},
	{"another mechanism", zmtp.AuthRequest{Mechanism: "GSSAPI"}, []string{"", "", "", "GSSAPI"}},
	{"all is as long as it may be", zmtp.AuthRequest{Domain: long('d'), Address: long('a'), RoutingID: long('\xff'), Mechanism: "PLAIN", Username: long('u'), Password: long('p')},
		[]string{long('d'), long('a'), long('\xff'), "PLAIN", long('u'), long('p')}},
}

func long(c byte) string { return strings.Repeat(string([]byte{c}), 255) }

// frames are texts as frames.
func frames(texts ...string) (all [][]byte) {
	for _, s := range texts {
		all = append(all, []byte(s))
	}
	return all
}

func texts(frames [][]byte) (all []string) {
	for _, f := range frames {
		all = append(all, string(f))
	}
	return all
}

func TestRequest(t *testing.T) {
	for _, c := range requests {
		want := append([]string{"1.0", "0001"}, c.frames...)
		got := Request([]byte("0001"), c.r)
		if !slices.Equal(texts(got), want) {
			t.Errorf("%s: %q; want %q", c.name, got, want)
		}
		id, r, err := ParseRequest(got)
		if string(id) != "0001" || r != c.r || err != nil {
			t.Errorf("%s: came back as %q, %#v, %v", c.name, id, r, err)
		}
	}
}

// A handler's mechanism that we do not know may have any credentials: they are for whoever knows it.
func TestRequestOfAnotherMechanism(t *testing.T) {
	_, r, err := ParseRequest(frames("1.0", "7", "d", "::1", "", "GSSAPI", "principal"))
	if want := (zmtp.AuthRequest{Domain: "d", Address: "::1", Mechanism: "GSSAPI"}); r != want || err != nil {
		t.Errorf("%#v, %v", r, err)
	}
}

var badRequests = []struct {
	name, id string
	frames   []string
	text     string // of the 500
}{
	{"nothing", "", nil, "0 frames behind the delimiter, there must be 6 at least"},
	{"a version alone", "", []string{"1.0"}, "1 frames"},
	{"no mechanism's frame", "7", []string{"1.0", "7", "d", "a", "i"}, "5 frames"},
	{"another version", "7", []string{"2.0", "7", "d", "a", "i", "NULL"}, "the version is not 1.0"},
	{"an empty mechanism", "7", []string{"1.0", "7", "d", "a", "i", ""}, "there is no mechanism"},
	{"a long domain", "7", []string{"1.0", "7", long('d') + "d", "a", "i", "NULL"}, "frame 3 has 256 bytes, more than 255"},
	{"a long identity", "7", []string{"1.0", "7", "d", "a", long('i') + "i", "NULL"}, "frame 5 has 256 bytes"},
	{"a long password", "7", []string{"1.0", "7", "d", "a", "i", "PLAIN", "hunter2", long('p') + "p"}, "frame 8 has 256 bytes"},
	{"NULL with credentials", "7", []string{"1.0", "7", "d", "a", "i", "NULL", "hunter2"}, "the credentials are not those of NULL"},
	{"PLAIN without a password", "7", []string{"1.0", "7", "d", "a", "i", "PLAIN", "hunter2"}, "the credentials are not those of PLAIN"},
	{"PLAIN with too many", "7", []string{"1.0", "7", "d", "a", "i", "PLAIN", "a", "hunter2", ""}, "the credentials are not those of PLAIN"},
	{"CURVE with a key in Z85", "7", []string{"1.0", "7", "d", "a", "i", "CURVE", strings.Repeat("hunter2.", 5)}, "the credentials are not those of CURVE"},
	{"CURVE without a key", "7", []string{"1.0", "7", "d", "a", "i", "CURVE"}, "the credentials are not those of CURVE"},
}

// A request that breaks the RFC is answered with a 500 that says how, and says nothing of what stood in it.
func TestBadRequest(t *testing.T) {
	for _, c := range badRequests {
		id, r, err := ParseRequest(frames(c.frames...))
		if string(id) != c.id || r != (zmtp.AuthRequest{}) {
			t.Errorf("%s: %q, %#v", c.name, id, r)
		}
		no := (*zmtp.AuthError)(nil)
		if !errors.As(err, &no) || no.Status != 500 || !strings.Contains(no.Text, c.text) || strings.Contains(no.Text, "hunter2") {
			t.Errorf("%s: %v; want a 500 with %q", c.name, err, c.text)
		}
		reply := Reply(id, zmtp.AuthReply{}, err)
		if want := []string{"1.0", c.id, "500", no.Text, "", ""}; !slices.Equal(texts(reply), want) {
			t.Errorf("%s: answered with %q", c.name, reply)
		}
	}
}

// property is one property as RFC 27 encodes it.
func property(name, value string) string {
	return string([]byte{byte(len(name))}) + name + string([]byte{0, 0, 0, byte(len(value))}) + value
}

func TestYes(t *testing.T) {
	for name, c := range map[string]struct {
		frames []string
		want   zmtp.AuthReply
	}{
		"the RFC's example":   {[]string{"1.0", "0001", "200", "OK", "joe", ""}, zmtp.AuthReply{UserID: "joe"}},
		"neither text nor id": {[]string{"1.0", "0001", "200", "", "", ""}, zmtp.AuthReply{}},
		"as long as they can": {[]string{"1.0", "0001", "200", long('t'), long('u'), ""}, zmtp.AuthReply{UserID: long('u')}},
		"a name beyond ASCII": {[]string{"1.0", "0001", "200", "", "Zoë", ""}, zmtp.AuthReply{UserID: "Zoë"}},
		"metadata":            {[]string{"1.0", "0001", "200", "", "joe", property("X-Role", "admin") + property("x-b", "")}, zmtp.AuthReply{UserID: "joe", Metadata: zmtp.Metadata{{Name: "X-Role", Value: "admin"}, {Name: "x-b"}}}},
		"the engine's names":  {[]string{"1.0", "0001", "200", "", "joe", property("User-Id", "root")}, zmtp.AuthReply{UserID: "joe", Metadata: zmtp.Metadata{}}},
	} {
		in := frames(c.frames...)
		got, err := ParseReply([]byte("0001"), in)
		for _, f := range in {
			clear(f) // what was parsed outlives a buffer that is used again
		}
		if !reflect.DeepEqual(got, c.want) || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestNo(t *testing.T) {
	for name, c := range map[string]struct {
		frames []string
		want   zmtp.AuthError
	}{
		"later":                    {[]string{"1.0", "7", "300", "the database is away", "", ""}, zmtp.AuthError{Status: 300, Text: "the database is away"}},
		"denied":                   {[]string{"1.0", "7", "400", "no such user", "", ""}, zmtp.AuthError{Status: 400, Text: "no such user"}},
		"at fault":                 {[]string{"1.0", "7", "500", "", "", ""}, zmtp.AuthError{Status: 500}},
		"a no that says too much":  {[]string{"1.0", "7", "400", "no", "joe", "no metadata"}, zmtp.AuthError{Status: 400, Text: "no"}},
		"a text that forges lines": {[]string{"1.0", "7", "400", "no user \x1b[2J\n200 OK", "", ""}, zmtp.AuthError{Status: 400, Text: "no user ?[2J?200 OK"}},
		"a text beyond ASCII":      {[]string{"1.0", "7", "400", "Zoë \xff", "", ""}, zmtp.AuthError{Status: 400, Text: "Zo? ?"}},
	} {
		r, err := ParseReply([]byte("7"), frames(c.frames...))
		no := (*zmtp.AuthError)(nil)
		if !errors.As(err, &no) || *no != c.want || r.UserID != "" || r.Metadata != nil {
			t.Errorf("%s: %+v, %v; want %v", name, r, err, &c.want)
		}
	}
}

// brokenReplies are the ways in which a handler can break RFC 27: nobody comes in by one of them.
var brokenReplies = []struct {
	name   string
	frames []string
	code   zmtp.Code
	detail string
}{
	{"nothing", nil, zmtp.ZAPMalformedReply, "0 frames behind the delimiter instead of 6"},
	{"no metadata", []string{"1.0", "7", "200", "OK", "joe"}, zmtp.ZAPMalformedReply, "5 frames behind the delimiter instead of 6"},
	{"the delimiter twice", []string{"", "1.0", "7", "200", "OK", "joe", ""}, zmtp.ZAPMalformedReply, "7 frames behind the delimiter instead of 6"},
	{"another version", []string{"1.1", "7", "200", "OK", "joe", ""}, zmtp.ZAPBadVersion, `"1.1" instead of 1.0`},
	{"no version", []string{"", "7", "200", "OK", "joe", ""}, zmtp.ZAPBadVersion, `"" instead of 1.0`},
	{"another's id", []string{"1.0", "8", "200", "OK", "joe", ""}, zmtp.ZAPBadRequestID, `"8" instead of "7"`},
	{"no id", []string{"1.0", "", "200", "OK", "joe", ""}, zmtp.ZAPBadRequestID, `"" instead of "7"`},
	{"the id and more", []string{"1.0", "7\x00", "200", "OK", "joe", ""}, zmtp.ZAPBadRequestID, `"7\x00" instead of "7"`},
	{"an endless id", []string{"1.0", strings.Repeat("\xff", 1<<16), "200", "OK", "joe", ""}, zmtp.ZAPBadRequestID, `"\xff`},
	{"no status", []string{"1.0", "7", "", "OK", "joe", ""}, zmtp.ZAPInvalidStatusCode, `"" is none of 200, 300, 400 and 500`},
	{"a status that looks like one", []string{"1.0", "7", "0200", "OK", "joe", ""}, zmtp.ZAPInvalidStatusCode, `"0200" is none`},
	{"a status and a space", []string{"1.0", "7", "200 ", "OK", "joe", ""}, zmtp.ZAPInvalidStatusCode, `"200 " is none`},
	{"HTTP's created", []string{"1.0", "7", "201", "OK", "joe", ""}, zmtp.ZAPInvalidStatusCode, `"201" is none`},
	{"a binary status", []string{"1.0", "7", "\xc8\x00", "OK", "joe", ""}, zmtp.ZAPInvalidStatusCode, `"\xc8\x00" is none`},
	{"a text without end", []string{"1.0", "7", "200", long('t') + "t", "joe", ""}, zmtp.ZAPMalformedReply, "a status text of 256 bytes"},
	{"a user id without end", []string{"1.0", "7", "200", "OK", long('u') + "u", ""}, zmtp.ZAPMalformedReply, "a user id of 256 bytes"},
	{"metadata cut short", []string{"1.0", "7", "200", "OK", "joe", property("X-Role", "admin")[:9]}, zmtp.ZAPInvalidMetadata, "property 1 of the list is cut short"},
	{"metadata twice", []string{"1.0", "7", "200", "OK", "joe", property("X-A", "1") + property("x-a", "2")}, zmtp.ZAPInvalidMetadata, "twice"},
	{"metadata without a name", []string{"1.0", "7", "200", "OK", "joe", property("", "1")}, zmtp.ZAPInvalidMetadata, "illegal property name"},
	{"metadata of 65 properties", []string{"1.0", "7", "200", "OK", "joe", strings.Repeat(property("X-A", "1"), 65)}, zmtp.ZAPInvalidMetadata, "more than 64 properties"},
	{"metadata without end", []string{"1.0", "7", "200", "OK", "joe", strings.Repeat("x", 1<<20)}, zmtp.ZAPInvalidMetadata, "1048576 bytes of properties"},
}

func TestBrokenReply(t *testing.T) {
	for _, c := range brokenReplies {
		r, err := ParseReply([]byte("7"), frames(c.frames...))
		rule := (*zmtp.ProtocolError)(nil)
		if !errors.As(err, &rule) || rule.Code != c.code || !strings.Contains(rule.Detail, c.detail) || len(rule.Detail) > 250 {
			t.Errorf("%s: %v; want %v: %s", c.name, err, c.code, c.detail)
		}
		if r.UserID != "" || r.Metadata != nil {
			t.Errorf("%s: says who it is: %+v", c.name, r)
		}
	}
}

// What an authenticator decides is what the asker hears.
func TestReply(t *testing.T) {
	for name, c := range map[string]struct {
		r       zmtp.AuthReply
		refused error
		want    []string // behind "1.0" and the request id
	}{
		"yes":              {zmtp.AuthReply{UserID: "joe", Metadata: zmtp.Metadata{{Name: "X-Role", Value: "admin"}}}, nil, []string{"200", "OK", "joe", property("X-Role", "admin")}},
		"yes, whoever":     {zmtp.AuthReply{}, nil, []string{"200", "OK", "", ""}},
		"later":            {zmtp.AuthReply{}, &zmtp.AuthError{Status: 300, Text: "starting"}, []string{"300", "starting", "", ""}},
		"no":               {zmtp.AuthReply{UserID: "joe"}, &zmtp.AuthError{Text: "no such user"}, []string{"400", "no such user", "", ""}},
		"at fault":         {zmtp.AuthReply{}, fmt.Errorf("looking joe up: %w", &zmtp.AuthError{Status: 500, Text: "no database"}), []string{"500", "no database", "", ""}},
		"any other error":  {zmtp.AuthReply{}, errors.New("no entry"), []string{"400", "no entry", "", ""}},
		"no such status":   {zmtp.AuthReply{}, &zmtp.AuthError{Status: 200, Text: "an error is no yes"}, []string{"400", "an error is no yes", "", ""}},
		"a long text":      {zmtp.AuthReply{}, &zmtp.AuthError{Status: 400, Text: long('t') + "t"}, []string{"400", long('t'), "", ""}},
		"an unruly text":   {zmtp.AuthReply{}, &zmtp.AuthError{Status: 400, Text: "Zoë\n"}, []string{"400", "Zo??", "", ""}},
		"a long user id":   {zmtp.AuthReply{UserID: long('u') + "u"}, nil, []string{"500", "a user id of 256 bytes, more than 255", "", ""}},
		"bad metadata":     {zmtp.AuthReply{Metadata: zmtp.Metadata{{Name: "a b"}}}, nil, []string{"500", `of the reply: invalid metadata: illegal property name "a b"`, "", ""}},
		"metadata too big": {zmtp.AuthReply{Metadata: zmtp.Metadata{{Name: "X", Value: strings.Repeat("v", 1<<16)}}}, nil, []string{"500", "of the reply: invalid metadata: 65542 bytes of properties, at most 65536 accepted", "", ""}},
	} {
		got := Reply([]byte("7"), c.r, c.refused)
		if want := append([]string{"1.0", "7"}, c.want...); !slices.Equal(texts(got), want) {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
		r, err := ParseReply([]byte("7"), got)
		switch no := (*zmtp.AuthError)(nil); {
		case c.want[0] == "200" && (err != nil || r.UserID != c.r.UserID || !slices.Equal(r.Metadata, c.r.Metadata)):
			t.Errorf("%s: came back as %+v, %v", name, r, err)
		case c.want[0] != "200" && (!errors.As(err, &no) || fmt.Sprint(no.Status) != c.want[0] || no.Text != c.want[1]):
			t.Errorf("%s: came back as %v", name, err)
		}
	}
}
