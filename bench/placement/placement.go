package placement

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/combin"

	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Network is the regions that replicas and clients may be in, and the delays between them.
type Network struct {
	Regions []string
	Places  []string         // in the order of Regions: those with the same place fail together; nil: each alone
	OneWay  protocols.Delays // in the order of Regions
}

// Protocol is a driver with its options, for any number of replicas.
type Protocol struct {
	Label   string
	Driver  *protocols.Driver
	Options protocols.Choices // those that differ from the defaults
	// Quorums are quorum systems over the numbers of the replicas, as they stand in Placement.Replicas. Nil: the driver's own.
	Quorums quorum.Roles
	// Witnesses are the replicas, by their numbers, that vote and hold no commands. None of them leads.
	Witnesses quorum.Set
}

// Client is a region with clients in it.
type Client struct {
	Region int     // an index in Network.Regions
	Weight float64 // relative to the sum of all weights, its share of the writes
}

// Placement is one way to set up a cluster, with the floors of its clients.
type Placement struct {
	Protocol Protocol
	Replicas []int    // regions of the network
	Leader   int      // a region of the network, -1 without a leader
	Floors   []Cost   // one for each client
	Survival Survival // as Survive computes it
	Copies   Copies   // of what is decided

	Mean     time.Duration // of the clients' floors
	Weighted time.Duration // the same, by the clients' weights
	Worst    time.Duration

	roles quorum.Roles // of the replicas
}

// Cost is the floor of a client's writes.
type Cost struct {
	Floor time.Duration
	Via   int // the region of the replica that the client asks: its own region or, without a replica there, the best
}

func (p *Placement) value(aim result.Aim) time.Duration {
	switch aim {
	case result.ByMean:
		return p.Mean
	case result.ByWorst:
		return p.Worst
	}
	return p.Weighted
}

// Of returns the placements of each protocol with replicas in the given regions: one for each leader, or a single one
// for a protocol without a leader. If clients is empty, each replica has a client of weight 1 beside it. It returns an
// error if a protocol refuses the number of replicas or its options.
func Of(n *Network, all []Protocol, replicas []int, clients []Client) ([]Placement, error) {
	if len(clients) == 0 {
		for _, region := range replicas {
			clients = append(clients, Client{Region: region, Weight: 1})
		}
	}
	delays := n.between(replicas)
	var placements []Placement
	for _, p := range all {
		config, err := p.Driver.Complete(protocols.Config{Members: protocols.Members(len(replicas)), Delays: delays, Options: p.Options, Quorums: p.Quorums, Witnesses: p.Witnesses})
		if err != nil {
			return nil, err
		}
		leaders := []protocols.NodeID{protocols.Nobody}
		if p.Driver.HasLeader {
			leaders = leaders[:0]
			for i := range replicas {
				if p.Witnesses.Has(int32(i)) {
					continue
				}
				leaders = append(leaders, protocols.NodeID(i))
			}
		}
		for _, leader := range leaders {
			placement := Placement{Protocol: p, Replicas: replicas, Leader: -1, roles: config.Quorums}
			if leader != protocols.Nobody {
				placement.Leader = replicas[leader]
			}
			config.Leader = leader
			placement.serve(n, config, clients)
			if placement.Copies, err = copiesOf(p, &config); err != nil {
				return nil, err
			}
			placements = append(placements, placement)
		}
	}
	return placements, nil
}

// serve computes what each client gets: from the replica beside it, or else from the one through which it waits
// least.
func (p *Placement) serve(n *Network, config protocols.Config, clients []Client) {
	values, weights := make([]float64, len(clients)), make([]float64, len(clients))
	for i, c := range clients {
		there, back := make([]time.Duration, len(p.Replicas)), make([]time.Duration, len(p.Replicas))
		for j, region := range p.Replicas {
			if region != c.Region {
				there[j], back[j] = n.OneWay[c.Region][region], n.OneWay[region][c.Region]
			}
		}
		best := Cost{Via: -1}
		for j, region := range p.Replicas {
			if p.Protocol.Witnesses.Has(int32(j)) { // no client asks it
				continue
			}
			floor := p.Protocol.Driver.FloorAt(config, protocols.NodeID(j), there, back)
			if region == c.Region {
				best = Cost{Floor: floor, Via: region}
				break
			}
			if best.Via < 0 || floor < best.Floor {
				best = Cost{Floor: floor, Via: region}
			}
		}
		p.Floors = append(p.Floors, best)
		p.Worst = max(p.Worst, best.Floor)
		values[i], weights[i] = float64(best.Floor), c.Weight
	}
	p.Mean = time.Duration(stat.Mean(values, nil))
	p.Weighted = time.Duration(stat.Mean(values, weights))
}

// between returns the delays between some regions. A replica is beside itself.
func (n *Network) between(regions []int) protocols.Delays {
	delays := make(protocols.Delays, len(regions))
	for i, from := range regions {
		delays[i] = make([]time.Duration, len(regions))
		for j, to := range regions {
			if i != j {
				delays[i][j] = n.OneWay[from][to]
			}
		}
	}
	return delays
}

// Search says among which placements to choose, and which are the best.
type Search struct {
	Size    int        // regions with a replica
	Among   int        // of the first so many regions of the network
	Fixed   []int      // regions that are chosen in any case
	Clients []Client   // empty: one beside each replica
	Aim     result.Aim // by which placements are ranked
	Top     int        // how many of the best are wanted
	// Watch, if not nil, is told after each thousand sets of regions how many placements were compared, and which share of all
	// sets is done.
	Watch func(compared int, share float64)
}

