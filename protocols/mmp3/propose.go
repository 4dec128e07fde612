package mmp3

import (
	"bytes"
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// wish is a client's command on its way.
type wish struct {
	id      protocols.CommandID
	command []byte
	read    bool
}

// proposal is an attempt of this replica to get an instance committed. There is one copy of it:
// it is at one other replica, or on its way there or back.
type proposal struct {
	ballot  protocols.Ballot
	to      protocols.NodeID
	met     protocols.Ballot // the highest that refused an attempt
	refused bool             // this attempt; the timer is its back-off
	tries   int
}

func (r *replica) onCommand(id protocols.CommandID, data []byte) {
	var command kv.Command
	if err := protocols.Decode(data, &command); err != nil {
		panic(fmt.Sprintf("mmp3: command %v is not a kv.Command: %v", id, err)) // made by the host of this replica
	}
	if result, done := r.store.Result(id); done {
		r.out.Answer(id, result)
		return
	}
	if r.wishes[id] != nil {
		return
	}
	w := &wish{id: id, command: append([]byte{}, data...), read: command.Op == kv.Op_GET}
	r.wishes[id] = w
	r.out.Mark(id, protocols.MarkProposed)
	r.place(w)
}

// place keeps rule 1.
func (r *replica) place(w *wish) {
	at := position{r.id, r.seen[r.id]}
	r.placed[at.lsn] = w
	x := r.open(at)
	x.command, x.deps = w.command, r.fresh(at)
	x.proposal = &proposal{ballot: x.ballot}
	r.keep(x)
	r.travel(x, r.nearest())
}

// nearest is the nearest peer that is not silent, the nearest of all if both are.
func (r *replica) nearest() protocols.NodeID {
	for _, peer := range r.peers {
		if !r.silent[peer] {
			return peer
		}
	}
	return r.peers[0]
}

// travel sends the instance, as prepared here, to one other replica.
func (r *replica) travel(x *instance, to protocols.NodeID) {
	p := x.proposal
	p.to, p.refused = to, false
	r.out.Send(to, &Message{Kind: &Message_Propose{Propose: x.message()}})
	r.out.SetTimer(timerOf(x.at), r.retry[to])
}

// onPropose keeps rule 2.
func (r *replica) onPropose(from protocols.NodeID, m *Instance) {
	x := r.open(m.position())
	b := protocols.Ballot(m.Ballot)
	switch {
	case x.committed:
		r.out.Send(from, &Message{Kind: &Message_Commit{Commit: x.message()}})
		return
	case b < x.ballot:
		r.out.Send(from, &Message{Kind: &Message_Refused{Refused: &Refused{
			Column: m.Column, Lsn: m.Lsn, Ballot: m.Ballot, Promised: uint64(x.ballot)}}})
		return
	case b == x.valueBallot: // asked again
	default:
		if theirs := protocols.Ballot(m.ValueBallot); theirs > x.valueBallot {
			x.command, x.deps = m.Command, m.vector()
		} else if x.valueBallot == 0 {
			deps := m.vector()
			deps.raise(r.fresh(x.at))
			x.command, x.deps = m.Command, deps
		}
		x.ballot, x.valueBallot = b, b
		r.keep(x)
	}
	r.out.Send(from, &Message{Kind: &Message_Accepted{Accepted: x.message()}})
	r.sweepLater()
}

// onAccepted keeps rule 3. A proposal that was given up for a higher ballot has raised the
// promise here, which voids its answer as any other promise does.
func (r *replica) onAccepted(m *Instance) {
	x := r.open(m.position())
	b := protocols.Ballot(m.Ballot)
	if x.committed || x.proposal == nil || b != x.proposal.ballot || b != x.ballot {
		return
	}
	x.valueBallot, x.command, x.deps = b, m.Command, m.vector()
	r.commit(x)
	r.out.Broadcast(protocols.NodeID(r.id), replicas, &Message{Kind: &Message_Commit{Commit: x.message()}})
}

func (r *replica) onCommit(m *Instance) {
	x := r.open(m.position())
	if x.committed {
		return
	}
	x.ballot = max(x.ballot, protocols.Ballot(m.Ballot))
	x.valueBallot, x.command, x.deps = protocols.Ballot(m.ValueBallot), m.Command, m.vector()
	r.commit(x)
}

// commit notes that an instance is committed, with the value it holds.
func (r *replica) commit(x *instance) {
	x.committed = true
	if x.proposal != nil {
		x.proposal = nil
		r.out.StopTimer(timerOf(x.at))
	}
	r.keep(x)
	if x.at.column == r.id {
		if w := r.placed[x.at.lsn]; w != nil && !bytes.Equal(x.command, w.command) {
			delete(r.placed, x.at.lsn)
			r.out.Mark(w.id, protocols.MarkRetried)
			r.place(w)
		}
		r.settle()
	}
	r.apply()
	r.sweepLater()
}

// onRefused backs off for a random time: another replica is at work on the instance.
func (r *replica) onRefused(m *Refused) {
	x := r.get(position{int(m.Column), m.Lsn})
	if x == nil || x.proposal == nil || uint64(x.proposal.ballot) != m.Ballot || x.proposal.refused {
		return
	}
	p := x.proposal
	p.met, p.refused = protocols.Ballot(m.Promised), true
	r.out.SetTimer(timerOf(x.at), r.backOff(p))
}

func (r *replica) backOff(p *proposal) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.retry[p.to]) << min(p.tries+1, 6)))
}

// retryProposal keeps rule 4: the answer did not come in time, or the back-off is over.
func (r *replica) retryProposal(at position) {
	x := r.get(at)
	if x == nil || x.proposal == nil {
		return
	}
	p := x.proposal
	to := p.to
	if !p.refused {
		r.silent[p.to] = true
		to = r.peers[0] + r.peers[1] - p.to
	}
	if w := r.placed[at.lsn]; at.column == r.id && w != nil {
		r.out.Mark(w.id, protocols.MarkRetried)
	}
	p.tries++
	r.prepareAgain(x, max(x.ballot, p.met))
	r.travel(x, to)
}

// prepareAgain promises to this replica itself a ballot above all that were met.
func (r *replica) prepareAgain(x *instance, met protocols.Ballot) {
	x.ballot = met.Next(protocols.NodeID(r.id))
	x.proposal.ballot = x.ballot
	if x.valueBallot == 0 {
		x.deps = r.fresh(x.at)
	}
	r.keep(x)
}
