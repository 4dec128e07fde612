package mmp3

import "time"

// Options are the choices that an experiment has.
type Options struct {
	// Batch is how long the first command of a batch waits for others. By default it does not wait: commands that
	// arrive together share packets and disk writes in any case. Waiting saves instances.
	Batch time.Duration `option:"batch" range:"0s..1m" zero:"off" tries:"off,1ms,5ms,20ms" help:"how long a command waits for others to share its instance"`

	Reads string `option:"reads" accepts:"log,quorum" tries:"log,quorum" help:"log: a read is a command in the log; quorum: it asks one other replica what it has seen, and waits until that is applied"`

	Kept int `option:"kept" range:"1..1048576" unit:"instances" tries:"1024,64,8" help:"how many applied instances of each column are kept for a replica that is behind, within 32 MiB of all columns, before it needs a snapshot"`
}

// The values of reads.
const (
	readsLog    = "log"
	readsQuorum = "quorum"
)
