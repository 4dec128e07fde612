package zab

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

// peer is what a leader knows of a follower.
type peer struct {
	ends  []*End // of its history, when it acknowledged the epoch
	match uint64 // its history is the leader's up to this index
	next  uint64 // the first transaction to be sent; those before it match or are on their way; 0: it is not synchronised yet

	window    int           // bytes of transactions that may be under way to it while it is behind
	timed     uint64        // how long the acknowledgement of this transaction takes decides about the window; 0: of the next one sent
	timedAt   time.Duration // when that was sent
	busyUntil time.Duration // until when the answer to what was sent last may take
	lastHeard time.Duration // when it last answered in this epoch
}

// synchronise begins to bring a follower level, from where its history is no longer the leader's (rule 5). It does
// nothing while the follower may still be answering to that.
func (r *replica) synchronise(to protocols.NodeID) {
	p := &r.peers[to]
	if p.next > 0 && r.now < p.busyUntil {
		return
	}
	p.next = max(p.match, r.history.common(p.ends)) + 1
	p.window, p.timed = r.config.Limits.Min(), 0
	p.busyUntil = r.now + r.config.AnswerTimeout(to)
	r.sendNext(to)
}

// fillWindow sends a follower that is behind one message, and more as far as its window has room for them.
func (r *replica) fillWindow(to protocols.NodeID) {
	p := &r.peers[to]
	for room := p.window; ; room = p.window - r.history.bytes(p.match+1, p.next) {
		before := p.next
		r.sendUpTo(to, room)
		if p.next == before || p.next > r.history.last() || r.history.bytes(p.match+1, p.next+1) > p.window {
			return
		}
	}
}

// sendNext sends a follower one message more.
func (r *replica) sendNext(to protocols.NodeID) { r.sendUpTo(to, r.peers[to].window) }

// sendUpTo sends a follower the next transactions, as many as one message of so many bytes carries, or a piece of a snapshot if
// the first is removed. Behind the last of those from before the epoch it is told that it is synchronised (rule 5).
func (r *replica) sendUpTo(to protocols.NodeID, room int) {
	p := &r.peers[to]
	if p.next <= r.history.base.index {
		r.onAsk(to, nil)
		return
	}
	if ts := r.history.from(p.next, min(room, r.config.Limits.Max())); len(ts) > 0 {
		r.sendTransactions(to, p.next, ts)
		p.next += uint64(len(ts))
		if p.timed == 0 {
			p.timed, p.timedAt = p.next-1, r.now
		}
	}
	if !r.synced.Has(int32(to)) && p.next > r.end.index {
		r.sendNewLeader(to)
	}
}

// sendTransactions sends transactions from index first on. They do not wait for the leader's disk (rule 1).
func (r *replica) sendTransactions(to protocols.NodeID, first uint64, ts []transaction) {
	r.out.SendNow(to, r.proposal(first, ts))
	r.noteSent(to, ts)
}

func (r *replica) noteSent(to protocols.NodeID, ts []transaction) {
	size := 0
	for _, t := range ts {
		size += t.size()
	}
	p := &r.peers[to]
	if size >= r.config.Limits.Min() {
		p.busyUntil = r.now + r.config.AnswerTimeout(to) + flow.Transmission(size)
	}
}

func (r *replica) sendNewLeader(to protocols.NodeID) {
	r.out.SendNow(to, r.scratch.message(r.accepted, &Message_NewLeader{NewLeader: &NewLeader{
		LastEpoch: uint64(r.end.epoch), LastIndex: r.end.index,
	}}))
}

// onNewLeader ends a follower's synchronisation if it has the leader's history: it removes what it has beyond that,
// makes the epoch its currentEpoch, and acknowledges when both are durable (rule 6).
func (r *replica) onNewLeader(from protocols.NodeID, end zxid) {
	if r.current != r.accepted {
		if !r.history.contains(end) {
			r.tellMissing(true)
			return
		}
		r.verified, r.matched = true, max(r.matched, r.commit, end.index)
		r.mergeEarly()
		if r.history.last() > r.matched {
			r.write(r.matched+1, nil)
		}
		r.current = r.accepted
	}
	r.send(from, &Message_AckLeader{AckLeader: &AckLeader{}})
}

// onAckLeader notes that a follower is synchronised. When a phase-2 quorum is, broadcast begins (rule 6); a follower
// that is later is told that it has begun.
func (r *replica) onAckLeader(from protocols.NodeID) {
	if r.stage == discovering || r.synced.Has(int32(from)) {
		return
	}
	r.synced.Add(int32(from))
	p := &r.peers[from]
	p.match, p.busyUntil = max(p.match, r.end.index), 0 // it has what it was sent to synchronise it, and answers: what it lacks is sent at once
	r.election.Heard(r.now)
	if r.stage == broadcasting {
		r.out.SendNow(from, r.scratch.commitUpTo(r.accepted, r.commit))
	}
	r.advance()
}

// tellMissing tells the leader what this follower has, because something that was sent after it is missing: up to where
// its history is the leader's, or, if that is not known, its history's ends. Unless it is asked, it does so again
// only when the answer is overdue.
func (r *replica) tellMissing(asked bool) {
	if !asked && r.now < r.askAt {
		return
	}
	r.askAt = r.now + r.config.AnswerTimeout(r.leader)
	switch from, underWay := r.receiver.UnderWay(r.now); {
	case underWay && from == r.leader:
		r.send(r.leader, &Message_Ask{Ask: r.receiver.Ask(r.leader)})
	case !r.verified:
		r.ackEpoch()
	default:
		r.send(r.leader, &Message_Missing{Missing: &Missing{Index: r.matched}})
	}
}

// onMissing sends a follower what it lacks again, unless that may still be on its way. What does not fit into one
// message follows when it has acknowledged that.
func (r *replica) onMissing(from protocols.NodeID, index uint64) {
	p := &r.peers[from]
	r.onAck(from, index)
	if r.now < p.busyUntil || p.next == 0 || p.match+1 >= p.next && r.synced.Has(int32(from)) {
		return
	}
	sent := p.next
	p.next = p.match + 1
	if p.next <= r.history.base.index {
		r.sendNext(from)
		return
	}
	ts := r.history.from(p.next, r.config.Limits.Max())
	ts = ts[:min(uint64(len(ts)), sent-p.next)]
	p.busyUntil = r.now + r.config.AnswerTimeout(from)
	if len(ts) > 0 {
		r.sendTransactions(from, p.next, ts)
	}
	p.next += uint64(len(ts))
	if !r.synced.Has(int32(from)) && p.next > r.end.index {
		r.sendNewLeader(from)
	}
}
