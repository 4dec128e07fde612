package quorum

import (
	"fmt"
	"math"
	"strings"
)

// Part is a part of a composed system: a system and what it weighs.
type Part struct {
	System System
	Weight int // at least 1
}

// One is the system of a single replica: a set is a quorum if it has that.
func One(replica int32) System { return sized{members: Of(replica), size: 1} }

// Parts are systems that all weigh 1.
func Parts(systems ...System) []Part {
	parts := make([]Part, len(systems))
	for i, s := range systems {
		parts[i] = Part{s, 1}
	}
	return parts
}

// composed is the system of the sets that hold quorums of parts which together weigh at least need.
type composed struct {
	members Set
	need    int
	parts   []Part
	kind    kind
}

// kind says how a system was made, for its text.
type kind uint8

const (
	byWeight   kind = iota // so much of the parts
	byMajority             // more than half of the parts
	byAll                  // all parts
	byAny                  // any part
)

// AtLeast is the system of the sets that hold quorums of parts which together weigh at least need, 1 or more. With
// more than all weigh, no set is a quorum.
func AtLeast(need int, parts ...Part) System { return compose(byWeight, need, parts) }

// MajorityOf is the system of the sets that hold quorums of parts which together weigh more than half of what all weigh: of
// replicas with weights, or, hierarchically, of regions with replicas.
func MajorityOf(parts ...Part) System { return compose(byMajority, weigh(parts)/2+1, parts) }

// All is the system of the sets that hold a quorum of each part: of majorities, a joint one.
func All(parts ...System) System { return compose(byAll, len(parts), Parts(parts...)) }

// Any is the system of the sets that hold a quorum of one part or more.
func Any(parts ...System) System { return compose(byAny, 1, Parts(parts...)) }

// Joint is the system of the sets that hold a majority of each group.
func Joint(groups ...Set) System {
	var parts []System
	for _, g := range groups {
		parts = append(parts, Majority(g))
	}
	return All(parts...)
}

// Rows is the system of the sets that hold all replicas of a row.
func Rows(rows ...Set) System {
	var parts []System
	for _, row := range rows {
		parts = append(parts, Size(row.Size(), row))
	}
	return Any(parts...)
}

// Columns is the system of the sets that hold a replica of each row. Each of them meets each of Rows.
func Columns(rows ...Set) System {
	var parts []System
	for _, row := range rows {
		parts = append(parts, Size(1, row))
	}
	return All(parts...)
}

// Grid is the system of the sets that hold all replicas of a row and a replica of each row. Any two of them meet.
func Grid(rows ...Set) System { return All(Rows(rows...), Columns(rows...)) }

// Dual is the system of the sets that meet every quorum of s: a set is one of its quorums if the members that are not in it are none of s.
func Dual(s System) System {
	switch s := s.(type) {
	case sized:
		return Size(s.members.Size()+1-s.size, s.members)
	case composed:
		parts := make([]Part, len(s.parts))
		for i, p := range s.parts {
			parts[i] = Part{Dual(p.System), p.Weight}
		}
		return compose(byWeight, weigh(parts)+1-s.need, parts)
	}
	panic("quorum: a system that this package did not make")
}

// Within is the system of the sets whose members among some replicas are a quorum of s: the others make no difference any more.
// There may be no quorum left.
func Within(s System, among Set) System {
	switch s := s.(type) {
	case sized:
		return Size(s.size, s.members&among)
	case composed:
		parts := make([]Part, len(s.parts))
		for i, p := range s.parts {
			parts[i] = Part{Within(p.System, among), p.Weight}
		}
		return compose(byWeight, s.need, parts)
	}
	panic("quorum: a system that this package did not make")
}

// compose makes a system of replicas alone a sized one, which is decided faster.
func compose(kind kind, need int, parts []Part) System {
	if len(parts) == 1 && kind != byWeight {
		return parts[0].System
	}
	q := composed{need: need, parts: parts, kind: kind}
	flat := true
	for _, p := range parts {
		members := p.System.Members()
		flat = flat && p.Weight == 1 && members.Size() == 1 && members&q.members == 0 && p.System.IsQuorum(members)
		q.members |= members
	}
	if flat {
		return sized{members: q.members, size: need, majority: kind == byMajority}
	}
	return q
}

// weigh sums up what parts weigh.
func weigh(parts []Part) int {
	sum := 0
	for _, p := range parts {
		sum += p.Weight
	}
	return sum
}

func (q composed) IsQuorum(of Set) bool {
	need := q.need
	for _, p := range q.parts {
		if p.System.IsQuorum(of) {
			if need -= p.Weight; need <= 0 {
				return true
			}
		}
	}
	return need <= 0
}

func (q composed) Members() Set { return q.members }

func (q composed) String() string { return q.Text(nil) }

// Text is the expression that Parse reads.
func (q composed) Text(name Namer) string {
	var parts []string
	for _, p := range q.parts {
		text := p.System.Text(name)
		if p.Weight != 1 {
			text = fmt.Sprintf("%s=%d", text, p.Weight)
		}
		parts = append(parts, text)
	}
	inside := "(" + strings.Join(parts, ",") + ")"
	switch q.kind {
	case byMajority:
		return "majority" + inside
	case byAll:
		return "all" + inside
	case byAny:
		return "any" + inside
	}
	return fmt.Sprintf("%d of %s", q.need, inside)
}

// rest is what is left to be decided about a quorum. Two equal rests of one system, with the same members open, are
// decided alike by whatever is decided about these.
type rest struct {
	state state
	key   string // if open
}

type state uint8

const (
	open    state = iota // it depends on the members that are open
	settled              // the set is a quorum
	missed               // the set is none
)

func (q sized) rest(in, out Set) rest {
	has := (in & q.members).Size()
	switch {
	case has >= q.size:
		return rest{state: settled}
	case q.members.Without(out).Size() < q.size:
		return rest{state: missed}
	}
	return rest{key: fmt.Sprint(q.size - has)}
}

func (q composed) rest(in, out Set) rest {
	need, left := q.need, 0
	var key strings.Builder
	for i, p := range q.parts {
		switch r := p.System.rest(in, out); r.state {
		case settled:
			need -= p.Weight
		case open:
			left += p.Weight
			fmt.Fprintf(&key, " %d(%s)", i, r.key)
		}
	}
	switch {
	case need <= 0:
		return rest{state: settled}
	case left < need:
		return rest{state: missed}
	}
	return rest{key: fmt.Sprint(need, key.String())}
}

func (q sized) place(order []int32) []int32 {
	for id := range q.members.All() {
		order = append(order, id)
	}
	return order
}

func (q composed) place(order []int32) []int32 {
	for _, p := range q.parts {
		order = p.System.place(order)
	}
	return order
}

// mostWeight bounds the sum of the weights of a system that is read.
const mostWeight = math.MaxInt16
