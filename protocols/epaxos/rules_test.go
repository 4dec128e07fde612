package epaxos

import (
	"slices"
	"testing"
	"time"

	"quorumbench/protocols"
)

var (
	first  = protocols.NewBallot(1, re) // of the replica that is tested, for an instance that nobody has recovered
	second = protocols.NewBallot(2, rb)
)

// Rule 2: PreAccept adds what is known here, and its repetition gets the same answer.
func TestPreAcceptAddsWhatIsKnown(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(rb, about(Kind_PREACCEPT, rb, 0, with('b', 0, 0, 0, 0, 0)))
	a.sends(rb, "PreAccepted x/b0 [0,0,0,0,0]")
	a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', 0, 0, 0, 1, 0)))
	a.sends(ra, "PreAccepted x/a0 [0,1,0,1,0]")
	a.receive(rc, about(Kind_PREACCEPT, rc, 0, with('c', 0, 0, 0, 0, 0)))
	a.sends(rc, "PreAccepted x/c0 [1,1,0,0,0]")
	a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', 0, 0, 0, 1, 0)))
	a.sends(ra, "PreAccepted x/a0 [0,1,0,1,0]")
}

// Rule 2: reads commute with each other, and with nothing else.
func TestReadsCommute(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(rb, about(Kind_PREACCEPT, rb, 0, with('B', 0, 0, 0, 0, 0)))
	a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('A', 0, 0, 0, 0, 0)))
	a.sends(ra, "PreAccepted x/a0 [0,0,0,0,0]")
	a.receive(rc, about(Kind_PREACCEPT, rc, 0, with('c', 0, 0, 0, 0, 0)))
	a.sends(rc, "PreAccepted x/c0 [1,1,0,0,0]")
	a.receive(rd, about(Kind_PREACCEPT, rd, 0, with('D', 0, 0, 0, 0, 0)))
	a.sends(rd, "PreAccepted x/d0 [0,0,1,0,0]")
}

// Rule 2: an instance that has been promised to a recovery is not pre-accepted any more.
func TestAPromiseEndsPreAccept(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(rb, about(Kind_RECOVER, ra, 0, under(second)))
	a.sends(rb, "Recovered x/a0 2.1 nothing")
	a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', 0, 0, 0, 0, 0)))
	a.sends(ra, "Refused x/a0 0 promised 2.1")
	a.receive(ra, about(Kind_ACCEPT, ra, 0, with('a', 0, 0, 0, 0, 0)))
	a.sends(ra, "Refused x/a0 0 promised 2.1")
	a.receive(rb, about(Kind_ACCEPT, ra, 0, under(second)))
	a.sends(rb, "Accepted x/a0 2.1")
}

// Rule 3: a fast quorum of the submitter's Deps commits; another answer leads to Accept of the union as soon as a slow
// quorum has answered.
func TestTheSubmitterCountsEqualAnswers(t *testing.T) {
	answer := func(deps ...uint64) *Message {
		return about(Kind_PREACCEPTED, re, 0, func(m *Message) { m.Deps = deps })
	}
	same, more, other := answer(0, 0, 0, 0, 0), answer(0, 1, 0, 0, 0), answer(0, 0, 3, 0, 0)
	for _, c := range []struct {
		name    string
		answers []*Message
		want    []string // sent to d after the last
	}{
		{"one answer", []*Message{same}, nil},
		{"two equal answers", []*Message{same, same}, []string{"Commit x/e0 x=e [0,0,0,0,0]"}},
		{"another answer first", []*Message{more}, nil},
		{"another answer", []*Message{same, more}, []string{"Accept x/e0 0 x=e [0,1,0,0,0]"}},
		{"two others", []*Message{other, more}, []string{"Accept x/e0 0 x=e [0,1,3,0,0]"}},
	} {
		a := newAlone(t, nil)
		a.command('e')
		a.sends(rd, "PreAccept x/e0 x=e [0,0,0,0,0]")
		for i, m := range c.answers {
			a.receive(protocols.NodeID(i), m)
		}
		t.Log(c.name)
		a.sends(rd, c.want...)
	}
}

// Rule 3: the submitter that has promised a recovery does not commit any more.
func TestTheSubmitterThatHasPromisedDoesNotCommit(t *testing.T) {
	a := newAlone(t, nil)
	a.command('e')
	a.receive(rb, about(Kind_RECOVER, re, 0, under(second)))
	for from := range protocols.NodeID(4) {
		a.receive(from, about(Kind_PREACCEPTED, re, 0, func(m *Message) { m.Deps = make([]uint64, 5) }))
		a.silent()
	}
}

