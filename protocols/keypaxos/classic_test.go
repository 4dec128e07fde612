package keypaxos

import (
	"testing"

	"quorumbench/protocols"
)

// A proposer whom silent acceptors do not answer doubles the round of its ballot, up to 1024 more (rule 15 of paxos).
func TestHowFarAProposerLooksForASilentPromise(t *testing.T) {
	for round, want := range map[uint64]uint64{1: 1, 2: 3, 4: 7, 1 << 20: 1<<20 + furthest - 1} {
		if got, want := guess(protocols.NewBallot(round, 0)), protocols.NewBallot(want, 0); got != want {
			t.Errorf("from round %d a proposer looks for %v, want %v", round, got, want)
		}
	}
}
