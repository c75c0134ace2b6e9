package monitor

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain words, in this order:
//
//  1. words finds the row: by protocol code, by reason, or by kind.
//  2. expand replaces {facts}, and leaves out [parts] whose facts are unknown.
//  3. fact reads them from the event; stand-ins say it where one is missing.

// explained are the kinds that always have a why and a hint. Others have them
// when they carry a reason.
const explained = Failures | Disconnected | LocalClosed | ConnectRetried | QueueFull | Dropped | Lost

// Why says in plain words what went wrong, on which side, and "" for an event
// with which nothing did. The text is for people and may change; Reason is
// for programs.
func (e Event) Why() string {
	why := e.expand(e.words().why)
	switch {
	case why == "":
	case e.Kind == ConnectRetried && e.Interval > 0:
		why += "; the next attempt is in " + threeDigits(e.Interval).String()
	case e.Kind == GaveUp && e.Reason != ReasonNoMoreRetries && e.Reason != ReasonCallbackPanic:
		why += "; it is not tried again"
	}
	return why
}

// Hint says in plain words what to change, and on which side; "" exactly when
// Why is.
func (e Event) Hint() string { return e.expand(e.words().hint) }

// words is the row that fits the event best.
func (e *Event) words() words {
	if e.Kind == HandshakeFailedProtocol {
		if code := protocolCodes[e.code()]; code.why != "" && (e.Reason == "" || e.Reason == code.reason) {
			return code.words
		}
	}
	if e.Kind == CloseFailed { // the rows speak of what could not be used, and this one is given back
		return kindWords[CloseFailed]
	}
	reason := e.Reason
	if reason == "" {
		reason = e.impliedReason()
	}
	if reason != "" {
		return reason.row().from(e)
	}
	return kindWords[e.Kind]
}

// from picks the words for the side that e was seen on. A frame of version 1
// may leave the side open: then it is better to say less than to say it of the
// wrong side.
func (row reasonRow) from(e *Event) words {
	neutral := kindWords[e.Kind]
	switch {
	case row.onBind.why != "" && e.Side == "" && neutral.why != "":
		return neutral
	case row.byPeer.why != "" && e.Who == ByPeer:
		return row.byPeer
	case row.onIPC.why != "" && e.transport() == "ipc":
		return row.onIPC
	case row.onBind.why != "" && e.Side == SideBind:
		return row.onBind
	}
	return row.words
}

// kindWords are for events that carry no reason and imply none.
var kindWords = map[Kind]words{
	BindFailed: {
		"{endpoint} could not be bound[: {err}]",
		"check that the address is this host's, that its port or path is free, and that this process may use it",
	},
	AcceptFailed: {
		"a connection to {endpoint} could not be accepted[: {err}]",
		"look at the limits of this process and system: file descriptors, memory, the accept queue",
	},
	CloseFailed: {
		"a descriptor or the ipc file of {endpoint} could not be released[: {err}]",
		"look at the owner and mode of the ipc file and its directory; a file left behind can be removed by hand",
	},
	ConnectFailed: {
		"no connection to {endpoint} came up[: {err}]",
		"check that the server runs, and that its host and port are those of this endpoint",
	},
	ConnectRetried: {
		"no connection to {endpoint} came up[: {err}]",
		"check that the server runs, and that its host and port are those of this endpoint",
	},
	GaveUp: {
		"no connection to {endpoint} came up[: {err}]",
		"see why the attempts failed, mend that, and call Connect again; ReconnectStop decides when to give up",
	},
	Disconnected: {
		"the connection to {peer} ended[: {err}]",
		"the peer's own events and log say more than is known on this side",
	},
	LocalClosed: {
		"this program ended the connection to {peer}",
		"nothing to do[, but {unsent} queued messages were dropped: give Linger more time]",
	},
	HandshakeFailedNoDetail: {
		"the handshake with {peer} ended without a reason[: {err}]",
		"compare mechanism, keys and socket type of both sides; the other side's log may say more",
	},
	HandshakeFailedProtocol: {
		"the handshake with {peer} broke the protocol[: {err}]",
		"compare the mechanism and the ZeroMQ library of both sides",
	},
	HandshakeFailedAuth: {
		"the handshake with {peer} was refused by authentication[: {err}]",
		"compare the keys or password of the client with what the server's authenticator knows",
	},
	QueueFull: {
		"the queue for {peer} has been full for 100 ms[: {queue_out} messages wait to be sent, {queue_in} to be received]",
		"whoever should read them is slower than whoever writes: speed it up or write less; a higher mark only helps with short peaks",
	},
}

