package agent

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"strings"
)

// A Refusal is why an agent does not start, and what to do.
type Refusal struct {
	Err   error
	Cure  string
	Usage bool // the command line cannot be meant; else it could not be done
}

func (r *Refusal) Error() string { return r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

// Hint says what to do.
func (r *Refusal) Hint() string { return r.Cure }

// listen opens the port for HTTP: beyond this host only for those who must say a token, or over TLS.
func listen(o Options) (net.Listener, error) {
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return nil, &Refusal{fmt.Errorf("TLS takes a certificate and its key"), "give both, --tls-cert and --tls-key", true}
	}
	if o.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey); err != nil {
			return nil, &Refusal{fmt.Errorf("TLS with %s and %s: %w", o.TLSCert, o.TLSKey, err), "both are files in PEM, and the key belongs to the certificate", true}
		}
	}
	local, err := IsLocal(o.Listen)
	if err != nil {
		return nil, &Refusal{err, "write host:port, as in 127.0.0.1:5590", true}
	}
	if !local && o.Token == "" && o.TLSCert == "" {
		return nil, &Refusal{fmt.Errorf("%s can be reached from other machines, and whoever reaches it could see everything", o.Listen),
			"listen on 127.0.0.1, or give --token-file, and --tls-cert with --tls-key so that nobody reads the token on the way", true}
	}
	if !local && o.Token == "" {
		o.Note(o.Listen + " can be reached from other machines, and TLS alone asks nobody who they are. Hint: --token-file")
	}
	if !local && o.TLSCert == "" {
		o.Note(o.Listen + " can be reached from other machines, and the token goes over the network in the clear. Hint: --tls-cert and --tls-key")
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, &Refusal{fmt.Errorf("--listen: %w", err), "another agent may run there already: name another port, or 0 for a free one", false}
	}
	return l, nil
}

// IsLocal reports whether only this host reaches an address to listen at.
func IsLocal(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback(), nil
}

// certificateNames are the host names that a certificate is for.
func certificateNames(path string) []string {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // listen has read it, and will say so the next time
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return c.DNSNames
}

// noteLog makes notes of what net/http has to say.
func noteLog(note func(string)) *log.Logger {
	return log.New(noteWriter(note), "", 0)
}

type noteWriter func(string)

// Write leaves out what strangers cause at will: handshakes that they break off.
func (w noteWriter) Write(b []byte) (int, error) {
	if line := strings.TrimSpace(string(b)); !strings.HasPrefix(line, "http: TLS handshake error") {
		w(line)
	}
	return len(b), nil
}
