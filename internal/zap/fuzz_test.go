package zap

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// joined are frames as one input for a fuzzer, each between two bytes that end the one before.
func joined(frames []string) []byte { return []byte(strings.Join(frames, "\xfe\xfd")) }

func apart(b []byte) [][]byte { return bytes.Split(b, []byte("\xfe\xfd")) }

// A handler may answer anything: only a faultless 200 with our id lets somebody in, and every refusal is one of the two
// kinds, short and printable.
func FuzzParseReply(f *testing.F) {
	for _, c := range brokenReplies {
		if len(c.frames) > 0 && len(c.frames[len(c.frames)-1]) < 1<<10 {
			f.Add(joined(c.frames))
		}
	}
	for _, status := range []string{"200", "300", "400", "500"} {
		f.Add(joined([]string{"1.0", "7", status, "text", "joe", property("X-Role", "admin")}))
	}
	id := []byte("7")
	f.Fuzz(func(t *testing.T, b []byte) {
		in := apart(b)
		r, err := ParseReply(id, in)
		if err != nil {
			checkNo(t, r, err)
			return
		}
		if len(in) != 6 || string(in[0]) != "1.0" || !bytes.Equal(in[1], id) || string(in[2]) != "200" || len(in[3]) > 255 {
			t.Fatalf("this is a yes: %q", in)
		}
		if r.UserID != string(in[4]) || len(r.UserID) > 255 || r.Metadata.Validate() != nil {
			t.Fatalf("%q was read as %+v", in, r)
		}
		again, err := ParseReply(id, Reply(id, r, nil))
		if again.UserID != r.UserID || !slices.Equal(again.Metadata, r.Metadata) || err != nil {
			t.Fatalf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func checkNo(t *testing.T, r zmtp.AuthReply, err error) {
	if r.UserID != "" || r.Metadata != nil {
		t.Fatalf("refused, and yet it is %+v: %v", r, err)
	}
	var no *zmtp.AuthError
	var rule *zmtp.ProtocolError
	switch {
	case errors.As(err, &no) && slices.Contains([]int{300, 400, 500}, no.Status) && len(no.Text) <= 255:
	case errors.As(err, &rule) && rule.Code > zmtp.ZAPUnspecified && rule.Code <= zmtp.ZAPInvalidMetadata && len(rule.Detail) <= 250:
	default:
		t.Fatalf("%T: %v", err, err)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("not printable: %q", err)
	}
}

// Whatever is asked, the answer is one that the asker can read.
func FuzzParseRequest(f *testing.F) {
	for _, c := range requests {
		f.Add(joined(append([]string{"1.0", "7"}, c.frames...)))
	}
	for _, c := range badRequests {
		f.Add(joined(c.frames))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := apart(b)
		id, r, err := ParseRequest(in)
		if err == nil {
			out := Request(id, r)
			if !slices.EqualFunc(out, in[:len(out)], bytes.Equal) || len(out) != len(in) && slices.Contains([]string{"NULL", "PLAIN", "CURVE"}, r.Mechanism) {
				t.Fatalf("%q came back as %q", in, out)
			}
		} else if r != (zmtp.AuthRequest{}) {
			t.Fatalf("%v, and yet %#v", err, r)
		}
		reply, no := ParseReply(id, Reply(id, zmtp.AuthReply{}, err))
		if (err == nil) != (no == nil) {
			t.Fatalf("%v came back as %v", err, no)
		} else if no != nil {
			checkNo(t, reply, no)
		}
	})
}
