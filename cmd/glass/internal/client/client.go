// Package client asks an agent (glass serve) what it knows: what is true now, what happened, what happens.
//
//	client.go   a Client, and one question
//	state.go    what is true, now or at a time: State, Graph, Timeline, Samples
//	events.go   what happened
//	follow.go   what happens: server-sent events, resumed; sse.go reads their form
//	trouble.go  why there is no answer, and what to do
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultServer is where glass serve listens if it is not told otherwise.
const DefaultServer = "http://127.0.0.1:5590"

// Options are how to reach the agent.
type Options struct {
	Token   string         // "": none
	Roots   *x509.CertPool // who may have signed the agent's certificate; nil: whom the system trusts
	Timeout time.Duration  // until an answer has begun; 0: 10 s. Of the past: 12 times that
}

// A Client asks one agent. It is safe for concurrent use.
type Client struct {
	base     *url.URL
	token    string
	http     *http.Client
	past     *http.Client  // http with patience
	patience time.Duration // until an answer of the past has begun
	whole    time.Duration // the most for one answer, which may be of some megabytes
	silence  time.Duration // after which a stream is dead
}

// New makes a client of the agent at server, "http://HOST:PORT" or "https://HOST:PORT"; without a scheme it is http. It does
// not connect.
func New(server string, o Options) (*Client, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	base, err := url.Parse(server)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the agent's address %q: %w", server, errors.Unwrap(err))
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, fmt.Errorf("the agent's address %q: write http://HOST:PORT or https://HOST:PORT", server)
	case base.User != nil, base.RawQuery != "", base.Fragment != "":
		return nil, fmt.Errorf("the agent's address http://%s: it takes neither a user nor anything behind the path", base.Host)
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	quick := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		ResponseHeaderTimeout: o.Timeout,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
	}
	slow := quick.Clone()
	slow.ResponseHeaderTimeout = 12 * o.Timeout
	return &Client{base: base, token: o.Token,
		http: &http.Client{Transport: quick, CheckRedirect: noRedirect}, past: &http.Client{Transport: slow, CheckRedirect: noRedirect},
		patience: slow.ResponseHeaderTimeout, whole: time.Minute, silence: 45 * time.Second}, nil
}

// ofThePast reports whether an agent answers a question from all that its history has: that takes as long as the history is.
func ofThePast(path string, query url.Values) bool { return query.Has("at") || path == timeline }

// noRedirect: an agent has no reason to send anybody elsewhere, and the token is for nobody else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Server is the agent's address.
func (c *Client) Server() string { return c.base.String() }

// Close lets go of idle connections.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	c.past.CloseIdleConnections()
}

// get asks one question. Of an answer that is not 200 it makes an error, in the agent's words.
func (c *Client) get(ctx context.Context, path string, query url.Values, header ...string) (*http.Response, error) {
	at := c.base.JoinPath(path)
	at.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for ; len(header) > 1; header = header[2:] {
		r.Header.Set(header[0], header[1])
	}
	asker, past := c.http, ofThePast(path, query)
	if past {
		asker = c.past
	}
	answer, err := asker.Do(r)
	if err != nil {
		return nil, c.unreached(ctx, past, err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, c.refused(path, answer)
	}
	return answer, nil
}
