package fastpaxos

// Options are the choices that an experiment has.
type Options struct {
	Fast int `option:"fast" range:"1..n" unit:"replicas" zero:"auto" help:"replicas in a fast quorum; auto: the fewest of which any two meet in every phase-1 quorum, 3n/4 of n beside majorities, rounded up"`

	Revert bool `option:"revert" tries:"on,off" help:"proposers that do not go on, and reads, take back what was promised to them"`
}
