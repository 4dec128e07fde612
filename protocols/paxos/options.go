package paxos

// Options are the choices that an experiment has.
type Options struct {
	Revert bool `option:"revert" tries:"off,on" help:"proposers that do not go on take back what was promised to them"`
}
