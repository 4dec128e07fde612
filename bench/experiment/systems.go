package experiment

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/bench/system"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// Described returns the description of the protocol's system; nil for a driver.
func (p *Protocol) Described() *system.Description {
	switch {
	case p.System == "":
		return nil
	case p.System == system.CommandName && p.Command != nil:
		return p.Command.Description()
	}
	return system.Known.Find(p.System)
}

// Systems are the entries of the list of protocols that are systems, run as they are.
func (e *Experiment) Systems() (all []Protocol) {
	for _, p := range e.Protocols {
		if p.System != "" {
			all = append(all, p)
		}
	}
	return all
}

// readSystem returns the driver that stands for the system at a path.
func (p *Plan) readSystem(doc *strictyaml.Document, at string, protocol *Protocol) (*protocols.Driver, error) {
	switch isCommand := protocol.System == system.CommandName; {
	case isCommand && protocol.Command == nil:
		return nil, doc.Errorf(at+".system", "found a command that is not described; accepted: with a command, as in command: {argv: [program], client: http, port: 80, promise: linearizable, floor: raft}")
	case !isCommand && protocol.Command != nil:
		return nil, doc.Errorf(at+".command", "found a command for the system %q; accepted: with system: %s", protocol.System, system.CommandName)
	case isCommand:
		if err := p.readCommand(doc, at+".command", protocol.Command); err != nil {
			return nil, err
		}
	}
	described := protocol.Described()
	if described == nil {
		names := system.Names()
		return nil, doc.Errorf(at+".system", "found %q; accepted: %s%s", protocol.System, strings.Join(names, ", "), strictyaml.DidYouMean(protocol.System, names))
	}
	driver := described.Driver(p.drivers)
	if driver == nil {
		return nil, doc.Errorf(at+".system", "found %q, whose floor is that of %s, which this program does not have; accepted: with that driver", protocol.System, described.FloorOf)
	}
	if doc.Has(at + ".quorum") {
		return nil, doc.Errorf(at+".quorum", "found quorums for the system %s, which has its own; accepted: none", protocol.System)
	}
	return driver, nil
}

// faultsOfDrivers are the kinds of faults that a system cannot have, since they are injected into a replica of a driver.
var faultsOfDrivers = []string{"slow", "skew", "add_learner", "change_membership", "remove"}

// checkSystems refuses what a system cannot be run with: virtual time, and what is done inside of a driver.
func (p *Plan) checkSystems(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	systems := e.Systems()
	if len(systems) == 0 {
		return nil
	}
	name := systems[0].System
	at := fmt.Sprintf("protocols[%d].system", slices.IndexFunc(e.Protocols, func(p Protocol) bool { return p.System != "" }))
	switch {
	case e.IsSimulated():
		return doc.Errorf(at, "found the system %s with world: sim; accepted: with world: live, since a program that is run as it is knows real time only", name)
	case e.Load.Versions > 0:
		return doc.Errorf(at, "found the system %s with load.versions; accepted: commands that name no version, which %s does not have", name, name)
	case e.Load.RMW.Atomic:
		return doc.Errorf(at, "found the system %s with load.rmw.atomic; accepted: read-modify-writes that are not atomic", name)
	}
	for i := range e.Faults {
		for _, kind := range faultsOfDrivers {
			if place := fmt.Sprintf("faults[%d].%s", i, kind); doc.Has(place) {
				return doc.Errorf(place, "found %s beside the system %s; accepted: crash, restart, pause, partition, cut, isolate, heal, loss, delay", kind, name)
			}
		}
	}
	return nil
}
