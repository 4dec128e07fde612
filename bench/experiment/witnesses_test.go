package experiment_test

import (
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// readText reads an experiment of that text.
func readText(text string) (*experiment.Plan, error) {
	return experiment.Parse("x.yaml", []byte(text), registry.Drivers)
}

const threeReplicas = "name: t\ntopology: aws-2020-06-05\nreplicas: [us-east-1, eu-west-1, us-west-2]\n"

func TestMistakesInWitnessesAreToldWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ name, protocol, want string }{
		{"unknown region", "{name: multipaxos, witnesses: [us-west-3]}", `4:44: found "us-west-3"; accepted: regions with a replica, us-east-1, eu-west-1, us-west-2; did you mean us-west-2?`},
		{"a region twice", "{name: multipaxos, witnesses: [us-west-2, us-west-2]}", "4:55: found us-west-2 a second time"},
		{"the leader", "{name: multipaxos, leader: us-west-2, witnesses: [us-west-2]}", "4:63: found us-west-2, which is to lead"},
		{"no witness", "{name: multipaxos, witnesses: []}", "found an empty list"},
		{"a quorum by themselves", "{name: multipaxos, witnesses: [us-west-2, eu-west-1]}", "found the witnesses (eu-west-1,us-west-2), who are a quorum for phase2 by themselves"},
		{"a protocol that has none", "{name: mmp3, witnesses: [us-west-2]}", "found witnesses for mmp3, which needs every replica's copy of the data; accepted: none, or with multipaxos, raft"},
	} {
		_, err := readText(threeReplicas + "protocols: [" + c.protocol + "]\n")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestClientsBesideAWitnessAskAnotherReplica(t *testing.T) {
	plan, err := readText(threeReplicas + "protocols: [{name: multipaxos, witnesses: [us-east-1]}]\n")
	if err != nil {
		t.Fatal(err)
	}
	protocol := plan.Experiment.Protocols[0]
	if protocol.Leader != "eu-west-1" || protocol.Label != "multipaxos+witness" {
		t.Errorf("%s leads %s; want eu-west-1, multipaxos+witness", protocol.Leader, protocol.Label)
	}
	client := plan.ClientConfig(protocol, 0)
	if len(client.Replicas) != 2 || client.Replicas[0] == 0 || client.Replicas[1] == 0 || client.Retry == 0 {
		t.Errorf("clients in us-east-1 ask %v and retry after %v; want the two others, and some time", client.Replicas, client.Retry)
	}
	to := client.Replicas[0]
	if got, least := plan.Floor(protocol, 0), client.RoundTrips[to]; got < least {
		t.Errorf("the floor of us-east-1 is %v; want at least the round trip to the replica that it asks, %v", got, least)
	}
}
