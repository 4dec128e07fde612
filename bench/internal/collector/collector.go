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

// Hold is a time in which the collector is kept quiet.
type Hold struct {
	spare  int64
	chosen bool // by the person who started the process: nothing is set
	stop   chan struct{}
	ended  sync.WaitGroup
	cycles uint64 // of the collector, before the hold
	most   uint64 // bytes in use
}

// Usage is what a process took of its memory while it was held.
type Usage struct {
	Collections uint64
	Most        uint64 // bytes that Go had from the system, at most
}

var (
	mu      sync.Mutex
	holds   int
	percent int // before the first hold
)

// interval is how often the setting follows what is alive.
const interval = 100 * time.Millisecond

// Keep begins a hold: the collector waits until spare bytes were allocated since its last collection. Holds that
// overlap should have the same spare. Release ends it, once.
func Keep(spare int64) *Hold {
	now := read()
	h := &Hold{
		spare: spare, chosen: os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "",
		stop: make(chan struct{}), cycles: now.cycles,
	}
	mu.Lock()
	if holds++; holds == 1 && !h.chosen {
		percent = debug.SetGCPercent(h.wanted(now))
	}
	mu.Unlock()
	h.ended.Go(func() { h.follow(h.wanted(now)) })
	return h
}

// follow sets the collector again whenever what is alive has changed much. The percentage is the one that was set.
func (h *Hold) follow(percentage int) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			return
		case <-tick.C:
		}
		now := read()
		h.most = max(h.most, now.inUse)
		if wanted := h.wanted(now); !h.chosen && (wanted < percentage || wanted > 2*percentage) {
			debug.SetGCPercent(wanted)
			percentage = wanted
		}
	}
}

// wanted is the percentage of what is alive that spare is.
func (h *Hold) wanted(now usage) int {
	return int(max(10, min(math.MaxInt32, 100*uint64(h.spare)/max(now.live, 1<<20))))
}

// Release ends the hold and tells what was used.
func (h *Hold) Release() Usage {
	close(h.stop)
	h.ended.Wait()
	now := read()
	mu.Lock()
	if holds--; holds == 0 && !h.chosen {
		debug.SetGCPercent(percent)
	}
	mu.Unlock()
	return Usage{Collections: now.cycles - h.cycles, Most: max(h.most, now.inUse)}
}

// usage is what the process uses at a time, in bytes, and how often the collector has run.
type usage struct{ live, inUse, cycles uint64 }

func read() usage {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 { return samples[i].Value.Uint64() }
	return usage{live: value(0), inUse: value(1) - value(2), cycles: value(3)}
}
