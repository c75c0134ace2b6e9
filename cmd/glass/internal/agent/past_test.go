package agent

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// One moment of the past is rebuilt at a time, and who has gone in the meantime is left out.
func TestOneMomentAfterTheOther(t *testing.T) {
	a, _ := start(t, Options{History: openHistory(t, filepath.Join(t.TempDir(), "h.db"))})
	feed(t, a, 1, 1)
	ask := func(ctx context.Context) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		at := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/state?at="+at, nil)
		r.Host = "127.0.0.1"
		a.Handler().ServeHTTP(w, r)
		return w
	}
	a.rebuilds <- struct{}{} // somebody else's
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if w := ask(gone); w.Body.Len() > 0 {
		t.Errorf("who had gone was told %s", w.Body)
	}
	patient := make(chan *httptest.ResponseRecorder)
	go func() { patient <- ask(t.Context()) }()
	<-a.rebuilds
	if w := <-patient; w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("who waited was told %d %s", w.Code, w.Body)
	}
	if len(a.rebuilds) != 0 {
		t.Error("the turn was not given back")
	}
}
