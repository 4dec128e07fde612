package collector_test

import (
	"runtime/debug"
	"testing"

	"quorumbench/bench/internal/collector"
)

var sink []byte

// Garbage of 200 MB is collected many times by default, and a few times with 64 MB to spare.
func TestCollectorWaitsForTheSpareBytes(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	allocate := func() {
		for range 200 << 10 {
			sink = make([]byte, 1<<10)
		}
	}
	h := collector.Keep(64 << 20)
	allocate()
	u := h.Release()
	if u.Collections > 10 {
		t.Errorf("%d collections for 200 MB of garbage with 64 MB to spare", u.Collections)
	}
	if u.Most < 1<<20 {
		t.Errorf("found %d bytes in use", u.Most)
	}
	if now := debug.SetGCPercent(100); now != 100 {
		t.Errorf("the setting is %d %% after the release, and was 100 %% before", now)
	}
}

func TestAPersonsChoiceStays(t *testing.T) {
	t.Setenv("GOGC", "77")
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	h := collector.Keep(64 << 20)
	if now := debug.SetGCPercent(77); now != 77 {
		t.Errorf("the setting is %d %%, and GOGC says 77", now)
	}
	h.Release()
}
