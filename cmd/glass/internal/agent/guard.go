package agent

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The guard stands before every answer:
//
//  1. headers that tell a browser to keep others out
//  2. the name by which it was asked: a stranger's web page that makes its own name point here (DNS rebinding) is turned away
//  3. who asks: the token, if there is one
//  4. who changes something: not a form of another web page

// policy lets the page load what the agent serves and nothing else; what is in it inline is not run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (a *Agent) guard(next http.Handler) http.Handler {
	names := certificateNames(a.o.TLSCert)
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		switch {
		case a.o.Token == "" && !isOurs(r.Host, names):
			refuse(w, http.StatusForbidden, "this agent is not called "+strconv.Quote(r.Host), "ask it by its address, as in "+a.URL())
		case a.o.Token != "" && isGuarded(r.URL.Path) && !a.isKnown(r):
			h.Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "this agent wants a token", "send it as Authorization: Bearer TOKEN; it is in the file that glass serve was given with --token-file")
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("X-Glass") != "1":
			refuse(w, http.StatusForbidden, "a change without the header X-Glass: 1", "other web pages cannot send it: that is what it is for")
		default:
			if r.ContentLength != 0 { // a body that never ends holds up only itself
				http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
			}
			next.ServeHTTP(w, r)
		}
	})
}

// bodyTime is how long a question's body may take: it has some hundred bytes.
const bodyTime = 10 * time.Second

// isOurs reports whether a Host header can be meant for us: an address, which no stranger's name is, this machine, or a name of
// the certificate.
func isOurs(hostport string, names []string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, host) })
}

// isGuarded: health is for those who watch over processes, and the page's own files say nothing of sockets.
func isGuarded(path string) bool {
	return strings.HasPrefix(path, "/api/") || path == "/events" || strings.HasPrefix(path, "/metrics")
}

// isKnown reports whether a request has the token, or a cookie that was given for it.
func (a *Agent) isKnown(r *http.Request) bool {
	if said, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return a.isToken(said)
	}
	c, err := r.Cookie(a.cookieName())
	if err != nil {
		return false
	}
	until, _, _ := strings.Cut(c.Value, ".")
	at, err := strconv.ParseInt(until, 10, 64)
	return err == nil && time.Now().Unix() < at && hmac.Equal([]byte(c.Value), []byte(a.passUntil(until)))
}

func (a *Agent) isToken(said string) bool {
	x, y := sha256.Sum256([]byte(said)), sha256.Sum256([]byte(a.o.Token)) // of one length, whatever was said
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// cookieName has the port in it: cookies of one host are for all of its ports.
func (a *Agent) cookieName() string {
	_, port, _ := net.SplitHostPort(a.listener.Addr().String())
	return "glass_" + port
}

// passUntil is a cookie that is good until a time. It is made from the token, and the token cannot be made from it; it outlives a
// restart, and ends with the token.
func (a *Agent) passUntil(until string) string {
	mac := hmac.New(sha256.New, []byte(a.o.Token))
	mac.Write([]byte("glass page, until " + until))
	return until + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// loginLasts is how long a page need not ask again.
const loginLasts = 7 * 24 * time.Hour

// login gives a page a cookie for the token.
func (a *Agent) login(w http.ResponseWriter, r *http.Request) {
	var said struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&said); err != nil {
		refuse(w, http.StatusBadRequest, "that is no login", `send {"token": "…"}`)
		return
	}
	if a.o.Token != "" && !a.isToken(strings.TrimSpace(said.Token)) {
		refuse(w, http.StatusUnauthorized, "that is not the token", "")
		return
	}
	if a.o.Token != "" {
		until := strconv.FormatInt(time.Now().Add(loginLasts).Unix(), 10)
		http.SetCookie(w, &http.Cookie{Name: a.cookieName(), Value: a.passUntil(until), Path: "/", MaxAge: int(loginLasts / time.Second),
			HttpOnly: true, Secure: a.o.TLSCert != "", SameSite: http.SameSiteStrictMode})
	}
	w.WriteHeader(http.StatusNoContent)
}

// refuse answers in words.
func refuse(w http.ResponseWriter, status int, words, hint string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(refusal(words, hint))
}

// refusal is a line of words.
func refusal(words, hint string) []byte {
	return append(row(struct {
		Error string `json:"error"`
		Hint  string `json:"hint,omitempty"`
	}{words, hint}), '\n')
}
