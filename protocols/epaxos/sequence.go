package epaxos

import "slices"

// EPaxos as first published gives each instance a sequence number besides its Deps: one more than the greatest of those
// that it depends on. It orders the instances of a component, and was meant to allow an answer at commit. It does not, as the
// scenario epaxos-answer-seq shows with the driver epaxos-seq (rule 13). There the number stands in Deps behind those of the
// columns, so that it is sent, united and compared with them.

// withSequence returns Deps with the sequence number that follows from the instances of them that are known here, unless they
// have a greater one. It returns them as they are in a driver without sequence numbers.
func (r *replica) withSequence(g *register, deps vector) vector {
	if !r.sequenced {
		return deps
	}
	greatest := uint64(0)
	for i := range g.columns {
		c := &g.columns[i]
		for number := c.base; number < min(deps[i], c.end()); number++ {
			if x := c.held[number-c.base]; x != nil {
				greatest = max(greatest, x.sequence())
			}
		}
	}
	if len(deps) == r.n {
		return append(slices.Clip(deps), greatest+1)
	}
	deps = slices.Clone(deps)
	deps[r.n] = max(deps[r.n], greatest+1)
	return deps
}

// withoutSequence returns the numbers of the columns; nil if there is no sequence number where there must be one.
func (r *replica) withoutSequence(deps []uint64) []uint64 {
	switch {
	case !r.sequenced:
		return deps
	case len(deps) != r.n+1:
		return nil
	}
	return deps[:r.n]
}

// sequence returns the sequence number of an instance; 0 if it has none, as a no-op.
func (x *instance) sequence() uint64 {
	if columns := len(x.register.columns); len(x.deps) > columns {
		return x.deps[columns]
	}
	return 0
}
