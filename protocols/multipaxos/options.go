package multipaxos

// Options are the driver's options.
type Options struct {
	Phase1 int `option:"phase1" range:"1..n" unit:"replicas" zero:"auto" help:"replicas in a phase-1 quorum; auto: the fewest that meet every phase-2 quorum, n+1 less those of phase 2"`

	Phase2 int `option:"phase2" range:"1..n" unit:"replicas" default:"a majority" tries:"default,1..n" help:"replicas in a phase-2 quorum"`

	Revert bool `option:"revert" tries:"off,on" stream:"1" help:"candidates that do not become the leader take back what was promised to them: a leader that works is deposed less often"`

	Preferred bool `option:"preferred" tries:"off,on" help:"the configured leader, come back, caught up and heard by a phase-1 quorum, takes the leadership again"`
}
