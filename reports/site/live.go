package site

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"time"
)

// Progress is what the page of a run that is under way shows. Times are in nanoseconds; those that are not known are -1, and
// percentiles of too few operations 0.
type Progress struct {
	Protocol string        `json:"protocol"`
	Point    string        `json:"point"` // of a sweep
	Repeat   int           `json:"repeat"`
	Run      int           `json:"run"` // from 0, of Runs
	Runs     int           `json:"runs"`
	Phase    string        `json:"phase"`
	Elapsed  time.Duration `json:"elapsed_ns"` // of this run
	Length   time.Duration `json:"length_ns"`  // of this run
	Left     time.Duration `json:"left_ns"`    // until all runs are over
	Issued   int64         `json:"issued"`
	Rate     float64       `json:"rate"` // operations a second
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
}

// Live shows a run while it goes. Safe for use by several goroutines.
type Live struct {
	title string

	mu     sync.Mutex
	now    *Progress
	done   []Progress // the last of each run that is over
	ended  string     // how all of it ended; empty while it goes
	polled time.Time  // when a page has asked last
	told   chan struct{}
}

// NewLive returns a page of that title.
func NewLive(title string) *Live { return &Live{title: title, told: make(chan struct{})} }

// Show sets what the page shows.
func (l *Live) Show(p Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != nil && l.now.Run != p.Run {
		l.done = append(l.done, *l.now)
	}
	l.now = &p
}

// lingering is for how long a page that is open is waited for when all is over. It asks twice a second.
const lingering = 2 * time.Second

// End tells how all of it ended, and waits until a page that is open has been told.
func (l *Live) End(ctx context.Context, how string) {
	l.mu.Lock()
	if l.now != nil {
		l.done, l.now = append(l.done, *l.now), nil
	}
	l.ended = how
	isOpen := time.Since(l.polled) < lingering
	l.mu.Unlock()
	if !isOpen {
		return
	}
	select {
	case <-l.told:
	case <-ctx.Done():
	case <-time.After(lingering):
	}
}

// Serve answers requests until ctx ends.
func (l *Live) Serve(ctx context.Context, listener net.Listener) error {
	return serve(ctx, listener, l.Handler())
}

// Handler answers requests, unguarded: Serve refuses what comes from elsewhere.
func (l *Live) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, "live.html", l.title) })
	mux.HandleFunc("/site.css", styles)
	mux.HandleFunc("/live.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		script, _ := static.ReadFile("static/live.js") // embedded
		_, _ = w.Write(script)
	})
	mux.HandleFunc("/status.json", l.status)
	return mux
}

func (l *Live) status(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	data, err := json.Marshal(struct {
		Now   *Progress  `json:"now"`
		Done  []Progress `json:"done"`
		Ended string     `json:"ended"`
	}{l.now, append([]Progress{}, l.done...), l.ended})
	l.polled = time.Now()
	over := l.ended != ""
	l.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
	if over {
		l.mu.Lock()
		defer l.mu.Unlock()
		select {
		case <-l.told:
		default:
			close(l.told)
		}
	}
}
