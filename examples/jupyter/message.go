package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq"
)

// A Message is one of the Jupyter messaging protocol ("Messaging in Jupyter", Message format). What Content holds depends on
// Header.Type.
type Message struct {
	Header  Header
	Parent  Header // of the message that this one is about; zero if there is none
	Content json.RawMessage
	Buffers [][]byte
}

// A Header says what a message is and whose.
type Header struct {
	ID       string `json:"msg_id"`
	Type     string `json:"msg_type"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Version  string `json:"version"`
}

// protocol is the version that is spoken here.
const protocol = "5.3"

// delimiter ends the routing ids, or the topic, before a message (The wire protocol).
const delimiter = "<IDS|MSG>"

// A session makes messages, and proves that they come from who may read the connection file.
type session struct {
	id  string
	key []byte
}

func newSession() session { return session{newID(), []byte(newID())} }

func newID() string { return rand.Text() }

// message makes a new one.
func (s session) message(typ string, parent Header, content any) (m Message, err error) {
	m.Header = Header{ID: newID(), Type: typ, Session: s.id, Username: "glassmq", Date: time.Now().UTC().Format(time.RFC3339Nano), Version: protocol}
	m.Parent = parent
	m.Content, err = json.Marshal(content)
	return m, err
}

// frames are [delimiter, signature, header, parent header, metadata, content, buffers…].
func (s session) frames(m Message) ([][]byte, error) {
	header, err := json.Marshal(m.Header)
	if err != nil {
		return nil, err
	}
	parent := []byte("{}")
	if m.Parent != (Header{}) {
		if parent, err = json.Marshal(m.Parent); err != nil {
			return nil, err
		}
	}
	parts := [][]byte{header, parent, []byte("{}"), m.Content}
	frames := append([][]byte{[]byte(delimiter), s.sign(parts)}, parts...)
	return append(frames, m.Buffers...), nil
}

// sign is the HMAC over four parts, in hexadecimal.
func (s session) sign(parts [][]byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

var (
	errShape     = errors.New("no Jupyter message: want an envelope, " + delimiter + ", a signature and four parts")
	errSignature = errors.New("the signature of a Jupyter message is wrong: it is from somebody who does not know this kernel's key")
)

// parse reads what came, whose signature must be right: whoever reaches a port could send.
func (s session) parse(came zmq.Message) (m Message, err error) {
	frames := came.AppendFrames(nil)
	for len(frames) > 0 && string(frames[0]) != delimiter {
		frames = frames[1:]
	}
	if len(frames) < 6 {
		return m, errShape
	}
	parts := frames[2:6]
	if !hmac.Equal(frames[1], s.sign(parts)) {
		return m, errSignature
	}
	if err := json.Unmarshal(parts[0], &m.Header); err != nil {
		return m, fmt.Errorf("header of a Jupyter message: %w", err)
	}
	if err := json.Unmarshal(parts[1], &m.Parent); err != nil {
		return m, fmt.Errorf("parent header of a Jupyter message: %w", err)
	}
	if !json.Valid(parts[3]) || !bytes.HasPrefix(bytes.TrimSpace(parts[3]), []byte("{")) {
		return m, fmt.Errorf("content of a Jupyter message, %s: no JSON object", m.Header.Type)
	}
	m.Content, m.Buffers = parts[3], frames[6:]
	return m, nil
}

// read reads the content.
func (m Message) read(into any) error {
	if err := json.Unmarshal(m.Content, into); err != nil {
		return fmt.Errorf("content of a Jupyter message, %s: %w", m.Header.Type, err)
	}
	return nil
}
