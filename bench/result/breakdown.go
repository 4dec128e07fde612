package result

import "slices"

// Breakdown tells where the time of a region's writes went, of those that were answered in time.
type Breakdown struct {
	Writes  int64   `json:"writes"`  // how many writes it covers
	Every   int64   `json:"every"`   // 1 if it covers all writes, n if every n-th, because there were too many
	Retries int64   `json:"retries"` // how often these writes were proposed again
	Stages  []Stage `json:"stages"`  // in the order in which a write passes them

	Commit Summary `json:"commit,omitzero"` // from the intended arrival until the proposer knew the write chosen
	Apply  Summary `json:"apply,omitzero"`  // from the intended arrival until the region's replica had applied it
}

// Stage is a part of a write's response time or, with After, of the time after the answer. Each stage has a value for
// every write, which may be zero, so that the means of the stages before the answer add up to the mean response time.
type Stage struct {
	Name  string `json:"name"`
	After bool   `json:"after,omitempty"` // the answer: not a part of the response
	Summary
}

// stage is one of the stages. Time that no mark of the driver separates counts in the next stage that has a mark.
type stage int

const (
	toLeader       stage = iota // from the intended arrival to the arrival at the proposer, under a protocol with a leader
	toOther                     // the same without a leader, if a replica in another region was asked
	queueing                    // until it was proposed, persisting included
	retrying                    // from the first to the last time it was proposed
	preparing                   // a prepare phase of its own
	wayOut                      // to the acceptor whose answer decided
	accepting                   // at that acceptor
	wayBack                     // from that acceptor to the proposer
	roundTrip                   // the three before, if the driver does not mark acceptances
	deciding                    // at the proposer, from the arrival of the answer that decided to the release of what follows
	waiting                     // for earlier writes to be decided or applied
	backFromLeader              // from the leader to the client
	backFromOther               // from the proposer in another region to the client
	untold                      // no mark is known
	applying                    // from the answer until the region's replica has applied the write
	stagesNumber   = iota
)

var stageNames = [stagesNumber]string{
	"to the leader", "to another replica", "until put forward", "retries", "prepare", "way out", "at the acceptor", "way back",
	"round trip", "decision", "earlier writes", "back from the leader", "back from another replica", "not told", "until applied",
}

// StageNames are the names of all stages, in their order.
func StageNames() []string { return slices.Clone(stageNames[:]) }

func stageOrder(name string) int { return slices.Index(stageNames[:], name) }
