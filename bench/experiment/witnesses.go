package experiment

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// readWitnesses checks the witnesses of a protocol, which stands at a path: regions with replicas, each once, not the leader's.
// Whether the driver has witnesses at all is checked first, at the place of the list.
func (p *Plan) readWitnesses(doc *strictyaml.Document, at string, driver *protocols.Driver, protocol *Protocol) error {
	if !doc.Has(at + ".witnesses") {
		return nil
	}
	replicas := p.Experiment.FirstMembers()
	switch {
	case driver.Witnesses == "":
		can := p.driversThat(func(d *protocols.Driver) bool { return d.Witnesses != "" })
		return doc.Errorf(at+".witnesses", "found witnesses for %s, which needs every replica's copy of the data; accepted: none, or with %s", driver.Name, can)
	case len(protocol.Witnesses) == 0:
		return doc.Errorf(at+".witnesses", "found an empty list; accepted: one or more of %s, or no key", strings.Join(replicas, ", "))
	}
	for i, w := range protocol.Witnesses {
		place := fmt.Sprintf("%s.witnesses[%d]", at, i)
		switch {
		case !slices.Contains(replicas, w):
			return doc.Errorf(place, "found %q; accepted: regions with a replica, %s%s", w, strings.Join(replicas, ", "), strictyaml.DidYouMean(w, replicas))
		case slices.Contains(protocol.Witnesses[:i], w):
			return doc.Errorf(place, "found %s a second time; accepted: each witness once", w)
		case w == protocol.Leader:
			return doc.Errorf(place, "found %s, which is to lead; accepted: a region that does not, since a witness has no commands to tell the others", w)
		}
	}
	return nil
}

// Full are the regions of the first members whose replicas hold commands under a protocol: all but the witnesses.
func (e *Experiment) Full(protocol Protocol) []string {
	return slices.DeleteFunc(slices.Clone(e.FirstMembers()), func(region string) bool { return slices.Contains(protocol.Witnesses, region) })
}

// Witnesses are the replicas that vote and hold no commands under a protocol, by their numbers.
func (p *Plan) Witnesses(protocol Protocol) quorum.Set { return p.Experiment.witnesses(protocol) }

func (e *Experiment) witnesses(protocol Protocol) (all quorum.Set) {
	for _, region := range protocol.Witnesses {
		all.Add(int32(slices.Index(e.Replicas, region)))
	}
	return all
}

// driversThat lists the drivers that can do something.
func (p *Plan) driversThat(can func(*protocols.Driver) bool) string {
	var names []string
	for _, d := range p.drivers {
		if can(d) {
			names = append(names, d.Name)
		}
	}
	return strings.Join(names, ", ")
}