// expand replaces each {fact} of a row's text, and drops each [part] that has
// a fact which is unknown. Rows do not nest brackets; a test reads them all.
func (e *Event) expand(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "[")
		e.expandFacts(&b, before)
		if !found {
			break
		}
		var part string
		part, text, _ = strings.Cut(rest, "]")
		if e.knows(part) {
			e.expandFacts(&b, part)
		}
	}
	return b.String()
}

func (e *Event) knows(part string) bool {
	for _, after := range strings.Split(part, "{")[1:] {
		name, _, _ := strings.Cut(after, "}")
		if e.fact(name) == "" {
			return false
		}
	}
	return true
}

func (e *Event) expandFacts(b *strings.Builder, text string) {
	before, rest, found := strings.Cut(text, "{")
	b.WriteString(before)
	for found {
		var name string
		name, rest, _ = strings.Cut(rest, "}")
		if f := e.fact(name); f != "" {
			b.WriteString(f)
		} else {
			b.WriteString(standIns[name])
		}
		before, rest, found = strings.Cut(rest, "{")
		b.WriteString(before)
	}
}

// standIns are for facts outside brackets that the event does not know.
var standIns = map[string]string{
	"endpoint":    "the endpoint",
	"event":       "something failed or ended",
	"peer":        "the peer",
	"peer_type":   "socket of another type",
	"socket_type": "socket like this one",
	"mechanism":   "security",
}

// fact is one fact of the event as words show it, "" while unknown.
func (e *Event) fact(name string) string {
	switch name {
	case "endpoint":
		return printable(e.Endpoint)
	case "peer":
		return e.peerFact()
	case "peer_type":
		return printable(e.PeerType)
	case "socket_type":
		return printable(e.SocketType)
	case "peer_id":
		return printable(e.PeerID)
	case "mechanism":
		return printable(e.Mechanism)
	case "version":
		return printable(e.Version)
	case "event":
		if e.Kind == 0 { // a code, not an event
			return ""
		}
		return strings.ReplaceAll(e.Kind.String(), "_", " ")
	case "err":
		return e.errFact()
	case "count":
		return number(e.Count)
	case "unsent":
		return number(e.Unsent)
	case "queue_out":
		return strconv.Itoa(e.QueueOut)
	case "queue_in":
		return strconv.Itoa(e.QueueIn)
	}
	return ""
}

// peerFact names the peer as the reader knows it: whoever dialled wrote its
// name, and wants to hear besides which of its addresses it was.
func (e *Event) peerFact() string {
	if e.Side != SideConnect || e.Endpoint == "" || e.Endpoint == e.Remote {
		return printable(e.Remote)
	}
	if _, addr, ok := strings.Cut(e.Remote, "://"); ok {
		return printable(e.Endpoint + " (" + addr + ")")
	}
	return printable(e.Endpoint)
}

// errFact is the text of the error; of a known number only the number's own
// ("permission denied"), since what Go wraps around it repeats the endpoint.
func (e *Event) errFact() string {
	if e.Err == nil {
		return ""
	}
	if n, ok := errnoOf(e.Err); ok && errnoNames[n] != "" {
		return n.Error()
	}
	text := printable(e.Err.Error())
	said := strings.ReplaceAll(string(e.Reason), "_", " ") + ": " // the row says it already
	if len(text) > len(said) && strings.EqualFold(text[:len(said)], said) {
		text = text[len(said):]
	}
	return text
}

func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// longestText is how much of a text from outside goes into a line for people:
// an ERROR reason has at most 255 bytes (RFC 37), so nothing honest is cut.
const longestText = 256

// printable is s with everything escaped that could move a terminal's cursor
// or forge a line: peers choose routing ids, socket types and ERROR texts.
func printable(s string) string {
	if len(s) > longestText {
		s = s[:longestText] + "…"
	}
	if strings.IndexFunc(s, unprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
