package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// isMembership reports whether the fault asks for another membership.
func (f *Fault) isMembership() bool {
	return f.AddLearner != "" || f.ChangeMembership != "" || f.Remove != ""
}

// Request is what the fault asks for, as drivers read it, with the replicas' numbers; nil if it asks for nothing.
func (p *Plan) Request(f *Fault) *membership.Request {
	numberOf := func(region string) int32 { return int32(p.Region(region)) }
	switch {
	case f.AddLearner != "":
		return &membership.Request{Kind: membership.AddLearner, Replica: numberOf(f.AddLearner)}
	case f.Remove != "":
		return &membership.Request{Kind: membership.Remove, Replica: numberOf(f.Remove)}
	case f.ChangeMembership != "":
		system, err := quorum.Parse(f.ChangeMembership, p.findReplica)
		if err != nil {
			panic(fmt.Sprintf("experiment: a membership that was read before: %v", err))
		}
		return &membership.Request{Kind: membership.Change, To: system}
	}
	return nil
}

// inOrder are the places of the faults in their list, in the order in which they happen.
func (e *Experiment) inOrder() []int {
	places := make([]int, len(e.Faults))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(e.Faults[a].At, e.Faults[b].At) })
	return places
}

// checkMemberships holds the memberships that faults ask for against the ones before: who is added must not be there, who is
// removed must learn, and two quorums of new voters must meet. It puts quorum systems down in the usual spelling.
func (p *Plan) checkMemberships(doc *strictyaml.Document) error {
	e := &p.Experiment
	voters := quorum.First(len(e.FirstMembers()))
	learners := quorum.Set(0)
	for _, i := range e.inOrder() {
		f, at := &e.Faults[i], fmt.Sprintf("faults[%d]", i)
		switch {
		case f.AddLearner != "":
			if id := int32(p.Region(f.AddLearner)); (voters | learners).Has(id) {
				return doc.Errorf(at+".add_learner", "found %s, which is a member by then; accepted: a replica that is none, one of %s",
					f.AddLearner, p.names(quorum.First(len(e.Replicas)).Without(voters|learners)))
			}
			learners |= quorum.Of(int32(p.Region(f.AddLearner)))
		case f.Remove != "":
			if id := int32(p.Region(f.Remove)); !learners.Has(id) {
				return doc.Errorf(at+".remove", "found %s, which does not learn by then; accepted: a learner, or a voter after change_membership has made it one; those are %s",
					f.Remove, p.names(learners))
			}
			learners = learners.Without(quorum.Of(int32(p.Region(f.Remove))))
		case f.ChangeMembership != "":
			system, err := p.readMembership(doc, at+".change_membership", f.ChangeMembership)
			if err != nil {
				return err
			}
			f.ChangeMembership = system.Text(p.replicaName)
			learners |= voters
			voters = system.Members()
			learners = learners.Without(voters)
		}
	}
	return nil
}

// readMembership reads the quorum system of new voters.
func (p *Plan) readMembership(doc *strictyaml.Document, at, text string) (quorum.System, error) {
	system, err := p.parseQuorums(doc, at, text)
	if err != nil {
		return nil, err
	}
	apart, err := quorum.Apart(system, system)
	if err != nil {
		return nil, doc.Errorf(at, "%w", err)
	}
	if apart != nil {
		return nil, doc.Errorf(at, "found %s, two quorums of which need not meet: %s and %s; accepted: quorums that always have a replica in common",
			system.Text(p.replicaName), apart[0].Text(p.replicaName), apart[1].Text(p.replicaName))
	}
	return system, nil
}

// names are the regions of some replicas, in words.
func (p *Plan) names(replicas quorum.Set) string {
	var names []string
	for id := range replicas.All() {
		names = append(names, p.replicaName(id))
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// Outside are the replicas that receive no log once all that the faults ask for is done, by their numbers.
func (p *Plan) Outside() quorum.Set {
	e := &p.Experiment
	if !e.Changes() {
		return 0
	}
	inside := quorum.First(len(e.FirstMembers()))
	for _, i := range e.inOrder() {
		switch r := p.Request(&e.Faults[i]); {
		case r == nil:
		case r.Kind == membership.Change:
			inside |= r.To.Members()
		case r.Kind == membership.Remove:
			inside = inside.Without(quorum.Of(r.Replica))
		default:
			inside |= quorum.Of(r.Replica)
		}
	}
	return quorum.First(len(e.Replicas)).Without(inside)
}
