package client

import (
	"bufio"
	"bytes"
	"io"
	"iter"

	"github.com/glassmq/zmq/observe/fact"
)

// A sent is one server-sent event, or without data only its id.
type sent struct {
	id, name string
	data     []byte // is overwritten by the next
}

// sentEvents reads the form text/event-stream, as the HTML standard has it under "Server-sent events": fields on lines, an empty
// line ends an event, a line that begins with a colon is a comment. An event without data is none, but its id, if it is a new one,
// is yielded: it is where a stream is to be resumed. An error is the last thing that it yields; the end of the
// stream is none.
func sentEvents(r io.Reader) iter.Seq2[sent, error] {
	return func(yield func(sent, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, fact.MaxLine+64)
		lines.Split(splitLines)
		var e sent
		at := ""
		for lines.Scan() {
			line := lines.Bytes()
			if len(line) == 0 { // the event is over
				if (len(e.data) > 0 || e.id != at) && !yield(e, nil) {
					return
				}
				at = e.id
				e = sent{id: e.id, data: e.data[:0]}
				continue
			}
			e.take(line)
		}
		if err := lines.Err(); err != nil {
			yield(sent{}, err)
		}
	}
}

// take obeys one line.
func (e *sent) take(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			e.id = string(value)
		}
	case "event":
		e.name = string(value)
	case "data":
		if len(e.data) > 0 {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
	}
}

// splitLines ends lines with LF or CRLF. A CR alone, which the standard has too, is nothing that an agent writes: ingest takes those
// away that JSON may have between its words.
func splitLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	advance, token, err = bufio.ScanLines(data, atEOF)
	if atEOF && advance == len(data) && !bytes.HasSuffix(data, []byte("\n")) {
		return advance, nil, err // a line that was cut off is none
	}
	return advance, token, err
}
