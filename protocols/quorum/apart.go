package quorum

import (
	"fmt"
	"math/bits"
	"slices"
)

// mostEnumerated is the number of replicas up to which [Apart] decides about systems of any kind: it then
// goes through all 2ⁿ sets of them.
const mostEnumerated = 20

// Apart decides whether every choice of one quorum of each system has a common member. It returns nil if
// so, and otherwise a choice that has none: one quorum of each system, in their order, each without a
// member that it could do without. A system without quorums is apart from nothing.
//
// It is exact for any number of systems. Systems made by Majority and Size may have as many replicas as
// there can be; if there are others among them, an error refuses more than 20 replicas together.
func Apart(systems ...System) ([]Set, error) {
	var replicas Set
	counted := make([]sized, 0, len(systems))
	for _, s := range systems {
		if !s.IsQuorum(s.Members()) {
			return nil, nil
		}
		replicas |= s.Members()
		if q, is := s.(sized); is {
			counted = append(counted, q)
		}
	}
	var apart []Set
	switch n := replicas.Size(); {
	case len(counted) == len(systems):
		apart = apartBySize(counted)
	case n > mostEnumerated:
		return nil, fmt.Errorf("found quorum systems of %d replicas; accepted: up to %d, beyond which only majorities and sizes are decided", n, mostEnumerated)
	default:
		apart = apartByEnumeration(systems, replicas)
	}
	for i := range apart {
		apart[i] = minimal(systems[i], apart[i])
	}
	return apart, nil
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

// apartBySize is Apart for sizes. Each system can leave out as many of its members as it has beyond its
// size. Quorums have no common member if, and only if, every replica that is a member of all systems can
// be left out by one of them; so these are dealt out, to each system as many as it can leave out.
func apartBySize(systems []sized) []Set {
	if len(systems) == 0 {
		return nil
	}
	common := systems[0].members
	for _, s := range systems[1:] {
		common &= s.members
	}
	quorums := make([]Set, len(systems))
	for i, s := range systems {
		quorums[i] = s.members
		for left := s.members.Size() - s.size; left > 0 && common != 0; left-- {
			quorums[i], common = quorums[i].Without(last(common)), common.Without(last(common))
		}
	}
	if common != 0 {
		return nil
	}
	return quorums
}

// apartByEnumeration is Apart by going through all sets of the replicas, which are numbered anew, without
// gaps, so that a set is an index into a table.
//
// Let within[i](T) say whether the first i systems have quorums whose common members are all in T. Then
// within[1](T) says whether T is a quorum of the first system, and within[i+1](T) whether there is a quorum
// Q of the next one such that within[i](T ∪ not Q). The quorums can be apart if within holds for the empty
// set; going back from there gives them.
func apartByEnumeration(systems []System, replicas Set) []Set {
	numbers := slices.Collect(replicas.All())
	all := uint64(1)<<len(numbers) - 1
	set := func(index uint64) (s Set) {
		for i, number := range numbers {
			if index&(1<<i) != 0 {
				s.Add(number)
			}
		}
		return s
	}
	tables := make([][]bool, len(systems)) // by system: which sets are quorums
	for i, s := range systems {
		tables[i] = make([]bool, all+1)
		for index := range tables[i] {
			tables[i][index] = s.IsQuorum(set(uint64(index)))
		}
	}
	within := [][]bool{tables[0]}
	for _, table := range tables[1:] {
		within = append(within, intersections(within[len(within)-1], table, len(numbers)))
	}
	if !within[len(within)-1][0] {
		return nil
	}
	quorums := make([]Set, len(systems))
	common := uint64(0) // in which the common members of the quorums up to the next are
	for i := len(systems) - 1; i > 0; i-- {
		for q, is := range tables[i] {
			if is && within[i-1][common|all&^uint64(q)] {
				quorums[i], common = set(uint64(q)), common|all&^uint64(q)
				break
			}
		}
	}
	quorums[0] = set(common)
	return quorums
}

// intersections tells of every set whether it is the intersection of a set in one table and a set in the
// other, for tables over the sets of n replicas in which, with a set, all larger ones are. It counts pairs:
// those whose two sets both contain T are as many as the product of the numbers of sets that contain T, and
// from that the number of pairs whose intersection is exactly T follows by inclusion and exclusion. With n
// up to 20 a count is below 2⁴⁰.
func intersections(a, b []bool, n int) []bool {
	pairs := containing(a, n)
	for i, count := range containing(b, n) {
		pairs[i] *= count
	}
	for bit := range n {
		for t := range pairs {
			if t&(1<<bit) == 0 {
				pairs[t] -= pairs[t|1<<bit]
			}
		}
	}
	is := make([]bool, len(pairs))
	for t, count := range pairs {
		is[t] = count > 0
	}
	return is
}

// containing counts, for every set of n replicas, the sets in the table that contain it.
func containing(table []bool, n int) []uint64 {
	counts := make([]uint64, len(table))
	for t, is := range table {
		if is {
			counts[t] = 1
		}
	}
	for bit := range n {
		for t := range counts {
			if t&(1<<bit) == 0 {
				counts[t] += counts[t|1<<bit]
			}
		}
	}
	return counts
}
