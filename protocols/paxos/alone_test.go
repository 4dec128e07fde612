package paxos

import (
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
)

// alone is replica 0 of five, of which a test plays the others.
type alone struct {
	protocols.Node
	t     *testing.T
	out   protocols.Outbox // what the last step wanted
	timer protocols.TimerID
}

// newAlone returns one with the option revert on or off, whose configuration is changed.
func newAlone(t *testing.T, revert string, changes ...func(c *protocols.Config)) *alone {
	delays := make(protocols.Delays, 5)
	for i := range delays {
		delays[i] = make([]time.Duration, len(delays))
	}
	config := Driver.MustComplete(protocols.Config{
		ID: 0, Members: protocols.Members(len(delays)), Delays: delays, Leader: protocols.Nobody, Seed: 1,
		Options: protocols.Choices{"revert": revert},
	})
	for _, change := range changes {
		change(&config)
	}
	return &alone{t: t, Node: Driver.New(config)}
}

// step hands the replica an input, and returns what it sends each of the others: nil if that is nothing.
func (a *alone) step(in protocols.Input) (sent [4][]string) {
	a.out.Reset()
	a.Step(&in, &a.out)
	for _, s := range a.out.Sends {
		sent[s.To-1] = append(sent[s.To-1], keypaxos.Describe(s.Data))
	}
	for _, set := range a.out.Timers {
		if !set.Stop {
			a.timer = set.ID
		}
	}
	return sent
}

// fire lets the timer fire that was set last: that of the key's proposal.
func (a *alone) fire() [4][]string {
	return a.step(protocols.Input{Kind: protocols.InputTimer, Timer: a.timer})
}

// receive hands the replica a message of another.
func (a *alone) receive(from protocols.NodeID, m *keypaxos.Message) (sent [4][]string) {
	a.t.Helper()
	data, err := protocols.Append(nil, m)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: data})
}

// A snapshot for the disk that takes many steps is finished though nothing else happens (rule 7).
func TestASnapshotIsFinishedWithoutAnotherInput(t *testing.T) {
	const keys = 10
	a := newAlone(t, "off", func(c *protocols.Config) { c.SnapshotEvery, c.SnapshotStep = keys, 1 })
	a.step(protocols.Input{Kind: protocols.InputStart})
	for i := range byte(keys) {
		a.receive(1, &keypaxos.Message{Kind: keypaxos.Kind_COMMIT, Key: []byte{i}, Version: 1, Value: []byte("v")})
	}
	steps := 0
	for ; len(a.out.Records) == 0 || !a.out.Records[0].Snapshot; steps++ {
		if len(a.out.Timers) != 1 || steps > keys {
			t.Fatalf("after %d steps there is no snapshot, and the timers %v are set", steps, a.out.Timers)
		}
		a.fire()
	}
	if steps < 2 {
		t.Errorf("the snapshot is finished in %d steps: the test shows nothing", steps)
	}
}
