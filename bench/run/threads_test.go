package run

import (
	"runtime"
	"testing"
	"time"
)

func TestUnderOrdinaryPriorityTheEmulatorHasAThreadForClosedLoopsOnly(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	more := moreThreads(2, false, false)
	if got := runtime.GOMAXPROCS(0); got != before+2 {
		t.Errorf("%d threads, want %d", got, before+2)
	}
	more.restore()
}

func TestTheEmulatorsThreadIsTakenBackWhenTheMachineIsBusy(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	all := time.Duration(runtime.NumCPU())
	for _, realtime := range []bool{true, false} {
		more := moreThreads(2, realtime, !realtime)
		if got := runtime.GOMAXPROCS(0); got != before+3 {
			t.Errorf("%d threads, want %d", got, before+3)
		}
		for _, step := range []struct {
			now, used time.Duration
			full      bool
		}{
			{lookEvery, all * lookEvery, false}, // of the time before the run nothing is known
			{2 * lookEvery, all*lookEvery + all*lookEvery*8/10, false},
			{2*lookEvery + 1, 2 * all * lookEvery, false}, // too soon
			{3 * lookEvery, all*lookEvery + all*lookEvery*17/10, realtime},
			{4 * lookEvery, 4 * all * lookEvery, false}, // already
		} {
			if full := more.look(step.now, step.used); full != step.full {
				t.Errorf("real-time %v, at %v: taken back %v, want %v", realtime, step.now, full, step.full)
			}
		}
		want := before + 3
		if realtime {
			want = before + 2
		}
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("real-time %v: %d threads in the end, want %d", realtime, got, want)
		}
		if more.restore(); runtime.GOMAXPROCS(0) != before {
			t.Errorf("%d threads after the run, %d before", runtime.GOMAXPROCS(0), before)
		}
	}
}
