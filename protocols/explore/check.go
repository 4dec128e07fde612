package explore

import (
	"fmt"

	"quorumbench/protocols"
)

// local returns the state of a replica.
func (s *search) local(x *state, r int) *local { return s.locals[s.cells.all[x.cells[r]].local] }

// compare holds the replica that has moved against the others, one at a time: what it checks is of
// two replicas, and of those that have not moved it is known.
func (s *search) compare(x *state, moved int, at uint32) {
	for r := range s.replicas {
		if r == moved {
			continue
		}
		a, b := min(r, moved), max(r, moved)
		pair := [2]uint32{s.cells.all[x.cells[a]].local, s.cells.all[x.cells[b]].local}
		if _, known := s.pairs[pair]; known {
			continue
		}
		s.pairs[pair] = struct{}{}
		one, other := s.locals[pair[0]], s.locals[pair[1]]
		if different := s.different(&one.notes, &other.notes); different != "" {
			s.violated(ApplyOrder, different, at)
			return
		}
		for _, misread := range []string{s.misread(&one.notes, &other.notes), s.misread(&other.notes, &one.notes), s.misread(&one.notes, &one.notes), s.misread(&other.notes, &other.notes)} {
			if misread != "" {
				s.violated(ReadValue, misread, at)
				return
			}
		}
		if s.cluster.Driver.Invariants == nil {
			continue
		}
		nodes := make([]protocols.Node, s.replicas)
		nodes[a], nodes[b] = one.node, other.node
		if err := s.cluster.Driver.Invariants(nodes); err != nil {
			s.violated(Invariants, err.Error(), at)
			return
		}
	}
}

// different tells if two replicas apply different commands at one place.
func (s *search) different(one, other *notes) string {
	for _, x := range one.orders {
		for _, y := range other.orders {
			if x.key != y.key {
				continue
			}
			for i := range min(len(x.applied), len(y.applied)) {
				if p, q := x.applied[i], y.applied[i]; p != q && p != unknown && q != unknown {
					return fmt.Sprintf("place %d: R%d applies %s, R%d %s", i+1, one.id, s.placeName(p), other.id, s.placeName(q))
				}
			}
		}
	}
	return ""
}

func (s *search) violated(rule, detail string, at uint32) {
	if s.violation == nil {
		s.violation = &Violation{Rule: rule, Detail: detail, Trace: s.trace(at)}
	}
}
