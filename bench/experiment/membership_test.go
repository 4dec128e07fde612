package experiment_test

import (
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

const exchange = `topology: aws-2020-06-05
replicas: [us-east-1, eu-west-1, us-west-2, eu-central-1]
members: [us-east-1, eu-west-1, us-west-2]
protocols: [raft]
`

func TestMembershipFaults(t *testing.T) {
	plan, err := experiment.Parse("x.yaml", []byte(exchange+`faults:
  - {at: 3s, remove: us-west-2}
  - {at: 1s, add_learner: eu-central-1}
  - {at: 2s, change_membership: 'majority( us-east-1,eu-west-1, eu-central-1)'}
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	config := plan.ReplicaConfig(plan.Experiment.Protocols[0], 3)
	if config.Size() != 3 || config.Replicas != 4 || len(config.Delays) != 4 {
		t.Errorf("a replica knows %d members, %d replicas and %d delays; want 3, 4, 4", config.Size(), config.Replicas, len(config.Delays))
	}
	if out := plan.Outside().String(); out != "(2)" {
		t.Errorf("outside in the end are %s, want the replica that was removed", out)
	}
	faults := plan.Experiment.Faults
	for i, want := range []string{"remove 2", "add-learner 3", "change majority(0,1,3)"} {
		if got := plan.Request(&faults[i]).String(); got != want {
			t.Errorf("fault %d asks to %s, want %s", i, got, want)
		}
	}
	if got, want := faults[2].String(), "change membership to majority(us-east-1,eu-west-1,eu-central-1)"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

func TestMembershipErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{exchange + "faults: [{at: 1s, add_learner: us-east-1}]", "x.yaml:5:32: found us-east-1, which is a member by then; accepted: a replica that is none, one of eu-central-1"},
		{exchange + "faults: [{at: 1s, add_learner: eu-centrall-1}]", `did you mean eu-central-1`},
		{exchange + "faults: [{at: 1s, remove: us-east-1}]", "found us-east-1, which does not learn by then; accepted: a learner, or a voter after change_membership has made it one; those are none"},
		{exchange + "faults: [{at: 2s, add_learner: eu-central-1}, {at: 1s, remove: eu-central-1}]", "x.yaml:5:64: found eu-central-1, which does not learn by then"},
		{exchange + "faults: [{at: 1s, for: 1s, add_learner: eu-central-1}]", "x.yaml:5:24: found a length, 1s, of what is not undone after a time; accepted: no for with restart, heal and changes of the membership"},
		{exchange + "faults: [{at: 1s, change_membership: 'majority(us-east-1, us-west-1)'}]", "x.yaml:5:59"},
		{exchange + "faults: [{at: 1s, for: 1s, loss: 0%}]", "x.yaml:5:10: found a fault that does nothing; accepted: more than 0% of loss, 0s of delay, and the like; heal: true"},
		{exchange + "faults: [{at: 1s, for: 0s, crash: us-east-1}]", "x.yaml:5:24: found 0s; accepted: more than 0s, up to 24h0m0s, or no for, for what lasts to the end"},
		{exchange + "faults: [{at: 1s, change_membership: 'any(us-east-1, us-west-2)'}]", "two quorums of which need not meet: (us-east-1) and (us-west-2)"},
		{strings.Replace(exchange, "[raft]", "[raft, etcdraft]", 1), "x.yaml:4:19: found a membership that changes, of etcdraft; accepted: with multipaxos, raft, or the same members from the beginning to the end"},
		{strings.Replace(exchange, "[raft]", "[{name: raft, leader: eu-central-1}]", 1), `found "eu-central-1"; accepted: auto, or a region with a replica, us-east-1, eu-west-1, us-west-2`},
		{strings.Replace(exchange, "members: [us-east-1", "members: [us-west-2", 1), `x.yaml:3:11: found "us-west-2"; accepted: the first of the replicas, in their order: us-east-1, eu-west-1, us-west-2, eu-central-1`},
		{strings.Replace(exchange, "members: [us-east-1, eu-west-1, us-west-2]", "members: []", 1), "x.yaml:3:10: found an empty list"},
	} {
		_, err := experiment.Parse("x.yaml", []byte(c.text), registry.Drivers)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nfound %v\nwant  %s", c.text, err, c.want)
		}
	}
}

// Without a list of protocols, those take part that can change their membership.
func TestProtocolsThatChangeTheirMembership(t *testing.T) {
	plan, err := experiment.Parse("x.yaml", []byte(strings.Replace(exchange, "protocols: [raft]\n", "", 1)), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan.Experiment.Protocols {
		if !plan.Driver(p).ChangesMembership {
			t.Errorf("%s is among them", p.Name)
		}
	}
	if len(plan.Experiment.Protocols) == 0 {
		t.Error("none are among them")
	}
}
