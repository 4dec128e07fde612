package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/metrics"
	"sync"
	"time"

	"quorumbench/bench/lives"
)

// limits end a search whose lives do not end, as what is wrong in a driver may have it.
type limits struct {
	stuck  time.Duration // how long no life may come to its end; 0: as long as it likes
	memory uint64        // bytes that the program may use; 0: any

	mu      sync.Mutex
	tally   lives.Tally
	changed time.Time // when a life ended last
}

// watch is told how far the search is.
func (l *limits) watch(t lives.Tally) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.Lives != l.tally.Lives || l.changed.IsZero() {
		l.changed = time.Now()
	}
	l.tally = t
}

// exceeded says which limit is exceeded, if one is, with so much memory in use.
func (l *limits) exceeded(now time.Time, used uint64) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stuck > 0 && now.Sub(l.changed) > l.stuck:
		return fmt.Sprintf("no end: no life has ended for %v", l.stuck)
	case l.memory > 0 && used > l.memory:
		return fmt.Sprintf("more than %d MB of memory", l.memory>>20)
	}
	return ""
}

// enforce looks ten times a second, and ends the program with an outcome that says why.
func (l *limits) enforce() {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	l.watch(lives.Tally{}) // the time begins to run
	for now := range time.Tick(100 * time.Millisecond) {
		metrics.Read(sample)
		if why := l.exceeded(now, sample[0].Value.Uint64()); why != "" {
			_ = json.NewEncoder(os.Stdout).Encode(outcome{Failed: []string{why}, Tally: l.tally})
			os.Exit(0)
		}
	}
}
