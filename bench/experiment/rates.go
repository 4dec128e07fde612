package experiment

import (
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// In is the load of one region's clients: with the rate of that region, if each has its own, and with the hour there.
func (l *Load) In(region string) *Load {
	rate, found := l.Rates[region]
	found = found || l.IsTraced() // a region that the trace does not have
	hour := l.Hours[region]
	if !found && hour == 0 {
		return l
	}
	one := *l
	one.hour, one.region = hour, region
	if found {
		one.Rate = rate
	}
	return &one
}

// Region is the region of a load that In has returned, if its load is one of its own; else it is empty.
func (l *Load) Region() string { return l.region }

// LeastRate is the lowest rate of any region.
func (l *Load) LeastRate() Rate {
	least := l.Rate
	for _, rate := range l.Rates {
		least = min(least, rate)
	}
	return least
}

// placedRate is a rate with its place in the file.
type placedRate struct {
	Rate
	node *strictyaml.Node
}

// UnmarshalNode implements strictyaml.Unmarshaler.
func (r *placedRate) UnmarshalNode(node *strictyaml.Node) error {
	r.node = node
	return node.Decode(&r.Rate)
}

// rates is a mapping of regions to rates, as the file has it under load.rate; nil if there is a single rate.
type rates struct {
	node *strictyaml.Node
	of   map[string]placedRate
}

// splitRates reads a mapping under load.rate. The document that it returns has a single rate there, which stands for the
// mean until check has computed that.
func splitRates(doc *strictyaml.Document) (*strictyaml.Document, *rates, error) {
	const path = "load.rate"
	if !doc.Has(path) || !doc.At(path).IsMapping() {
		return doc, nil, nil
	}
	r := &rates{node: doc.At(path)}
	if err := r.node.Decode(&r.of); err != nil {
		return nil, nil, err
	}
	keys := r.node.Keys()
	if len(keys) == 0 {
		return nil, nil, r.node.Errorf("found a mapping without a region; accepted: a rate, as in 50/s, or a rate for each region with clients, as in {us-east-1: 200/s, eu-west-1: 10/s}")
	}
	return doc.With(path, r.of[keys[0].Text()].node), r, nil
}

// check returns a check that each region with clients has a rate, and no other region. It sets the load's rates, and its
// rate to their mean.
func (r *rates) check(p *Plan) func(*strictyaml.Document, *netem.Topology) error {
	return func(*strictyaml.Document, *netem.Topology) error {
		if r == nil {
			return nil
		}
		e := &p.Experiment
		if e.Load.IsSearch() {
			return r.node.Errorf("found rates by region in a search; accepted: one rate, the first that is tried in each region")
		}
		for _, key := range r.node.Keys() {
			region := key.Text()
			if !slices.Contains(e.Clients, region) {
				return key.Errorf("found the region %q; accepted: the regions with clients, %s%s",
					region, strings.Join(e.Clients, ", "), strictyaml.DidYouMean(region, e.Clients))
			}
			if rate := r.of[region]; rate.Rate < minRate || rate.Rate > MaxRate {
				return rate.node.Errorf("found %v; accepted: %s", rate.Rate, acceptedRates)
			}
		}
		e.Load.Rates = make(map[string]Rate, len(e.Clients))
		sum := 0.0
		for _, region := range e.Clients {
			rate, found := r.of[region]
			if !found {
				return r.node.Errorf("found no rate for %s; accepted: a rate for each region with clients, %s", region, strings.Join(e.Clients, ", "))
			}
			e.Load.Rates[region] = rate.Rate
			sum += float64(rate.Rate)
		}
		e.Load.Rate = Rate(sum / float64(len(e.Clients)))
		return nil
	}
}
