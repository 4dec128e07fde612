package quorum

import (
	"slices"
	"strings"
)

// Survived tells how many groups, whichever they are, may fail together such that each of the systems still has a
// quorum, and a smallest choice of groups whose failure leaves one of them without. Groups have no common replica; a
// replica of no group does not fail. With single replicas as groups, it is the number of crashes that are survived,
// with regions, that of regions. If even the failure of all groups is survived, the choice is nil.
//
// An error says that it could not be decided within a bounded number of steps; see Apart.
func Survived(groups []Set, systems ...System) (int, []Set, error) {
	w := walk{systems: systems, merge: func(a, b branch) branch {
		if len(b.failed) < len(a.failed) {
			return b
		}
		return a
	}}
	all := membersOf(systems)
	grouped := Set(0)
	for _, g := range groups {
		grouped |= g
	}
	least := []int(nil)
	states := w.join(nil, branch{in: all.Without(grouped)})
	for i, g := range groups {
		var next []branch
		for _, b := range states {
			out := branch{in: b.in, out: b.out | g, failed: append(slices.Clone(b.failed), i)}
			switch {
			case !w.misses(out):
				next = w.join(next, out)
			case least == nil || len(out.failed) < len(least):
				least = out.failed
			}
			next = w.join(next, branch{in: b.in | g, out: b.out, failed: b.failed})
		}
		if states = next; len(states) > mostStates {
			return 0, nil, undecided(systems)
		}
	}
	if least == nil {
		return len(groups), nil, nil
	}
	var choice []Set
	for _, i := range least {
		choice = append(choice, groups[i])
	}
	return len(least) - 1, choice, nil
}

// Group is a group of replicas that may fail together, such as a region.
type Group struct {
	Replicas Set
	Fails    float64 // the probability that all of them are down, 0 to 1
}

// Availability is the probability that each of the systems has a quorum of replicas that are up, if groups and, beside
// them, single replicas fail independently: replica i with the probability fails(i), 0 to 1. Groups have no common
// replica; replicas of no group fail alone.
//
// An error says that it could not be computed within a bounded number of steps; see Apart.
func Availability(groups []Group, fails func(replica int32) float64, systems ...System) (float64, error) {
	w := walk{systems: systems, merge: func(a, b branch) branch {
		a.probability += b.probability
		return a
	}}
	grouped := Set(0)
	for _, g := range groups {
		grouped |= g.Replicas
	}
	if alone := membersOf(systems).Without(grouped); alone != 0 {
		groups = append(slices.Clone(groups), Group{Replicas: alone})
	}
	states := w.join(nil, branch{probability: 1})
	for _, g := range groups {
		var after []branch
		for _, b := range states { // the group as a whole is down
			after = w.join(after, branch{in: b.in, out: b.out | g.Replicas, probability: b.probability * g.Fails})
		}
		for id := range g.Replicas.All() { // it is not
			var next []branch
			for _, b := range states {
				next = w.join(next, branch{in: b.in, out: b.out | Of(id), probability: b.probability * fails(id)})
				next = w.join(next, branch{in: b.in | Of(id), out: b.out, probability: b.probability * (1 - fails(id))})
			}
			if states = next; len(states) > mostStates {
				return 0, undecided(systems)
			}
		}
		for _, b := range states {
			b.probability *= 1 - g.Fails
			after = w.join(after, b)
		}
		states = after
	}
	available := 0.0
	for _, b := range states {
		if !w.misses(b) {
			available += b.probability
		}
	}
	return available, nil
}

// walk goes through what becomes of replicas, one group after the other. Branches that leave the same to be decided are
// merged into one.
type walk struct {
	systems []System
	merge   func(a, b branch) branch
}

// branch is what became of some replicas.
type branch struct {
	in, out     Set
	failed      []int // places of the groups that failed
	probability float64
	key         string // what is left to be decided
}

// misses tells whether a system can have no quorum any more.
func (w *walk) misses(b branch) bool {
	for _, s := range w.systems {
		if s.rest(b.in, b.out).state == missed {
			return true
		}
	}
	return false
}

// join puts a branch to others, whose keys are in order, or merges it with the one like it.
func (w *walk) join(others []branch, b branch) []branch {
	var key strings.Builder
	for _, s := range w.systems {
		r := s.rest(b.in, b.out)
		key.WriteByte(byte('0' + r.state))
		key.WriteString(r.key)
		key.WriteByte(';')
	}
	b.key = key.String()
	at, found := slices.BinarySearchFunc(others, b, func(a, b branch) int { return strings.Compare(a.key, b.key) })
	if found {
		others[at] = w.merge(others[at], b)
		return others
	}
	return slices.Insert(others, at, b)
}
