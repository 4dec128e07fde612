package election_test

import (
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/election"
)

func TestElectionTimer(t *testing.T) {
	delays := protocols.Delays{{0, 20 * time.Millisecond}, {20 * time.Millisecond, 0}}
	least := delays.ElectionTimeout()
	var out protocols.Outbox
	e := election.NewTimer(protocols.Config{Delays: delays, Seed: 1}, 1)
	drawn := map[time.Duration]bool{}
	for range 100 {
		e.Start(0, &out)
		after := out.Timers[len(out.Timers)-1].After
		if after < least || after >= 2*least {
			t.Fatalf("a timeout of %v, not within one to two times %v", after, least)
		}
		drawn[after] = true
	}
	if len(drawn) < 90 {
		t.Errorf("of 100 timeouts only %d differ", len(drawn))
	}
	out.Reset()
	e.Start(0, &out)
	timeout := out.Timers[0].After
	e.Heard(10 * time.Millisecond)
	out.Reset()
	if e.OnTimer(timeout, &out) || len(out.Timers) != 1 || out.Timers[0].After != 10*time.Millisecond {
		t.Errorf("heard of a leader 10 ms after the start: stands, or waits anew for %v", out.Timers)
	}
	if !e.OnTimer(timeout+10*time.Millisecond, &out) {
		t.Error("does not stand after the timeout")
	}
}

// A new start counts, not what the replica has heard of before it.
func TestStartReplacesTheTimeLeft(t *testing.T) {
	var out protocols.Outbox
	e := election.NewTimer(protocols.Config{Delays: protocols.Delays{{0, time.Millisecond}, {time.Millisecond, 0}}, Seed: 1}, 1)
	e.Start(0, &out)
	e.Heard(time.Hour)
	out.Reset()
	e.Start(time.Second, &out)
	if !e.OnTimer(time.Second+out.Timers[0].After, &out) {
		t.Error("does not stand at the end of the timeout drawn last")
	}
}
