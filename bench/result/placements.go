package result

import "time"

// Placements are ranked ways to set up a cluster, the best first, and what a write takes at least under
// each of them.
type Placements struct {
	Ranked  []Placement
	Clients []Client // whose floors the placements tell, in this order
	Chosen  bool     // the placements differ in their replicas
	Aim     Aim
}

// Client is a region with clients in it.
type Client struct {
	Region string
	Weight float64 // its share of the writes is its part of the sum of all weights
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

// Aim says by what placements are ranked.
type Aim string

// The aims.
const (
	ByWeighted Aim = "weighted" // the mean by the clients' weights
	ByMean     Aim = "mean"
	ByWorst    Aim = "worst"
)

// Aims are all aims, the default first.
var Aims = []Aim{ByWeighted, ByMean, ByWorst}
