package awake

import (
	"testing"
	"time"
)

// TestThreadsRestWhileOthersTakeTheProcessors gives rest what threads have had, in windows of 20 ms.
func TestThreadsRestWhileOthersTakeTheProcessors(t *testing.T) {
	r := &rest{length: leastRest}
	for i, step := range []struct {
		now, processor, until time.Duration
	}{
		{1000, 19, 0},
		{2000, 14, 3000},   // less than three quarters
		{2010, 3, 3000},    // another thread of the same time
		{3020, 14, 5020},   // again, at once
		{5040, 2, 9040},    //
		{9060, 2, 17060},   //
		{17080, 2, 33080},  // 16 s are the most
		{33100, 2, 49100},  //
		{49120, 20, 49100}, // for a moment only
		{49140, 2, 65140},  //
		{70000, 20, 65140}, // the others have ended
		{80000, 2, 81000},  //
	} {
		r.had(step.now*time.Millisecond, window, step.processor*time.Millisecond)
		if found := r.until(); found != step.until*time.Millisecond {
			t.Errorf("step %d: they rest until %v; want %v", i, found, step.until*time.Millisecond)
		}
	}
}
