package experiment_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

func parse(t *testing.T, file string) *experiment.Plan {
	t.Helper()
	plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\n"+file), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestRegionsAreShortForReplicasAndClients(t *testing.T) {
	e := parse(t, "regions: [us-east-1, us-east-1, eu-west-1]\n").Experiment
	want := []string{"us-east-1", "us-east-1#2", "eu-west-1"}
	if !slices.Equal(e.Regions, want) || !slices.Equal(e.Replicas, want) || !slices.Equal(e.Clients, want) {
		t.Errorf("regions %v, replicas %v, clients %v; want %v each", e.Regions, e.Replicas, e.Clients, want)
	}
}

// Clients without a replica beside them ask the nearest one, and their floor has the way to it.
func TestClientsMayBeWhereNoReplicaIs(t *testing.T) {
	plan := parse(t, `
replicas: [us-east-1, eu-west-1, ap-northeast-1]
clients: [us-west-2, us-east-1, eu-central-1]
protocols: [{name: raft, leader: us-east-1}, paxos]
`)
	e := plan.Experiment
	if want := []string{"us-east-1", "eu-west-1", "ap-northeast-1", "us-west-2", "eu-central-1"}; !slices.Equal(e.Regions, want) {
		t.Fatalf("the regions are %v, want %v", e.Regions, want)
	}
	way := func(from, to int) time.Duration { return plan.Topology.OneWay[from][to] }
	const east, europe, central = 0, 1, 4
	raft, paxos := e.Protocols[0], e.Protocols[1]
	client := plan.ClientConfig(raft, 2)
	if client.ID != 5 || client.Replicas[0] != europe {
		t.Errorf("the clients of eu-central-1 are node %d and ask %v first, want node 5 and eu-west-1", client.ID, client.Replicas)
	}
	if client.Retry == 0 || plan.ClientConfig(raft, 1).Retry != 0 {
		t.Errorf("clients without a replica beside them retry after %v, those beside one after %v; want some time, and never", client.Retry, plan.ClientConfig(raft, 1).Retry)
	}
	there := way(central, europe) + way(europe, central)
	toLeader := way(europe, east) + way(east, europe)
	if got, want := plan.Floor(raft, 2), there+2*toLeader; got != want {
		t.Errorf("raft from eu-central-1: %v, want to eu-west-1, to the leader and its round trip there: %v", got, want)
	}
	if got, want := plan.Floor(paxos, 2), there+2*toLeader; got != want {
		t.Errorf("paxos from eu-central-1: %v, want %v", got, want)
	}
	if got, want := plan.QuorumRoundTrip(2), way(central, east)+way(east, central); got != want {
		t.Errorf("the second of three replicas is %v away from eu-central-1, want %v", got, want)
	}
}

func TestClientsMayAskTheLeader(t *testing.T) {
	const file = "regions: [us-east-1, eu-west-1, ap-northeast-1]\nprotocols: [{name: raft, leader: eu-west-1}, paxos]\nload: {ask: leader}\n"
	plan := parse(t, file)
	raft, paxos := plan.Experiment.Protocols[0], plan.Experiment.Protocols[1]
	if got := plan.ClientConfig(raft, 2).Replicas[0]; got != 1 {
		t.Errorf("the clients of ap-northeast-1 ask %d first, want the leader, 1", got)
	}
	if got := plan.ClientConfig(paxos, 2).Replicas[0]; got != 2 {
		t.Errorf("without a leader they ask %d first, want the replica beside them, 2", got)
	}
	nearest := parse(t, strings.ReplaceAll(file, "ask: leader", "ask: nearest"))
	if a, b := plan.Floor(raft, 2), nearest.Floor(raft, 2); a != b {
		t.Errorf("to the leader itself takes %v, through the replica beside %v: both are the same ways", a, b)
	}
}

