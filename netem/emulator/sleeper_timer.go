package emulator

import "time"

// timerSleeper sleeps by a Go timer.
type timerSleeper struct {
	start time.Time
	timer *time.Timer
	woken chan struct{}
}

func newTimerSleeper(start time.Time) *timerSleeper {
	return &timerSleeper{start: start, timer: time.NewTimer(forever), woken: make(chan struct{}, 1)}
}

func (t *timerSleeper) until(due time.Duration) {
	t.timer.Reset(due - time.Since(t.start))
	select {
	case <-t.timer.C:
	case <-t.woken:
	}
}

func (t *timerSleeper) String() string { return "Go's timers" }

func (t *timerSleeper) wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}
