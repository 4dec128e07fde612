package awake

import (
	"testing"
	"time"
)

// TestThreadsRestWhileOthersTakeTheProcessors gives rest what threads have had, in windows of 250 ms.
func TestThreadsRestWhileOthersTakeTheProcessors(t *testing.T) {
	r := &rest{length: leastRest}
	for i, step := range []struct {
		now, processor, until time.Duration
	}{
		{1000, 240, 0},
		{2000, 140, 3000},   // less than three fifths
		{2010, 30, 3000},    // another thread of the same time
		{3250, 140, 5250},   // again, at once
		{5500, 2, 9500},     //
		{9750, 2, 17750},    //
		{18000, 2, 34000},   // 16 s are the most
		{34250, 2, 50250},   //
		{50500, 200, 50250}, // for a moment only
		{50750, 2, 66750},   //
		{70000, 200, 66750}, // the others have ended
		{80000, 2, 81000},   //
	} {
		r.had(step.now*time.Millisecond, window, step.processor*time.Millisecond)
		if found := r.until(); found != step.until*time.Millisecond {
			t.Errorf("step %d: they rest until %v; want %v", i, found, step.until*time.Millisecond)
		}
	}
}
