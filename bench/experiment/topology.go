package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// Topology records the network of an experiment in its result.
type Topology struct {
	Name     string `json:"name"`
	Source   string `json:"source"`
	Measured string `json:"measured"` // when
	// OneWay is the one-way delay from region i to region j at [i][j], in the order of Experiment.Regions. The
	// diagonal is the delay between clients and a replica in the same region.
	OneWay [][]time.Duration `json:"one_way_ns"`
	// Jitter is the standard deviation of the same delays, if the experiment has jitter anywhere; 0 in the diagonal.
	Jitter [][]time.Duration `json:"jitter_ns,omitempty"`
}

// checkRegions fills in and checks the regions of replicas and clients.
func (p *Plan) checkRegions(doc *strictyaml.Document, topology *netem.Topology) error {
	e := &p.Experiment
	for key, found := range map[string][]string{"regions": e.Regions, "replicas": e.Replicas, "clients": e.Clients} {
		if len(found) == 0 && doc.At(key).IsList() {
			return doc.Errorf(key, "found an empty list; accepted: one or more of %s", strings.Join(topology.Regions, ", "))
		}
	}
	switch {
	case len(e.Regions) > 0 && len(e.Replicas)+len(e.Clients) > 0:
		return doc.Errorf("regions", "found regions beside replicas or clients; accepted: regions, for both, or replicas and clients")
	case len(e.Clients) > 0 && len(e.Replicas) == 0:
		return doc.Errorf("clients", "found clients without replicas; accepted: both, or regions, for both")
	case len(e.Regions) > 0:
		e.Replicas = e.Regions
	case len(e.Replicas) == 0:
		e.Replicas = topology.Regions[:min(3, len(topology.Regions))]
	}
	key := "replicas"
	if len(e.Regions) > 0 {
		key = "regions"
	}
	if len(e.Replicas) > protocols.MaxReplicas {
		return doc.Errorf(key, "found %d regions; accepted: up to %d", len(e.Replicas), protocols.MaxReplicas)
	}
	for i, region := range e.Replicas {
		if err := checkReplica(topology, region); err != nil {
			return doc.Errorf(fmt.Sprintf("%s[%d]", key, i), "%w", err)
		}
	}
	p.Places, e.Replicas = e.Replicas, Names(e.Replicas)
	if err := checkMembers(doc, e); err != nil {
		return err
	}
	e.Regions = e.Replicas
	if len(e.Clients) == 0 {
		e.Clients = e.Replicas
	}
	return p.checkClients(doc, topology)
}

// checkMembers refuses a first membership that is not the first of the replicas.
func checkMembers(doc *strictyaml.Document, e *Experiment) error {
	if !doc.Has("members") {
		return nil
	}
	if len(e.Members) == 0 {
		return doc.Errorf("members", "found an empty list; accepted: the first of the replicas, one or more of %s", strings.Join(e.Replicas, ", "))
	}
	for i, member := range e.Members {
		if i == len(e.Replicas) || e.Replicas[i] != member {
			return doc.Errorf(fmt.Sprintf("members[%d]", i), "found %q; accepted: the first of the replicas, in their order: %s", member, strings.Join(e.Replicas, ", "))
		}
	}
	return nil
}

// checkReplica refuses a region of a replica that is not in the topology. A second replica of a region has a name of
// its own only once the file is read; in the file the region stands twice.
func checkReplica(topology *netem.Topology, region string) error {
	if place, err := Place(topology, region); err == nil && place != region {
		return fmt.Errorf("found %q; accepted: %s, once for each replica there", region, place)
	}
	return topology.CheckRegion(region)
}

// checkClients checks the regions of clients, and adds those without a replica to Regions.
func (p *Plan) checkClients(doc *strictyaml.Document, topology *netem.Topology) error {
	e := &p.Experiment
	if len(e.Clients) > MaxClientRegions {
		return doc.Errorf("clients", "found %d regions; accepted: up to %d", len(e.Clients), MaxClientRegions)
	}
	for i, region := range e.Clients {
		at := fmt.Sprintf("clients[%d]", i)
		if slices.Contains(e.Clients[:i], region) {
			return doc.Errorf(at, "found %s a second time; accepted: each region once: its load is set by load.rate or load.clients", region)
		}
		if slices.Contains(e.Regions, region) {
			continue
		}
		if err := topology.CheckRegion(region); err != nil {
			return doc.Errorf(at, "%w", err)
		}
		e.Regions, p.Places = append(slices.Clip(e.Regions), region), append(slices.Clip(p.Places), region)
	}
	return nil
}

// MaxClientRegions is the greatest number of regions with clients.
const MaxClientRegions = 256

// readLinks takes the links between the regions from the topology.
func (p *Plan) readLinks(doc *strictyaml.Document, topology *netem.Topology) error {
	p.Topology = Topology{Name: topology.Name, Source: topology.Source, Measured: topology.Measured}
	local, isMeasured := p.Experiment.Network.Local.oneWay()
	if err := topology.CheckLinks(p.Places); err != nil {
		return err
	}
	if isMeasured {
		if err := topology.CheckLocal(p.Places); err != nil {
			return doc.Errorf("network.local", "found measured, but %w; accepted: a round trip, as in 0.5ms, or measured where the topology has one", err)
		}
	}
	if p.Experiment.Network.Jitter && !topology.Varies() {
		return doc.Errorf("network.jitter", "found true, but the topology %s does not say how much round trips vary; accepted: false, or a topology with mdev", topology.Name)
	}
	for i, from := range p.Places {
		delays, jitters := make([]time.Duration, len(p.Places)), make([]time.Duration, len(p.Places))
		for j, to := range p.Places {
			if i == j && !isMeasured {
				delays[j] = local
				continue
			}
			link, err := topology.Link(from, to)
			if err != nil {
				return doc.Errorf(p.at(j), "%w", err)
			}
			delays[j] = link.OneWay
			if p.Experiment.Network.Jitter && i != j {
				jitters[j] = link.Jitter()
			}
		}
		p.Topology.OneWay = append(p.Topology.OneWay, delays)
		p.jitter = append(p.jitter, jitters)
	}
	if p.Experiment.Network.Jitter {
		p.Topology.Jitter = p.jitter
	}
	return nil
}

// at is the path in the file of a region, for errors.
func (p *Plan) at(region int) string {
	e := &p.Experiment
	if region < len(e.Replicas) {
		return fmt.Sprintf("replicas[%d]", region)
	}
	return fmt.Sprintf("clients[%d]", slices.Index(e.Clients, e.Regions[region]))
}

// Names makes names unique: a region that is listed several times becomes us-east-1, us-east-1#2, and so on.
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

// ClientRegions is in how many regions there are clients: us-east-1 and us-east-1#2 (see Names) are one.
func (e *Experiment) ClientRegions() int {
	n, names := 0, e.Clients
	for i, name := range names {
		place, number, numbered := strings.Cut(name, "#")
		if _, err := strconv.Atoi(number); !numbered || err != nil || !slices.Contains(names[:i], place) {
			n++
		}
	}
	return n
}

// Place undoes Names: it returns the topology's name of a region, us-east-1 for us-east-1#2. It returns an error
// if the region is not in the topology.
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
