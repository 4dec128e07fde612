package raft

import (
	"testing"

	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// When an entry is removed, because it conflicts with the leader's, the membership before it is in force again; what a snapshot
// covers leaves the one behind that is in force after it (rules 28 and 34).
func TestAMembershipGoesWithItsEntry(t *testing.T) {
	three := quorum.Majority(quorum.First(3))
	first := membership.First(quorum.First(3), quorum.Roles{quorum.Election: three, quorum.Write: three}, meeting)
	learner := func(m *membership.Membership, number uint64, text string) *membership.Membership {
		r, err := membership.ParseRequest(number, text)
		if err != nil {
			t.Fatal(err)
		}
		return m.Next(membership.Requests{r})
	}
	second := learner(first, 1, "add-learner 3")
	third := learner(second, 2, "add-learner 4")
	l := entryLog{memberships: membership.NewLog(first, true)}
	expect := func(what string, want *membership.Membership) {
		t.Helper()
		if got := l.memberships.At(l.last()); string(got.Encoded()) != string(want.Encoded()) {
			t.Errorf("%s, %v is in force; want %v", what, got, want)
		}
	}
	expect("in the beginning", first)
	l.replace(1, []*Entry{{Term: 1}, {Term: 1, Membership: second.Encoded()}, {Term: 1}, {Term: 1, Membership: third.Encoded()}})
	expect("after both entries", third)
	if at := l.memberships.At(3); at.Index != 2 {
		t.Errorf("after entry 3, the membership of entry %d is in force, want that of 2", at.Index)
	}
	l.replace(4, []*Entry{{Term: 2}})
	expect("after the removal of the second", second)
	l.compact(3)
	expect("when its entry is in a snapshot", second)
	l.replace(4, nil)
	expect("when nothing is left after the snapshot", second)
	l = entryLog{memberships: membership.NewLog(first, true)}
	l.replace(1, []*Entry{{Term: 1}, {Term: 1, Membership: second.Encoded()}})
	l.replace(2, []*Entry{{Term: 2}})
	expect("after the removal of all", first)
}
