package verify

import (
	"testing"
	"time"

	"quorumbench/protocols"
)

func TestWhatWasAdoptedHasBeenReached(t *testing.T) {
	var j Journal
	add := func(index uint64, adopted bool, now time.Duration) {
		j.Add(protocols.Commit{Slot: protocols.Slot{Index: index}, Adopted: adopted}, now)
	}
	j.Begin(0)
	j.Begin(1)
	add(1, false, 10)
	add(2, false, 20)
	add(5, true, 30)
	add(6, false, 40)
	second := j.incarnations[1][""]
	for index, want := range map[uint64]time.Duration{1: 10, 2: 20, 3: 30, 5: 30, 6: 40} {
		if got, ok := second.reached(index); !ok || got != want {
			t.Errorf("%d was reached at %d (%v), want %d", index, got, ok, want)
		}
	}
	if _, ok := second.reached(7); ok {
		t.Error("7 was never reached")
	}
}