func TestTheWayWithinARegionCounts(t *testing.T) {
	const file = "regions: [us-east-1, eu-west-1, ap-northeast-1]\nprotocols: [paxos]\nnetwork: {local: X}\n"
	floor := func(local string) time.Duration {
		plan := parse(t, strings.ReplaceAll(file, "X", local))
		return plan.Floor(plan.Experiment.Protocols[0], 0)
	}
	if got, want := floor("3ms"), floor("0s")+3*time.Millisecond; got != want {
		t.Errorf("with 3ms within the region the floor is %v, want %v", got, want)
	}
	if floor("measured") <= floor("0s") {
		t.Error("the topology has measured a way within us-east-1, and the floor has it not")
	}
}

func TestMistakesAboutRegionsAreTold(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"both", "regions: [us-east-1]\nclients: [us-east-1]\n", "e.yaml:2:10: found regions beside replicas or clients"},
		{"clients alone", "clients: [us-east-1]\n", "e.yaml:2:10: found clients without replicas"},
		{"no clients", "replicas: [us-east-1]\nclients: []\n", "e.yaml:3:10: found an empty list"},
		{"twice", "replicas: [us-east-1]\nclients: [eu-west-1, eu-west-1]\n", "e.yaml:3:22: found eu-west-1 a second time"},
		{"unknown", "replicas: [us-east-1]\nclients: [eu-west-11]\n", `e.yaml:3:11: found the unknown region "eu-west-11"`},
		{"numbered replica", "replicas: [us-east-1, us-east-1#2]\n", `e.yaml:2:23: found "us-east-1#2"; accepted: us-east-1, once for each replica there`},
		{"unknown replica", "replicas: [us-east-11]\n", `e.yaml:2:12: found the unknown region "us-east-11"`},
		{"leader without a replica", "replicas: [us-east-1]\nclients: [eu-west-1]\nprotocols: [{name: raft, leader: eu-west-1}]\n", "e.yaml:4:34: found \"eu-west-1\"; accepted: auto, or a region with a replica, us-east-1"},
		{"crash without a replica", "replicas: [us-east-1]\nclients: [eu-west-1]\nfaults: [{at: 1s, crash: eu-west-1}]\n", `e.yaml:4:26: found "eu-west-1"; accepted: us-east-1`},
		{"ask whom", "load: {ask: anybody}\n", `e.yaml:2:13: found "anybody"; accepted: nearest, leader`},
		{"local", "network: {local: far}\n", `e.yaml:2:18: found "far"; accepted: a round trip from 0s to 1m`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\n"+c.file), registry.Drivers)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, want %s", err, c.want)
			}
		})
	}
}

// Clients of a system without failover ask its leader and nobody else, whatever load.ask says.
func TestClientsOfASystemWithoutFailoverAskTheLeaderAlone(t *testing.T) {
	plan := parse(t, `
replicas: [us-east-1, eu-west-1, ap-northeast-1]
clients: [us-west-2, us-east-1, eu-central-1]
protocols: [{system: postgres, leader: us-east-1}, {system: etcd, leader: us-east-1}]
`)
	postgres, etcd := plan.Experiment.Protocols[0], plan.Experiment.Protocols[1]
	for client := range plan.Experiment.Clients {
		if got := plan.ClientConfig(postgres, client).Replicas; !slices.Equal(got, []protocols.NodeID{0}) {
			t.Errorf("the clients of %s ask %v, want the leader, 0", plan.Experiment.Clients[client], got)
		}
	}
	if got := plan.ClientConfig(etcd, 2).Replicas; !slices.Equal(got, []protocols.NodeID{1, 0, 2}) {
		t.Errorf("the clients of eu-central-1 ask the members %v of etcd, want 1, 0, 2", got)
	}
	const east, europe, central = 0, 1, 4
	way := func(a, b int) time.Duration { return plan.Topology.OneWay[a][b] + plan.Topology.OneWay[b][a] }
	if got, want := plan.Floor(postgres, 2), way(central, east)+way(east, europe); got != want {
		t.Errorf("a write from eu-central-1 takes %v at least, want %v: to the primary, and from there to its nearest standby", got, want)
	}
}
