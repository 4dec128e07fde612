package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// The way of the replica that is configured to lead back to the leadership (rule 14).

// reclaiming is what a replica knows that is configured to lead and follows another.
type reclaiming struct {
	reclaimAt time.Duration // when it may ask, or ask again, who would hear its prepare
	probed    time.Duration // when it has asked last, which names the probe; 0: it has not
	echoes    quorum.Set    // to that probe
}

// reclaim probes the others, if the replica may stand against a leader that is well.
func (r *replica) reclaim() {
	caughtUp := r.commit >= r.ahead
	if !r.preferred || !caughtUp || r.now < r.reclaimAt {
		return
	}
	r.reclaimAt = r.now + protocols.Retry(r.config.Delays.MaxRoundTrip())
	r.probed, r.echoes = r.now, 0
	r.broadcast(&Message_Probe{Probe: &Probe{At: uint64(r.probed)}})
	r.onEcho(r.config.ID, uint64(r.probed))
}

// onProbe answers one who has promised the same leader's ballot as this replica.
func (r *replica) onProbe(from protocols.NodeID, at uint64) {
	r.send(from, r.promised, &Message_Echo{Echo: &Echo{At: at}})
}

// onEcho counts the answers to the last probe, and stands when they make a phase-1 quorum.
func (r *replica) onEcho(from protocols.NodeID, at uint64) {
	if r.probed == 0 || at != uint64(r.probed) {
		return
	}
	r.echoes.Add(int32(from))
	if r.phase1.IsQuorum(r.echoes) {
		r.probed = 0
		r.stand()
	}
}
