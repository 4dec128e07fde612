package etcdraft

// Options are the driver's options.
type Options struct {
	PreVote bool `option:"prevote" tries:"off,on" help:"a replica asks whether it would win before it begins a term"`
}
