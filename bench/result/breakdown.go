package result

import "slices"

// Breakdown tells what the writes of a region that were answered in time waited for.
type Breakdown struct {
	Writes  int64   `json:"writes"`  // that were followed
	Every   int64   `json:"every"`   // 1: of all writes; n: of every n-th, because there were too many
	Retries int64   `json:"retries"` // how often these were put forward again
	Stages  []Stage `json:"stages"`  // in the order in which a write passes them

	Commit Summary `json:"commit,omitzero"` // from the intended arrival until the proposer knew the write chosen
	Apply  Summary `json:"apply,omitzero"`  // from the intended arrival until the region's replica had applied it
}

// Stage is a part of a write's response time, or of what comes after it. All stages of a region have as
// many values as there are writes, zeros among them, so that the means of those that are not After add up
// to the mean response.
type Stage struct {
	Name  string `json:"name"`
	After bool   `json:"after,omitempty"` // the answer: not a part of the response
	Summary
}

// The stages. What no mark of the driver tells apart is part of the next stage that one does.
type stage int

const (
	toLeader  stage = iota // from the intended arrival to the replica that put it forward
	toOther                // the same, without a leader: a client has asked another region's replica
	queueing               // until it was put forward, persisting included
	retrying               // from the first to the last time it was put forward
	preparing              // a prepare phase of its own
	wayOut                 // to the acceptor whose answer came last before the decision
	accepting              // there
	wayBack                // from there
	roundTrip              // the three before, where the driver does not mark acceptances
	deciding               // at the proposer, from the answer that decided to the release of what follows
	waiting                // for earlier writes to be decided, or applied
	backFromLeader
	backFromOther
	untold       // nothing is known
	applying     // from the answer until the region's replica has applied it
	stagesNumber = iota
)

var stageNames = [stagesNumber]string{
	"to the leader", "to another replica", "until put forward", "retries", "prepare", "way out", "at the acceptor", "way back",
	"round trip", "decision", "earlier writes", "back from the leader", "back from another replica", "not told", "until applied",
}

// StageNames are the names of all stages, in their order.
func StageNames() []string { return slices.Clone(stageNames[:]) }

func stageOrder(name string) int { return slices.Index(stageNames[:], name) }
