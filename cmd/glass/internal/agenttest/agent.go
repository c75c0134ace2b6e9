package agenttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/observe/fact"
)

// An Agent is the HTTP of an agent that tells the scene. Its fields are set before it serves.
type Agent struct {
	Token    string                // what it wants to be told; "": nothing
	Snapshot func() model.Snapshot // instead of the scene's
	Asked    func(*http.Request)   // hears every question
}

// Handler answers as an agent.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, what func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			value, err := what(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(value)
		})
	}
	answer("/api/v1/state", func(r *http.Request) (any, error) { return a.at(r), nil })
	answer("/api/v1/graph", func(r *http.Request) (any, error) { return a.at(r).Graph(), nil })
	answer("/api/v1/timeline", func(r *http.Request) (any, error) { return Timeline(r.FormValue("peer")) })
	answer("/api/v1/samples", func(r *http.Request) (any, error) { return samples(r.FormValue("sock")), nil })
	mux.HandleFunc("GET /api/v1/events", events)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.Asked != nil {
			a.Asked(r)
		}
		if a.Token != "" && r.Header.Get("Authorization") != "Bearer "+a.Token {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// at is the scene; at a time before noon, as it was before the order service came.
func (a *Agent) at(r *http.Request) model.Snapshot {
	s := Snapshot()
	if a.Snapshot != nil {
		s = a.Snapshot()
	}
	at, err := time.Parse(time.RFC3339Nano, r.FormValue("at"))
	if err != nil {
		return s
	}
	s.At = at
	s.Sockets = slices.DeleteFunc(s.Sockets, func(x model.Socket) bool { return x.App == orders.App })
	s.Conditions = slices.DeleteFunc(s.Conditions, func(c model.Condition) bool { return c.App == orders.App })
	return s
}

// samples are those of the publisher: it was busy until ten minutes ago.
func samples(sock string) any {
	type sample struct {
		At  time.Time `json:"t"`
		Out float64   `json:"tx_rate"`
	}
	all := []sample{}
	for i := range 20 {
		if sock == gateway.ID+"/1" {
			all = append(all, sample{ago(time.Duration(50-2*i) * time.Minute), 500 * float64(i+1)})
		}
	}
	return map[string]any{"samples": all}
}

// events answers the filters that the scene has a use for.
func events(w http.ResponseWriter, r *http.Request) {
	grep, err := regexp.Compile(r.FormValue("grep"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	kinds := strings.Split(r.FormValue("event"), ",")
	facts := slices.DeleteFunc(Facts(), func(f fact.Fact) bool {
		key := fmt.Sprintf("%s/%d", f.Instance.ID, f.SocketID)
		return !grep.Match(f.Line) ||
			kinds[0] != "" && !slices.Contains(kinds, f.Name) ||
			!among(r.FormValue("app"), f.App) || !among(r.FormValue("sock"), key, f.SocketName) ||
			!among(r.FormValue("peer"), f.PeerID, f.UserID, f.Remote)
	})
	if r.FormValue("order") == "desc" {
		slices.Reverse(facts)
	}
	n, _ := strconv.Atoi(cmp.Or(r.FormValue("n"), "0")) // 0 is all
	if n > 0 {
		facts = facts[:min(n, len(facts))]
	}
	for _, f := range facts {
		fmt.Fprintf(w, "%s\n", f.Line)
	}
}

func among(want string, have ...string) bool { return want == "" || slices.Contains(have, want) }
