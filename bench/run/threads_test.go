//go:build !js

package run

import (
	"runtime"
	"testing"
	"time"
)

func TestUnderOrdinaryPriorityTheEmulatorHasAThreadForClosedLoopsOnly(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	for _, closed := range []bool{false, true} {
		want := before + 2
		if closed {
			want++
		}
		more := moreThreads(2, false, closed, func() {})
		for range 10 {
			more.look(1, time.Second) // nothing is to be given up
		}
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("closed %t: %d threads, want %d", closed, got, want)
		}
		more.restore()
	}
}

func TestWhenTheMachineIsFullAThreadAndThenThePriorityIsGivenUp(t *testing.T) {
	type look struct {
		share float64
		late  time.Duration
	}
	const late = 3 * time.Millisecond
	full, idle, stopped := look{0.9, 0}, look{0.8, 0}, look{0.9, late}
	before := runtime.GOMAXPROCS(0)
	for _, test := range []struct {
		name    string
		looks   []look
		threads int
		calmed  bool
	}{
		{"full for long", []look{idle, full, full, full}, 2, false},
		{"idle between", []look{full, full, idle, full, full}, 3, false},
		{"once and for all", []look{full, full, full, idle, idle}, 2, false},
		{"late, but not full", []look{{0.5, late}, {0.5, late}, {0.5, late}}, 3, false},
		{"full, and late with a thread less", []look{full, full, full, stopped, stopped}, 3, true},
		{"late before the thread was taken back", []look{stopped, stopped, stopped, stopped, full}, 2, false},
		{"stopped once", []look{idle, {0.6, 11 * time.Millisecond}, full}, 2, false},
		{"stopped twice", []look{idle, {0.6, 11 * time.Millisecond}, {0.6, 11 * time.Millisecond}}, 3, true},
		{"late now and then", []look{full, full, full, stopped, full, stopped}, 2, false},
	} {
		calmed := 0
		more := moreThreads(2, true, true, func() { calmed++ })
		for _, l := range test.looks {
			more.look(l.share, l.late)
		}
		if got := runtime.GOMAXPROCS(0); got != before+test.threads || calmed > 0 != test.calmed {
			t.Errorf("%s: %d threads, priority given up: %t; want %d, %t", test.name, got, calmed > 0, before+test.threads, test.calmed)
		}
		if more.restore(); runtime.GOMAXPROCS(0) != before || calmed != 1 {
			t.Errorf("%s: %d threads after the run, %d before; priority given up %d times", test.name, runtime.GOMAXPROCS(0), before, calmed)
		}
	}
}
