package multipaxos

import (
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Recovery: what may have been chosen is chosen again, what was lost is repeated, and a replica
// gets its state back from disk.

// proposeFound proposes again whatever may have been chosen before this replica led (rule 5).
func (r *replica) proposeFound() {
	for first := r.commit + 1; len(r.found) > 0; {
		batch := r.found.fitting()
		for i := range batch {
			if id, err := kv.ID(batch[i].command); err == nil && id.Seq > 0 {
				batch[i].id = id
				r.out.Mark(id, protocols.MarkRetried)
			}
		}
		r.put(first, batch...)
		first += uint64(len(batch))
		r.found = r.found[len(batch):]
	}
}

// learn takes note of a leader's commit index (rule 8).
func (r *replica) learn(commit uint64) {
	before := r.commit
	r.ahead = max(r.ahead, commit)
	for r.commit < r.ahead && r.log.at(r.commit+1).ballot == r.promised {
		r.commit++
	}
	r.apply()
	progress := r.commit > before
	if r.commit < r.ahead && (progress || r.now >= r.askAt) { // rule 9
		r.askAt = r.now + r.patience(r.relay.Leader())
		r.send(r.relay.Leader(), r.promised, &Message_CatchUp{CatchUp: &CatchUp{First: r.commit + 1}})
	}
}

func (r *replica) onCatchUp(from protocols.NodeID, first uint64) {
	if r.role != leader || first > r.commit {
		return
	}
	missing := r.log[first-1 : r.commit].fitting()
	r.send(from, r.promised, &Message_Accept{Accept: &Accept{First: first, Commands: missing.commands(), Commit: r.commit}})
}

// watchAnswers sees to it that an accept is repeated that stays without an answer (rule 10).
func (r *replica) watchAnswers() {
	for to := range protocols.NodeID(r.config.Replicas) {
		if to != r.config.ID && !r.repeats[to] {
			r.repeats[to] = true
			r.out.SetTimer(repeatTimer+protocols.TimerID(to), r.patience(to))
		}
	}
}

func (r *replica) onRepeatTimer(to protocols.NodeID) {
	r.repeats[to] = false
	if r.role != leader || r.commit == r.log.last() {
		return
	}
	for index := r.commit + 1; index <= r.log.last(); index++ {
		i := &r.log[index-1]
		if i.proposed+r.patience(to) > r.now {
			break
		}
		if !r.chosen(i) && !i.accepted.Has(int32(to)) {
			r.out.Mark(i.id, protocols.MarkRetried)
			r.send(to, r.promised, &Message_Accept{Accept: &Accept{First: index, Commands: [][]byte{i.command}, Commit: r.commit}})
		}
	}
	r.watchAnswers()
}

// patience is how long an answer of another replica may take.
func (r *replica) patience(with protocols.NodeID) time.Duration {
	return protocols.Retry(r.config.Delays.RoundTrip(r.config.ID, with))
}

// persist keeps commands accepted under the promised ballot (rule 3).
func (r *replica) persist(first uint64, commands [][]byte) {
	r.saved = r.promised
	r.out.Persist(&Record{Ballot: uint64(r.promised), First: first, Commands: commands, Commit: r.commit})
}

// save persists the promise if this step has raised it (rule 3).
func (r *replica) save() {
	if r.saved != r.promised {
		r.persist(0, nil)
	}
}

// restore takes back what an earlier life has persisted.
func (r *replica) restore(data []byte) {
	var record Record
	if err := protocols.Decode(data, &record); err != nil {
		panic(fmt.Sprintf("multipaxos: a record of %d bytes that this driver did not write: %v", len(data), err))
	}
	r.promised = protocols.Ballot(record.Ballot)
	r.saved = r.promised
	for i, command := range record.Commands {
		r.log.set(record.First+uint64(i), instance{ballot: r.promised, command: command})
	}
	r.commit = record.Commit
}
