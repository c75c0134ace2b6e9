package zap

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/glassmq/zmq/zmtp"
)

// The frames of a reply, behind the delimiter.
const (
	atVersion = iota
	atID
	atStatus
	atText
	atUserID
	atMetadata
	replyFrames
)

// ParseReply reads a handler's answer to the request of that id. Only a whole and faultless 200 is a nil error; the
// strings are copies. The error is
//
//   - an *zmtp.AuthError: the handler says no, 300, 400 or 500, with its text in printable ASCII. What else such an answer
//     says, and RFC 27 has it say nothing, is passed over: no answer is clearer;
//   - a *zmtp.ProtocolError with one of the codes ZAP…: the answer breaks RFC 27.
//
// Texts and user ids have at most 255 bytes, metadata what zmtp.ParseMetadata takes: it leaves out the names that are the
// engine's, User-Id among them.
func ParseReply(id []byte, frames [][]byte) (r zmtp.AuthReply, err error) {
	switch {
	case len(frames) != replyFrames:
		return r, broken(zmtp.ZAPMalformedReply, "%d frames behind the delimiter instead of %d", len(frames), replyFrames)
	case string(frames[atVersion]) != version:
		return r, broken(zmtp.ZAPBadVersion, "%s instead of %s", shown(frames[atVersion]), version)
	case !bytes.Equal(frames[atID], id):
		return r, broken(zmtp.ZAPBadRequestID, "%s instead of %s", shown(frames[atID]), shown(id))
	case len(frames[atText]) > most:
		return r, broken(zmtp.ZAPMalformedReply, "a status text of %d bytes, more than %d", len(frames[atText]), most)
	case len(frames[atUserID]) > most:
		return r, broken(zmtp.ZAPMalformedReply, "a user id of %d bytes, more than %d", len(frames[atUserID]), most)
	}
	switch status := string(frames[atStatus]); status {
	case "200":
		r.UserID = string(frames[atUserID])
		if r.Metadata, err = zmtp.ParseMetadata(frames[atMetadata]); err != nil {
			return zmtp.AuthReply{}, recode(err)
		}
		return r, nil
	case "300", "400", "500":
		n, _ := strconv.Atoi(status) // one of these three
		return r, &zmtp.AuthError{Status: n, Text: asText(string(frames[atText]))}
	}
	return r, broken(zmtp.ZAPInvalidStatusCode, "%s is none of 200, 300, 400 and 500", shown(frames[atStatus]))
}

// recode makes an error about a peer's metadata one about the handler's.
func recode(err error) error {
	detail := err.Error()
	if rule := (*zmtp.ProtocolError)(nil); errors.As(err, &rule) {
		detail = rule.Detail
	}
	return &zmtp.ProtocolError{Code: zmtp.ZAPInvalidMetadata, Detail: detail}
}

// Reply is the answer to the request of that id: 200 with r if refused is nil, else the status and text of an
// *zmtp.AuthError, or 400 and the text of another error, as where an authenticator is asked without ZAP. A reply that
// RFC 27 has no form for (the user id is over 255 bytes, the metadata is not valid) is a 500. id is not copied.
func Reply(id []byte, r zmtp.AuthReply, refused error) [][]byte {
	if refused == nil {
		refused = sayable(r)
	}
	if refused == nil {
		return [][]byte{[]byte(version), id, []byte("200"), []byte("OK"), []byte(r.UserID), zmtp.AppendMetadata([]byte{}, r.Metadata)}
	}
	status, text := 400, refused.Error()
	if verdict := (*zmtp.AuthError)(nil); errors.As(refused, &verdict) {
		text = verdict.Text
		if verdict.Status == 300 || verdict.Status == 500 {
			status = verdict.Status
		}
	}
	// "For other statuses, it SHALL be empty", of the user id.
	return [][]byte{[]byte(version), id, strconv.AppendInt(nil, int64(status), 10), []byte(asText(text)), {}, {}}
}

// sayable reports what keeps r from being said. It is the authenticator's fault, and the peer may not come in: it would be
// taken for somebody else.
func sayable(r zmtp.AuthReply) error {
	if len(r.UserID) > most {
		return &zmtp.AuthError{Status: 500, Text: fmt.Sprintf("a user id of %d bytes, more than %d", len(r.UserID), most)}
	}
	if err := r.Metadata.Validate(); err != nil {
		return &zmtp.AuthError{Status: 500, Text: "of the reply: " + err.Error()}
	}
	return nil
}

func broken(c zmtp.Code, format string, args ...any) error {
	return &zmtp.ProtocolError{Code: c, Detail: fmt.Sprintf(format, args...)}
}

// shown is the beginning of a frame, printable: a request id has no more than that.
func shown(b []byte) string { return strconv.QuoteToASCII(string(b[:min(len(b), 16)])) }
