package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"quorumbench/bench/placement"
	"quorumbench/configs"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// Plan is an experiment that has been checked and can be run: the experiment, its topology, and
// the links between its regions.
type Plan struct {
	Experiment Experiment
	Topology   Topology
	AllRegions *netem.Topology // of the topology, those of the experiment among them
	// GiveUp is after which time clients of a life give a command up; zero: after the load's timeout.
	GiveUp time.Duration
	// Scratch is the folder in which live replicas make their logs, if they are to be durable, and
	// from which these are removed in the end. It should be on the device that is to be measured.
	// Empty: the system's folder for temporary files.
	Scratch string

	jitter [][]time.Duration // standard deviation of the one-way delays
	only   *protocols.Driver // of all protocols, whatever their names; nil: as registered
	points []*Plan           // of a sweep; see at
	point  string            // of a sweep, that this is the plan of
}

// LoadPlan reads an experiment file. Everything the file leaves out is filled in. An error names
// file, line and column, what was found and what is accepted.
func LoadPlan(file string) (*Plan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		if shipped, shippedErr := configs.Experiment(file); shippedErr == nil {
			data = shipped
		} else if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file; the experiments shipped with quorumbench are %s%s",
				file, strings.Join(configs.Experiments(), ", "), strictyaml.DidYouMean(file, configs.Experiments()))
		} else {
			return nil, fmt.Errorf("reading the experiment: %w", err)
		}
	}
	return ParsePlan(file, data)
}

// ParsePlan is LoadPlan for a file that has been read. The path of a topology file is taken
// relative to the experiment file.
func ParsePlan(file string, data []byte) (*Plan, error) {
	var root Experiment
	doc, err := strictyaml.Decode(file, data, defaults(file, &root))
	if err != nil {
		return nil, err
	}
	plan, err := planOf(file, doc)
	if err != nil {
		return nil, err
	}
	return plan, plan.makePoints(file, doc)
}

// defaults sets what an experiment is if its file says nothing else.
func defaults(file string, e *Experiment) *Experiment {
	*e = Experiment{
		Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)),
		Load: Load{
			Arrivals: Poisson, Duration: 10 * time.Second, Warmup: 2 * time.Second, Timeout: 5 * time.Second,
			ValueSize: 128, Keys: Keys{Count: 100_000, Distribution: Uniform},
		},
		Transport:  Transport{Kind: "quic"},
		Durability: InMemory, World: Live, Repeats: 1, Seed: 1,
	}
	return e
}

