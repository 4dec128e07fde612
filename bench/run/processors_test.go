package run

import (
	"testing"
	"time"
)

func TestWorkWaitsForAFreeProcessor(t *testing.T) {
	const ms = time.Millisecond
	p := newProcessors(2, 5*ms, 25*ms)
	for _, c := range []struct{ now, length, done time.Duration }{
		{0, 10 * ms, 10 * ms},
		{0, 20 * ms, 20 * ms},      // the other one
		{1 * ms, 10 * ms, 20 * ms}, // the first, once it is free
		{1 * ms, 0, 1 * ms},        // nothing to wait for
		{1 * ms, 10 * ms, 30 * ms},
		{50 * ms, 10 * ms, 60 * ms},
	} {
		if done := p.work(c.now, c.length); done != c.done {
			t.Errorf("work of %v at %v is done at %v, want %v", c.length, c.now, done, c.done)
		}
	}
	// From 5 to 25 ms the first is busy all the time, the second until 20 ms.
	if used := p.usage().Own; used != 35./40 {
		t.Errorf("%v of the processors were used, want 35 of 40 ms", used)
	}
	own := newProcessors(0, 0, ms)
	if first, second := own.work(ms, ms), own.work(ms, ms); first != 2*ms || second != 2*ms || own.usage() != nil {
		t.Error("replicas with processors of their own wait for each other")
	}
}
