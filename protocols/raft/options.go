package raft

// Options are the driver's options.
type Options struct {
	PreVote bool `option:"prevote" tries:"off,on" help:"try an election out before a term is begun for it: a replica that was cut off deposes nobody; one more round trip in every election"`

	CheckQuorum bool `option:"checkquorum" tries:"off,on" help:"a leader that hears no majority for an election timeout resigns; a replica that hears a leader gives nobody its vote"`

	Revert bool `option:"revert" tries:"off,on" help:"take terms back in which nothing happened: a replica that was cut off deposes nobody, and elections cost no more"`

	Reads string `option:"reads" accepts:"log,index,lease" tries:"log,index,lease" trustsclocks:"lease" help:"reads are entries of the log; or are answered by the leader after a round of heartbeats (index); or at once, under a lease, if no two clocks' rates differ by more than a tenth (lease)"`

	Transfer bool `option:"transfer" tries:"on,off" help:"another leader hands over to the configured one once that keeps pace; off: whoever is elected stays"`
}

// The values of the option reads; see rules 16 to 18.
const (
	readsLog   = "log"
	readsIndex = "index"
	readsLease = "lease"
)
