package zab

import (
	"fmt"

	"quorumbench/protocols"
)

// write replaces the history from index first on, in memory and on disk.
func (r *replica) write(first uint64, ts []*Transaction) {
	r.history.replace(first, ts)
	r.out.Persist(r.scratch.transactionsRecord(first, ts))
}

// persistEpochs persists the epochs if they have changed (rule 1).
func (r *replica) persistEpochs() {
	if r.persisted != r.epochs {
		r.persisted = r.epochs
		r.out.Persist(&Record{Kind: &Record_Epochs{Epochs: r.epochs.message()}})
	}
}

// finishStep ends each step: it answers local reads that have waited (rule 16), persists the epochs (rule 1), and begins or continues a
// snapshot (rule 12).
func (r *replica) finishStep() {
	r.serveLocal()
	r.persistEpochs()
	r.sender.Expire(r.now)
	r.finishSnapshot()
}

// persistSnapshot replaces everything on disk by a snapshot, the transactions after it, and the epochs, unless nothing on
// disk will be read.
func (r *replica) persistSnapshot(index uint64, state []byte) {
	if r.config.NeverRestarts {
		return
	}
	r.persisted, r.last = r.epochs, len(state)
	r.out.Snapshot(&Record{Kind: &Record_Snapshot{Snapshot: &Snapshot{
		Epochs: r.epochs.message(), Index: index, Epoch: uint64(r.history.epoch(index)), State: state,
		Transactions: new(messages).of(r.history.transactions[index-r.history.base.index:]),
	}}})
}

func (e epochs) message() *Epochs {
	return &Epochs{Accepted: uint64(e.accepted), Current: uint64(e.current)}
}

func epochsOf(m *Epochs) epochs {
	return epochs{accepted: protocols.Ballot(m.GetAccepted()), current: protocols.Ballot(m.GetCurrent())}
}

// restore takes a record that an earlier incarnation has persisted. The commit index is not persisted: what a snapshot
// covers is committed, and the next leader tells of the rest.
func (r *replica) restore(data []byte) {
	var record Record
	err := protocols.Decode(data, &record)
	switch kind := record.Kind.(type) {
	case *Record_Epochs:
		r.epochs = epochsOf(kind.Epochs)
	case *Record_Transactions:
		r.history.replace(kind.Transactions.First, kind.Transactions.Transactions)
	case *Record_Snapshot:
		s := kind.Snapshot
		r.epochs = epochsOf(s.Epochs)
		r.history = history{}
		err = r.adopt(zxid{protocols.Ballot(s.Epoch), s.Index}, s.State)
		r.history.replace(s.Index+1, s.Transactions)
	}
	if err != nil {
		panic(fmt.Sprintf("zab: a record of %d bytes that this driver did not write: %v", len(data), err))
	}
	r.persisted = r.epochs
}
