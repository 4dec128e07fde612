package zab

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// stage is how far a leader has come.
type stage uint8

const (
	discovering   stage = iota // of a phase-1 quorum's histories (rule 3)
	synchronising              // a phase-2 quorum with its own history (rules 5 and 6)
	broadcasting               // new transactions (rule 7)
)

// lead is the state of a leader.
type lead struct {
	stage      stage
	discovered quorum.Set // who has acknowledged the epoch
	synced     quorum.Set // who has acknowledged that it is synchronised; itself, when its currentEpoch is durable
	end        zxid       // the last transaction of its history in the beginning of the epoch
	durable    uint64     // its own history is durable up to here
	peers      []peer     // by replica
	matches    []uint64   // scratch space of advanceCommit
	syncs      []syncRead // reads that wait for a no-op (rule 15)
}

// written is what a leader has written: its history up to an index.
type written struct {
	epoch protocols.Ballot
	index uint64
}

// discover makes the replica the leader of an epoch above its own acceptedEpoch and above the given one, and asks all
// others to follow (rule 3).
func (r *replica) discover(above protocols.Ballot) {
	r.leave()
	r.role = leading
	if r.campaigned == 0 {
		r.campaigned = max(r.now, 1)
	}
	r.accepted = max(r.accepted, above).Next(r.config.ID)
	r.lead = lead{peers: make([]peer, r.config.Size()), matches: make([]uint64, r.config.Size())}
	for i := range r.peers {
		r.peers[i].lastHeard = r.now
	}
	r.discovered.Add(int32(r.config.ID))
	r.election.Start(r.now, r.out)
	r.beat()
	r.endDiscovery()
}

// takeIn handles a sign of a replica that looks for a leader: the leader asks it to follow (rule 10). If it has
// acknowledged a higher epoch, it cannot follow this one, and the leader begins a still higher one.
func (r *replica) takeIn(from protocols.NodeID, accepted protocols.Ballot) {
	if accepted > r.accepted {
		r.discover(accepted)
	} else if r.stage != discovering { // in discovery, all are asked in every beat
		r.send(from, &Message_NewEpoch{NewEpoch: &NewEpoch{}})
	}
}

// onNewEpoch is the follower's side of discovery: a replica follows a leader whose epoch is higher than any that it has
// acknowledged, or the same again. Once it follows another, or leads, it does so only until broadcast has begun (rule 3).
func (r *replica) onNewEpoch(from protocols.NodeID, epoch protocols.Ballot) {
	if epoch < r.accepted || r.isSettled() && from != r.leader {
		return
	}
	if r.role == looking || epoch > r.accepted {
		r.leave()
		r.role, r.leader = following, from
		r.accepted, r.campaigned = epoch, 0
		if sender, _ := r.receiver.UnderWay(r.now); sender != from {
			r.receiver = snapshot.Receiver{} // the new leader's snapshot takes its place
		}
		if r.current == epoch || r.history.end().epoch == epoch { // it has followed this leader before: what it has is the leader's
			r.verified, r.matched = true, r.history.last()
		}
		r.out.StopTimer(heartbeatTimer)
		r.election.Start(r.now, r.out)
	}
	r.heard()
	r.ackEpoch()
}

// isSettled returns true for a leader that broadcasts, and for a follower that knows that its leader does.
func (r *replica) isSettled() bool {
	return r.role == leading && r.stage == broadcasting || r.role == following && r.forwarder.Leader() == r.leader
}

// ackEpoch acknowledges the epoch, and tells the leader this replica's history (rule 3).
func (r *replica) ackEpoch() {
	r.send(r.leader, &Message_AckEpoch{AckEpoch: &AckEpoch{Current: uint64(r.current), Ends: r.history.ends()}})
}

// onAckEpoch takes a follower's history. A leader in discovery that learns of a better history than its own steps
// down (rule 4). Otherwise it begins to synchronise the follower when discovery is over (rule 5).
func (r *replica) onAckEpoch(from protocols.NodeID, m *AckEpoch) {
	last := m.Ends[len(m.Ends)-1]
	theirs := rank{protocols.Ballot(m.Current), zxid{protocols.Ballot(last.Epoch), last.Index}}
	if r.stage == discovering && theirs.compare(r.rank()) > 0 {
		r.look()
		return
	}
	if !r.discovered.Has(int32(from)) {
		r.discovered.Add(int32(from))
		r.election.Heard(r.now)
	}
	r.peers[from].ends = m.Ends
	if r.stage == discovering {
		r.endDiscovery()
		return
	}
	r.synchronise(from)
}

// endDiscovery ends discovery when a phase-1 quorum has acknowledged the epoch and none of it has a better history: the
// leader's own history is that of the epoch. It makes it its currentEpoch, and synchronises the others with it (rule 5).
func (r *replica) endDiscovery() {
	if !r.phase1.IsQuorum(r.discovered) {
		return
	}
	r.stage = synchronising
	r.current, r.end = r.accepted, r.history.end()
	r.persistEpochs()
	r.whenDurable()
	for id := range r.discovered.All() {
		if to := protocols.NodeID(id); to != r.config.ID {
			r.synchronise(to)
		}
	}
}

// whenDurable asks to be told when what the leader has written so far is durable.
func (r *replica) whenDurable() {
	r.syncing = append(r.syncing, written{r.accepted, r.history.last()})
	r.out.WhenDurable(r.history.last())
}

// onDurable is called when the oldest of what the leader has written is durable. The leader then counts itself among
// those who hold it, if it still leads the same epoch (rule 1).
func (r *replica) onDurable() {
	own := r.syncing[0]
	r.syncing = r.syncing[1:]
	if r.role == leading && own.epoch == r.accepted {
		r.durable = max(r.durable, own.index)
		r.synced.Add(int32(r.config.ID))
		r.advance()
	}
}

// beginBroadcast begins to propose: a phase-2 quorum has the leader's history under its epoch, so that it is committed
// (rule 6). The followers are told, and the commands that wait here are proposed.
func (r *replica) beginBroadcast() {
	r.stage = broadcasting
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.out.Measure(protocols.MeasureElection, int64((r.now-r.campaigned)/time.Millisecond))
	r.out.Measure(protocols.MeasureRecovered, int64(r.end.index-r.commit))
	r.campaigned = 0
	r.forwarder.Lead(r.config.ID, r.now, r.out)
	r.commitTo(r.end.index)
	r.tellCommit()
	r.propose(r.config.ID, r.forwarder.Waiting()...)
}