// Rule 8: what a recovery does with the answers of a slow quorum.
func TestRecoveryFollowsItsQuorum(t *testing.T) {
	unchanged := func(m *Message) {
		with('a', 0, 0, 0, 0, 0)(m)
		report(preaccepted, 0, 0, 0, 0, 0, 0)(m)
	}
	added := func(m *Message) {
		with('a', 0, 1, 0, 0, 0)(m)
		report(preaccepted, 0, 0, 0, 0, 0, 0)(m)
	}
	acceptedAt := func(b protocols.Ballot, deps ...uint64) func(*Message) {
		return func(m *Message) {
			with('a', deps...)(m)
			report(accepted, b)(m)
		}
	}
	noop := func(b protocols.Ballot) func(*Message) { return report(accepted, b) }
	nothing := func(*Message) {}
	for _, c := range []struct {
		name   string
		from   [2]protocols.NodeID
		answer [2]func(*Message)
		want   string // sent to b
	}{
		{"nobody has anything", [2]protocols.NodeID{rb, rc}, [2]func(*Message){nothing, nothing}, "Accept x/a0 1.4 no-op"},
		{"one has accepted", [2]protocols.NodeID{rb, rc}, [2]func(*Message){nothing, acceptedAt(0, 0, 2, 0, 0, 0)}, "Accept x/a0 1.4 x=a [0,2,0,0,0]"},
		{"the later of two accepted values", [2]protocols.NodeID{rb, rc}, [2]func(*Message){acceptedAt(0, 0, 2, 0, 0, 0), noop(protocols.NewBallot(1, rd))}, "Accept x/a0 1.4 no-op"},
		{"the earlier of two accepted values", [2]protocols.NodeID{rb, rc}, [2]func(*Message){noop(protocols.NewBallot(1, rd)), acceptedAt(0, 0, 2, 0, 0, 0)}, "Accept x/a0 1.4 no-op"},
		{"an accepted value counts though the submitter answers", [2]protocols.NodeID{ra, rb}, [2]func(*Message){unchanged, acceptedAt(0, 0, 2, 0, 0, 0)}, "Accept x/a0 1.4 x=a [0,2,0,0,0]"},
		{"the submitter answers", [2]protocols.NodeID{rb, ra}, [2]func(*Message){unchanged, unchanged}, "Accept x/a0 1.4 no-op"},
		{"one has what the submitter sent", [2]protocols.NodeID{rb, rc}, [2]func(*Message){unchanged, nothing}, "Validate x/a0 1.4 x=a [0,0,0,0,0]"},
		{"one has what the submitter sent, and one more", [2]protocols.NodeID{rb, rc}, [2]func(*Message){unchanged, added}, "Validate x/a0 1.4 x=a [0,0,0,0,0]"},
		{"both have more", [2]protocols.NodeID{rb, rc}, [2]func(*Message){added, added}, "Accept x/a0 1.4 no-op"},
	} {
		a := newAlone(t, nil)
		a.recovers(ra, 0)
		a.sends(rd, "Recover x/a0 1.4")
		for i, from := range c.from {
			a.receive(from, about(Kind_RECOVERED, ra, 0, under(first), c.answer[i]))
		}
		t.Log(c.name)
		a.sends(rb, c.want)
	}
}

// Rule 9: Validate is stored, unless something else is promised or accepted.
func TestValidateIsHandledUnderExactlyItsBallot(t *testing.T) {
	validate := about(Kind_VALIDATE, ra, 0, under(second), with('a', 0, 0, 1, 0, 0))
	promised := about(Kind_RECOVER, ra, 0, under(second))
	nothing := "Validated x/a0 2.1 nothing contradicts"
	for _, c := range []struct {
		name   string
		before []*Message // from b
		want   []string
		stored bool
	}{
		{"promised", []*Message{promised}, []string{nothing}, true},
		{"nothing promised", nil, nil, false},
		{"a higher ballot promised", []*Message{promised, about(Kind_RECOVER, ra, 0, under(protocols.NewBallot(3, rb)))}, []string{"Refused x/a0 2.1 promised 3.1"}, false},
		{"accepted", []*Message{promised, about(Kind_ACCEPT, ra, 0, under(second))}, nil, false},
		{"decided", []*Message{promised, about(Kind_COMMIT, ra, 0)}, []string{"Commit x/a0 no-op"}, false},
	} {
		a := newAlone(t, nil)
		a.receive(rb, c.before...)
		a.receive(rb, validate)
		t.Log(c.name)
		a.sends(rb, c.want...)
		if x := a.held(ra, 0); x.submitted != c.stored || c.stored && !x.initDeps.equal([]uint64{0, 0, 1, 0, 0}) {
			t.Errorf("%s: stored: %t, with InitDeps %v", c.name, x.submitted, x.initDeps)
		}
	}
}

