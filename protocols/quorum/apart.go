package quorum

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// mostStates bounds how many states the exact questions about systems may visit, so that none takes longer than a few
// seconds. Systems that people write take a few hundred.
const mostStates = 1 << 18

// undecided says that a question about some systems would take too long.
func undecided(systems []System) error {
	return fmt.Errorf("found quorum systems of %d replicas whose quorums are too many to compare; accepted: systems of fewer replicas, or with fewer parts that share replicas",
		membersOf(systems).Size())
}

func membersOf(systems []System) (all Set) {
	for _, s := range systems {
		all |= s.Members()
	}
	return all
}

// Apart decides whether every choice of one quorum of each system has a common member. It returns nil if
// so, and otherwise a choice that has none: one quorum of each system, in their order, each without a
// member that it could do without. A system without quorums is apart from nothing.
//
// It is exact. An error says that it could not be decided within a bounded number of steps, which concerns systems
// with very many parts that share replicas.
//
// Quorums have no common member if, and only if, each replica that is a member of all systems is left out by one of them. So one
// replica after the other is dealt to a system that leaves it out, as long as all systems can still have quorums. What
// a system then needs of the replicas to come is its rest; choices that lead to the same rests are tried once.
func Apart(systems ...System) ([]Set, error) {
	if len(systems) == 0 {
		return nil, nil
	}
	common := systems[0].Members()
	var counted []sized
	for _, s := range systems {
		if !s.IsQuorum(s.Members()) {
			return nil, nil
		}
		common &= s.Members()
		if q, is := s.(sized); is {
			counted = append(counted, q)
		}
	}
	if len(counted) == len(systems) {
		return apartBySize(counted, common), nil
	}
	d := dealer{systems: systems, out: make([]Set, len(systems)), tried: map[string]bool{}}
	for _, id := range systems[0].place(nil) {
		if common.Has(id) && !slices.Contains(d.order, id) {
			d.order = append(d.order, id)
		}
	}
	slices.Reverse(d.order) // the first systems leave out the last replicas
	found := d.deal(0)
	if len(d.tried) > mostStates {
		return nil, undecided(systems)
	}
	if !found {
		return nil, nil
	}
	return quorumsWithout(systems, d.out), nil
}

// quorumsWithout are minimal quorums without what each system leaves out.
func quorumsWithout[S System](systems []S, out []Set) []Set {
	quorums := make([]Set, len(systems))
	for i, s := range systems {
		quorums[i] = minimal(s, s.Members().Without(out[i]))
	}
	return quorums
}

// apartBySize is Apart for sizes, which is at hand without a search: each system can leave out as many of its members as it has
// beyond its size, so the common members are dealt out, the last first.
func apartBySize(systems []sized, common Set) []Set {
	out := make([]Set, len(systems))
	for i, s := range systems {
		for left := s.members.Size() - s.size; left > 0 && common != 0; left-- {
			out[i], common = out[i]|last(common), common.Without(last(common))
		}
	}
	if common != 0 {
		return nil
	}
	return quorumsWithout(systems, out)
}

// dealer deals replicas to systems that leave them out.
type dealer struct {
	systems []System
	order   []int32         // of the replicas
	out     []Set           // by system: what it leaves out
	tried   map[string]bool // how many replicas are dealt, and the systems' rests, that lead nowhere
}

// deal deals the replicas from the given place of the order on. It tells whether every system can then have a quorum
// without those that it leaves out.
func (d *dealer) deal(at int) bool {
	if at == len(d.order) {
		return true
	}
	key := []string{fmt.Sprint(at)}
	open := Set(0) // the replicas that are still to be dealt
	for _, id := range d.order[at:] {
		open.Add(id)
	}
	for i, s := range d.systems {
		r := s.rest(s.Members().Without(d.out[i]|open), d.out[i])
		if r.state == missed {
			return false
		}
		key = append(key, r.key)
	}
	state := strings.Join(key, ";")
	if d.tried[state] || len(d.tried) > mostStates {
		return false
	}
	d.tried[state] = true
	replica := Of(d.order[at])
	for i, s := range d.systems {
		if !s.IsQuorum(s.Members().Without(d.out[i] | replica)) {
			continue
		}
		d.out[i] |= replica
		if d.deal(at + 1) {
			return true
		}
		d.out[i] = d.out[i].Without(replica)
	}
	return false
}

// minimal takes from a quorum, the highest number first, the members that it can do without.
func minimal(s System, quorum Set) Set {
	quorum &= s.Members()
	for rest := quorum; rest != 0; rest = rest.Without(last(rest)) {
		if smaller := quorum.Without(last(rest)); s.IsQuorum(smaller) {
			quorum = smaller
		}
	}
	return quorum
}

// last is the set of the replica with the highest number in a set that is not empty.
func last(s Set) Set { return 1 << (bits.Len64(uint64(s)) - 1) }
