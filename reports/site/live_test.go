package site_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quorumbench/reports/site"
)

// asked is what /status.json says.
type asked struct {
	Now   *site.Progress
	Done  []site.Progress
	Ended string
}

func status(t *testing.T, handler http.Handler) (a asked) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/status.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return a
}

func TestALivePageShowsTheRunAndThoseThatAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := site.NewLive("</title><script>")
		handler := live.Handler()
		if a := status(t, handler); a.Now != nil || len(a.Done) != 0 || a.Ended != "" {
			t.Errorf("before the first run: %+v", a)
		}
		live.Show(site.Progress{Protocol: "raft", Run: 0, Runs: 2, Issued: 1})
		live.Show(site.Progress{Protocol: "raft", Run: 0, Runs: 2, Issued: 5})
		live.Show(site.Progress{Protocol: "mmp3", Run: 1, Runs: 2, Issued: 2})
		if a := status(t, handler); a.Now == nil || a.Now.Protocol != "mmp3" || len(a.Done) != 1 || a.Done[0].Issued != 5 {
			t.Errorf("in the second run: %+v", a)
		}
		ended := make(chan time.Time)
		began := time.Now()
		go func() {
			live.End(t.Context(), "well")
			ended <- time.Now()
		}()
		time.Sleep(500 * time.Millisecond) // after which the page asks again
		if a := status(t, handler); a.Ended != "well" || a.Now != nil || len(a.Done) != 2 {
			t.Errorf("in the end: %+v", a)
		}
		if took := (<-ended).Sub(began); took != 500*time.Millisecond {
			t.Errorf("the end took %v, want until the page was told", took)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if strings.Contains(w.Body.String(), "</title><script>") {
			t.Error("the name of the experiment is not escaped")
		}
	})
}

func TestNobodyIsWaitedForWithoutAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		live := site.NewLive("none")
		live.End(t.Context(), "well")
		handler := site.NewLive("gone")
		status(t, handler.Handler())
		time.Sleep(time.Minute)
		handler.End(t.Context(), "well")
		if took := time.Since(began); took != time.Minute {
			t.Errorf("pages that nobody has open were waited for: %v", took-time.Minute)
		}
	})
}