// Rule 9: which instances contradict that a write was committed without them.
func TestWhatContradicts(t *testing.T) {
	const without, later = 0, 1 // Deps on the column of what is validated, a0
	preaccepts := about(Kind_PREACCEPT, rd, 0, with('d', without, 0, 0, 0, 0))
	recover := about(Kind_RECOVER, rd, 0, under(second))
	for _, c := range []struct {
		name   string
		from   protocols.NodeID
		before []*Message
		deps   []uint64 // of what is validated
		want   string
	}{
		{"nothing is known", rd, nil, nil, "nothing contradicts"},
		{"a write that does not depend on it", rd, []*Message{preaccepts}, nil, "d0"},
		{"a write in its Deps", rd, []*Message{preaccepts}, []uint64{0, 0, 0, 1, 0}, "nothing contradicts"},
		{"a write that its submitter has made depend on it", rd, []*Message{about(Kind_PREACCEPT, rd, 0, with('d', later, 0, 0, 0, 0))}, nil, "nothing contradicts"},
		{"a write accepted as what depends on it", rd, []*Message{preaccepts, about(Kind_ACCEPT, rd, 0, with('d', later, 0, 0, 0, 0))}, nil, "d0"},
		{"a write accepted as a no-op", rb, []*Message{about(Kind_RECOVER, rd, 0, under(second)), about(Kind_VALIDATE, rd, 0, under(second), with('d', without, 0, 0, 0, 0)), about(Kind_ACCEPT, rd, 0, under(second))}, nil, "d0"},
		{"a write of which only the accepted value is known", rd, []*Message{about(Kind_ACCEPT, rd, 0, with('d', without, 0, 0, 0, 0))}, nil, "nothing contradicts"},
		{"what is only promised", rb, []*Message{recover}, nil, "nothing contradicts"},
		{"a write that is committed without it, and waits", rd, []*Message{about(Kind_COMMIT, rd, 0, with('d', without, 0, 1, 0, 0))}, nil, "d0!"},
		{"a write that is committed after it", rd, []*Message{about(Kind_COMMIT, rd, 0, with('d', later, 0, 1, 0, 0))}, nil, "nothing contradicts"},
		{"a write that is executed", rd, []*Message{about(Kind_COMMIT, rd, 0, with('d', without, 0, 0, 0, 0))}, nil, "d0!"},
		{"an executed write in its Deps", rd, []*Message{about(Kind_COMMIT, rd, 0, with('d', without, 0, 0, 0, 0))}, []uint64{0, 0, 0, 1, 0}, "nothing contradicts"},
		{"a read that is executed", rd, []*Message{about(Kind_COMMIT, rd, 0, with('D', without, 0, 0, 0, 0))}, nil, "d0!"},
		{"a no-op that is committed", rd, []*Message{about(Kind_COMMIT, rd, 0)}, nil, "nothing contradicts"},
		{"a no-op that is committed, and waits", rd, []*Message{about(Kind_COMMIT, rd, 1)}, nil, "nothing contradicts"},
		{"a no-op after a write", rd, []*Message{about(Kind_COMMIT, rd, 0, with('d', without, 0, 0, 0, 0)), about(Kind_COMMIT, rd, 1)}, []uint64{0, 0, 0, 1, 0}, "nothing contradicts"},
		{"a write of its own column", ra, []*Message{about(Kind_PREACCEPT, ra, 1, with('b', 1, 0, 0, 0, 0))}, nil, "nothing contradicts"},
	} {
		for _, kept := range []string{"1024", "0"} {
			a := newAlone(t, protocols.Choices{"kept": kept})
			a.receive(c.from, c.before...)
			deps := c.deps
			if deps == nil {
				deps = make([]uint64, 5)
			}
			a.receive(rb, about(Kind_RECOVER, ra, 0, under(second)), about(Kind_VALIDATE, ra, 0, under(second), with('a', deps...)))
			t.Logf("%s, %s kept", c.name, kept)
			a.sends(rb, "Validated x/a0 2.1 "+c.want)
		}
	}
}

// waits returns a replica whose recovery of a0 waits for d0: Q are c, d and e, of whom so many have what the submitter sent.
func waits(t *testing.T, agreeing int) *alone {
	a := newAlone(t, nil)
	zero := make([]uint64, 5)
	has := func(m *Message) {
		with('a', zero...)(m)
		report(preaccepted, 0, zero...)(m)
	}
	a.recovers(ra, 0)
	a.receive(rc, about(Kind_RECOVERED, ra, 0, under(first), has))
	if agreeing == 1 {
		has = func(*Message) {}
	}
	a.receive(rd, about(Kind_RECOVERED, ra, 0, under(first), has))
	a.sends(rc, "Validate x/a0 1.4 x=a [0,0,0,0,0]")
	a.sends(rb)
	a.receive(rc, about(Kind_VALIDATED, ra, 0, under(first)))
	a.silent()
	a.receive(rd, about(Kind_VALIDATED, ra, 0, under(first), func(m *Message) { m.Conflicts = []*Conflict{{Column: rd, Number: 0}} }))
	return a
}

