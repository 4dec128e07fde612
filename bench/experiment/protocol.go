package experiment

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// checkProtocols fills in and checks the protocols, their leaders and labels.
func (p *Plan) checkProtocols(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	if len(e.Protocols) == 0 {
		if doc.At("protocols").IsList() {
			return doc.Errorf("protocols", "found an empty list; accepted: one or more of %s", strings.Join(p.drivers.Names(), ", "))
		}
		for _, d := range p.drivers {
			if d.CheckReplicas(len(e.Regions)) == nil {
				e.Protocols = append(e.Protocols, Protocol{Name: d.Name})
			}
		}
	}
	for i := range e.Protocols {
		protocol, at := &e.Protocols[i], fmt.Sprintf("protocols[%d]", i)
		driver := p.drivers.Find(protocol.Name)
		if driver == nil {
			return doc.Errorf(at+".name", "found %q; accepted: %s%s", protocol.Name,
				strings.Join(p.drivers.Names(), ", "), strictyaml.DidYouMean(protocol.Name, p.drivers.Names()))
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

// placeLeaders computes the leaders that are left to the program.
func (p *Plan) placeLeaders(*strictyaml.Document, *netem.Topology) error {
	for i := range p.Experiment.Protocols {
		if protocol := &p.Experiment.Protocols[i]; protocol.Leader == autoWord {
			protocol.Leader = ""
			best := p.Driver(*protocol).BestLeader(p.Replica(*protocol, 0))
			protocol.Leader = p.Experiment.Regions[best]
		}
	}
	return nil
}

// labelProtocols gives every protocol a label of its own.
func (p *Plan) labelProtocols(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	times := map[string]int{}
	for i := range e.Protocols {
		protocol := &e.Protocols[i]
		protocol.Label = strings.Join(append([]string{protocol.Name}, p.Driver(*protocol).Chosen(protocol.Options, len(e.Regions))...), "+")
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

// UnmarshalNode implements strictyaml.Unmarshaler: a protocol is a name or a mapping.
func (p *Protocol) UnmarshalNode(node *strictyaml.Node) error {
	if node.IsScalar() {
		return node.Decode(&p.Name)
	}
	type mapping Protocol // without this method
	return node.Decode((*mapping)(p))
}
