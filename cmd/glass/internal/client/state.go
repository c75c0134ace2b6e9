package client

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
)

// State is what is true now.
func (c *Client) State(ctx context.Context) (model.Snapshot, error) {
	return c.StateAt(ctx, time.Time{})
}

// StateAt is what was true at a time, as the agent's history has it; the zero time is now.
func (c *Client) StateAt(ctx context.Context, at time.Time) (s model.Snapshot, err error) {
	return s, c.ask(ctx, "/api/v1/state", moment(at), &s)
}

// Graph is who is, or was, connected to whom; the zero time is now.
func (c *Client) Graph(ctx context.Context, at time.Time) (g model.Graph, err error) {
	return g, c.ask(ctx, "/api/v1/graph", moment(at), &g)
}

const timeline = "/api/v1/timeline"

// Timeline is the life of one peer, across its connections: a routing id, a user id, or an address without its port.
func (c *Client) Timeline(ctx context.Context, peer string) (t model.Timeline, err error) {
	return t, c.ask(ctx, timeline, url.Values{"peer": {peer}}, &t)
}

// A Sample is one socket in a piece of time, as the agent's history has it: the part of it that is shown. Where nothing changed
// there is none.
type Sample struct {
	At      time.Time `json:"t"`       // when the piece begins
	RateOut float64   `json:"tx_rate"` // messages a second
	RateIn  float64   `json:"rx_rate"`
}

// Samples are a socket's numbers since a time, in pieces of step; the socket is called by its key.
func (c *Client) Samples(ctx context.Context, sock string, since time.Time, step time.Duration) ([]Sample, error) {
	var got struct {
		Samples []Sample `json:"samples"`
	}
	query := url.Values{"sock": {sock}, "since": {stamp(since)}, "step": {step.String()}}
	err := c.ask(ctx, "/api/v1/samples", query, &got)
	return got.Samples, err
}

func moment(at time.Time) url.Values {
	if at.IsZero() {
		return nil
	}
	return url.Values{"at": {at.UTC().Format(time.RFC3339Nano)}}
}

// ask reads one answer into a value.
func (c *Client) ask(ctx context.Context, path string, query url.Values, into any) error {
	limit := c.whole
	if ofThePast(path, query) {
		limit += c.patience
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := c.get(limited, path, query)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// An agent is one that the user named: what it says is decoded as it comes, and grows with what has come.
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return c.garbled(ctx, path, err)
	}
	return nil
}