// Rule 10: what a recovery does when all of Q have validated.
func TestRecoveryFollowsWhatContradicts(t *testing.T) {
	zero := make([]uint64, 5)
	for _, c := range []struct {
		name     string
		agreeing int
		conflict *Conflict
		want     string
	}{
		{"nothing contradicts", 1, nil, "Accept x/a0 1.4 x=a [0,0,0,0,0]"},
		{"a committed instance", 1, &Conflict{Column: rd, Committed: true}, "Accept x/a0 1.4 no-op"},
		{"an instance whose submitter is not in Q", 1, &Conflict{Column: rb}, "Accept x/a0 1.4 no-op"},
		{"an instance whose submitter is not in Q, where more than needed agree", 2, &Conflict{Column: rb}, "Waiting x/a0 1.4 2 agree"},
		{"an instance whose submitter is in Q", 1, &Conflict{Column: rd}, "Waiting x/a0 1.4 1 agree"},
	} {
		a := newAlone(t, nil)
		a.recovers(ra, 0)
		for i, from := range []protocols.NodeID{rc, rd} {
			has := func(m *Message) {
				if i < c.agreeing {
					with('a', zero...)(m)
					report(preaccepted, 0, zero...)(m)
				}
			}
			a.receive(from, about(Kind_RECOVERED, ra, 0, under(first), has))
		}
		a.receive(rc, about(Kind_VALIDATED, ra, 0, under(first)))
		a.receive(rd, about(Kind_VALIDATED, ra, 0, under(first), func(m *Message) {
			if c.conflict != nil {
				m.Conflicts = []*Conflict{c.conflict}
			}
		}))
		t.Log(c.name)
		if got := a.to(rc); len(got) == 0 || got[0] != c.want {
			t.Errorf("c is sent %q, want %q first", got, c.want)
		}
	}
}

// Rule 10: what ends the wait of a recovery.
func TestWhatEndsTheWait(t *testing.T) {
	const noop, value = "Accept x/a0 1.4 no-op", "Accept x/a0 1.4 x=a [0,0,0,0,0]"
	late := func(change func(*Message)) *Message { return about(Kind_RECOVERED, ra, 0, under(first), change) }
	waiting := func(agreeing uint32) *Message {
		return about(Kind_WAITING, rd, 0, under(second), func(m *Message) { m.Agreeing = agreeing })
	}
	for _, c := range []struct {
		name string
		from protocols.NodeID
		m    *Message
		want string // sent to c, empty: nothing
	}{
		{"what contradicts is committed without it", rd, about(Kind_COMMIT, rd, 0, with('d', 0, 0, 0, 0, 0)), noop},
		{"what contradicts is committed without it, and waits", rd, about(Kind_COMMIT, rd, 0, with('d', 0, 1, 0, 0, 0)), noop},
		{"what contradicts is committed with it", rd, about(Kind_COMMIT, rd, 0, with('d', 1, 0, 0, 0, 0)), value},
		{"what contradicts became a no-op", rd, about(Kind_COMMIT, rd, 0), value},
		{"something else is committed", rb, about(Kind_COMMIT, rb, 0), ""},
		{"a recovery waits that may be wrong, too", rb, waiting(1), ""},
		{"a recovery waits with too many that agree", rb, waiting(2), noop},
		{"a late answer of the submitter", ra, late(func(*Message) {}), noop},
		{"a late answer of another", rb, late(func(*Message) {}), ""},
		{"a late answer with an accepted value", rb, late(func(m *Message) {
			with('a', 0, 0, 2, 0, 0)(m)
			report(accepted, 0)(m)
		}), "Accept x/a0 1.4 x=a [0,0,2,0,0]"},
		{"a state in which what contradicts is executed as a write", rb, state([]uint64{0, 0, 0, 1, 0}, []uint64{0, 0, 0, 1, 0}, 1), noop},
		{"a state in which what contradicts is executed as a no-op", rb, state([]uint64{0, 0, 0, 1, 0}, make([]uint64, 5), 0), value},
	} {
		a := waits(t, 1)
		a.sends(rb, "Waiting x/a0 1.4 1 agree", "Recover x/a0 1.4", "Recover x/d0 1.4")
		a.sends(rc, "Waiting x/a0 1.4 1 agree", "Recover x/d0 1.4")
		a.receive(c.from, c.m)
		t.Log(c.name)
		if c.want == "" {
			a.silent()
			continue
		}
		a.sends(rc, c.want)
	}
}

