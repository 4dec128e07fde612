package bench_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

// elsewhere has clients in five regions and replicas in three.
const elsewhere = `topology: aws-2020-06-05
replicas: [us-east-1, eu-west-1, ap-northeast-1]
clients: [us-east-1, eu-west-1, ap-northeast-1, us-west-2, eu-central-1]
world: sim
load: {rate: 20/s, duration: 10s, keys: {count: 100000000}}
`

func TestClientsWithoutAReplicaTakeTheirFloor(t *testing.T) {
	protocols, keys := ownKeys()
	found := simulate(t, strings.Replace(elsewhere, "count: 100000000", keys, 1)+protocols)
	if len(found.Runs) != drivers {
		t.Fatalf("%d runs", len(found.Runs))
	}
	for _, run := range found.Runs {
		if len(run.Invalid)+len(run.Overload) > 0 || len(run.Regions) != 5 {
			t.Errorf("%s: %d regions, %v", run.Protocol, len(run.Regions), run.Invalid)
		}
		for _, region := range run.Regions {
			if region.Response.Min != region.Floor || region.Response.Max != region.Floor {
				t.Errorf("%s in %s: %v to %v, the floor is %v", run.Protocol, region.Region, region.Response.Min, region.Response.Max, region.Floor)
			}
			var stages time.Duration
			for _, stage := range region.Breakdown.Stages {
				if !stage.After {
					stages += stage.Mean()
				}
			}
			if got := region.Response.Mean(); got-stages > time.Microsecond || stages-got > time.Microsecond {
				t.Errorf("%s in %s: the stages add up to %v, a write takes %v", run.Protocol, region.Region, stages, got)
			}
		}
	}
}

// A region that does not reach its replica asks the next one; those beside a replica are not touched.
func TestClientsThatAreCutOffFromTheirReplicaAskAnother(t *testing.T) {
	found := simulate(t, elsewhere+`protocols: [paxos, mmp3, {name: raft, leader: us-east-1}]
faults:
  - {at: 3s, cut: [eu-central-1, eu-west-1], for: 4s}
  - {at: 3s, cut: [eu-west-1, eu-central-1], for: 4s}
`)
	for _, run := range found.Runs {
		for _, c := range run.Checks {
			if c.Verdict != "passed" {
				t.Errorf("%s: %s: %s %s", run.Protocol, c.Name, c.Verdict, c.Detail)
			}
		}
		for _, region := range run.Regions {
			if region.Errors > 0 {
				t.Errorf("%s in %s: %d errors", run.Protocol, region.Region, region.Errors)
			}
			if cut := region.Region == "eu-central-1"; cut != (region.Response.Max > region.Floor) {
				t.Errorf("%s in %s: up to %v, the floor is %v", run.Protocol, region.Region, region.Response.Max, region.Floor)
			}
		}
		if !slices.ContainsFunc(run.Measures, func(m result.Measure) bool { return m.Name == "retries by clients" && m.Count > 0 }) {
			t.Errorf("%s: no client has asked another replica: %v", run.Protocol, run.Measures)
		}
	}
}

// A partition that has every region alone cuts a client off from all replicas but the one beside it.
func TestAPartitionNeverCutsAClientFromTheReplicaBesideIt(t *testing.T) {
	found := simulate(t, strings.ReplaceAll(elsewhere, "keys: {count: 100000000}", "keys: {count: 100000000}, timeout: 2s")+`protocols: [{name: raft, leader: us-east-1, options: {prevote: on}}]
faults:
  - {at: 2s, partition: [[us-east-1, eu-west-1], [ap-northeast-1], [us-west-2], [eu-central-1]], for: 5s}
`)
	run := found.Runs[0]
	for _, region := range run.Regions {
		alone := region.Region != "us-east-1" && region.Region != "eu-west-1"
		if alone != (region.Errors > 0) {
			t.Errorf("%s: %d errors", region.Region, region.Errors)
		}
	}
}

// With a way between clients and the replica beside them, every write takes that much longer.
func TestTheWayWithinARegionIsTaken(t *testing.T) {
	found := simulate(t, elsewhere+"protocols: [mmp3]\nnetwork: {local: 4ms}\n")
	for _, region := range found.Runs[0].Regions {
		if region.Response.Min != region.Floor || region.Response.Max != region.Floor {
			t.Errorf("%s: %v to %v, the floor is %v", region.Region, region.Response.Min, region.Response.Max, region.Floor)
		}
	}
	if got := found.Runs[0].Regions[0]; got.Floor != got.Quorum+4*time.Millisecond {
		t.Errorf("the floor in us-east-1 is %v, one round trip is %v, and the way within the region takes 4ms", got.Floor, got.Quorum)
	}
}

// Clients that ask the leader themselves do not pass the replica beside them.
func TestClientsThatAskTheLeaderTakeTheirFloor(t *testing.T) {
	found := simulate(t, strings.ReplaceAll(elsewhere, "load: {", "load: {ask: leader, ")+"protocols: [{name: raft, leader: us-east-1}]\n")
	for _, region := range found.Runs[0].Regions {
		if region.Response.Min != region.Floor || region.Response.Max != region.Floor {
			t.Errorf("%s: %v to %v, the floor is %v", region.Region, region.Response.Min, region.Response.Max, region.Floor)
		}
	}
}
