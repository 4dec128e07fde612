// Package sequential decides whether what one client saw is sequentially consistent with the order in which the replicas applied
// the writes: whether its commands can be put into that order such that a command that was answered before another was issued comes before
// it, every read has found what was there, and every write stands where it was applied. If so for each client, the history of all is
// sequentially consistent (Lamport, IEEE Transactions on Computers, 1979), and all clients see the writes in one order.
// Of two clients it is not asked who was first in real time.
package sequential

import (
	"cmp"
	"slices"
	"time"
)

// Operation is a command of one client that was answered. From and To are the first and the last position of the order at which
// it may stand; see At and After.
type Operation struct {
	Issued, Answered time.Duration
	From, To         int
}

// At is the position of the n-th command of the order, from 1.
func At(n int) int { return 2 * n }

// After is the position behind the n-th command of the order and before the next; n is 0 before the first.
func After(n int) int { return 2*n + 1 }

// Violation is a command that cannot stand behind one that was answered before it was issued. Both are indexes of the history, and the
// position is the first at which the earlier one can stand.
type Violation struct {
	Later, Earlier int
	Position       int
}

// Check returns the first violation of a client's history, by the time of issue; nil if there is none. It gives each command in turn the
// first position that is left to it, which leaves most to those after it.
func Check(history []Operation) *Violation {
	issued := make([]int, len(history))
	for i := range issued {
		issued[i] = i
	}
	answered := slices.Clone(issued)
	slices.SortStableFunc(issued, func(a, b int) int { return cmp.Compare(history[a].Issued, history[b].Issued) })
	slices.SortStableFunc(answered, func(a, b int) int { return cmp.Compare(history[a].Answered, history[b].Answered) })
	position := make([]int, len(history))
	least, earlier := 0, -1 // the highest position among those answered before, and whose that is
	for _, i := range issued {
		for len(answered) > 0 && history[answered[0]].Answered < history[i].Issued {
			if before := answered[0]; position[before] > least {
				least, earlier = position[before], before
			}
			answered = answered[1:]
		}
		if position[i] = max(history[i].From, least); position[i] > history[i].To {
			return &Violation{Later: i, Earlier: earlier, Position: least}
		}
	}
	return nil
}
