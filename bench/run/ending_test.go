package run

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// A run does not end while replicas apply what was answered; but it ends, and what has not been seen
// applied then is not said to be lost.
func TestARunEndsWhenAllIsApplied(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name     string
		level    bool
		ahead    bool          // an answered write is not applied where it was asked for
		applying time.Duration // until when the replicas apply something
		end      time.Duration
		known    bool
		adopted  bool // but is in a state that was taken over there
	}{
		{"all is applied", true, false, 0, 300 * ms, true, false},
		{"all is applied, and there is more", true, false, time.Minute, 300 * ms, true, false},
		{"a write is never applied", true, true, 0, 500 * ms, true, false},
		{"a write is applied late", true, true, 2 * time.Second, 2500 * ms, true, false},
		{"a write is in a state taken over", true, true, time.Minute, 300 * ms, true, true},
		{"a replica is behind", false, false, 2 * time.Second, 2500 * ms, true, false},
		{"the replicas come to no end", true, true, time.Minute, 5300 * ms, false, false},
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
		if test.ahead {
			id, _ := c.Issue(0, 0)
			c.Answered(id, kv.PutResult, 0)
		}
		if test.adopted {
			c.Adopted()
		}
		end := newEnding(record, nil, false)
		now, applied := time.Duration(0), uint64(0)
		for ; !end.over(now) && now < time.Minute; now += 100 * ms {
			if now < test.applying {
				applied++
				for i := range record.Replicas {
					if i == 0 || test.level {
						record.Replicas[i].Journal.Add(protocols.Commit{Slot: protocols.Slot{Index: applied}}, now)
					}
				}
			}
		}
		if end.noteOutcome(record, now); now != test.end || (record.Unsettled == "") != test.known {
			t.Errorf("%s: ends after %v, want %v; unsettled: %q", test.name, now, test.end, record.Unsettled)
		}
		end.interrupt(now)
		if end.noteOutcome(record, now); record.Unsettled == "" {
			t.Errorf("%s: a run that is interrupted is said to have settled", test.name)
		}
	}
}

// Where the run is to wait until the replicas have applied what was answered, and they have not when the wait is over, it
// is not known what they would have applied. That goes for clients with no replica beside them, too.
func TestAWaitForReplicasThatIsOverIsTold(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct{ answered, beside bool }{{false, true}, {true, true}, {true, false}} {
		plan := twoReplicas(t, experiment.Load{Duration: ms, Timeout: 5 * time.Second, Keys: experiment.Keys{Count: 1}})
		c := load.NewClients(&plan.Experiment.Load, 1, 0, 0, 1)
		c.Beside = test.beside
		record := &verify.Record{Plan: plan, Clients: []*load.Clients{c}, Replicas: []*verify.Replica{{}, {}}}
		for _, one := range record.Replicas {
			one.Journal.Begin(0)
		}
		if test.answered {
			id, _ := c.Issue(0, 0)
			c.Answered(id, kv.PutResult, 0)
		}
		end, now := newEnding(record, nil, true), time.Duration(0)
		for ; !end.over(now) && now < time.Minute; now += 100 * ms {
		}
		if end.noteOutcome(record, now); (record.Unsettled != "") != test.answered || test.answered != (now > 5*time.Second) {
			t.Errorf("a write is answered: %t, to a client beside a replica: %t; after %v it is told that %q", test.answered, test.beside, now, record.Unsettled)
		}
	}
}

// A run does not wait for the answers to commands that nobody owes.
func TestARunDoesNotWaitForWhatIsNotOwed(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct{ first, second, waits bool }{{true, true, true}, {false, true, true}, {false, false, false}} {
		plan := twoReplicas(t, experiment.Load{Duration: ms, Timeout: 5 * time.Second, Keys: experiment.Keys{Count: 1}})
		record := &verify.Record{Plan: plan, Replicas: []*verify.Replica{{}, {}}}
		for i := range 2 {
			c := load.NewClients(&plan.Experiment.Load, 1, 0, i, 2)
			c.Issue(0, 0)
			record.Clients = append(record.Clients, c)
			record.Replicas[i].Journal.Begin(0)
		}
		end, now := newEnding(record, nil, true), time.Duration(0)
		end.owed = func(_ *verify.Record, client int, _ *load.Sample) bool {
			return client == 0 && test.first || client == 1 && test.second
		}
		for ; !end.over(now) && now < time.Minute; now += 100 * ms {
		}
		if waits := now >= 5*time.Second; waits != test.waits {
			t.Errorf("a command owed: %t, another: %t: ends after %v", test.first, test.second, now)
		}
	}
}

// twoReplicas is a plan for two replicas with 50 ms between them.
func twoReplicas(t *testing.T, load experiment.Load) *experiment.Plan {
	t.Helper()
	const way = 50 * time.Millisecond
	driver := &protocols.Driver{Name: "idle"}
	e := experiment.Experiment{
		World: experiment.Simulated, Regions: []string{"a", "b"}, Protocols: []experiment.Protocol{{Name: driver.Name}}, Load: load,
	}
	plan, err := experiment.NewPlan(driver, e, [][]time.Duration{{0, way}, {way, 0}}, make([][]time.Duration, 2))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
