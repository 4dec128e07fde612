package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// reclaiming is the state of a configured leader that follows another and wants the leadership back (rule 14).
type reclaiming struct {
	reclaimAt time.Duration // when it may send a probe
	probed    time.Duration // when it sent the last probe, which identifies the probe; 0: none waits for answers
	echoes    quorum.Set    // who has answered that probe
}

// reclaim is called for every heartbeat of the leader. It sends a probe if the replica is configured to
// lead, wants the leadership back, and knows everything that is chosen (rule 14).
func (r *replica) reclaim() {
	caughtUp := r.commit >= r.leaderCommit
	if !r.preferred || !caughtUp || !r.isVoter(r.config.ID) || r.now < r.reclaimAt {
		return
	}
	r.reclaimAt = r.now + protocols.Retry(r.config.Delays.MaxRoundTrip())
	r.probed, r.echoes = r.now, 0
	r.broadcast(&Message_Probe{Probe: &Probe{At: uint64(r.probed)}})
	r.onEcho(r.config.ID, uint64(r.probed))
}

// onProbe answers a probe. Its sender has promised the same leader's ballot as this replica.
func (r *replica) onProbe(from protocols.NodeID, at uint64) {
	r.send(from, r.promised, &Message_Echo{Echo: &Echo{At: at}})
}

// onEcho counts an answer to the last probe. With a phase-1 quorum of answers the replica becomes a
// candidate (rule 14).
func (r *replica) onEcho(from protocols.NodeID, at uint64) {
	if r.probed == 0 || at != uint64(r.probed) {
		return
	}
	r.echoes.Add(int32(from))
	if r.log.memberships.InForce().Role(quorum.Phase1).IsQuorum(r.echoes) {
		r.probed = 0
		r.becomeCandidate(false)
	}
}
