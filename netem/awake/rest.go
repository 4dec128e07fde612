package awake

import (
	"sync"
	"time"
)

const (
	// window is how long a thread spins before it looks at how much processor time it has had. In shorter ones a few
	// writes that come together look like much to do.
	window = 250 * time.Millisecond
	// enough is the share of a window that a thread has of a processor with little else to do.
	enough = 0.6
	// The threads rest for so long when one of them has had less; twice as long if that happens again at once.
	leastRest = time.Second
	mostRest  = 16 * time.Second
)

// rest says until when the threads rest. Times are those since the start. Safe for use by several goroutines.
type rest struct {
	mu     sync.Mutex
	end    time.Duration // of the last rest
	length time.Duration // of the next
}

// until is when the threads may spin again.
func (r *rest) until() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end
}

// had notes at a time that a thread had so much processor time of a window that has just ended.
func (r *rest) had(now, length, processor time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case now < r.end: // another thread has noticed it already
	case processor < time.Duration(enough*float64(length)):
		r.end = now + r.length
		r.length = min(2*r.length, mostRest)
	case now > r.end+leastRest:
		r.length = leastRest
	}
}
