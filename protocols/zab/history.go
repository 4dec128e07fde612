package zab

import (
	"cmp"
	"sort"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/slab"
)

// zxid names a transaction: the epoch in which it was first proposed, and its place in the history, from 1.
type zxid struct {
	epoch protocols.Ballot
	index uint64
}

// rank is what replicas are compared by in an election, and by a leader in discovery (rules 2 and 4).
type rank struct {
	current protocols.Ballot // its currentEpoch
	last    zxid             // of its history
}

func (a rank) compare(b rank) int {
	return cmp.Or(cmp.Compare(a.current, b.current), cmp.Compare(a.last.epoch, b.last.epoch), cmp.Compare(a.last.index, b.last.index))
}

// transaction is one entry of a history.
type transaction struct {
	epoch   protocols.Ballot // in which it was first proposed
	command []byte           // an encoded kv.Command; empty: a no-op
}

// transactionOverhead is what a transaction takes in a message, and in a record, besides its command, approximately, in bytes. No-ops
// are many with reads: sync: without it they would all go into one message, and no snapshot would ever be due for them.
const transactionOverhead = 8

// size returns how much a transaction takes in a message.
func (t transaction) size() int { return transactionOverhead + len(t.command) }

// history is what a replica has accepted, in order. Transactions are numbered from 1. Those up to base have been
// removed: they are committed, and a snapshot covers them. Index 0 stands for the beginning of every history; its
// epoch is 0, and it is the first base.
type history struct {
	base         zxid
	transactions []transaction // from base.index+1 on
	commands     slab.Slab     // holds the bytes of their commands
}

// last returns the index of the last transaction.
func (h *history) last() uint64 { return h.base.index + uint64(len(h.transactions)) }

// end returns the zxid of the last transaction.
func (h *history) end() zxid { return zxid{h.epoch(h.last()), h.last()} }

// at returns the transaction at an index after base and up to last.
func (h *history) at(index uint64) transaction { return h.transactions[index-h.base.index-1] }

// epoch returns the epoch of the transaction at an index, 0 for index 0, beyond the end, and before the base, where it
// is not known any more.
func (h *history) epoch(index uint64) protocols.Ballot {
	switch {
	case index == h.base.index:
		return h.base.epoch
	case index < h.base.index || index > h.last():
		return 0
	}
	return h.at(index).epoch
}

// contains returns true if the history has that transaction. All histories that have it are the same up to it: the
// leader of its epoch has proposed it after them. A transaction that has been removed is committed, so that every
// leader has it, too.
func (h *history) contains(z zxid) bool {
	return z.index <= h.base.index || z.index <= h.last() && h.epoch(z.index) == z.epoch
}

// from returns the transactions from index on that fit into one message of maxBytes, and none if the
// first has been removed.
func (h *history) from(index uint64, maxBytes int) []transaction {
	if index <= h.base.index || index > h.last() {
		return nil
	}
	return flow.Batch(maxBytes, h.transactions[index-h.base.index-1:], transaction.size)
}

// bytes returns the size of the transactions from index first on, before index end; what has been removed counts nothing.
func (h *history) bytes(first, end uint64) (sum int) {
	for i := max(first, h.base.index+1); i < end; i++ {
		sum += h.at(i).size()
	}
	return sum
}

// replace replaces everything from index on, by copies. The index must be greater than that of the base.
func (h *history) replace(index uint64, by []*Transaction) {
	h.transactions = h.transactions[:index-h.base.index-1]
	for _, t := range by {
		h.transactions = append(h.transactions, transaction{protocols.Ballot(t.Epoch), h.commands.Clone(t.Command)})
	}
}

// compact removes the transactions up to index, and frees their memory.
func (h *history) compact(index uint64) {
	if index <= h.base.index {
		return
	}
	epoch := h.epoch(index)
	h.transactions = slab.DropFront(h.transactions, int(index-h.base.index))
	h.base = zxid{epoch, index}
}

// lastOf returns the index of the last transaction of an epoch, 0 if the history has none, or if none is left.
func (h *history) lastOf(epoch protocols.Ballot) uint64 {
	index := h.base.index + uint64(sort.Search(len(h.transactions), func(i int) bool { return h.transactions[i].epoch > epoch }))
	if h.epoch(index) != epoch {
		return 0
	}
	return index
}

// ends returns the last transaction of each epoch, oldest first, as far as they are not removed.
func (h *history) ends() []*End {
	ends := []*End{{Epoch: uint64(h.base.epoch), Index: h.base.index}}
	for i, t := range h.transactions {
		end := ends[len(ends)-1]
		if uint64(t.epoch) != end.Epoch {
			end = &End{Epoch: uint64(t.epoch)}
			ends = append(ends, end)
		}
		end.Index = h.base.index + 1 + uint64(i)
	}
	return ends
}

// common returns the index up to which this history is the same as one with the given ends: 0 if that is not known
// any more. An epoch's transactions are proposed by one leader, one after the other: of two histories that have some,
// one has as many as the other, or fewer.
func (h *history) common(ends []*End) uint64 {
	for i := len(ends) - 1; i >= 0; i-- {
		if mine := h.lastOf(protocols.Ballot(ends[i].Epoch)); mine > 0 {
			return min(mine, ends[i].Index)
		}
	}
	return 0
}
