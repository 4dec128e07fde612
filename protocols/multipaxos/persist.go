package multipaxos

import (
	"fmt"

	"quorumbench/protocols"
)

// persist writes commands that were accepted under the promised ballot, from instance first on, and the
// promise itself, to disk (rule 3).
func (r *replica) persist(first uint64, commands [][]byte) {
	r.persisted = r.promised
	r.out.Persist(r.scratch.recordOf(r.promised, r.abandoned, first, commands, r.commit))
}

// finishStep ends each step: it persists the promise if the step has raised it (rule 3), and begins or continues a
// snapshot if enough has been applied since the last one (rule 12).
func (r *replica) finishStep() {
	if r.persisted != r.promised {
		r.persist(0, nil)
	}
	r.sender.Expire(r.now)
	r.finishSnapshot()
}

// restore takes a record that an earlier incarnation has persisted.
func (r *replica) restore(data []byte) {
	var record Record
	err := protocols.Decode(data, &record)
	if err == nil && record.Snapshot != nil {
		err = r.adopt(record.Commit, record.Snapshot.State, record.Snapshot.Membership)
	}
	if err != nil {
		panic(fmt.Sprintf("multipaxos: a record of %d bytes that this driver did not write: %v", len(data), err))
	}
	r.promised = protocols.Ballot(record.Ballot)
	r.persisted = r.promised
	r.abandoned = protocols.Ballot(record.Abandoned)
	for _, p := range record.Snapshot.GetAccepted() {
		r.log.set(p.Index, instance{ballot: protocols.Ballot(p.Ballot), command: p.Command})
	}
	for _, s := range record.Witnessed {
		r.witnessed = r.witnessed.with(span{protocols.Ballot(s.Ballot), s.First, s.Count})
	}
	for i, command := range record.Commands {
		r.log.set(record.First+uint64(i), instance{ballot: r.promised, command: command})
	}
	r.commit = max(r.commit, record.Commit)
	r.followMembership()
}
