package multipaxos

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// This file is about acceptors that hold no commands (rules 19 and 20).

// witnessLog is what a witness has accepted: runs of instances under one ballot each, in the order of the log, none of them
// twice, and two that follow one another under different ballots. The zero value is empty.
type witnessLog []span

// last returns the last instance of a run.
func (s span) last() uint64 { return s.first + s.count - 1 }

// at returns the ballot under which the witness has accepted an instance, zero if it has not.
func (l witnessLog) at(index uint64) protocols.Ballot {
	for _, s := range l {
		if s.first <= index && index <= s.last() {
			return s.ballot
		}
	}
	return 0
}

// has returns true if the whole run is accepted under its ballot.
func (l witnessLog) has(s span) bool {
	for _, known := range l {
		if known.ballot == s.ballot && known.first <= s.first && s.last() <= known.last() {
			return true
		}
	}
	return false
}

// with returns the log after a run was accepted: in the place of what was accepted there before. The log that it is called on
// must not be used any more.
func (l witnessLog) with(s span) witnessLog {
	if n := len(l); n > 0 && l[n-1].ballot == s.ballot && l[n-1].last()+1 == s.first { // as usual: the next accept of the same leader
		l[n-1].count += s.count
		return l
	}
	var made witnessLog
	add := func(one span) {
		if n := len(made); n > 0 && made[n-1].ballot == one.ballot && made[n-1].last()+1 == one.first {
			made[n-1].count += one.count
		} else {
			made = append(made, one)
		}
	}
	placed := false
	for _, known := range l {
		if known.first < s.first { // what comes before it
			add(span{known.ballot, known.first, min(known.count, s.first-known.first)})
		}
		if known.last() <= s.last() {
			continue
		}
		if !placed {
			placed = true
			add(s)
		}
		first := max(known.first, s.last()+1)
		add(span{known.ballot, first, known.last() + 1 - first})
	}
	if !placed {
		add(s)
	}
	return made
}

// from returns the runs from an instance on, for messages and records.
func (l witnessLog) from(first uint64) []*Span {
	var spans []*Span
	for _, s := range l {
		if s.last() >= first {
			begin := max(s.first, first)
			spans = append(spans, &Span{First: begin, Count: s.last() + 1 - begin, Ballot: uint64(s.ballot)})
		}
	}
	return spans
}

// onWitness is the witness's side of phase 2: it notes that it has accepted the instances under the promised ballot, persists
// that and answers (rule 19). Now and then one record takes the place of all.
func (r *replica) onWitness(from protocols.NodeID, m *Accept) {
	accepted := span{r.promised, m.First, m.Count}
	if !r.witnessed.has(accepted) {
		r.witnessed = r.witnessed.with(accepted)
		r.persisted = r.promised
		r.records++
		if r.config.SnapshotDue(r.records, 0, 0) && !r.config.NeverRestarts {
			r.records = 0
			r.out.Snapshot(&Record{Ballot: uint64(r.promised), Witnessed: r.witnessed.from(0)})
		} else {
			r.out.Persist(&Record{Ballot: uint64(r.promised), Witnessed: witnessLog{accepted}.from(0)})
		}
	}
	r.send(from, r.promised, r.scratch.acceptedOf(m.First, m.Count))
}

// beginWitnessed is called when a leadership begins: witnesses are sent what comes after the commit index.
func (r *replica) beginWitnessed() {
	if len(r.witnesses) > 0 {
		r.witnessedTo = slices.Repeat([]uint64{r.commit}, r.config.Size())
	}
}

// noteWitnessed notes that a witness has accepted count instances from first on. If something before them is missing, they count when they
// are sent again with that.
func (r *replica) noteWitnessed(from protocols.NodeID, first, count uint64) {
	if r.config.IsWitness(from) && first <= r.witnessedTo[from]+1 {
		r.witnessedTo[from] = max(r.witnessedTo[from], min(first+count-1, r.log.last()))
	}
}

// repeatToWitnesses is called at every heartbeat of a leader. It sends a witness again, in one message, all that it has not accepted, if the
// first of that is chosen and its accept is overdue: else rule 10 does (rule 19).
func (r *replica) repeatToWitnesses() {
	for _, to := range r.witnesses {
		first, last := r.witnessedTo[to]+1, r.log.last()
		if first <= r.commit && r.log.at(first).proposed+r.config.AnswerTimeout(to) <= r.now { // one that the log has truncated is overdue
			r.send(to, r.promised, r.scratch.countOf(first, last+1-first, r.commit))
		}
	}
}

// votes is what each acceptor's promise has told a candidate: of a witness the runs, of the others the ballots of what they
// have accepted. It is empty in a cluster without witnesses.
type votes struct {
	witnessed []witnessLog
	accepted  []instanceLog // without the commands
}

func (r *replica) newVotes() votes {
	if len(r.witnesses) == 0 {
		return votes{}
	}
	v := votes{witnessed: make([]witnessLog, r.config.Size()), accepted: make([]instanceLog, r.config.Size())}
	for i := range v.accepted {
		v.accepted[i].truncated = r.commit
	}
	return v
}

// add notes what a promise, or a part of one, tells.
func (v *votes) add(from protocols.NodeID, m *Promise) {
	if len(v.accepted) == 0 {
		return
	}
	for _, p := range m.Accepted {
		v.accepted[from].set(p.Index, instance{ballot: protocols.Ballot(p.Ballot)})
	}
	for _, s := range m.Witnessed {
		v.witnessed[from] = v.witnessed[from].with(span{protocols.Ballot(s.Ballot), s.First, s.Count})
	}
}

// told returns the ballot under which an acceptor has accepted an instance, by its promise; zero if it has not.
func (v *votes) told(by int32, index uint64) protocols.Ballot {
	return max(v.accepted[by].at(index).ballot, v.witnessed[by].at(index))
}

// lacksCommand returns true if a witness has told the candidate of an instance whose command may be chosen and which no
// promise has told yet (rule 20).
func (r *replica) lacksCommand() bool {
	for _, witness := range r.witnesses {
		if !r.promises.Has(int32(witness)) {
			continue
		}
		for _, s := range r.votes.witnessed[witness] {
			for index := max(s.first, r.commit+1); index <= s.last(); index = r.votes.next(index) {
				if s.ballot > r.found.at(index).ballot && r.mayBeChosen(index, s.ballot) {
					return true
				}
			}
		}
	}
	return false
}

// mayBeChosen returns false if no phase-2 quorum can have accepted an instance under a ballot, by the promises: those who have
// told a lower ballot, or none, have not (rule 20).
func (r *replica) mayBeChosen(index uint64, ballot protocols.Ballot) bool {
	possible := r.config.All()
	for id := range r.promises.All() {
		if r.votes.told(id, index) < ballot {
			possible = possible.Without(quorum.Of(id))
		}
	}
	return r.phase2.IsQuorum(possible)
}

// next returns the first instance after one of which promises may have told something else: the next one or, after all that
// others than witnesses have told of, the next at which a run begins or after which one ends.
func (v *votes) next(index uint64) uint64 {
	next := ^uint64(0)
	for i := range v.accepted {
		if index <= v.accepted[i].last() {
			return index + 1
		}
		for _, s := range v.witnessed[i] {
			for _, edge := range []uint64{s.first, s.last() + 1} {
				if edge > index {
					next = min(next, edge)
				}
			}
		}
	}
	return next
}
