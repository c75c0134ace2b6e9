package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// An Error is why the agent did not answer: what is wrong, and what to do about it.
type Error struct {
	Err     error
	Hint    string
	Status  int  // of HTTP; 0: there was no answer
	Timeout bool // time passed
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// passing says whether to ask again later may help: the agent is gone, or is just coming up.
func (e *Error) passing() bool { return e.Status == 0 || e.Status >= 500 }

const elsewhere = "or name the agent with --server URL or the environment variable GLASS_SERVER"

// unreached is an error for a question that was not answered.
func (c *Client) unreached(ctx context.Context, past bool, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bare := (*url.Error)(nil); errors.As(err, &bare) {
		err = bare.Err
	}
	e := &Error{Err: fmt.Errorf("the agent at %s: %w", c.Server(), err)}
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err = fmt.Errorf("no agent listens at %s", c.Server())
		e.Hint = "start one with glass serve, " + elsewhere
	case errors.As(err, &dns):
		e.Err = fmt.Errorf("the host name in %s has no address", c.Server())
		e.Hint = "write the agent's own host, " + elsewhere
	case isUntrusted(err):
		e.Hint = "give the certificate of who signed the agent's with --ca FILE"
	case strings.Contains(err.Error(), "HTTP response to HTTPS client"): // net/http has no error value for it
		e.Err = fmt.Errorf("what listens at %s does not speak TLS", c.Server())
		e.Hint = "write http:// if the agent was started without --tls-cert"
	case errors.As(err, &timeout) && timeout.Timeout() && past:
		e.Err, e.Timeout = fmt.Errorf("the agent at %s has not answered within %s", c.Server(), c.patience), true
		e.Hint = "the past is rebuilt from all that the history has before it, one question after the other: ask again when the agent has less to do, or have it keep less, with glass serve --retain"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Err, e.Timeout = fmt.Errorf("the agent at %s does not answer", c.Server()), true
		e.Hint = "is it stopped, or behind a firewall? Start one with glass serve, " + elsewhere
	default:
		e.Hint = "is that a glass agent? Start one with glass serve, " + elsewhere
	}
	return e
}

func isUntrusted(err error) bool {
	var check *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &check) || errors.As(err, &unknown)
}

// agentsWords reads what an agent says when it does not answer.
func agentsWords(line []byte) (words, hint string, spoken bool) {
	var said struct {
		Error string `json:"error"`
		Hint  string `json:"hint"`
	}
	if json.Unmarshal(line, &said) != nil || said.Error == "" {
		return "", "", false
	}
	return table.Printable(said.Error), table.Printable(said.Hint), true
}

// broken is an error for a line among others that is no fact: it may be why the agent breaks off.
func (c *Client) broken(ctx context.Context, path string, line []byte, err error) error {
	if words, hint, spoken := agentsWords(line); spoken {
		return &Error{Err: fmt.Errorf("the agent at %s breaks off: %s", c.Server(), words), Hint: hint}
	}
	return c.garbled(ctx, path, err)
}

// refused is an error for an answer that is not 200.
func (c *Client) refused(path string, answer *http.Response) error {
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // half a reason is better than none
	words, hint, spoken := agentsWords(said)
	if !spoken {
		words = table.Printable(strings.TrimSpace(strings.SplitN(string(said), "\n", 2)[0]))
	}
	e := &Error{Status: answer.StatusCode, Hint: hint}
	switch {
	case answer.StatusCode == http.StatusUnauthorized && c.token == "":
		e.Err = fmt.Errorf("the agent at %s wants a token", c.Server())
		e.Hint = "give the file that glass serve was given, with --token-file"
	case answer.StatusCode == http.StatusUnauthorized:
		e.Err = fmt.Errorf("the agent at %s does not take this token", c.Server())
		e.Hint = "give the file that this agent was given, with --token-file"
	case answer.StatusCode == http.StatusNotFound && !spoken:
		e.Err = fmt.Errorf("what answers at %s knows no %s", c.Server(), path)
		e.Hint = "is that a glass agent, and not older than this glass? If not, name the agent with --server URL"
	case answer.StatusCode/100 == 3:
		e.Err = fmt.Errorf("what answers at %s sends us elsewhere: %s", c.Server(), answer.Status)
		e.Hint = "name the agent itself with --server URL"
	case words == "":
		e.Err = fmt.Errorf("the agent at %s answers %s", c.Server(), answer.Status)
	default:
		e.Err = fmt.Errorf("the agent at %s: %s", c.Server(), words)
	}
	return e
}

// garbled is an error for an answer that is none of an agent's.
func (c *Client) garbled(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Error{Err: fmt.Errorf("the answer of %s to %s: %w", c.Server(), path, err), Hint: "is that a glass agent, and of this version? If not, name the agent with --server URL"}
	var cut net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Err, e.Hint, e.Timeout = fmt.Errorf("the agent at %s began to answer, and does not go on", c.Server()), "is it stopped, or the network broken? Ask again", true
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &cut):
		e.Err, e.Hint = fmt.Errorf("the agent at %s went away while it answered", c.Server()), "ask again"
	}
	return e
}
