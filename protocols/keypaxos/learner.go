package keypaxos

import (
	"quorumbench/protocols"
)

// Learn notes that a value is chosen, and applies what can be applied in order.
func (r *Replica) Learn(g *Register, version uint64, value []byte) {
	if version <= g.version || len(value) == 0 {
		return
	}
	i := r.instance(g, version)
	if i.chosen != nil {
		return
	}
	i.chosen = value
	r.entry.Reset()
	r.entry.Key, r.entry.Version, r.entry.Value, r.entry.Chosen = g.key, version, value, true
	r.persist()
	r.apply(g)
	r.advance(g)
}

// adopt takes over another replica's state of a key: it has what this one has missed, without the
// values that are overwritten since.
func (r *Replica) adopt(g *Register, version uint64, state []byte) {
	if version <= g.version || g.state.Restore(state) != nil {
		return
	}
	r.entry.Reset()
	r.entry.Key, r.entry.Version, r.entry.State = g.key, version, state
	r.persist()
	r.stateAfter(g, version)
	r.advance(g)
}

// stateAfter has the key stand after a version whose state it has been given.
func (r *Replica) stateAfter(g *Register, version uint64) {
	g.version = version
	for g.open != nil && g.open.version <= version {
		r.close(g)
	}
	r.Out.Adopt(protocols.Slot{Key: g.name, Index: version})
	r.apply(g)
}

func (r *Replica) apply(g *Register) {
	for g.open != nil && g.open.version == g.Next() && g.open.chosen != nil {
		value := g.open.chosen
		g.version++
		r.close(g)
		id, _ := g.state.Apply(value)
		r.Out.Commit(protocols.Slot{Key: g.name, Index: g.version}, id, value)
	}
}

// advance goes on after versions have been applied: it answers the wishes that are over, and begins
// anew with those that are not. Rule 5: a write that was on its way has lost its version.
func (r *Replica) advance(g *Register) {
	if g.Proposal != nil && g.Proposal.Version > g.version {
		return
	}
	loser := g.wishes
	if g.Proposal == nil || loser.Read {
		loser = nil
	}
	r.end(g)
	for at := &g.wishes; *at != nil; {
		w := *at
		result, over := g.outcome(w)
		if !over {
			at = &w.next
			continue
		}
		*at = w.next
		if result != nil {
			r.answer(w, result)
		}
		if w == loser {
			loser = nil
		}
	}
	if loser != nil {
		loser.lost++
		r.Out.Measure(measureLost, int64(loser.lost))
	}
	r.propose(g)
}

func (r *Replica) answer(w *Wish, result []byte) {
	r.Out.Mark(w.id, protocols.MarkCommitted)
	r.Out.Mark(w.id, protocols.MarkApplied)
	r.Out.Answer(w.id, result)
}

// tellState answers a request about a version that is over: rule 7.
func (r *Replica) tellState(to protocols.NodeID, g *Register) {
	m := r.message(Kind_STATE, g.version, 0, nil)
	m.State = g.state.State()
	r.Send(to, g, m)
}
