package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/credential"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// A remote is what the commands have in common that ask an agent.
type remote struct{ server, token, ca string }

func (r *remote) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.server, "server", client.DefaultServer, "the agent (glass serve) to ask, its `URL`; also: the environment variable GLASS_SERVER")
	f.StringVar(&r.token, "token-file", "", "the `file` that has the token which the agent wants")
	f.StringVar(&r.ca, "ca", "", "trust who has a certificate in this PEM `file` to have signed the agent's, and nobody else")
}

// client is the one for the agent that the flags name. It has not asked anything yet.
func (r *remote) client() (*client.Client, error) {
	var o client.Options
	var err error
	if r.token != "" {
		if o.Token, err = credential.Token(r.token); err != nil {
			return nil, usagef("--token-file: %w", err)
		}
	}
	if r.ca != "" {
		if o.Roots, err = roots(r.ca); err != nil {
			return nil, usagef("--ca: %w", err)
		}
	}
	c, err := client.New(r.server, o)
	if err != nil {
		return nil, usagef("--server: %w", err)
	}
	return c, nil
}

func roots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate: it takes a PEM file, with -----BEGIN CERTIFICATE----- in it", path)
	}
	return pool, nil
}

// unanswered is a failure for an error of the client: its hint, and 3 if the agent was too slow.
func unanswered(err error) error {
	f := &failure{code: exitFailure, err: err}
	if e := (*client.Error)(nil); errors.As(err, &e) {
		f.hint = e.Hint
		if e.Timeout {
			f.code = exitTimeout
		}
	}
	return f
}

// A rowing is what the commands have in common that print rows.
type rowing struct {
	form     choice
	noColour bool
}

func (r *rowing) flags(cmd *cobra.Command, forms ...string) {
	r.form = choice{forms[0], forms}
	f := cmd.Flags()
	f.VarP(&r.form, "output", "o", "`form`: "+formsText(forms))
	f.BoolVar(&r.noColour, "no-color", false, "no colours on a terminal either (also: the environment variable NO_COLOR)")
	complete(cmd, "output", forms)
}

// formsText says what the forms are.
func formsText(forms []string) string {
	about := map[string]string{table.Wide: " (more columns)", table.JSON: " (one value)", table.JSONL: " (one object a line)"}
	text := make([]string, len(forms))
	for i, form := range forms {
		text[i] = form + about[form]
	}
	return strings.Join(text, ", ")
}

// print writes a table in the form that was asked for.
func (r *rowing) print(cmd *cobra.Command, t *table.Table) error {
	if err := t.Write(cmd.OutOrStdout(), r.form.chosen, r.noColour); err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("printing: %w", err)}
	}
	return nil
}
