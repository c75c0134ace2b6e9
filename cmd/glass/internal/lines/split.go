// Package lines turns lines into messages and messages into lines: what glass cat reads and prints.
package lines

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// How a line of input becomes the frames of a message.
const (
	One  = "one"  // the line is the one frame, as it is
	Tab  = "tab"  // frames are separated by tabs, and are as they are
	Hex  = "hex"  // frames are separated by spaces or tabs, and are hexadecimal; "-" is the empty one
	JSON = "json" // an array of frames, or an object that has one as its key "frames"; see parseJSON
)

// Splits are the names of the forms of input.
var Splits = []string{One, Tab, Hex, JSON}

// A Reader reads messages from lines.
type Reader struct {
	in   *bufio.Reader
	form string
	end  byte
	line int
}

// NewReader reads from r lines of a form, that end is behind each of.
func NewReader(r io.Reader, form string, end byte) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), form: form, end: end}
}

// Next is the next message; its bytes are the caller's. What stands behind the last end counts as a line unless it is
// empty. An error other than io.EOF names the line if it is the line's fault; there is no going on after it.
func (r *Reader) Next() ([][]byte, error) {
	line, err := r.in.ReadBytes(r.end)
	switch {
	case err == io.EOF && len(line) > 0:
	case err != nil:
		return nil, err
	default:
		line = line[:len(line)-1]
	}
	r.line++
	frames, err := split(r.form, line)
	if err != nil {
		return nil, fmt.Errorf("line %d of the input: %w", r.line, err)
	}
	return frames, nil
}

func split(form string, line []byte) ([][]byte, error) {
	switch form {
	case Tab:
		return bytes.Split(line, []byte{'\t'}), nil
	case Hex:
		return parseHex(line)
	case JSON:
		return parseJSON(line)
	}
	return [][]byte{line}, nil
}

const emptyHex = "-"

func parseHex(line []byte) (frames [][]byte, err error) {
	for _, word := range bytes.Fields(line) {
		if string(word) == emptyHex {
			word = nil
		}
		frame := make([]byte, hex.DecodedLen(len(word)))
		if _, err := hex.Decode(frame, word); err != nil {
			return nil, fmt.Errorf("%.40q is not hexadecimal: write two digits for each byte, and - for an empty frame", word)
		}
		frames = append(frames, frame)
	}
	if frames == nil {
		return nil, errors.New("no frame: write - for an empty one")
	}
	return frames, nil
}

// A frame in JSON is a string or, if it is not text, {"hex":"00ff"}.
type frame []byte

var errFrame = errors.New(`a frame is a string, or {"hex":"00ff"}`)

// UnmarshalJSON reads either.
func (f *frame) UnmarshalJSON(b []byte) error {
	var text string
	if b[0] == '"' {
		err := json.Unmarshal(b, &text)
		*f = frame(text)
		return err
	}
	var binary struct{ Hex *string }
	if b[0] != '{' || json.Unmarshal(b, &binary) != nil || binary.Hex == nil {
		return errFrame
	}
	decoded, err := hex.DecodeString(*binary.Hex)
	if err != nil {
		return errFrame
	}
	*f = decoded
	return nil
}

// parseJSON reads ["topic",{"hex":"00ff"}], or {"frames":[…]} with whatever keys beside it: what -o jsonl prints.
func parseJSON(line []byte) ([][]byte, error) {
	var frames []frame
	var err error
	if line = bytes.TrimSpace(line); len(line) > 0 && line[0] == '{' {
		var whole struct{ Frames []frame }
		err = json.Unmarshal(line, &whole)
		frames = whole.Frames
	} else {
		err = json.Unmarshal(line, &frames)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf(`write an array of frames, as in ["topic","body"]: %w`, err)
	case len(frames) == 0:
		return nil, errors.New(`no frame: write [""] for an empty one`)
	}
	all := make([][]byte, len(frames))
	for i, f := range frames {
		all[i] = f
	}
	return all, nil
}
