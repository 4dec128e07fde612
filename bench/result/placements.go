package result

import "time"

// Placements is a ranking of ways to set up a cluster, the best first, with the floors under each.
type Placements struct {
	Ranked  []Placement `json:"ranked"`
	Clients []Client    `json:"clients"` // in the order of Placement.Floors
	Chosen  bool        `json:"chosen"`  // the placements differ in the regions of their replicas
	Aim     Aim         `json:"aim"`     // what they are ranked by

	Failures *Failures `json:"failures,omitempty"` // that availability is computed from; nil if they are not given
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

	Copies   *Copies   `json:"copies,omitempty"`   // of what is decided; nil without witnesses
	Survival *Survival `json:"survival,omitempty"` // nil if the protocol does not tell its quorums
}

// Copies tells how often what is decided stands somewhere at the moment of the decision, in a placement with witnesses.
type Copies struct {
	Fewest    int      `json:"fewest"`    // in the quorum that has the fewest
	Nearest   int      `json:"nearest"`   // in the quorum that the leader hears from first
	Quorum    []string `json:"quorum"`    // that quorum, the leader first
	Witnesses []string `json:"witnesses"` // the regions whose replicas hold no data
}

// Survival tells what may fail such that a placement still decides commands.
type Survival struct {
	Replicas      int      `json:"replicas"`                 // so many crash, whichever
	Regions       int      `json:"regions"`                  // so many places fail, whichever, with all replicas there
	FatalReplicas []string `json:"fatal_replicas,omitempty"` // the fewest whose crash stops it
	FatalRegions  []string `json:"fatal_regions,omitempty"`  // the replicas in the fewest places whose failure stops it
	// Availability is the probability that it has a quorum of every kind that it needs, from Placements.Failures; 0 if those
	// are not given.
	Availability float64 `json:"availability,omitempty"`
}

// Availability is how likely it is that quorum systems have no quorum, over how likely failures are.
type Availability struct {
	Failures Failures // that one of them has while the other changes
	Systems  []AvailabilityOf
}

// AvailabilityOf is a line of each kind for one quorum system.
type AvailabilityOf struct {
	Label                   string
	OverRegion, OverReplica []Unavailable // by rising probability of failure of a region, and of a replica
}

// Unavailable is the probability that there is no quorum if something fails with a probability.
type Unavailable struct{ Fails, Without float64 }

// Failures are probabilities that something is down at any time.
type Failures struct {
	Replica float64 `json:"replica"` // a single replica
	Region  float64 `json:"region"`  // a place with all replicas there
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
