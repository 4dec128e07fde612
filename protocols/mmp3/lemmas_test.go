package mmp3

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
)

// history has what becomes of instances, in order: proposed ones have no deps.
type happened struct {
	at   position
	deps *vector // of a commit
}

func proposes(column int, lsn uint64) happened { return happened{at: position{column, lsn}} }

func commits(column int, lsn uint64, deps vector) happened {
	return happened{position{column, lsn}, &deps}
}

func lemmasOf(history ...happened) []protocols.Lemma {
	l := newLemmas()
	for _, h := range history {
		if h.deps == nil {
			l.Note(protocols.InstanceEvent{ID: h.at.id(), Kind: protocols.InstanceProposed})
		} else {
			l.Note(protocols.InstanceEvent{ID: h.at.id(), Kind: protocols.InstanceCommitted, Deps: h.deps[:]})
		}
	}
	return l.Lemmas()
}

// broken returns the statements that are false of a history though the order rests on them.
func broken(all []protocols.Lemma) (statements []string) {
	for _, l := range all {
		if l.Example != "" {
			statements = append(statements, l.Statement)
		}
	}
	return statements
}

func TestEachLemmaFindsWhatBreaksIt(t *testing.T) {
	for _, test := range []struct {
		name    string
		history []happened
		broken  []string
	}{
		{"all is well", []happened{
			proposes(0, 0), commits(0, 0, vector{0, 0, 0}), proposes(1, 0), commits(1, 0, vector{1, 0, 0}),
			proposes(2, 0), commits(2, 0, vector{1, 1, 0}),
		}, nil},
		{"two that depend on each other", []happened{
			proposes(0, 0), proposes(1, 0), commits(0, 0, vector{0, 1, 0}), commits(1, 0, vector{1, 0, 0}),
		}, nil},
		{"neither depends on the other", []happened{
			proposes(0, 0), proposes(1, 0), commits(0, 0, vector{}), commits(1, 0, vector{}),
		}, []string{statementRelated}},
		// c0 depends on b0, a0 on c0 alone, and b0 on a0: they are one component, so that lemma 1 alone is broken.
		{"what a committed one depends on is left out", []happened{
			proposes(1, 0), proposes(2, 0), commits(2, 0, vector{0, 1, 0}), proposes(0, 0), commits(0, 0, vector{0, 0, 1}),
			commits(1, 0, vector{1, 0, 0}),
		}, []string{statementLater}},
		// a1 depends on b1 and b0 by its number, and not on c0, which b0 depends on; c0 depends on a1, but only so late.
		{"an indirect dependency is left out", []happened{
			proposes(1, 0), proposes(2, 0), proposes(0, 0), commits(1, 0, vector{0, 0, 1}), commits(2, 0, vector{0, 0, 0}),
			commits(0, 0, vector{0, 1, 0}),
		}, []string{statementRelated, statementApart, statementFewer}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := broken(lemmasOf(test.history...)); !slices.Equal(got, test.broken) {
				t.Errorf("broken: %q, want %q", got, test.broken)
			}
		})
	}
}

// Three heads may each need the next one alone: then all have the same n, and the column decides.
func TestThreeHeadsInACycleAreNoCounterexample(t *testing.T) {
	all := lemmasOf(
		proposes(0, 0), proposes(1, 0), proposes(2, 0),
		commits(0, 0, vector{0, 1, 0}), commits(1, 0, vector{0, 0, 1}), commits(2, 0, vector{1, 0, 0}),
	)
	if got := broken(all); got != nil {
		t.Errorf("broken: %q", got)
	}
	for _, l := range all {
		if l.Statement == statementCycle && (l.Pairs != 4 || l.Broken != 3) { // when a0 is applied, b0 and c0 are left
			t.Errorf("of %d pairs, %d have as large an n, want the 3 of the cycle, of 4", l.Pairs, l.Broken)
		}
	}
}

// lemmasOfLives plays small clusters that differ by seed: with jitter, overtaking messages, a few that are lost, replicas
// that crash, and writes so dense that components are small or as large as the run. It returns the lemmas of all of them,
// with the first example against each.
func lemmasOfLives(t *testing.T) map[string]protocols.Lemma {
	t.Helper()
	if livesPlayed != nil {
		return livesPlayed
	}
	all := map[string]protocols.Lemma{}
	for seed := range uint64(20) {
		c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions, Jitter: 60 * ms, Loss: 0.03}, protocols.Nobody, seed+1)
		for to := range protocols.NodeID(replicas) {
			write(c, to, 100, time.Duration(10+15*seed)*ms, 20)
		}
		down := protocols.NodeID(seed % replicas)
		c.At(600*ms, func() { c.Crash(down) })
		c.At(1500*ms, func() { c.Restart(down) })
		c.Run(time.Minute)
		for _, l := range c.Lemmas() {
			sum := all[l.Statement]
			all[l.Statement] = protocols.Lemma{Pairs: sum.Pairs + l.Pairs, Broken: sum.Broken + l.Broken, Example: cmp.Or(sum.Example, l.Example)}
		}
	}
	livesPlayed = all
	return all
}

var livesPlayed map[string]protocols.Lemma // what lemmasOfLives has returned, which is always the same

// holds fails if a lemma is false of any of the clusters, or was hardly ever checked.
func holds(t *testing.T, statement string) {
	t.Helper()
	switch l := lemmasOfLives(t)[statement]; {
	case l.Broken > 0:
		t.Errorf("%s: %s; so it is with %d of %d pairs", statement, l.Example, l.Broken, l.Pairs)
	case l.Pairs < 1000:
		t.Errorf("%s: checked for %d pairs only", statement, l.Pairs)
	}
}

func TestAnyTwoInstancesAreRelated(t *testing.T) { holds(t, statementRelated) }

func TestWhatIsProposedLaterDependsOnAllThatWasCommitted(t *testing.T) { holds(t, statementLater) }

func TestAnInstanceDependsOnAllThatThoseInOtherComponentsDependOn(t *testing.T) {
	holds(t, statementApart)
}

func TestAHeadNeedsMoreThanOneThatDoesNotLeadToIt(t *testing.T) { holds(t, statementFewer) }

// What is often said of heads, without the condition, is false of many.
func TestHeadsThatNeedEachOtherMayNeedAsMany(t *testing.T) {
	if l := lemmasOfLives(t)[statementMutual]; l.Broken == 0 || l.Example != "" {
		t.Errorf("%s: false for %d of %d pairs, with the example %q; want some, and no example", statementMutual, l.Broken, l.Pairs, l.Example)
	}
}
