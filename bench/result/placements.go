package result

import "time"

// Placements is a ranking of ways to set up a cluster, the best first, with the floors under each.
type Placements struct {
	Ranked  []Placement `json:"ranked"`
	Clients []Client    `json:"clients"` // in the order of Placement.Floors
	Chosen  bool        `json:"chosen"`  // the placements differ in the regions of their replicas
	Aim     Aim         `json:"aim"`     // what they are ranked by
}

// Client is a region with clients in it.
type Client struct {
	Region string  `json:"region"`
	Weight float64 `json:"weight"` // relative to the sum of all weights, its share of the writes
}

// Placement is one way to set up a cluster.
type Placement struct {
	Protocol string          `json:"protocol"`         // the label
	Replicas []string        `json:"replicas"`         // regions
	Leader   string          `json:"leader,omitempty"` // a region, empty without a leader
	Floors   []time.Duration `json:"floors_ns"`

	Mean     time.Duration `json:"mean_ns"`     // of the clients' floors
	Weighted time.Duration `json:"weighted_ns"` // the same, by the clients' weights
	Worst    time.Duration `json:"worst_ns"`
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
