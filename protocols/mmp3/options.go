package mmp3

import (
	"time"

	"quorumbench/protocols"
)

var options = []protocols.Option{
	{
		Name:    "batch",
		Summary: "how long a command waits for others to share its instance",
		Values:  func(int) []string { return []string{"off", "1ms", "5ms", "20ms"} },
	},
	{
		Name:    "reads",
		Summary: "log: a read is a command in the log; quorum: it asks one other replica what it has seen, and waits until that is applied",
		Values:  func(int) []string { return []string{"log", "quorum"} },
	},
	{
		Name:    "kept",
		Summary: "how many applied instances of each column are kept for a replica that is behind, before it needs a snapshot",
		Values:  func(int) []string { return []string{"1024", "64", "8"} },
	},
}

// batchWait is how long the first command of a batch waits for company. By default it is no time:
// messages of one host batch share a packet in any case, and records a write, so that commands which
// have come together already share what is dear. Waiting is for those who count instances.
func batchWait(o protocols.Options) time.Duration {
	wait, err := time.ParseDuration(o["batch"])
	if err != nil {
		return 0 // off
	}
	return wait
}

func keptBehind(o protocols.Options) uint64 { return uint64(o.Int("kept")) }