// state returns the state of the key x, with writes of the value w.
func state(executed, written []uint64, writes uint64) *Message {
	s := &State{Executed: executed, Written: written, Read: make([]uint64, 5), Slots: writes}
	g := &register{}
	for range writes {
		g.state.Apply(command('w'))
	}
	s.Register = g.state.State()
	return &Message{Kind: Kind_STATE, Key: []byte("x"), State: s}
}

// Rule 17: what a message has told is there after a restart.
func TestARestartForgetsNothingThatWasTold(t *testing.T) {
	lower := protocols.NewBallot(1, rb)
	zero := make([]uint64, 5)
	for _, c := range []struct {
		name   string
		before func(a *alone)
		from   protocols.NodeID
		ask    *Message
		want   string
	}{
		{"a promise", func(a *alone) { a.receive(rb, about(Kind_RECOVER, ra, 0, under(second))) },
			ra, about(Kind_PREACCEPT, ra, 0, with('a', zero...)), "Refused x/a0 0 promised 2.1"},
		{"a promise to itself", func(a *alone) { a.recovers(ra, 0) },
			rb, about(Kind_RECOVER, ra, 0, under(lower)), "Refused x/a0 1.1 promised 1.4"},
		{"what was pre-accepted", func(a *alone) {
			a.receive(rb, about(Kind_PREACCEPT, rb, 0, with('b', zero...)))
			a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', zero...)))
		}, rb, about(Kind_RECOVER, ra, 0, under(second)), "Recovered x/a0 2.1 pre-accepted x=a [0,1,0,0,0] of [0,0,0,0,0]"},
		{"what was accepted", func(a *alone) { a.receive(ra, about(Kind_ACCEPT, ra, 0, with('a', 0, 2, 0, 0, 0))) },
			rb, about(Kind_RECOVER, ra, 0, under(second)), "Recovered x/a0 2.1 accepted 0 x=a [0,2,0,0,0]"},
		{"that a no-op was accepted", func(a *alone) {
			a.receive(rb, about(Kind_PREACCEPT, rb, 0, with('b', zero...)), about(Kind_RECOVER, rb, 0, under(lower)), about(Kind_ACCEPT, rb, 0, under(lower)))
		}, rb, about(Kind_RECOVER, rb, 0, under(second)), "Recovered x/b0 2.1 accepted 1.1 no-op"},
		{"what was validated", func(a *alone) {
			a.receive(rb, about(Kind_RECOVER, rd, 0, under(second)), about(Kind_VALIDATE, rd, 0, under(second), with('d', zero...)))
			a.receive(rb, about(Kind_RECOVER, ra, 0, under(second)))
		}, rb, about(Kind_VALIDATE, ra, 0, under(second), with('a', zero...)), "Validated x/a0 2.1 d0"},
		{"what was committed", func(a *alone) { a.receive(ra, about(Kind_COMMIT, ra, 0, with('a', 0, 1, 0, 0, 0))) },
			rb, about(Kind_RECOVER, ra, 0, under(second)), "Commit x/a0 x=a [0,1,0,0,0]"},
		{"what was executed", func(a *alone) { a.receive(ra, about(Kind_COMMIT, ra, 0, with('a', zero...))) },
			rb, about(Kind_RECOVER, ra, 0, under(second)), "Commit x/a0 x=a [0,0,0,0,0]"},
		{"an adopted state", func(a *alone) { a.receive(rb, state([]uint64{1, 0, 0, 0, 0}, []uint64{1, 0, 0, 0, 0}, 1)) },
			rb, about(Kind_RECOVER, ra, 0, under(second)), "State x executed [1,0,0,0,0], 1 writes"},
		{"that a read was executed", func(a *alone) { a.receive(rb, about(Kind_COMMIT, rb, 0, with('B', zero...))) },
			ra, about(Kind_PREACCEPT, ra, 0, with('a', zero...)), "PreAccepted x/a0 [0,1,0,0,0]"},
	} {
		for _, how := range []string{"at once", "after a restart", "after a snapshot and a restart"} {
			a := newAlone(t, nil)
			c.before(a)
			if how == "after a snapshot and a restart" {
				a.config.SnapshotEvery = 1
				a.do(a.compact)
			}
			if how != "at once" {
				a.restart()
			}
			if c.name == "what was executed" && how == "after a snapshot and a restart" {
				c.want = "State x executed [1,0,0,0,0], 1 writes" // the instance is forgotten
			}
			a.receive(c.from, c.ask)
			t.Logf("%s, %s", c.name, how)
			a.sends(c.from, c.want)
		}
	}
}

