package keypaxos

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Learn notes that a value is chosen for a version, and applies all versions that can be applied in order.
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
	r.persistEntry()
	r.apply(g)
	r.advance(g)
}

// Told notes that a replica has accepted the message's value under its ballot, and its proposer before it. The value is chosen
// when those who are known to have accepted under one ballot are a quorum (rule 14). Each ballot counts by itself, also one below
// another that is under way already: those who know what was chosen under it accept nothing under the other.
func (r *Replica) Told(acceptor protocols.NodeID, g *Register, m *Message, quorums quorum.System) {
	if m.Version <= g.version {
		return
	}
	i, b := r.instance(g, m.Version), protocols.Ballot(m.Ballot)
	at := slices.IndexFunc(i.told, func(t told) bool { return t.under == b })
	if at < 0 {
		at = len(i.told)
		i.told = append(i.told, told{b, quorum.Of(b.Proposer())})
	}
	i.told[at].by.Add(int32(acceptor))
	if quorums.IsQuorum(i.told[at].by) {
		r.learnFrom(acceptor, g, m)
	}
}

// learnFrom learns that the message's value is chosen, and asks its sender for the versions before it that are missing.
func (r *Replica) learnFrom(sender protocols.NodeID, g *Register, m *Message) {
	r.Learn(g, m.Version, m.Value)
	if g.version < m.Version && sender != r.ID {
		r.fetch(sender, g)
	}
}

// fetch asks a replica for the versions that are missing, unless one was asked within a timeout, and no state has come since.
func (r *Replica) fetch(from protocols.NodeID, g *Register) {
	if g.fetched > 0 && r.now-g.fetched < r.timeout(from, 0) {
		return
	}
	g.fetched = r.now
	r.Send(from, g, r.message(Kind_FETCH, g.Next(), 0, nil))
}

// adopt installs a key's state that another replica has sent, if it is of a later version (rule 7).
func (r *Replica) adopt(g *Register, version uint64, state []byte) {
	if version <= g.version || g.state.Restore(state) != nil {
		return
	}
	r.entry.Reset()
	r.entry.Key, r.entry.Version, r.entry.State = g.key, version, state
	r.persistEntry()
	r.installState(g, version)
	g.fetched = 0
	r.advance(g)
}

// installState notes that the state of a key is now the one after the given version, and drops the
// instances up to it.
func (r *Replica) installState(g *Register, version uint64) {
	g.version = version
	for g.open != nil && g.open.version <= version {
		r.dropFirst(g)
	}
	r.Out.Adopt(protocols.Slot{Key: g.name, Index: version})
	r.apply(g)
}

// apply applies the chosen values that follow the latest applied version.
func (r *Replica) apply(g *Register) {
	for g.open != nil && g.open.version == g.Next() && g.open.chosen != nil {
		value := g.open.chosen
		g.version++
		r.dropFirst(g)
		id, _ := g.state.Apply(value)
		r.Out.Commit(protocols.Slot{Key: g.name, Index: g.version}, id, value)
	}
}

// advance goes on after versions were applied: it ends a proposal for one of them, answers the requests that
// are done, and proposes the oldest of the others. A write whose version went to another value has lost it
// and tries the next (rule 5): at once, unless others have outrun it again and again (rule 16).
func (r *Replica) advance(g *Register) {
	if g.Proposal != nil && g.Proposal.Version > g.version {
		return
	}
	loser := g.requests
	if g.Proposal == nil || loser.Read || g.Proposal.Phase == Outrun {
		loser = nil
	}
	waiting := g.requests
	if !r.outrun(g) {
		waiting = nil
		r.endProposal(g)
	}
	r.answerDone(g)
	if loser != nil && loser == g.requests {
		loser.lostVersions++
		r.Out.Measure(measureLost, int64(loser.lostVersions))
	}
	if waiting != nil && waiting == g.requests {
		g.Proposal.Phase = Outrun
		return
	}
	r.endProposal(g)
	r.propose(g)
}

// answerDone answers the requests of a key that are done.
func (r *Replica) answerDone(g *Register) {
	for at := &g.requests; *at != nil; {
		req := *at
		result, done := g.outcome(req)
		if !done && req.levelAt(g.version) {
			result, done = g.state.Read(req.version), true
		}
		if !done {
			at = &req.next
			continue
		}
		*at = req.next
		if result != nil {
			r.answer(req, result)
		}
	}
}

// sendState answers a message about a version that is applied with the key's state (rule 7). It tells which message of a proposer
// that answers; nil: none.
func (r *Replica) sendState(to protocols.NodeID, g *Register, request *Message) {
	m := r.message(Kind_STATE, g.version, 0, nil)
	m.State = g.state.State()
	if request != nil {
		m.Asked, m.Ballot = request.Version, request.Ballot
		m.Highest = g.HighestFrom(g.version + 1)
	}
	r.Send(to, g, m)
}
