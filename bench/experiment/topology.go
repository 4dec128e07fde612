package experiment

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// Topology is the network of the experiment, as it was.
type Topology struct {
	Name     string `json:"name"`
	Source   string `json:"source"`
	Measured string `json:"measured"` // when
	// OneWay is the delay from region i to region j at [i][j], in the experiment's order.
	OneWay [][]time.Duration `json:"one_way_ns"`
}

// checkRegions fills in and checks the regions.
func (p *Plan) checkRegions(doc *strictyaml.Document, topology *netem.Topology) error {
	e := &p.Experiment
	if len(e.Regions) == 0 {
		if doc.At("regions").IsList() {
			return doc.Errorf("regions", "found an empty list; accepted: one or more of %s", strings.Join(topology.Regions, ", "))
		}
		e.Regions = topology.Regions[:min(3, len(topology.Regions))]
	}
	if len(e.Regions) > protocols.MaxReplicas {
		return doc.Errorf("regions", "found %d regions; accepted: up to %d", len(e.Regions), protocols.MaxReplicas)
	}
	for i, region := range e.Regions {
		if err := topology.CheckRegion(region); err != nil {
			return doc.Errorf(fmt.Sprintf("regions[%d]", i), "%w", err)
		}
	}
	return nil
}

// measure takes the links between the regions from the topology, and gives regions that share a
// place names of their own.
func (p *Plan) measure(doc *strictyaml.Document, topology *netem.Topology) error {
	regions := p.Experiment.Regions
	p.Topology = Topology{Name: topology.Name, Source: topology.Source, Measured: topology.Measured}
	for i, from := range regions {
		delays, jitters := make([]time.Duration, len(regions)), make([]time.Duration, len(regions))
		for j, to := range regions {
			if i == j {
				continue // a client stands beside its replica
			}
			link, err := topology.Link(from, to)
			if err != nil {
				return doc.Errorf(fmt.Sprintf("regions[%d]", j), "%w", err)
			}
			delays[j] = link.OneWay
			if p.Experiment.Network.Jitter {
				jitters[j] = link.Jitter()
			}
		}
		p.Topology.OneWay = append(p.Topology.OneWay, delays)
		p.jitter = append(p.jitter, jitters)
	}
	p.Places, p.Experiment.Regions = regions, Names(regions)
	return nil
}

// Names tells regions apart that stand several times in a list: us-east-1, us-east-1#2, ….
func Names(places []string) []string {
	names, times := make([]string, len(places)), map[string]int{}
	for i, place := range places {
		names[i] = place
		if times[place]++; times[place] > 1 {
			names[i] = fmt.Sprintf("%s#%d", place, times[place])
		}
	}
	return names
}

// Place is the topology's name of a region that may have been named by Names: us-east-1 of us-east-1#2.
// An error tells of a region that is not in the topology.
func Place(topology *netem.Topology, region string) (string, error) {
	i := strings.LastIndex(region, "#")
	if i < 0 || topology.CheckRegion(region) == nil {
		return region, topology.CheckRegion(region)
	}
	place := region[:i]
	if n, err := strconv.Atoi(region[i+1:]); err != nil || n < 2 {
		return region, topology.CheckRegion(region)
	}
	return place, topology.CheckRegion(place)
}