// Rules 3 and 17: after a restart, the submitter goes on with what it had sent last.
func TestTheSubmitterGoesOnAfterARestart(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(rb, about(Kind_PREACCEPT, rb, 0, with('b', 0, 0, 0, 0, 0)))
	a.command('e')
	a.sends(ra, "PreAccept x/e0 x=e [0,1,0,0,0]")
	a.restart()
	a.sends(ra, "PreAccept x/e0 x=e [0,1,0,0,0]")
	for from, deps := range [][]uint64{{0, 1, 0, 0, 0}, {2, 1, 0, 0, 0}} {
		a.receive(protocols.NodeID(from), about(Kind_PREACCEPTED, re, 0, func(m *Message) { m.Deps = deps }))
	}
	a.sends(ra, "Accept x/e0 0 x=e [2,1,0,0,0]")
	a.restart()
	a.sends(ra, "Accept x/e0 0 x=e [2,1,0,0,0]")
	a.command('f')
	a.sends(ra, "PreAccept x/e1 x=f [0,1,0,0,1]") // of a, only numbers are known
}

// Rule 11: a command whose instance became a no-op is submitted again.
func TestACommandThatBecameANoopIsSubmittedAgain(t *testing.T) {
	a := newAlone(t, nil)
	a.command('e')
	a.receive(rb, about(Kind_COMMIT, re, 0))
	a.sends(ra, "PreAccept x/e1 x=e [0,0,0,0,1]")
}

// Rules 11 and 15: so is one that a state skips, unless the state has its result.
func TestACommandThatAStateSkipsIsSubmittedAgain(t *testing.T) {
	a := newAlone(t, nil)
	a.command('e')
	a.command('w')
	a.receive(rb, state([]uint64{0, 0, 0, 0, 2}, []uint64{0, 0, 0, 0, 2}, 1))
	if len(a.sent.Answers) != 1 || a.sent.Answers[0].ID.Client != 'w' {
		t.Errorf("found the answers %v, want one to the write of w", a.sent.Answers)
	}
	a.sends(ra, "PreAccept x/e2 x=e [0,0,0,0,2]")
}

// Rule 12: what depends on each other is executed together, by number and then by column.
func TestComponentsAreExecutedInOrder(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(rd, about(Kind_COMMIT, rd, 0, with('d', 1, 0, 0, 0, 0)))
	a.receive(rc, about(Kind_COMMIT, rc, 1, with('g', 0, 0, 1, 0, 0)))
	if len(a.sent.Commits) != 0 {
		t.Errorf("%v are executed, and what they depend on is not committed", a.sent.Commits)
	}
	a.receive(rc, about(Kind_COMMIT, rc, 0, with('c', 0, 0, 0, 1, 0)))
	if len(a.sent.Commits) != 0 {
		t.Errorf("%v are executed, and what they depend on is not committed", a.sent.Commits)
	}
	a.receive(ra, about(Kind_COMMIT, ra, 0, with('a', 0, 0, 2, 0, 0)))
	order := ""
	for _, c := range a.sent.Commits {
		order += string(rune(c.ID.Client))
	}
	if order != "acdg" {
		t.Errorf("executed in the order %s, want acdg", order)
	}
}

// Rule 13: a write is answered when it is executed; with the option, when it is committed.
func TestWhenAWriteIsAnswered(t *testing.T) {
	for answer, early := range map[string]bool{"execution": false, "commit": true} {
		a := newAlone(t, protocols.Choices{"answer": answer})
		a.receive(rb, about(Kind_PREACCEPT, rb, 0, with('b', 0, 0, 0, 0, 0)))
		a.command('e')
		for from := range protocols.NodeID(2) {
			a.receive(from, about(Kind_PREACCEPTED, re, 0, func(m *Message) { m.Deps = []uint64{0, 1, 0, 0, 0} }))
		}
		a.sends(ra, "Commit x/e0 x=e [0,1,0,0,0]")
		if got := len(a.sent.Answers) == 1; got != early {
			t.Errorf("answer: %s: answered at commit: %t", answer, got)
		}
		a.receive(rb, about(Kind_COMMIT, rb, 0, with('b', 0, 0, 0, 0, 0)))
		if got := len(a.sent.Answers) == 1; got == early {
			t.Errorf("answer: %s: answered at execution: %t", answer, got)
		}
	}
}

