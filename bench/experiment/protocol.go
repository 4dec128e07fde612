package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"quorumbench/bench/system"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// checkProtocols fills in and checks the protocols, their leaders and labels.
func (p *Plan) checkProtocols(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	if len(e.Protocols) == 0 {
		if doc.At("protocols").IsList() {
			return doc.Errorf("protocols", "found an empty list; accepted: one or more of %s", strings.Join(p.drivers.Names(), ", "))
		}
		for _, d := range p.drivers {
			if _, err := d.Complete(e.replicas()); err == nil && !d.Baseline {
				e.Protocols = append(e.Protocols, Protocol{Name: d.Name})
			}
		}
	}
	for i := range e.Protocols {
		protocol, at := &e.Protocols[i], fmt.Sprintf("protocols[%d]", i)
		driver, err := p.readDriver(doc, at, protocol)
		if err != nil {
			return err
		}
		if err := checkOptionNames(doc, at+".options", driver); err != nil {
			return err
		}
		if err := p.readWitnesses(doc, at, driver, protocol); err != nil {
			return err
		}
		roles, err := p.readQuorums(doc, at+".quorum", driver, protocol)
		if err != nil {
			return err
		}
		config := e.replicas()
		config.Options, config.Quorums, config.Witnesses = protocol.Options, roles, p.Witnesses(*protocol)
		complete, err := driver.Complete(config)
		if err != nil {
			return p.refusal(doc, at, driver, err)
		}
		protocol.Options = protocols.Texts(complete.Options)
		switch {
		case !driver.HasLeader && protocol.Leader != "":
			return doc.Errorf(at+".leader", "found a leader for %s, which has none; accepted: no leader", driver.Name)
		case driver.HasLeader && protocol.Leader == "":
			protocol.Leader = e.Full(*protocol)[0]
		case driver.HasLeader && protocol.Leader != leaderAuto && !slices.Contains(e.Full(*protocol), protocol.Leader):
			can := e.Full(*protocol)
			return doc.Errorf(at+".leader", "found %q; accepted: auto, or a region with a replica, %s%s", protocol.Leader,
				strings.Join(can, ", "), strictyaml.DidYouMean(protocol.Leader, can))
		}
	}
	return nil
}

// readDriver returns the driver of the protocol at a path, or the one that stands for its system.
func (p *Plan) readDriver(doc *strictyaml.Document, at string, protocol *Protocol) (*protocols.Driver, error) {
	if protocol.System != "" {
		return p.readSystem(doc, at, protocol)
	}
	if protocol.Command != nil {
		return nil, doc.Errorf(at+".command", "found a command for the protocol %q; accepted: with system: %s", protocol.Name, system.CommandName)
	}
	driver := p.drivers.Find(protocol.Name)
	if driver == nil {
		names := p.drivers.Names()
		return nil, doc.Errorf(at+".name", "found %q; accepted: %s%s", protocol.Name, strings.Join(names, ", "), strictyaml.DidYouMean(protocol.Name, names))
	}
	return driver, nil
}

// checkOptionNames refuses options that the driver does not have.
func checkOptionNames(doc *strictyaml.Document, at string, driver *protocols.Driver) error {
	if !doc.Has(at) {
		return nil
	}
	names := driver.OptionNames()
	for _, key := range doc.At(at).Keys() {
		if !slices.Contains(names, key.Text()) {
			return key.Errorf("found the option %q; accepted for %s: %s%s", key.Text(), driver.Name,
				cmp.Or(strings.Join(names, ", "), "none"), strictyaml.DidYouMean(key.Text(), names))
		}
	}
	return nil
}

// refusal turns a driver's refusal of a configuration into an error at the field that it is about. At is the
// path of the protocol in the file.
func (p *Plan) refusal(doc *strictyaml.Document, at string, driver *protocols.Driver, err error) error {
	var field *protocols.FieldError
	var apart *quorum.ApartError
	var alone *protocols.AloneError
	switch {
	case !errors.As(err, &field):
		return doc.Errorf(at, "%w", err)
	case field.Field == protocols.FieldMembers:
		return doc.Errorf(at, "found %d replicas for %s: %w", len(p.Experiment.FirstMembers()), driver.Name, err)
	case field.Field == protocols.FieldReplicas && !driver.ChangesMembership:
		can := p.driversThat(func(d *protocols.Driver) bool { return d.ChangesMembership })
		return doc.Errorf(at, "found a membership that changes, of %s; accepted: with %s, or the same members from the beginning to the end", driver.Name, can)
	case field.Field == protocols.FieldReplicas:
		return doc.Errorf(at, "%w", err)
	case errors.As(err, &alone):
		return doc.Errorf(at+".witnesses", "%s", alone.Text(p.replicaName))
	case errors.As(err, &apart):
		return doc.Errorf(at+"."+inFile(field.Field), "%s", apart.Text(p.replicaName))
	}
	return doc.Errorf(at+"."+inFile(field.Field), "%w", err)
}

