package multipaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Electing: phase 1, from the loss of a leader until everything that may have been chosen is
// proposed again by the next.

func (r *replica) start() {
	r.apply() // what the disk knows to be chosen
	r.election.Start(r.now, r.out)
	firstLife := r.promised == 0
	if firstLife && r.config.Leader == r.config.ID {
		r.stand()
	}
}

// stand makes the replica a candidate under a ballot never used before (rule 2).
func (r *replica) stand() {
	r.promise(max(r.promised, r.refused).Next(r.config.ID))
	r.role = candidate
	r.promises = quorum.Votes(0)
	r.found = nil
	r.election.Start(r.now, r.out)
	r.prepare()
	r.onPromise(r.config.ID, r.proposals(r.commit+1))
}

// prepare asks for promises, again if it has asked before.
func (r *replica) prepare() {
	r.broadcast(&Message_Prepare{Prepare: &Prepare{First: r.commit + 1}}) // rule 4
	r.out.SetTimer(pulseTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

func (r *replica) onPrepare(from protocols.NodeID, m *Prepare) {
	r.election.Heard(r.now)
	r.send(from, r.promised, &Message_Promise{Promise: &Promise{Accepted: r.proposals(m.First)}})
}

// proposals returns what was accepted from the first instance on.
func (r *replica) proposals(first uint64) []*Proposal {
	var accepted []*Proposal
	for index := first; index <= r.log.last(); index++ {
		if i := r.log.at(index); i.ballot > 0 {
			accepted = append(accepted, &Proposal{Index: index, Ballot: uint64(i.ballot), Command: i.command})
		}
	}
	return accepted
}

func (r *replica) onPromise(from protocols.NodeID, accepted []*Proposal) {
	if r.role != candidate {
		return
	}
	for _, p := range accepted {
		place := p.Index - r.commit
		if ballot := protocols.Ballot(p.Ballot); ballot > r.found.at(place).ballot { // rule 5
			r.found.set(place, instance{ballot: ballot, command: p.Command})
		}
	}
	r.promises.Add(int32(from))
	if r.promises.Count() >= r.majority {
		r.lead()
	}
}

// lead begins phase 2 for everything found, and for what has waited here.
func (r *replica) lead() {
	r.role = leader
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.relay.Lead(r.config.ID, r.now, r.out)
	r.heartbeat()
	r.proposeFound()
	for _, c := range r.relay.Waiting() {
		r.propose(r.config.ID, c)
	}
}

// promise raises the promised ballot (rule 1).
func (r *replica) promise(ballot protocols.Ballot) {
	if ballot == r.promised {
		return
	}
	r.promised = ballot
	r.giveUp()
}

// onRefuse ends an attempt that met a higher ballot.
func (r *replica) onRefuse(ballot, promised protocols.Ballot) {
	r.refused = max(r.refused, promised)
	if ballot == r.promised {
		r.giveUp()
	}
}

// giveUp makes the replica a follower that knows no leader.
func (r *replica) giveUp() {
	if r.role == leader {
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.election.Start(r.now, r.out) // rule 11
	}
	if r.role != follower {
		r.role = follower
		r.out.StopTimer(pulseTimer)
	}
	if r.relay.Leader() != protocols.Nobody {
		r.relay.Lead(protocols.Nobody, r.now, r.out)
	}
}

// follow notes that the leader whose ballot is promised is alive.
func (r *replica) follow(leader protocols.NodeID) {
	r.election.Heard(r.now)
	if r.relay.Leader() != leader {
		r.relay.Lead(leader, r.now, r.out)
	}
}
