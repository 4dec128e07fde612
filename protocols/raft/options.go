package raft

import (
	"quorumbench/protocols"
)

// The options' names.
const (
	optionPreVote     = "prevote"
	optionCheckQuorum = "checkquorum"
	optionRevert      = "revert"
	optionReads       = "reads"
	optionTransfer    = "transfer"
)

// The values of reads.
const (
	readsLog   = "log"
	readsIndex = "index"
	readsLease = "lease"
)

var options = []protocols.Option{
	{
		Name:    optionPreVote,
		Summary: "try an election out before a term is begun for it: a replica that was cut off deposes nobody; one more round trip in every election",
		Values:  protocols.Switch,
	},
	{
		Name:    optionCheckQuorum,
		Summary: "a leader that hears no majority for an election timeout resigns; a replica that hears a leader gives nobody its vote",
		Values:  protocols.Switch,
	},
	{
		Name:    optionRevert,
		Summary: "take terms back in which nothing happened: a replica that was cut off deposes nobody, and elections cost no more",
		Values:  protocols.Switch,
	},
	{
		Name:         optionReads,
		Summary:      "reads are entries of the log; or are answered by the leader after a round of heartbeats (index); or at once, under a lease, if no two clocks' rates differ by more than a tenth (lease)",
		Values:       func(int) []string { return []string{readsLog, readsIndex, readsLease} },
		TrustsClocks: []string{readsLease},
	},
	{
		Name:    optionTransfer,
		Summary: "another leader hands over to the configured one once that keeps pace; off: whoever is elected stays",
		Values:  func(int) []string { return []string{"on", "off"} },
	},
}