// leaderAuto is the word in a file for a leader that the program chooses; see placeLeaders.
const leaderAuto = "auto"

// placeLeaders chooses the leader of every protocol with leader auto: the replica with the least mean floor of
// all clients' regions. Ties go to the one whose greatest floor is least, then to the first.
func (p *Plan) placeLeaders(*strictyaml.Document, *netem.Topology) error {
	e := &p.Experiment
	for i := range e.Protocols {
		protocol := &e.Protocols[i]
		if protocol.Leader != leaderAuto {
			continue
		}
		var least, bestWorst time.Duration
		best := ""
		for _, leader := range e.Full(*protocol) {
			protocol.Leader = leader
			var sum, worst time.Duration
			for client := range e.Clients {
				floor := p.Floor(*protocol, client)
				sum, worst = sum+floor, max(worst, floor)
			}
			if best == "" || sum < least || sum == least && worst < bestWorst {
				best, least, bestWorst = leader, sum, worst
			}
		}
		protocol.Leader = best
	}
	return nil
}

// labelProtocols gives every protocol a unique label, and refuses one that is listed twice.
func (p *Plan) labelProtocols(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	times := map[string]int{}
	for i := range e.Protocols {
		protocol := &e.Protocols[i]
		given := fmt.Sprintf("protocols[%d].label", i)
		if doc.Has(given) {
			if protocol.Label == "" || len(protocol.Label) > mostLabel || strings.ContainsFunc(protocol.Label, noLabel) {
				return doc.Errorf(given, "found %q; accepted: 1 to %d letters, digits and signs such as - and _", protocol.Label, mostLabel)
			}
			times[protocol.Label]++
			continue
		}
		words := append([]string{cmp.Or(protocol.Name, protocol.System)}, p.Driver(*protocol).Words(len(e.FirstMembers()), protocol.Options)...)
		if len(protocol.Quorum) > 0 {
			words = append(words, "quorum")
		}
		if len(protocol.Witnesses) > 0 {
			words = append(words, "witness")
		}
		protocol.Label = strings.Join(words, "+")
		times[protocol.Label]++
	}
	labels := map[string]bool{}
	for i := range e.Protocols {
		protocol := &e.Protocols[i]
		if times[protocol.Label] > 1 && protocol.Leader != "" && !doc.Has(fmt.Sprintf("protocols[%d].label", i)) {
			protocol.Label += "@" + protocol.Leader
		}
		if labels[protocol.Label] {
			return doc.Errorf(fmt.Sprintf("protocols[%d]", i), "found %s a second time; accepted: each protocol once, or with another leader, other options or another label", protocol.Label)
		}
		labels[protocol.Label] = true
	}
	return nil
}

// mostLabel bounds a label that a file gives, in bytes.
const mostLabel = 32

// noLabel tells whether a character cannot be in a label.
func noLabel(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`,.="@`, r)
}

// UnmarshalNode implements strictyaml.Unmarshaler: a protocol is a name or a mapping.
func (p *Protocol) UnmarshalNode(node *strictyaml.Node) error {
	if node.IsScalar() {
		return node.Decode(&p.Name)
	}
	var mapping struct {
		Name      string                `yaml:"name"`
		System    string                `yaml:"system"`
		Command   *system.Command       `yaml:"command"`
		Leader    string                `yaml:"leader"`
		Options   map[string]optionText `yaml:"options"`
		Quorum    Quorums               `yaml:"quorum"`
		Witnesses []string              `yaml:"witnesses"`
		Label     string                `yaml:"label"`
	}
	if err := node.Decode(&mapping); err != nil {
		return err
	}
	has := func(key string) bool {
		return slices.ContainsFunc(node.Keys(), func(k *strictyaml.Node) bool { return k.Text() == key })
	}
	if has("name") == has("system") {
		found := "neither a name nor a system"
		if has("name") {
			found = "a name and a system"
		}
		return node.Errorf("found %s; accepted: one of the two, as in name: raft or system: etcd", found)
	}
	p.Command = mapping.Command
	p.Name, p.System, p.Leader, p.Quorum, p.Witnesses, p.Label = mapping.Name, mapping.System, mapping.Leader, mapping.Quorum, mapping.Witnesses, mapping.Label
	if len(mapping.Options) > 0 {
		p.Options = protocols.Choices{}
	}
	for name, text := range mapping.Options {
		p.Options[name] = string(text)
	}
	return nil
}

// optionText is the text of an option in the file. The driver knows its type.
type optionText string

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *optionText) UnmarshalText(text []byte) error {
	*o = optionText(text)
	return nil
}
