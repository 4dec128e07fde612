package experiment

import (
	"errors"
	"fmt"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Quorums are expressions of quorum systems by role, as quorum.Parse reads them, with the names of regions that have replicas.
type Quorums map[string]string

// everyRole stands, while a file is read, for the roles of an expression that is given for all.
const everyRole = ""

// UnmarshalNode implements strictyaml.Unmarshaler: an expression for all roles, or a mapping of roles to expressions.
func (q *Quorums) UnmarshalNode(node *strictyaml.Node) error {
	if !node.IsScalar() {
		return node.Decode((*map[string]string)(q))
	}
	var text string
	if err := node.Decode(&text); err != nil {
		return err
	}
	*q = Quorums{everyRole: text}
	return nil
}

// readQuorums reads the quorum systems of a protocol, whose expressions stand at a path, and puts them down by role and in the
// usual spelling.
func (p *Plan) readQuorums(doc *strictyaml.Document, at string, driver *protocols.Driver, protocol *Protocol) (quorum.Roles, error) {
	if !doc.Has(at) {
		return nil, nil
	}
	config := p.Experiment.replicas()
	config.Options = protocol.Options
	plain, err := driver.Complete(config)
	if err != nil {
		return nil, nil // for another reason, which is told with its place
	}
	accepted := plain.Quorums.Names()
	if len(driver.Meeting) == 0 {
		return nil, doc.Errorf(at, "found quorums for %s, whose quorums follow from its rules; accepted: none", driver.Name)
	}
	if text, all := protocol.Quorum[everyRole]; all {
		protocol.Quorum = Quorums{}
		for _, role := range accepted {
			protocol.Quorum[string(role)] = text
		}
	}
	roles, chosen := quorum.Roles{}, driver.Chosen(plain.Size(), protocols.Texts(plain.Options))
	for _, role := range accepted {
		text, given := protocol.Quorum[string(role)]
		if !given {
			continue
		}
		if _, made := chosen[string(role)]; made {
			return nil, doc.Errorf(at[:strings.LastIndex(at, ".")]+".options."+string(role), "found the option %s beside quorums for %s; accepted: one of them", role, role)
		}
		system, err := p.parseQuorums(doc, at+"."+string(role), text)
		if err != nil {
			return nil, err
		}
		roles[role], protocol.Quorum[string(role)] = system, system.Text(p.replicaName)
	}
	for role := range protocol.Quorum {
		if roles[quorum.Role(role)] == nil {
			return nil, doc.Errorf(at, "found quorums for %q; accepted for %s: one expression, or a mapping of %s", role, driver.Name, fmt.Sprint(accepted))
		}
	}
	return roles, nil
}

// parseQuorums reads the expression of a quorum system, which stands at a path.
func (p *Plan) parseQuorums(doc *strictyaml.Document, at, text string) (quorum.System, error) {
	system, err := quorum.Parse(text, p.findReplica)
	var refused *quorum.SyntaxError
	if errors.As(err, &refused) {
		found := refused.Text
		if refused.Form {
			found += strictyaml.DidYouMean(refused.Name, quorum.Forms)
		} else if refused.Name != "" {
			found += strictyaml.DidYouMean(refused.Name, p.Experiment.Replicas)
		}
		return nil, doc.At(at).ErrorAtf(refused.Column, "%s", found)
	}
	return system, nil
}

// Quorums returns the quorum systems that the experiment gives a protocol, over the numbers of its replicas; nil for none.
func (p *Plan) Quorums(protocol Protocol) quorum.Roles {
	if len(protocol.Quorum) == 0 {
		return nil
	}
	roles := quorum.Roles{}
	for role, text := range protocol.Quorum {
		system, err := quorum.Parse(text, p.findReplica)
		if err != nil {
			panic(fmt.Sprintf("experiment: quorums that were read before: %v", err))
		}
		roles[quorum.Role(role)] = system
	}
	return roles
}

// findReplica is the replica in a region.
func (p *Plan) findReplica(name string) (replica int32, known bool) {
	for i, region := range p.Experiment.Replicas {
		if region == name {
			return int32(i), true
		}
	}
	return 0, false
}

// replicaName names a replica by its region.
func (p *Plan) replicaName(replica int32) string { return p.Experiment.Replicas[replica] }

// inFile is the key of a file for a field of a driver's Config.
func inFile(field string) string {
	if field == protocols.FieldQuorums {
		return "quorum"
	}
	return field
}
