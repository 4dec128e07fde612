package sharded

// Options are the choices that an experiment has.
type Options struct {
	Protocol string `option:"protocol" accepts:"raft,multipaxos" tries:"raft,multipaxos" help:"the protocol of each group"`

	Partition int `option:"partition" range:"1..1000000000" unit:"keys" zero:"hash" tries:"hash,1,8" help:"a key's home is told by the number at its end: that many keys are led from the first region, as many from the second, and so on in turn; hash: by a hash of the key"`
}

// The values of protocol.
const (
	onRaft       = "raft"
	onMultipaxos = "multipaxos"
)
