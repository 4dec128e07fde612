package run

import (
	"time"

	"quorumbench/bench/result"
)

// processors do the simulated work of all replicas. Work waits, in the order in which it came, until one of them is free.
// With none, every replica has a processor of its own.
type processors struct {
	free       []time.Duration // from when on each has nothing to do
	begin, end time.Duration   // of the measured time
	busy       time.Duration   // of all of them together, within the measured time
}

// newProcessors makes so many processors, whose use is measured between two times of the run.
func newProcessors(n int, begin, end time.Duration) *processors {
	return &processors{free: make([]time.Duration, n), begin: begin, end: end}
}

// work returns when work of a length, which comes now, is done. Now must not decrease from call to call.
func (p *processors) work(now, length time.Duration) (done time.Duration) {
	if len(p.free) == 0 || length == 0 {
		return now + length
	}
	first := &p.free[0]
	for i := range p.free {
		if p.free[i] < *first {
			first = &p.free[i]
		}
	}
	start := max(now, *first)
	*first = start + length
	p.busy += max(0, min(*first, p.end)-max(start, p.begin))
	return *first
}

// usage is which share of the processors the replicas used while measuring; nil where each had one of its own.
func (p *processors) usage() *result.Usage {
	if len(p.free) == 0 {
		return nil
	}
	return &result.Usage{Own: float64(p.busy) / float64(p.end-p.begin) / float64(len(p.free))}
}