// planOf makes the plan of a document, its sweep left aside.
func planOf(file string, doc *strictyaml.Document) (*Plan, error) {
	var e Experiment
	if err := doc.Decode(defaults(file, &e)); err != nil {
		return nil, err
	}
	topology, err := findTopology(doc, file, e.Topology)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Experiment: e, AllRegions: topology}
	for _, check := range []func(*strictyaml.Document, *netem.Topology) error{
		plan.checkWords, plan.checkNumbers, plan.checkRegions, plan.checkProtocols,
		plan.measure, plan.placeLeaders, plan.checkFaults,
	} {
		if err := check(doc, topology); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// shippedTopologies holds those read already, by name: they are large.
var shippedTopologies sync.Map

// findTopology reads a shipped topology by name, or a file by its path.
func findTopology(doc *strictyaml.Document, file, name string) (*netem.Topology, error) {
	if known, ok := shippedTopologies.Load(name); ok {
		return known.(*netem.Topology), nil
	}
	if data, err := configs.Topology(name); err == nil {
		topology, err := netem.ParseTopology(name+".yaml", data)
		if err == nil {
			shippedTopologies.Store(name, topology)
		}
		return topology, err
	}
	if !strings.ContainsAny(name, `/\`) && filepath.Ext(name) == "" {
		return nil, doc.Errorf("topology", "found %q; accepted: %s, or the path of a topology file%s",
			name, strings.Join(configs.Topologies(), ", "), strictyaml.DidYouMean(name, configs.Topologies()))
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, doc.Errorf("topology", "found %q, which cannot be read: %w", name, err)
	}
	return netem.ParseTopology(path, data)
}

// checkWords holds every word against the list of those there are.
func (p *Plan) checkWords(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	for _, c := range []struct {
		path, found string
		accepted    []string
	}{
		{"load.arrivals", string(e.Load.Arrivals), []string{string(Poisson), string(Constant), string(Closed)}},
		{"load.keys.distribution", string(e.Load.Keys.Distribution), []string{string(Uniform), string(Zipf)}},
		{"transport.kind", e.Transport.Kind, []string{"quic"}},
		{"durability", string(e.Durability), []string{string(InMemory), string(Fsync)}},
		{"world", string(e.World), []string{string(Live), string(Simulated)}},
	} {
		if !slices.Contains(c.accepted, c.found) {
			return doc.Errorf(c.path, "found %q; accepted: %s%s", c.found,
				strings.Join(c.accepted, ", "), strictyaml.DidYouMean(c.found, c.accepted))
		}
	}
	if strings.ContainsAny(e.Name, "/\\\x00") || strings.TrimSpace(e.Name) == "" || e.Name == "." || e.Name == ".." {
		return doc.Errorf("name", "found %q; accepted: a name that can be a folder's", e.Name)
	}
	return nil
}

// checkNumbers holds every number against its range, and keys against each other.
func (p *Plan) checkNumbers(doc *strictyaml.Document, _ *netem.Topology) error {
	e, l := &p.Experiment, &p.Experiment.Load
	switch {
	case l.Arrivals == Closed && l.Rate != 0:
		return doc.Errorf("load.rate", "found a rate in a closed loop, where the answers set the rate; accepted: clients, as in clients: 10")
	case l.Arrivals != Closed && l.Clients != 0:
		return doc.Errorf("load.clients", "found clients in an open loop, where the rate sets the load; accepted: rate, or arrivals: closed")
	case l.Keys.Distribution == Uniform && l.Keys.Exponent != 0:
		return doc.Errorf("load.keys.exponent", "found an exponent for keys drawn uniformly; accepted: with distribution: zipf only")
	}
	switch {
	case l.Arrivals == Closed && l.Clients == 0:
		l.Clients = 1
	case l.Arrivals != Closed && l.Rate == 0:
		l.Rate = 50
	}
	if l.Keys.Distribution == Zipf && l.Keys.Exponent == 0 {
		l.Keys.Exponent = 1.01
	}
	for _, c := range []struct {
		path     string
		ok       bool
		found    any
		accepted string
	}{
		{"load.rate", l.Arrivals == Closed || l.Rate <= 20_000, l.Rate, "up to 20000/s in each region"},
		{"load.clients", l.Arrivals != Closed || l.Clients >= 1 && l.Clients <= 10_000, l.Clients, "1 to 10000 clients in each region"},
		{"load.commands", l.Commands == 0 || l.Commands > 0 && l.Arrivals == Closed, l.Commands, "0 or more, with arrivals: closed only: an open loop has a rate"},
		{"load.duration", l.Duration >= 100*time.Millisecond && l.Duration <= 24*time.Hour, l.Duration, "100ms to 24h"},
		{"load.warmup", l.Warmup >= 0 && l.Warmup <= time.Hour, l.Warmup, "0s to 1h"},
		{"load.timeout", l.Timeout >= 10*time.Millisecond && l.Timeout <= 50*time.Second, l.Timeout, "10ms to 50s"},
		{"load.value_size", l.ValueSize <= maxValueSize, l.ValueSize, "0B to 1MiB"},
		{"load.retry", l.Retry >= 0 && (l.Retry == 0 || l.Retry >= time.Millisecond), l.Retry, "0s, or 1ms or more"},
		{"simulation.message_cost", e.Simulation.MessageCost >= 0, e.Simulation.MessageCost, "0s or more"},
		{"simulation.persist_cost", e.Simulation.PersistCost >= 0, e.Simulation.PersistCost, "0s or more"},
		{"load.keys.count", l.Keys.Count >= 1 && l.Keys.Count <= 1_000_000_000, l.Keys.Count, "1 to 1000000000"},
		{"load.keys.exponent", l.Keys.Distribution != Zipf || l.Keys.Exponent > 1 && l.Keys.Exponent <= 10, l.Keys.Exponent, "above 1, up to 10"},
		{"network.loss", e.Network.Loss <= 0.9, e.Network.Loss, "0% to 90%"},
		{"network.queue", e.Network.Queue == 0 || e.Network.Rate > 0, e.Network.Queue, "with a rate only: a link of unlimited rate has no queue"},
		{"network.reorder", !e.Network.Reorder || e.Network.Jitter, e.Network.Reorder, "with jitter: true only: without jitter nothing can overtake"},
		{"repeats", e.Repeats >= 1 && e.Repeats <= 1000, e.Repeats, "1 to 1000"},
		{"thresholds.p50_above_floor", e.Thresholds.P50AboveFloor >= 0, e.Thresholds.P50AboveFloor, "0s or more"},
		{"thresholds.p99_above_floor", e.Thresholds.P99AboveFloor >= 0, e.Thresholds.P99AboveFloor, "0s or more"},
	} {
		if !c.ok {
			return doc.Errorf(c.path, "found %v; accepted: %s", c.found, c.accepted)
		}
	}
	return nil
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

// checkProtocols fills in and checks the protocols, their leaders and labels.
func (p *Plan) checkProtocols(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	if len(e.Protocols) == 0 {
		if doc.At("protocols").IsList() {
			return doc.Errorf("protocols", "found an empty list; accepted: one or more of %s", strings.Join(registry.Names(), ", "))
		}
		for _, d := range registry.Drivers {
			if d.CheckReplicas(len(e.Regions)) == nil {
				e.Protocols = append(e.Protocols, Protocol{Name: d.Name})
			}
		}
	}
	for i := range e.Protocols {
		protocol, at := &e.Protocols[i], fmt.Sprintf("protocols[%d]", i)
		driver := registry.Find(protocol.Name)
		if driver == nil {
			return doc.Errorf(at+".name", "found %q; accepted: %s%s", protocol.Name,
				strings.Join(registry.Names(), ", "), strictyaml.DidYouMean(protocol.Name, registry.Names()))
		}
		if err := driver.CheckReplicas(len(e.Regions)); err != nil {
			return doc.Errorf(at, "found %d regions for %s: %w", len(e.Regions), driver.Name, err)
		}
		switch {
		case !driver.HasLeader && protocol.Leader != "":
			return doc.Errorf(at+".leader", "found a leader for %s, which has none; accepted: no leader", driver.Name)
		case driver.HasLeader && protocol.Leader == "":
			protocol.Leader = e.Regions[0]
		case driver.HasLeader && protocol.Leader != autoWord && !slices.Contains(e.Regions, protocol.Leader):
			return doc.Errorf(at+".leader", "found %q; accepted: auto, or one of the experiment's regions, %s%s", protocol.Leader,
				strings.Join(e.Regions, ", "), strictyaml.DidYouMean(protocol.Leader, e.Regions))
		}
		options, err := driver.Settle(protocol.Options, len(e.Regions))
		if err != nil {
			return doc.Errorf(at+".options", "%w", err)
		}
		protocol.Options = options
	}
	return nil
}

// autoWord stands for the leader that gives the clients, who are alike in all regions, the least mean
// floor.
const autoWord = "auto"

// placeLeaders computes the leaders that are left to the program, and labels the protocols.
func (p *Plan) placeLeaders(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	n := &placement.Network{Regions: e.Regions, OneWay: p.Topology.OneWay}
	all := make([]int, len(e.Regions))
	for i := range all {
		all[i] = i
	}
	times := map[string]int{}
	for i := range e.Protocols {
		protocol := &e.Protocols[i]
		driver := registry.Find(protocol.Name)
		protocol.Label = strings.Join(append([]string{protocol.Name}, driver.Chosen(protocol.Options, len(e.Regions))...), "+")
		if protocol.Leader == autoWord {
			placements, err := placement.Of(n, []placement.Protocol{{Label: protocol.Label, Driver: driver, Options: protocol.Options}}, all, nil)
			if err != nil {
				return doc.Errorf(fmt.Sprintf("protocols[%d]", i), "%w", err)
			}
			placement.Rank(n, placements, placement.ByMean)
			protocol.Leader = e.Regions[placements[0].Leader]
		}
		times[protocol.Label]++
	}
	labels := map[string]bool{}
	for i := range e.Protocols {
		protocol := &e.Protocols[i]
		if times[protocol.Label] > 1 && protocol.Leader != "" {
			protocol.Label += "@" + protocol.Leader
		}
		if labels[protocol.Label] {
			return doc.Errorf(fmt.Sprintf("protocols[%d]", i), "found %s a second time; accepted: each protocol once, or with another leader or other options", protocol.Label)
		}
		labels[protocol.Label] = true
	}
	return nil
}

// measure takes the links between the regions from the topology, and names regions that stand
// several times apart: us-east-1, us-east-1#2, ….
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
	named, times := make([]string, len(regions)), map[string]int{}
	for i, region := range regions {
		named[i] = region
		if times[region]++; times[region] > 1 {
			named[i] = fmt.Sprintf("%s#%d", region, times[region])
		}
	}
	p.Experiment.Regions = named
	return nil
}

// driver returns a protocol's driver and the place of its leader.
func (p *Plan) driver(protocol Protocol) (*protocols.Driver, protocols.NodeID) {
	leader := protocols.Nobody
	if protocol.Leader != "" {
		leader = protocols.NodeID(slices.Index(p.Experiment.Regions, protocol.Leader))
	}
	if p.only != nil {
		return p.only, leader
	}
	return registry.Find(protocol.Name), leader
}

// link makes the link model from one region to another.
func (p *Plan) link(from, to int, seed uint64) *netem.Link {
	return netem.NewLink(p.linkConfig(from, to), seed, from, to)
}

func (p *Plan) linkConfig(from, to int) netem.LinkConfig {
	n := &p.Experiment.Network
	return netem.LinkConfig{
		Delay: p.Topology.OneWay[from][to], Jitter: p.jitter[from][to],
		Loss: float64(n.Loss), Rate: int64(n.Rate), Queue: int(n.Queue), Reorder: n.Reorder,
	}
}

// UnmarshalNode implements strictyaml.Unmarshaler: a protocol is a name or a mapping.
func (p *Protocol) UnmarshalNode(node *strictyaml.Node) error {
	if node.IsScalar() {
		return node.Decode(&p.Name)
	}
	type mapping Protocol // without this method
	return node.Decode((*mapping)(p))
}
