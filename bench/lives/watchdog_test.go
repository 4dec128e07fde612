package lives

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quorumbench/protocols"
)

// endless never ends the step of its first command, until it is told to.
type endless struct{ stop *atomic.Bool }

func (r *endless) Step(in *protocols.Input, _ *protocols.Outbox) {
	for in.Kind == protocols.InputCommand && !r.stop.Load() {
		time.Sleep(time.Millisecond)
	}
}

func drawEndless(t *testing.T) *Life {
	t.Helper()
	stop := &atomic.Bool{}
	t.Cleanup(func() { stop.Store(true) })
	return Draw(&protocols.Driver{Name: "endless", New: func(protocols.Config) protocols.Node { return &endless{stop} }}, 1)
}

func little() uint64 { return 1 }

func TestAStepThatNeverEndsIsNamed(t *testing.T) {
	w := &watchdog{tick: time.Millisecond, longest: 50 * time.Millisecond, memory: 2, used: little}
	out, err := w.play(t.Context(), drawEndless(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	failed := out.Failed()
	if len(failed) != 1 || failed[0].Name != CheckEnds {
		t.Fatalf("found %+v; want the check %q", failed, CheckEnds)
	}
	// The client node 3 asks the replica 0, in this life after 17 ms.
	for _, part := range []string{"event ", ", at ", "a message from node 3 to node 0"} {
		if !strings.Contains(failed[0].Detail, part) {
			t.Errorf("found the detail %q; want %q in it", failed[0].Detail, part)
		}
	}
}

func TestALifeThatTakesTooMuchMemoryIsNamed(t *testing.T) {
	w := &watchdog{tick: time.Millisecond, longest: time.Hour, memory: 1 << 20, used: func() uint64 { return 2 << 20 }}
	_, err := w.play(t.Context(), drawEndless(t), nil)
	var found *MemoryError
	if !errors.As(err, &found) {
		t.Fatalf("found %v; want a MemoryError", err)
	}
	for _, part := range []string{"endless", "seed 1", "2 MiB", "at most 1 MiB", "a message from node 3 to node 0"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("found the error %q; want %q in it", err, part)
		}
	}
}

func TestHowLongAnEventLasts(t *testing.T) {
	c := current{}
	for _, step := range []struct {
		number     uint64
		now, lasts time.Duration
	}{
		{0, 5, 5}, {1, 6, 0}, {1, 9, 3}, {2, 10, 0}, {7, 11, 0}, {7, 20, 9},
	} {
		if found := c.lasts(step.number, step.now); found != step.lasts {
			t.Errorf("event %d has lasted for %v at %v; want %v", step.number, found, step.now, step.lasts)
		}
	}
}

func TestATimeWithoutLooksCountsLittle(t *testing.T) {
	begin := time.Unix(0, 0)
	clock := seen{most: 4, last: begin}
	for _, look := range []struct{ now, seen time.Duration }{{2, 2}, {5, 5}, {9, 9}, {1000, 13}, {1002, 15}} {
		if found := clock.at(begin.Add(look.now)); found != look.seen {
			t.Errorf("at %v: seen %v, want %v", look.now, found, look.seen)
		}
	}
}
