package run

import (
	"sync/atomic"
	"time"
)

// waits notes how long events have waited for a replica, which tells whether it has a backlog. It is written by the
// place's goroutine; take may be called by any.
type waits struct {
	longest atomic.Int64 // nanoseconds, since the last take
	working atomic.Int64 // when the work under way began, plus 1; 0 without any
}

// note notes that an event has waited.
func (w *waits) note(wait time.Duration) {
	if int64(wait) > w.longest.Load() {
		w.longest.Store(int64(wait))
	}
}

// begin notes that work begins, for which new events wait.
func (w *waits) begin(now time.Duration) { w.working.Store(int64(now) + 1) }

// end notes that the work is done or given up.
func (w *waits) end(now time.Duration) {
	if began := w.working.Swap(0); began > 0 {
		w.note(now - time.Duration(began-1))
	}
}

// take returns the longest wait since the last call; work under way counts as an event that waits.
func (w *waits) take(now time.Duration) time.Duration {
	longest := time.Duration(w.longest.Swap(0))
	if began := w.working.Load(); began > 0 {
		longest = max(longest, now-time.Duration(began-1))
	}
	return longest
}
