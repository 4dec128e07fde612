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
	const busy, idle = 0.9, 0.8
	before := runtime.GOMAXPROCS(0)
	for _, test := range []struct {
		name      string
		realtime  bool
		used      []float64 // share of the processors, from one look to the next
		takenBack bool
	}{
		{"busy for long", true, []float64{idle, busy, busy, busy, busy}, true},
		{"busy for long, ordinary priority", false, []float64{idle, busy, busy, busy, busy, busy}, false},
		{"idle between", true, []float64{idle, busy, busy, busy, idle, busy, busy}, false},
		{"what was used before the run is not known", true, []float64{busy, busy, busy, busy}, false},
		{"once and for all", true, []float64{idle, busy, busy, busy, busy, idle, idle}, true},
	} {
		more := moreThreads(2, test.realtime, true)
		var now, used time.Duration
		for _, share := range test.used {
			now += lookEvery
			used += time.Duration(share * float64(runtime.NumCPU()) * float64(lookEvery))
			more.look(now, used)
			more.look(now+1, used+lookEvery*time.Duration(runtime.NumCPU())) // too soon
		}
		want := before + 3
		if test.takenBack {
			want--
		}
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("%s: %d threads, want %d", test.name, got, want)
		}
		if more.restore(); runtime.GOMAXPROCS(0) != before {
			t.Errorf("%s: %d threads after the run, %d before", test.name, runtime.GOMAXPROCS(0), before)
		}
	}
}
