package epaxos

import (
	"cmp"
	"slices"

	"quorumbench/protocols"
)

// walk finds the strongly connected components of the instances of a key in the order of their dependencies (Tarjan,
// SIAM J. Comput. 1972), as far as all that they reach is committed, and executes them (rule 12).
type walk struct {
	replica *replica
	number  uint64 // of the walk, so that the visits of earlier ones do not count
	visited int
	stack   []*instance
}

// visit is what a walk notes of an instance.
type visit struct {
	walk    uint64
	index   int
	low     int
	place   int // on the stack
	onStack bool
}

// execute executes the instances of a key that are ready (rule 12). Since an instance depends on all before it in its
// column, it is enough to begin at the first of each column.
func (r *replica) execute(g *register) {
	for again := true; again; {
		again = false
		for i := range g.columns {
			c := &g.columns[i]
			for c.executed < c.end() && !g.isBlocked(c) {
				if r.executeFrom(g, i) {
					again = true
				}
			}
		}
	}
}

// isBlocked tells whether the instance that a column waits for is still undecided.
func (g *register) isBlocked(c *column) bool {
	c.blocked = c.blocked && !g.decided(c.blockedBy)
	return c.blocked
}

// executeFrom executes the first instance of a column with all that it depends on, and returns whether it was ready. If
// not, it notes which instance the column waits for.
func (r *replica) executeFrom(g *register, i int) bool {
	w := &r.walk
	w.replica = r
	w.number++
	w.visited = 0
	blockedBy, ready := w.visit(g, position{i, g.columns[i].executed})
	if !ready {
		c := &g.columns[i]
		c.blocked, c.blockedBy = true, blockedBy
	}
	clear(w.stack)
	w.stack = w.stack[:0]
	return ready
}

// visit goes through all that an instance reaches, and executes each component when it is left. It stops at the first
// instance that is not committed, and returns which.
func (w *walk) visit(g *register, id position) (blockedBy position, ready bool) {
	x := g.get(id)
	if x == nil || x.phase != committed {
		return id, false
	}
	w.visited++
	x.visit = visit{walk: w.number, index: w.visited, low: w.visited, place: len(w.stack), onStack: true}
	w.stack = append(w.stack, x)
	for i := range g.columns {
		end := x.deps.at(i)
		if i == x.column {
			end = x.number
		}
		if end <= g.columns[i].executed {
			continue
		}
		next := position{i, end - 1} // which depends on those before it
		switch y := g.get(next); {
		case y == nil || y.visit.walk != w.number:
			if blockedBy, ready := w.visit(g, next); !ready {
				return blockedBy, false
			}
			if y != nil && y.visit.onStack {
				x.visit.low = min(x.visit.low, y.visit.low)
			}
		case y.visit.onStack:
			x.visit.low = min(x.visit.low, y.visit.index)
		}
	}
	if x.visit.low == x.visit.index {
		at := x.visit.place
		w.replica.executeComponent(g, w.stack[at:])
		clear(w.stack[at:])
		w.stack = w.stack[:at]
	}
	return position{}, true
}

// executeComponent executes the instances of a component, by number and then by column (rule 12).
func (r *replica) executeComponent(g *register, component []*instance) {
	if len(component) > 1 {
		r.out.Measure(protocols.MeasureComponent, int64(len(component)))
	}
	slices.SortFunc(component, func(x, y *instance) int {
		if r.sequenced && x.sequence() != y.sequence() {
			return cmp.Compare(x.sequence(), y.sequence())
		}
		return cmp.Or(cmp.Compare(x.number, y.number), cmp.Compare(x.column, y.column))
	})
	for _, x := range component {
		x.visit.onStack = false
		r.out.NoteInstance(protocols.InstanceEvent{ID: x.id(), Kind: protocols.InstanceApplied, Reached: r.walk.visited})
		r.executeInstance(g, x)
	}
}

// executeInstance executes one instance. A write takes the next place in the order of its key; a read takes none (rule 16).
func (r *replica) executeInstance(g *register, x *instance) {
	c := &g.columns[x.column]
	c.executed, c.blocked = x.number+1, false
	switch {
	case x.noop:
	case x.writes:
		c.written = c.executed
		g.slots++
		id, result := g.state.Apply(x.command)
		r.out.Commit(protocols.Slot{Key: g.name, Index: g.slots}, id, x.command)
		if req := r.requests[id]; req != nil {
			r.complete(g, req, result)
		}
	default:
		c.read = c.executed
		if req := x.request; req != nil && r.requests[req.id] == req {
			r.complete(g, req, g.state.Read(req.version))
		}
	}
	x.request = nil
	r.keep(x)
}

// keep keeps an executed instance, and forgets the one that was executed longest ago if there are too many (rule 15).
func (r *replica) keep(x *instance) {
	r.recent = append(r.recent, x)
	for len(r.recent)-r.recentFrom > r.kept {
		oldest := r.recent[r.recentFrom]
		r.recent[r.recentFrom] = nil
		r.recentFrom++
		oldest.register.columns[oldest.column].forget(oldest.number + 1)
	}
	if r.recentFrom > len(r.recent)/2 && r.recentFrom > r.kept/8 {
		n := copy(r.recent, r.recent[r.recentFrom:])
		clear(r.recent[n:])
		r.recent, r.recentFrom = r.recent[:n], 0
	}
}
