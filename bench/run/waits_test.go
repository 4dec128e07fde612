package run

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/verify"
	"quorumbench/protocols/kv"
)

func TestWaitsTellsTheLongestSinceItWasAsked(t *testing.T) {
	const ms = time.Millisecond
	var w waits
	w.note(20 * ms)
	w.note(10 * ms)
	w.begin(100 * ms)
	for _, step := range []struct {
		now, want time.Duration
	}{{110 * ms, 20 * ms}, {110 * ms, 10 * ms}, {400 * ms, 300 * ms}} {
		if got := w.take(step.now); got != step.want {
			t.Errorf("at %v the longest wait is %v, want %v", step.now, got, step.want)
		}
	}
	w.end(500 * ms)
	w.end(900 * ms) // of no effect
	if got := w.take(time.Second); got != 400*ms {
		t.Errorf("after the work the longest wait is %v, want its length, 400 ms", got)
	}
	if got := w.take(time.Second); got != 0 {
		t.Errorf("an idle replica lets events wait %v", got)
	}
}

// A replica that has a backlog gets time to work it off, and time after that for what depends on it; as long as it has
// one, nobody can tell that a write is lost.
func TestABacklogKeepsTheRunFromEnding(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name    string
		busy    time.Duration // until when events wait for the second replica
		end     time.Duration
		settled bool
	}{
		{"no backlog", 0, 500 * ms, true}, // after two round trips and a stall
		{"a backlog that is worked off", 300 * ms, 300*ms + resendTime(100*ms), true},
		{"one that is not", time.Minute, 300*ms + 5*time.Second, false},
	} {
		plan := twoReplicas(t, experiment.Load{Duration: ms, Timeout: 5 * time.Second, Keys: experiment.Keys{Count: 1}})
		c := load.NewClients(&plan.Experiment.Load, 1, 0, 0, 2)
		c.Beside = true
		record := &verify.Record{
			Plan: plan, Clients: []*load.Clients{c, load.NewClients(&plan.Experiment.Load, 1, 0, 1, 2)}, Replicas: []*verify.Replica{{}, {}},
		}
		for _, one := range record.Replicas {
			one.Journal.Begin(0)
		}
		id, _ := c.Issue(0, 0)
		c.Answered(id, kv.PutResult, 0) // and never applied
		slow := &replica{}
		end := newEnding(record, []*place{{replica: &replica{}}, {replica: slow}, {}}, false)
		now := time.Duration(0)
		for ; !end.over(now) && now < time.Minute; now += 100 * ms {
			if now < test.busy {
				slow.waits.note(2 * overload)
			}
		}
		end.noteOutcome(record, now)
		if now < test.end || now > test.end+100*ms || (record.Unsettled == "") != test.settled {
			t.Errorf("%s: ends after %v, want %v; unsettled: %q", test.name, now, test.end, record.Unsettled)
		}
	}
}
