package paxos

import "quorumbench/protocols"

func (r *replica) onPrepare(from protocols.NodeID, g *register, version uint64, b protocols.Ballot) {
	if version < g.next() {
		r.tellDecided(from, g, version, b)
		return
	}
	before := r.prepare(g, version, b)
	r.send(from, g, version, b, &Message_Promise{Promise: &Promise{
		LastBallot:  uint64(before.lastBallot),
		ValueBallot: uint64(before.valueBallot),
		Value:       before.value,
	}})
}

func (r *replica) onAccept(from protocols.NodeID, g *register, version uint64, b protocols.Ballot, value []byte) {
	if version < g.next() {
		r.tellDecided(from, g, version, b)
		return
	}
	last := r.accept(g, version, b, value)
	r.send(from, g, version, b, &Message_Accepted{Accepted: &Accepted{LastBallot: uint64(last)}})
}

// prepare keeps rule 1 and returns the state before.
func (r *replica) prepare(g *register, version uint64, b protocols.Ballot) instance {
	i := g.instance(version)
	before := *i
	if b > i.lastBallot {
		i.lastBallot = b
		r.persist(g, version, i) // rule 10
	}
	return before
}

// accept keeps rule 2 and returns the highest ballot promised before.
func (r *replica) accept(g *register, version uint64, b protocols.Ballot, value []byte) protocols.Ballot {
	i := g.instance(version)
	last := i.lastBallot
	if b >= last && b != i.valueBallot {
		*i = instance{lastBallot: b, valueBallot: b, value: value}
		r.persist(g, version, i) // rule 10
	}
	return last
}

func (r *replica) persist(g *register, version uint64, i *instance) {
	r.out.Persist(&Record{Key: g.key, Version: version,
		LastBallot: uint64(i.lastBallot), ValueBallot: uint64(i.valueBallot), Value: i.value})
}

// tellDecided answers a request for a version that is chosen: rule 7.
func (r *replica) tellDecided(to protocols.NodeID, g *register, version uint64, b protocols.Ballot) {
	if version >= g.next() || version == 0 {
		return
	}
	r.send(to, g, version, b, &Message_Decided{Decided: &Decided{Values: g.decided[version-1:]}})
}
