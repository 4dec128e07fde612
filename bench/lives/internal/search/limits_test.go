package main

import (
	"testing"
	"time"

	"quorumbench/bench/lives"
)

func TestLimits(t *testing.T) {
	l := &limits{stuck: time.Minute, memory: 100 << 20}
	l.watch(lives.Tally{Lives: 1})
	began := l.changed
	for _, c := range []struct {
		after time.Duration
		used  uint64
		want  string
	}{
		{time.Second, 99 << 20, ""},
		{61 * time.Second, 99 << 20, "no end: no life has ended for 1m0s"},
		{time.Second, 101 << 20, "more than 100 MB of memory"},
	} {
		if got := l.exceeded(began.Add(c.after), c.used); got != c.want {
			t.Errorf("after %v, with %d bytes: %q, not %q", c.after, c.used, got, c.want)
		}
	}
	l.watch(lives.Tally{Lives: 1})
	if l.changed != began {
		t.Error("the time begins again though no life has ended")
	}
	if l.watch(lives.Tally{Lives: 2}); l.changed == began {
		t.Error("the time does not begin again when a life ends")
	}
}
