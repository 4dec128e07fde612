package mmp3

import (
	"time"

	"quorumbench/protocols"
)

// A sweep looks after this many open instances of a column at a time.
const sweepLimit = 64

// sweepLater sets the timer of rule 5 if anything is open: in Seen, but not committed. What
// matters is Seen, not which instances there is a record of.
func (r *replica) sweepLater() {
	if r.sweeping || r.settledEverywhere() {
		return
	}
	r.sweeping, r.swept = true, r.seen
	longest := max(r.retry[r.peers[0]], r.retry[r.peers[1]])
	r.out.SetTimer(sweepTimer, 2*longest+time.Duration(r.random.Int64N(int64(longest))))
}

func (r *replica) settledEverywhere() bool {
	for c := range r.seen {
		if r.applied[c] < r.seen[c] {
			return false
		}
	}
	return true
}

// sweep keeps rule 5 for every instance that was open when the timer was set and still is: the
// first time it asks, after that it proposes.
func (r *replica) sweep() {
	r.sweeping = false
	query := &Query{}
	for c := range replicas {
		for lsn, n := r.applied[c], 0; lsn < r.swept[c] && n < sweepLimit; lsn++ {
			x := r.open(position{c, lsn})
			if x.committed || x.proposal != nil {
				continue
			}
			n++
			if !x.asked {
				x.asked = true
				query.Instances = append(query.Instances, &Query_ID{Column: uint32(c), Lsn: lsn})
				continue
			}
			x.proposal = &proposal{}
			r.prepareAgain(x, x.ballot)
			r.travel(x, r.nearest())
		}
	}
	if len(query.Instances) > 0 {
		r.out.Broadcast(protocols.NodeID(r.id), replicas, &Message{Kind: &Message_Query{Query: query}})
	}
	r.sweepLater()
}

func (r *replica) onQuery(from protocols.NodeID, q *Query) {
	for _, id := range q.Instances {
		if x := r.get(position{int(id.Column), id.Lsn}); x != nil && x.committed {
			r.out.Send(from, &Message{Kind: &Message_Commit{Commit: x.message()}})
		}
	}
}
