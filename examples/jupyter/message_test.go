package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/glassmq/zmq"
)

// A signature that another implementation made: Python's hmac.new(b"a key", b'{"msg_id":"1","msg_type":"status"}' +
// b"{}" + b"{}" + b'{"execution_state":"idle"}', "sha256").hexdigest().
func TestSignature(t *testing.T) {
	s := session{key: []byte("a key")}
	frames := [][]byte{[]byte("kernel.1.status"), []byte(delimiter),
		[]byte("a80dfc0d126d50a4e5eee29199859626b8a75da4e7ff4f11f1837ee08fee2544"),
		[]byte(`{"msg_id":"1","msg_type":"status"}`), []byte("{}"), []byte("{}"), []byte(`{"execution_state":"idle"}`), []byte("a buffer")}
	m, err := s.parse(zmq.NewMessage(frames...))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.ID != "1" || m.Header.Type != "status" || m.Parent != (Header{}) || string(m.Content) != `{"execution_state":"idle"}` || len(m.Buffers) != 1 {
		t.Errorf("read %+v", m)
	}
}

// What was made is read as it was, whatever envelope is before it, and a bit of it that is turned over shows.
func TestMessage(t *testing.T) {
	s := newSession()
	parent, err := s.message("execute_request", Header{}, map[string]string{"code": "1/0"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.message("input_reply", parent.Header, map[string]string{"value": "42"})
	if err != nil {
		t.Fatal(err)
	}
	m.Buffers = [][]byte{{}, {0, 255}}
	frames, err := s.frames(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, envelope := range [][]string{nil, {"id"}, {"id", ""}} {
		var all [][]byte
		for _, e := range envelope {
			all = append(all, []byte(e))
		}
		got, err := s.parse(zmq.NewMessage(append(all, frames...)...))
		if err != nil {
			t.Fatal(err)
		}
		if got.Header != m.Header || got.Parent != parent.Header || !bytes.Equal(got.Content, m.Content) || !slices.EqualFunc(got.Buffers, m.Buffers, bytes.Equal) {
			t.Errorf("behind %q: %+v became %+v", envelope, m, got)
		}
	}
	for i := 1; i < 6; i++ { // the buffers are not signed
		bad := slices.Clone(frames)
		bad[i] = slices.Clone(bad[i])
		bad[i][len(bad[i])/2] ^= 1
		if _, err := s.parse(zmq.NewMessage(bad...)); !errors.Is(err, errSignature) {
			t.Errorf("frame %d was changed: %v", i, err)
		}
	}
	if _, err := newSession().parse(zmq.NewMessage(frames...)); !errors.Is(err, errSignature) {
		t.Errorf("another's key: %v", err)
	}
	if _, err := s.parse(zmq.NewMessage(frames[:5]...)); !errors.Is(err, errShape) {
		t.Errorf("cut short: %v", err)
	}
}

// Whoever knows the key may still send nonsense.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"msg_id":"1"}`), []byte("{}"), []byte("{}"), []byte("{}"))
	f.Add([]byte(`null`), []byte("[]"), []byte(""), []byte("null"))
	f.Add([]byte(`{"msg_id":1}`), []byte("{}"), []byte("{}"), []byte(" {"))
	s := newSession()
	f.Fuzz(func(t *testing.T, header, parent, metadata, content []byte) {
		parts := [][]byte{header, parent, metadata, content}
		m, err := s.parse(zmq.NewMessage(append([][]byte{[]byte(delimiter), s.sign(parts)}, parts...)...))
		if err != nil {
			return
		}
		var object map[string]any
		if err := json.Unmarshal(m.Content, &object); err != nil {
			t.Errorf("%q was let through: %v", content, err)
		}
		frames, err := s.frames(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.parse(zmq.NewMessage(frames...))
		if err != nil || again.Header != m.Header || again.Parent != m.Parent {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}
