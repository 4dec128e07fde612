package paxos

// Options are the choices that an experiment has.
type Options struct {
	Revert bool `option:"revert" tries:"off,on" help:"proposers that do not go on take back what was promised to them"`

	Learn string `option:"learn" accepts:"commit,broadcast" tries:"commit,broadcast" stream:"1" help:"how replicas learn what is chosen: from the proposer (commit); or each acceptor tells all others that it has accepted (broadcast), which takes n² messages and saves the way back to the proposer"`

	Refusals string `option:"refusals" accepts:"answered,silent" tries:"answered,silent" stream:"2" help:"whether an acceptor answers a ballot below its promise; silent: the proposer waits for its timeout"`
}

// The values of the options learn and refusals; see rules 14 and 15.
const (
	learnCommit      = "commit"
	learnBroadcast   = "broadcast"
	refusalsAnswered = "answered"
	refusalsSilent   = "silent"
)