// Rule 15: a replica that is behind gets the commits, or the state of the key.
func TestAReplicaThatIsBehindIsTold(t *testing.T) {
	for kept, want := range map[string][]string{
		"1024": {"Commit x/a0 x=a [0,0,0,0,0]", "Commit x/b0 x=b [1,0,0,0,0]", "Commit x/b1 x=c [1,1,1,0,0]"},
		"1":    {"State x executed [1,1,0,0,0], 2 writes", "Commit x/b1 x=c [1,1,1,0,0]"},
	} {
		a := newAlone(t, protocols.Choices{"kept": kept})
		a.receive(ra, about(Kind_COMMIT, ra, 0, with('a', 0, 0, 0, 0, 0)))
		a.receive(rb, about(Kind_COMMIT, rb, 0, with('b', 1, 0, 0, 0, 0)), about(Kind_COMMIT, rb, 1, with('c', 1, 1, 1, 0, 0)))
		a.receive(rd, &Message{Kind: Kind_FETCH, Key: []byte("x"), Executed: make([]uint64, 5)})
		a.sends(rd, want...)
	}
}

// Rule 15: of two states the one with more writes is right; what the other has executed besides changes nothing.
func TestStatesAreMerged(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(ra, about(Kind_COMMIT, ra, 0, with('a', 0, 0, 0, 0, 0)))
	a.receive(rb, about(Kind_COMMIT, rb, 0, with('B', 1, 0, 0, 0, 0)))
	a.receive(rc, state([]uint64{0, 0, 1, 0, 0}, make([]uint64, 5), 0)) // a read that is not known here
	g := a.register([]byte("x"))
	if g.slots != 1 || !g.executedVector().equal([]uint64{1, 1, 1, 0, 0}) || g.state.Version() != 1 {
		t.Errorf("found %d writes, executed %v, version %d", g.slots, g.executedVector(), g.state.Version())
	}
	a.receive(rc, state([]uint64{1, 0, 0, 1, 0}, []uint64{1, 0, 0, 1, 0}, 2))
	if g.slots != 2 || !g.executedVector().equal([]uint64{1, 1, 1, 1, 0}) {
		t.Errorf("found %d writes, executed %v", g.slots, g.executedVector())
	}
	a.receive(rd, about(Kind_PREACCEPT, rd, 1, with('d', 0, 0, 0, 1, 0)))
	a.sends(rd, "PreAccepted x/d1 [1,1,0,1,0]")
}

// Of five, two are down and one has promised a higher ballot: an attempt cannot succeed under its own, and takes another.
func TestAnAttemptThatIsRefusedByOneAndUnansweredByOthersTakesAHigherBallot(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', 0, 0, 0, 0, 0)))
	a.recovers(ra, 0)
	x := a.held(ra, 0)
	first := x.ballot
	a.receive(rb, about(Kind_REFUSED, ra, 0, under(first), func(m *Message) { m.Promised = uint64(protocols.NewBallot(7, rb)) }))
	a.silent()
	for range 3 { // it is sent again, given up, and begun again
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: x.attempt.timer, Now: a.now + time.Minute})
	}
	if x.ballot <= protocols.NewBallot(7, rb) {
		t.Errorf("it goes on under ballot %v, and %v is promised", x.ballot, protocols.NewBallot(7, rb))
	}
}

// A replica that died while it was overloaded makes nobody wait as long as its last answers took: who waits longer than the
// others never gets its own commands through, as they recover them.
func TestWhatWasMeasuredOfASilentReplicaDoesNotCount(t *testing.T) {
	a := newAlone(t, nil)
	usual := a.timeout(5, 0)
	a.trips[rc].Sample(2 * time.Second)
	if got := a.timeout(5, 0); got < 2*time.Second {
		t.Errorf("answers take 2 s, and the timeout is %v", got)
	}
	a.command('e')
	for _, alive := range []protocols.NodeID{ra, rb, rd} {
		a.receive(alive, about(Kind_PREACCEPTED, re, 0, func(m *Message) { m.Deps = []uint64{1, 0, 0, 0, 0} }))
	}
	a.command('f')
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: a.held(re, 1).attempt.timer, Now: time.Second})
	if got := a.timeout(5, 1); got != usual {
		t.Errorf("c does not answer, and the timeout of all is %v, want %v", got, usual)
	}
	a.receive(rc, about(Kind_PREACCEPTED, re, 1, func(m *Message) { m.Deps = []uint64{0, 0, 0, 0, 1} }))
	if got := a.timeout(5, 0); got < time.Second {
		t.Errorf("c answers again, and the timeout is %v", got)
	}
}

// The same where another recovers the instance before this replica's timeout, which is by what was measured of the dead one:
// it is found silent then, and not those whose answers are not due.
func TestWhoHasNotAnsweredWhenAnotherRecoversIsSilent(t *testing.T) {
	for _, test := range []struct {
		name      string
		recovered time.Duration // when
		silent    bool
	}{
		{"when c's answer is due", time.Second, true},
		{"before c's answer is due", time.Millisecond, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAlone(t, nil)
			usual := a.timeout(5, 0)
			a.trips[rc].Sample(2 * time.Second)
			a.command('e')
			a.receive(ra, about(Kind_PREACCEPTED, re, 0, func(m *Message) { m.Deps = []uint64{0, 0, 0, 0, 0} }))
			a.receiveAt(test.recovered, ra, about(Kind_RECOVER, re, 0, under(protocols.Ballot(0).Next(ra))))
			if got := a.timeout(5, 0); (got == usual) != test.silent {
				t.Errorf("another recovers the instance after %v, and the timeout is %v, usually %v", test.recovered, got, usual)
			}
		})
	}
}