// Choose returns the best placements, ranked, among all sets of regions that the search allows, and how many placements it has
// compared. A protocol that does not work with that many replicas is left out; an error if none
// does. If ctx ends, Choose returns its error at once.
func Choose(ctx context.Context, n *Network, all []Protocol, search Search) (best []Placement, compared int, err error) {
	size, among, fixed := search.Size, search.Among, search.Fixed
	if size < max(1, len(fixed)) || size > among {
		return nil, 0, fmt.Errorf("found %d regions to choose; accepted: from %d, up to the %d there are", size, max(1, len(fixed)), among)
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(p Protocol) bool { return p.Driver.CheckReplicas(size) != nil })
	orders := make([][][]int, len(fit)) // by protocol: the orders of the regions that make a difference to its quorums
	for i, p := range fit {
		if orders[i], err = ordersOf(p.Quorums, size); err != nil {
			return nil, 0, err
		}
	}
	if len(fit) == 0 {
		return nil, 0, fmt.Errorf("found no protocol that works with %d replicas", size)
	}
	var free []int
	for region := range among {
		if !slices.Contains(fixed, region) {
			free = append(free, region)
		}
	}
	most := 1
	for _, o := range orders {
		most = max(most, len(o))
	}
	choices := combin.GeneralizedBinomial(float64(len(free)), float64(size-len(fixed)))
	if sets := choices * float64(most); sets > maxSets+0.5 {
		times := ""
		if most > 1 {
			times = fmt.Sprintf(", each in %d orders, that make a difference to the quorums", most)
		}
		return nil, 0, fmt.Errorf("found %.3g sets of %d of %d regions%s; accepted: up to %d sets", sets, size, among, times, maxSets)
	}
	worst := time.Duration(math.MaxInt64) // value of the placements that may be among the best
	done := 0
	for choice := range combinations(len(free), size-len(fixed)) {
		if ctx.Err() != nil {
			return nil, compared, ctx.Err()
		}
		if done++; done%1000 == 0 && search.Watch != nil {
			search.Watch(compared, float64(done)/choices)
		}
		regions := slices.Clone(fixed)
		for _, i := range choice {
			regions = append(regions, free[i])
		}
		slices.Sort(regions)
		for i, p := range fit {
			for _, order := range orders[i] {
				placed := make([]int, size)
				for at, region := range order {
					placed[at] = regions[region]
				}
				placements, err := Of(n, []Protocol{p}, placed, search.Clients)
				if err != nil {
					return nil, 0, err
				}
				compared += len(placements)
				for _, one := range placements {
					if one.value(search.Aim) <= worst {
						best = append(best, one)
					}
				}
			}
		}
		if len(best) > max(10_000, 2*search.Top) {
			if best = first(n, best, search.Aim, search.Top); len(best) == search.Top && search.Top > 0 {
				worst = best[search.Top-1].value(search.Aim)
			}
		}
	}
	return first(n, best, search.Aim, search.Top), compared, nil
}

// maxSets is the greatest number of sets of regions that Choose compares. A million of few replicas take half a minute.
const maxSets = 10_000_000

// combinations yields all combinations of k of the numbers below n. A combination is valid until the next.
func combinations(n, k int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		if k == 0 { // the generator makes none
			yield(nil)
			return
		}
		choice := make([]int, k)
		for g := combin.NewCombinationGenerator(n, k); g.Next(); {
			if !yield(g.Combination(choice)) {
				return
			}
		}
	}
}

func first(n *Network, placements []Placement, aim result.Aim, top int) []Placement {
	Rank(n, placements, aim)
	return slices.Clip(placements[:min(top, len(placements))])
}

// Rank sorts placements, the best first: by the aim, then by the other two, then by their names.
func Rank(n *Network, placements []Placement, aim result.Aim) {
	slices.SortStableFunc(placements, func(a, b Placement) int {
		if order := cmp.Compare(a.value(aim), b.value(aim)); order != 0 {
			return order
		}
		for _, other := range result.Aims {
			if order := cmp.Compare(a.value(other), b.value(other)); order != 0 {
				return order
			}
		}
		return cmp.Or(cmp.Compare(a.Protocol.Label, b.Protocol.Label), strings.Compare(strings.Join(n.names(a.Replicas), ","), strings.Join(n.names(b.Replicas), ",")))
	})
}

func (n *Network) names(regions []int) (names []string) {
	for _, region := range regions {
		names = append(names, n.Regions[region])
	}
	return names
}

// Table replaces the indexes in placements by names, for a report. Without clients, those beside the replicas
// are named if all placements have the same replicas.
func Table(n *Network, placements []Placement, clients []Client, aim result.Aim) *result.Placements {
	table := &result.Placements{Aim: aim}
	for i := range placements {
		p := &placements[i]
		one := result.Placement{
			Protocol: p.Protocol.Label, Replicas: n.names(p.Replicas), Mean: p.Mean, Weighted: p.Weighted, Worst: p.Worst,
			Survival: p.Survival.told(n, p.Replicas),
		}
		if p.Leader >= 0 {
			one.Leader = n.Regions[p.Leader]
		}
		one.Copies = p.Copies.told(n, p)
		for _, cost := range p.Floors {
			one.Floors = append(one.Floors, cost.Floor)
		}
		table.Ranked = append(table.Ranked, one)
		table.Chosen = table.Chosen || !slices.Equal(p.Replicas, placements[0].Replicas)
	}
	if len(clients) == 0 && !table.Chosen && len(placements) > 0 {
		for _, region := range placements[0].Replicas {
			clients = append(clients, Client{Region: region, Weight: 1})
		}
	}
	for _, c := range clients {
		table.Clients = append(table.Clients, result.Client{Region: n.Regions[c.Region], Weight: c.Weight})
	}
	return table
}
