package result

import "time"

// Placements is a ranking of ways to set up a cluster, the best first, with the floors under each.
type Placements struct {
	Ranked  []Placement
	Clients []Client // in the order of Placement.Floors
	Chosen  bool     // the placements differ in the regions of their replicas
	Aim     Aim      // what they are ranked by
}

// Client is a region with clients in it.
type Client struct {
	Region string
	Weight float64 // relative to the sum of all weights, its share of the writes
}

// Placement is one way to set up a cluster.
type Placement struct {
	Protocol string   // the label
	Replicas []string // regions
	Leader   string   // a region, empty without a leader
	Floors   []time.Duration

	Mean     time.Duration // of the clients' floors
	Weighted time.Duration // the same, by the clients' weights
	Worst    time.Duration
}

// Aim is the figure by which placements are ranked.
type Aim string

// The aims.
const (
	ByWeighted Aim = "weighted" // the mean by the clients' weights
	ByMean     Aim = "mean"
	ByWorst    Aim = "worst"
)

// Aims are all aims, the default first.
var Aims = []Aim{ByWeighted, ByMean, ByWorst}
