package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const secret = "correct-horse-battery"

// Beyond this host an agent answers only those who say a token, or over TLS; else it does not start, and says what would help.
func TestWhereAnAgentListens(t *testing.T) {
	cert, key := certificate(t)
	for name, c := range map[string]struct {
		o       Options
		refused string // "" if it starts
		noted   string
	}{
		"loopback":                  {o: Options{Listen: "127.0.0.1:0"}},
		"loopback of IPv6, by name": {o: Options{Listen: "localhost:0"}},
		"everywhere":                {o: Options{Listen: "0.0.0.0:0"}, refused: "can be reached from other machines"},
		"everywhere, unspecified":   {o: Options{Listen: ":0"}, refused: "can be reached from other machines"},
		"everywhere with a token":   {o: Options{Listen: "0.0.0.0:0", Token: secret}, noted: "in the clear"},
		"everywhere with TLS":       {o: Options{Listen: "0.0.0.0:0", TLSCert: cert, TLSKey: key}, noted: "asks nobody who they are"},
		"everywhere with both":      {o: Options{Listen: "0.0.0.0:0", Token: secret, TLSCert: cert, TLSKey: key}},
		"half of TLS":               {o: Options{Listen: "127.0.0.1:0", TLSCert: cert}, refused: "its key"},
		"a certificate that is not": {o: Options{Listen: "127.0.0.1:0", TLSCert: key, TLSKey: key}, refused: "TLS with"},
		"no port":                   {o: Options{Listen: "127.0.0.1"}, refused: "missing port"},
		"a port that cannot be":     {o: Options{Listen: "127.0.0.1:99999"}, refused: "invalid port"},
	} {
		t.Run(name, func(t *testing.T) {
			var said notes
			c.o.Note = said.take
			a, err := New(c.o)
			var refusal *Refusal
			switch {
			case c.refused == "" && err != nil:
				t.Fatal(err)
			case c.refused == "":
				a.Close()
			case !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.refused) || refusal.Cure == "":
				t.Errorf("the error is %v, want one about %q, and what to do", err, c.refused)
			}
			if got := said.String(); c.noted == "" && got != "" || !strings.Contains(got, c.noted) {
				t.Errorf("it was said %q, want something about %q", got, c.noted)
			}
		})
	}
}

// certificate is a self-signed one for glass.example.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"glass.example"}, NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: bytes}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// A stranger's web page whose name was made to point here is turned away; addresses and our own names are ours.
func TestByWhichNamesItIsAsked(t *testing.T) {
	a, _ := start(t, Options{})
	for host, ours := range map[string]bool{
		"127.0.0.1:5590": true, "[::1]:5590": true, "localhost": true, "LOCALHOST:1": true, "192.168.7.9:80": true,
		"evil.example": false, "evil.example:5590": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "": true,
	} {
		r := get(t, a, "/api/v1/state", "Host", host)
		if got := r.StatusCode == http.StatusOK; got != ours {
			t.Errorf("asked as %q: %s", host, r.Status)
		}
	}
}

func TestByTheNameOfItsCertificate(t *testing.T) {
	cert, key := certificate(t)
	a, _ := start(t, Options{TLSCert: cert, TLSKey: key})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // nobody has signed it
	defer client.CloseIdleConnections()
	for host, want := range map[string]int{"glass.example": 200, "other.example": 403} {
		r, _ := http.NewRequest(http.MethodGet, a.URL()+"/healthz", nil)
		r.Host = host
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("asked as %s: %s", host, answer.Status)
		}
	}
}

func TestWhoSaysTheToken(t *testing.T) {
	a, _ := start(t, Options{Token: secret, MetricsPeers: true})
	for _, path := range []string{"/api/v1/state", "/api/v1/graph", "/api/v1/events", "/api/v1/about", "/events", "/metrics", "/metrics/peers"} {
		for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer ": 401, secret: 401, "Basic " + secret: 401, "Bearer " + secret: 200} {
			r := get(t, a, path, "Authorization", header)
			r.Body.Close()
			if r.StatusCode != want {
				t.Errorf("%s with %q: %s, want %d", path, header, r.Status, want)
			}
		}
	}
	for _, path := range []string{"/healthz", "/", "/app.js"} {
		if r := get(t, a, path); r.StatusCode != http.StatusOK {
			t.Errorf("%s without the token: %s", path, r.Status)
		}
	}
}

func TestACookieForTheToken(t *testing.T) {
	a, _ := start(t, Options{Token: secret})
	login := func(token string) *http.Response {
		r, _ := http.NewRequest(http.MethodPost, a.URL()+"/login", strings.NewReader(`{"token":"`+token+`"}`))
		r.Header.Set("X-Glass", "1")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer
	}
	if r := login("wrong"); r.StatusCode != http.StatusUnauthorized || len(r.Cookies()) > 0 {
		t.Errorf("a wrong token: %s and %d cookies", r.Status, len(r.Cookies()))
	}
	r := login(secret)
	if len(r.Cookies()) != 1 {
		t.Fatalf("%s and %d cookies", r.Status, len(r.Cookies()))
	}
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || strings.Contains(c.Value, secret) {
		t.Errorf("the cookie is %v", c)
	}
	until, mac, _ := strings.Cut(c.Value, ".")
	for value, want := range map[string]int{c.Value: 200, until + ".": 401, "9" + until + "." + mac: 401, "": 401, "1.x": 401, a.passUntil("1"): 401} {
		if r := get(t, a, "/api/v1/state", "Cookie", c.Name+"="+value); r.StatusCode != want {
			t.Errorf("with the cookie %q: %s, want %d", value, r.Status, want)
		}
	}
}

// A page of somebody else's can neither show ours in a frame, nor run anything in it, nor read what we answer.
func TestHeaders(t *testing.T) {
	a, err := New(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, path := range []string{"/", "/app.js", "/api/v1/state", "/healthz", "/nowhere"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "127.0.0.1"
		a.Handler().ServeHTTP(w, r)
		h := w.Header()
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy is %q", path, csp)
		}
		for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": ""} {
			if got := h.Get(key); got != want {
				t.Errorf("%s: %s is %q, want %q", path, key, got, want)
			}
		}
	}
}

func TestGetReadsAndNothingElse(t *testing.T) {
	a, _ := start(t, Options{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		r, _ := http.NewRequest(method, a.URL()+"/api/v1/state", nil)
		r.Header.Set("X-Glass", "1")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", method, answer.Status)
		}
	}
}