// Nobody is found silent by an attempt that was given up before: its answers are not waited for. Who answers it is heard.
func TestAnAttemptThatIsGivenUpFindsNobodySilent(t *testing.T) {
	a := newAlone(t, nil)
	a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', 0, 0, 0, 0, 0)))
	a.recovers(ra, 0)
	b := protocols.Ballot(0).Next(re)
	higher := b.Next(rb)
	a.receive(rb, about(Kind_RECOVER, ra, 0, under(higher)))
	if stage := a.held(ra, 0).attempt.stage; stage != backingOff {
		t.Fatalf("promised another ballot, and is in stage %v", stage)
	}
	a.reach.Unanswered(rc, 0)
	a.receive(rc, about(Kind_RECOVERED, ra, 0, under(b)))
	if a.reach.Silent(rc) {
		t.Error("c answers what was given up, and is silent")
	}
	a.receiveAt(time.Second, rb, about(Kind_ACCEPT, ra, 0, under(higher)))
	for _, peer := range []protocols.NodeID{ra, rb, rc, rd} {
		if a.reach.Silent(peer) {
			t.Errorf("%c is silent, though its answer was not waited for", 'a'+rune(peer))
		}
	}
}

// With thrifty the answers of those who were asked are waited for: a farther one that stands in for a silent one would be found
// silent, too, if its answer were due when the nearest would have answered.
func TestThriftyWaitsForThoseWhoWereAsked(t *testing.T) {
	a := newAlone(t, protocols.Choices{"thrifty": "on"})
	a.reach.Unanswered(ra, 0)
	a.trips[rc].Sample(2 * time.Second)
	a.command('e')
	a.sends(ra)
	farthest := time.Duration(0)
	for _, peer := range []protocols.NodeID{rb, rc, rd} {
		if len(a.to(peer)) > 0 {
			farthest = max(farthest, a.timeoutOf(peer, 0))
		}
	}
	i := slices.IndexFunc(a.sent.Timers, func(c protocols.TimerChange) bool { return c.ID == a.held(re, 0).attempt.timer })
	if i < 0 || a.sent.Timers[i].After != farthest {
		t.Errorf("sets the timers %+v; the farthest who was asked may take %v", a.sent.Timers, farthest)
	}
}

// A replica that is far behind asks each time that the last answer is due, not for each message that it cannot place.
func TestAReplicaFarBehindAsksOnceInATimeout(t *testing.T) {
	a := newAlone(t, nil)
	far := func(number uint64) *Message {
		return about(Kind_PREACCEPT, ra, maxAhead+number, with('a', maxAhead+number, 0, 0, 0, 0))
	}
	a.receive(ra, far(1))
	a.sends(ra, "Fetch x beyond [0,0,0,0,0]")
	a.receive(ra, far(2))
	a.silent()
	a.receiveAt(a.timeoutOf(ra, 0), ra, far(3))
	a.sends(ra, "Fetch x beyond [0,0,0,0,0]")
}

// What was measured is never multiplied: timeouts double the configured round trip only, and back-offs end.
func TestMeasuredTimeoutsAreNotDoubled(t *testing.T) {
	a := newAlone(t, nil)
	if first, fourth := a.timeout(5, 1), a.timeout(5, 4); fourth != 4*first {
		t.Errorf("the timeout of repetitions is %v first, then %v", first, fourth)
	}
	for range 10 { // no deviation is left
		for peer := range a.trips {
			a.trips[peer].Sample(2 * time.Second)
		}
	}
	if first, fourth := a.timeout(5, 1), a.timeout(5, 4); fourth != first {
		t.Errorf("answers take 2 s: the timeout of repetitions is %v first, then %v", first, fourth)
	}
	least := 2 * a.timeout(5, 0)
	for range 50 {
		a.receive(ra, about(Kind_PREACCEPT, ra, 0, with('a', 0, 0, 0, 0, 0)))
		a.recovers(ra, 0)
		x := a.held(ra, 0)
		x.attempt.refusals = 20
		a.do(func() { a.backOff(x.attempt) })
		if got := a.sent.Timers[0].After; got < least || got > 5*least {
			t.Fatalf("a back-off takes %v, want %v to %v", got, least, 5*least)
		}
	}
}
