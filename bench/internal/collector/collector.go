// Package collector keeps Go's garbage collector quiet while something is measured: it then collects each time a
// given number of bytes has been allocated, however little is alive. By default it would collect when as much has been
// allocated as is alive, which is many times a second with a small live heap, and each collection takes processor
// time and delays what is measured.
//
// The settings are the process's. A person who sets GOGC or GOMEMLIMIT has chosen, and nothing is changed.
package collector

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Hold is a time in which the collector is kept quiet. Safe for use by several goroutines.
type Hold struct {
	spare  int64
	stop   chan struct{}
	ended  sync.WaitGroup
	before usage

	mu   sync.Mutex
	most uint64 // bytes in use
}

// Usage is what a process took of its memory while it was held.
type Usage struct {
	Collections uint64
	Most        uint64 // bytes that Go had from the system, at most
}

type usage struct{ live, total, released, cycles uint64 }

var (
	mu      sync.Mutex
	holds   int
	percent int // before the first hold
)

// interval is how often the setting follows what is alive.
const interval = 100 * time.Millisecond

// Keep begins a hold: the collector waits until spare bytes were allocated since its last collection. Holds that
// overlap should have the same spare. Release ends it.
func Keep(spare int64) *Hold {
	h := &Hold{spare: spare, stop: make(chan struct{}), before: read()}
	mu.Lock()
	if holds++; holds == 1 && !chosen() {
		percent = debug.SetGCPercent(h.wanted())
	}
	mu.Unlock()
	h.ended.Go(h.follow)
	return h
}

// chosen tells whether the person who started the process has set the collector.
func chosen() bool { return os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" }

// follow sets the collector again whenever what is alive has changed much.
func (h *Hold) follow() {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	last := h.wanted()
	for {
		select {
		case <-h.stop:
			return
		case <-tick.C:
		}
		h.note()
		if now := h.wanted(); !chosen() && (now < last || now > 2*last) {
			debug.SetGCPercent(now)
			last = now
		}
	}
}

func (h *Hold) note() {
	u := read()
	h.mu.Lock()
	h.most = max(h.most, u.total-u.released)
	h.mu.Unlock()
}

// wanted is the percentage of what is alive that spare is.
func (h *Hold) wanted() int {
	live := max(read().live, 1<<20)
	return int(max(10, min(math.MaxInt32, 100*uint64(h.spare)/live)))
}

// Release ends the hold and tells what was used.
func (h *Hold) Release() Usage {
	close(h.stop)
	h.ended.Wait()
	h.note()
	mu.Lock()
	if holds--; holds == 0 && !chosen() {
		debug.SetGCPercent(percent)
	}
	mu.Unlock()
	return Usage{Collections: read().cycles - h.before.cycles, Most: h.most}
}

func read() usage {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	return usage{samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[2].Value.Uint64(), samples[3].Value.Uint64()}
}
