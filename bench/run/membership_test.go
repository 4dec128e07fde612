package run_test

import (
	"context"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// A dead region is replaced by another one while clients write, and then the leader leaves: the run tells when each membership
// was committed, every write is answered, and the checks hold of those who are members in the end.
func TestADeadRegionIsReplaced(t *testing.T) {
	plan, err := experiment.Parse("x.yaml", []byte(`
topology: aws-2020-06-05
replicas: [us-east-1, eu-west-1, us-west-2, eu-central-1]
members: [us-east-1, eu-west-1, us-west-2]
world: sim
protocols: [{name: raft, leader: us-east-1}]
load: {rate: 20/s, duration: 12s, timeout: 10s, retry: 300ms}
faults:
  - {at: 1s, crash: eu-west-1}
  - {at: 2s, add_learner: eu-central-1}
  - {at: 4s, change_membership: "majority(us-east-1, us-west-2, eu-central-1)"}
  - {at: 6s, remove: eu-west-1}
  - {at: 8s, change_membership: "majority(us-west-2, eu-central-1)"}
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	record, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0], AwaitLevel: true})
	if err != nil {
		t.Fatal(err)
	}
	var memberships []string
	for _, f := range record.Faults {
		if text, is := strings.CutPrefix(f.Text, "membership "); is {
			memberships = append(memberships, text)
		}
	}
	want := []string{
		"majority(us-east-1,eu-west-1,us-west-2), learners (eu-central-1)",
		"majority(us-east-1,eu-west-1,us-west-2), learners (eu-central-1), on the way to majority(us-east-1,us-west-2,eu-central-1)",
		"majority(us-east-1,eu-west-1,us-west-2) + majority(us-east-1,us-west-2,eu-central-1), on the way to majority(us-east-1,us-west-2,eu-central-1)",
		"majority(us-east-1,us-west-2,eu-central-1), learners (eu-west-1)",
		"majority(us-east-1,us-west-2,eu-central-1)",
		"majority(us-east-1,us-west-2,eu-central-1), on the way to majority(us-west-2,eu-central-1)",
		"majority(us-west-2,eu-central-1), learners (us-east-1)",
	}
	if got := strings.Join(memberships, "\n\t"); got != strings.Join(want, "\n\t") {
		t.Errorf("the memberships were\n\t%s\nwant\n\t%s", got, strings.Join(want, "\n\t"))
	}
	for _, c := range verify.Check(record) {
		if c.Verdict != result.Passed {
			t.Errorf("%s: %v: %s", c.Name, c.Verdict, c.Detail)
		}
	}
	for i, c := range record.Clients {
		if open := len(c.Awaited()); open > 0 {
			t.Errorf("%d commands from %s are not answered", open, plan.Experiment.Clients[i])
		}
	}
}
