package quorum

import (
	"fmt"
	"iter"
	"math/bits"
	"strconv"
	"strings"
)

// MaxReplica is the highest number of a replica that a Set can hold.
const MaxReplica = 63

// Set is a set of replicas, by their numbers from 0 to MaxReplica. The zero value is empty.
type Set uint64

// Of returns the set of some replicas.
func Of[ID ~int32](replicas ...ID) Set {
	var s Set
	for _, id := range replicas {
		s.Add(int32(id))
	}
	return s
}

// First is the set of the replicas 0 … n-1.
func First(n int) Set {
	if n > MaxReplica {
		return ^Set(0)
	}
	return 1<<uint(n) - 1
}

// Add puts replica i, 0 ≤ i ≤ MaxReplica, into the set. One that is there already stays there once.
func (s *Set) Add(i int32) { *s |= 1 << uint(i) }

// Has tells whether replica i is in the set.
func (s Set) Has(i int32) bool { return s&(1<<uint(i)) != 0 }

// Without returns what is in s and not in the other.
func (s Set) Without(other Set) Set { return s &^ other }

// Size is the number of replicas in the set.
func (s Set) Size() int { return bits.OnesCount64(uint64(s)) }

// All goes through the replicas of the set, in the order of their numbers.
func (s Set) All() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(int32(bits.TrailingZeros64(uint64(s)))) {
				return
			}
		}
	}
}

// Namer names a replica in texts, for instance by its region. A nil Namer names it by its number.
type Namer func(replica int32) string

// String returns the numbers, as in (0,1,2).
func (s Set) String() string { return s.Text(nil) }

// Text returns the names, as in (oregon,tokyo).
func (s Set) Text(name Namer) string {
	var names []string
	for id := range s.All() {
		if name == nil {
			names = append(names, strconv.Itoa(int(id)))
		} else {
			names = append(names, name(id))
		}
	}
	return "(" + strings.Join(names, ",") + ")"
}

// System tells which sets of replicas are quorums. Systems are immutable, so that several goroutines may use
// one. They are made by the functions of this package alone: any system can be written with them, since it is
// what any of its smallest quorums' members together are.
type System interface {
	// IsQuorum tells whether the replicas of the set that the system is about are, or contain, a quorum.
	IsQuorum(of Set) bool
	// Members are the replicas that the system is about. No other makes a difference to IsQuorum.
	Members() Set
	// Text describes the system in one line, as in "2 of (oregon,tokyo,ohio)".
	Text(name Namer) string
	// String is Text with the replicas' numbers.
	fmt.Stringer
	// rest is what is left to be decided about a quorum when some members are in a set, some are out of it, and
	// the others may be either.
	rest(in, out Set) rest
	// place appends the members in the order in which Apart decides about them: those that stand together in a
	// system, one after the other.
	place(order []int32) []int32
}

// sized is the system of all sets of members that have a certain size.
type sized struct {
	members  Set
	size     int
	majority bool // it was made as one, and says so
}

// Majority returns the system of the smallest sets of members of which any two intersect.
func Majority(members Set) System {
	return sized{members: members, size: MajoritySize(members.Size()), majority: true}
}

// Size returns the system of all sets of so many members, from 1 to all of them. With more than there
// are, no set is a quorum.
func Size(size int, members Set) System { return sized{members: members, size: size} }

// MajoritySize is the number of replicas in a majority of n.
func MajoritySize(n int) int { return n/2 + 1 }

// MeetingSize is the size of the smallest sets of n replicas that each intersect every set of the given
// size, 1 ≤ size ≤ n.
func MeetingSize(n, size int) int { return n + 1 - size }

func (q sized) IsQuorum(of Set) bool { return (of & q.members).Size() >= q.size }

func (q sized) Members() Set { return q.members }

func (q sized) String() string { return q.Text(nil) }

func (q sized) Text(name Namer) string {
	switch {
	case q.size == 1 && q.members.Size() == 1:
		members := q.members.Text(quoted(name))
		return members[1 : len(members)-1] // the replica alone
	case q.majority:
		return "majority" + q.members.Text(quoted(name))
	}
	return fmt.Sprintf("%d of %s", q.size, q.members.Text(quoted(name)))
}

// Reached returns the highest value that all replicas of some quorum have reached, where values holds
// that of each replica at the place of its number, and values only rise from zero. It is zero if even all
// replicas are no quorum.
func Reached(s System, values []uint64) uint64 {
	var order [MaxReplica + 1]uint8 // the replicas, the highest value first
	for i, v := range values {
		at := i
		for ; at > 0 && values[order[at-1]] < v; at-- {
			order[at] = order[at-1]
		}
		order[at] = uint8(i)
	}
	var reached Set
	for _, i := range order[:len(values)] {
		reached.Add(int32(i))
		if s.IsQuorum(reached) {
			return values[i]
		}
	}
	return 0
}
