package placement

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/combin"

	"quorumbench/bench/result"
	"quorumbench/protocols/quorum"
)

// Failures are how likely it is, at any time, that something is down. What fails, fails independently of all else.
type Failures struct {
	Replica float64 // a single replica, 0 to 1
	Region  float64 // a place with all replicas in it, 0 to 1
}

// Survival tells what may fail such that a placement still decides commands.
type Survival struct {
	Told     bool // the protocol tells its quorums
	Replicas int  // so many crash, whichever
	Regions  int  // so many places fail, whichever
	// The fewest whose failure stops it, as indexes in Placement.Replicas; nil if none does.
	FatalReplicas, FatalRegions []int

	Availability float64 // the probability that there are quorums of every kind that it needs, by Failures
}

// Survive computes the Survival of placements. An error says that quorums have too many parts for it; see quorum.Survived.
func Survive(n *Network, placements []Placement, f Failures) error {
	known := map[string]Survival{}
	for i := range placements {
		p := &placements[i]
		s, computed := known[p.system()]
		if !computed {
			var err error
			if s, err = n.survival(p, f); err != nil {
				return fmt.Errorf("%s: %w", p.Protocol.Label, err)
			}
			known[p.system()] = s
		}
		p.Survival = s
	}
	return nil
}

// system is the same for placements that differ in the leader at most.
func (p *Placement) system() string { return fmt.Sprint(p.Protocol.Label, p.Replicas) }

func (n *Network) survival(p *Placement, f Failures) (s Survival, err error) {
	if len(p.roles) == 0 {
		return Survival{}, nil
	}
	systems := p.Protocol.Driver.Needed(p.roles)
	without := systems             // what must be left
	if p.Protocol.Witnesses != 0 { // those that hold commands must meet each quorum that has decided one, or the others may wait for it
		without = append(slices.Clone(systems), p.Protocol.kept(len(p.Replicas), p.roles[p.Protocol.Driver.Witnesses]))
	}
	var replicas []quorum.Set
	var regions []quorum.Group
	at := map[string]int{} // a place's index in regions
	for i, region := range p.Replicas {
		replicas = append(replicas, quorum.Of(int32(i)))
		place := n.Regions[region]
		if n.Places != nil {
			place = n.Places[region]
		}
		if _, known := at[place]; !known {
			at[place] = len(regions)
			regions = append(regions, quorum.Group{Fails: f.Region})
		}
		regions[at[place]].Replicas.Add(int32(i))
	}
	together := make([]quorum.Set, len(regions))
	for i, g := range regions {
		together[i] = g.Replicas
	}
	s.Told = true
	var fatal []quorum.Set
	if s.Replicas, fatal, err = quorum.Survived(replicas, without...); err != nil {
		return s, err
	}
	s.FatalReplicas = indexes(fatal)
	if s.Regions, fatal, err = quorum.Survived(together, without...); err != nil {
		return s, err
	}
	s.FatalRegions = indexes(fatal)
	s.Availability, err = quorum.Availability(regions, func(int32) float64 { return f.Replica }, systems...)
	return s, err
}

func indexes(sets []quorum.Set) (all []int) {
	for _, s := range sets {
		for i := range s.All() {
			all = append(all, int(i))
		}
	}
	return all
}

// told names what indexes stand for.
func (s Survival) told(n *Network, replicas []int) *result.Survival {
	if !s.Told {
		return nil
	}
	names := func(indexes []int) (all []string) {
		for _, i := range indexes {
			all = append(all, n.Regions[replicas[i]])
		}
		return all
	}
	return &result.Survival{
		Replicas: s.Replicas, Regions: s.Regions, FatalReplicas: names(s.FatalReplicas), FatalRegions: names(s.FatalRegions),
		Availability: s.Availability,
	}
}

// mostOrdered is how many replicas quorums may have whose order makes a difference when regions are chosen for them.
const mostOrdered = 8

// ordersOf returns the orders of n regions that give different quorum systems, each as indexes of the regions by replica: the
// first of those that are alike.
func ordersOf(roles quorum.Roles, n int) ([][]int, error) {
	plain := make([]int, n)
	for i := range plain {
		plain[i] = i
	}
	if len(roles) == 0 {
		return [][]int{plain}, nil
	}
	if n > mostOrdered {
		return nil, fmt.Errorf("found quorum systems to place %d replicas by; accepted: up to %d", n, mostOrdered)
	}
	var orders [][]int
	seen := map[string]bool{}
	for _, order := range combin.Permutations(n, n) {
		var table strings.Builder
		for _, role := range roles.Names() {
			for regions := range quorum.First(n) + 1 {
				var of quorum.Set
				for replica, region := range order {
					if regions.Has(int32(region)) {
						of.Add(int32(replica))
					}
				}
				fmt.Fprint(&table, map[bool]int{true: 1}[roles[role].IsQuorum(of)])
			}
		}
		if !seen[table.String()] {
			seen[table.String()] = true
			orders = append(orders, order)
		}
	}
	return orders, nil
}
