package experiment_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/registry"
)

const fourReplicas = `topology: aws-2020-06-05
regions: [us-east-1, us-east-1, eu-west-1, ap-northeast-1]
protocols:
`

func read(t *testing.T, text string) *experiment.Plan {
	t.Helper()
	plan, err := experiment.Parse("e.yaml", []byte(text), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Three regions with four replicas, the first with two: any region may fail, and {eu-west-1, ap-northeast-1} decides alone.
func TestQuorumsAreWrittenAsExpressions(t *testing.T) {
	const joint = "joint({us-east-1,eu-west-1,ap-northeast-1}, {us-east-1#2,eu-west-1,ap-northeast-1})"
	const canonical = "all(majority(us-east-1,eu-west-1,ap-northeast-1),majority(us-east-1#2,eu-west-1,ap-northeast-1))"
	plan := read(t, fourReplicas+
		"  - name: raft\n    quorum: "+joint+"\n"+
		"  - {name: raft, leader: eu-west-1, quorum: {write: \""+joint+"\"}, label: in-the-middle}\n"+
		"  - name: multipaxos\n    quorum:\n      phase2: "+joint+"\n"+
		"  - name: paxos\n    quorum: "+joint+"\n"+
		"  - raft\n")
	var labels []string
	for _, p := range plan.Experiment.Protocols {
		labels = append(labels, p.Label)
	}
	if got := strings.Join(labels, " "); got != "raft+quorum in-the-middle multipaxos+quorum paxos+quorum raft" {
		t.Errorf("the labels are %s", got)
	}
	all := quorum.First(4)
	for at, want := range map[int]map[quorum.Role]string{
		0: {quorum.Election: canonical, quorum.Write: canonical},
		1: {quorum.Election: "majority(0,1,2,3)", quorum.Write: canonical},
		2: {quorum.Phase2: canonical},
		3: {quorum.Phase1: canonical, quorum.Phase2: canonical},
		4: {quorum.Write: "majority(0,1,2,3)"},
	} {
		protocol := plan.Experiment.Protocols[at]
		c := plan.ReplicaConfig(protocol, 0)
		for role, expression := range want {
			system := c.Quorums[role]
			if text := protocol.Quorum[string(role)]; text != "" && text != expression {
				t.Errorf("protocol %d puts quorums for %s down as %s", at, role, text)
			}
			given, err := quorum.Parse(expression, func(name string) (int32, bool) {
				for i, region := range plan.Experiment.Replicas {
					if name == region || name == string(rune('0'+i)) {
						return int32(i), true
					}
				}
				return 0, false
			})
			if err != nil {
				t.Fatal(err)
			}
			for of := range all + 1 {
				if system.IsQuorum(of) != given.IsQuorum(of) {
					t.Errorf("protocol %d: quorums for %s are %v, want %s", at, role, system, expression)
					break
				}
			}
		}
	}
	// Of the sets that meet every quorum of phase 2, those of phase 1, some have only two replicas, too.
	phase1 := plan.ReplicaConfig(plan.Experiment.Protocols[2], 0).Quorums[quorum.Phase1]
	if !phase1.IsQuorum(quorum.Of[int32](2, 3)) || !phase1.IsQuorum(quorum.Of[int32](0, 2)) || phase1.IsQuorum(quorum.Of[int32](0, 1)) {
		t.Errorf("phase 1 of multipaxos: %v", phase1)
	}
	// A leader in us-east-1 needs two others far away, one in eu-west-1 only the nearest of ap-northeast-1 and both of us-east-1.
	if far, plain := plan.Floor(plan.Experiment.Protocols[0], 0), plan.Floor(plan.Experiment.Protocols[4], 0); far < plain || plain < 10*time.Millisecond {
		t.Errorf("floors of %v with joint quorums and %v with majorities", far, plain)
	}
}

func TestQuorumsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ protocols, want string }{
		{"  - name: raft\n    quorum: majority(us-east-1,eu-west,ap-northeast-1)\n",
			`e.yaml:5:32: found "eu-west", which is no replica; accepted: a replica's name, or majority(…), 2 of (…), all(…), any(…), joint({…},{…}), grid({…},{…}), rows({…},{…}), columns({…},{…}); did you mean eu-west-1?`},
		{"  - {name: raft, quorum: \"majority(us-east-1,,eu-west-1)\"}\n", `e.yaml:4:46: found ","`},
		{"  - name: raft\n    quorum: {write: 'majority(us-east-1'}\n", `e.yaml:5:40: found the end; accepted: "," or ")"`},
		{"  - name: raft\n    quorum: >\n      majority(us-east-1,\n      x)\n", `e.yaml:5:13: found "x"`},
		{"  - name: raft\n    quorum: 1 of (us-east-1,eu-west-1)\n",
			"e.yaml:5:13: found quorums for election 1 of (us-east-1,eu-west-1), which need not meet: (us-east-1) and (eu-west-1) have no replica in common"},
		{"  - name: multipaxos\n    quorum:\n      phase1: all(us-east-1,us-east-1#2)\n      phase2: majority(us-east-1,eu-west-1,ap-northeast-1)\n",
			"e.yaml:6:7: found quorums for phase1 2 of (us-east-1,us-east-1#2) and for phase2 majority(us-east-1,eu-west-1,ap-northeast-1), which need not meet: (us-east-1,us-east-1#2) and (eu-west-1,ap-northeast-1) have no"},
		{"  - name: multipaxos\n    options: {phase2: 2}\n    quorum: {phase2: all(us-east-1)}\n", "e.yaml:5:23: found the option phase2 beside quorums for phase2; accepted: one of them"},
		{"  - name: multipaxos\n    quorum: {write: all(us-east-1)}\n", `e.yaml:5:13: found quorums for "write"; accepted for multipaxos: one expression, or a mapping of [phase1 phase2]`},
		{"  - {name: paxos, quorum: 'majoritty(us-east-1)'}\n", `e.yaml:4:28: found "majoritty" before a bracket; accepted: a replica's name, or majority(…), 2 of (…), all(…), any(…), joint({…},{…}), grid({…},{…}), rows({…},{…}), columns({…},{…}); did you mean majority?`},
		{"  - {name: etcdraft, quorum: us-east-1}\n", "e.yaml:4:30: found quorums for etcdraft, whose quorums follow from its rules; accepted: none"},
		{"  - {name: raft, label: \"a,b\"}\n", `e.yaml:4:25: found "a,b"; accepted: 1 to 32 letters`},
		{"  - {name: raft, label: a}\n  - {name: paxos, label: a}\n", "found a a second time"},
	} {
		_, err := experiment.Parse("e.yaml", []byte(fourReplicas+c.protocols), registry.Drivers)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nfound  %v\nwanted %s", c.protocols, err, c.want)
		}
	}
}
