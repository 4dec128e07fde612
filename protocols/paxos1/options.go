package paxos1

// Options are the choices that an experiment has.
type Options struct {
	Revert bool `option:"revert" tries:"off,on" stream:"1" help:"reads that find nothing, or are given up, take back what was promised to them"`
}
