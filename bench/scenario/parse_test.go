package scenario_test

import (
	"strings"
	"testing"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

// header is lines 1 to 4 of a script.
const header = "title t\nprotocol paxos\nreplicas 3\ndelay 10ms\n"

// rest makes a script of its first lines whole.
const rest = "at 0ms R0 put k v as w\nat 100ms end\nexpect R0 answers w\n"

func TestMistakesInScriptsAreToldWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"unknown line", header + "expct R0 answers w\n", `s.txt:5: found "expct"; accepted: title, about, protocol, replicas, members, option, quorum, witnesses, leader, delay, seed, draw, hide, at, expect; did you mean expect?`},
		{"nothing behind", "title\n", `s.txt:1: found nothing behind title`},
		{"unknown protocol", "title t\nprotocol paxoss\n", `s.txt:2: found "paxoss"; accepted: paxos,`},
		{"replicas first", "replicas 3\n", `s.txt:1: found replicas before protocol`},
		{"wrong replicas", "protocol mmp3\nreplicas 5\n", `s.txt:2: mmp3 works with exactly 3 replicas, not 5`},
		{"no such replica", header + "at 0ms R3 crash\n", `s.txt:5: found "R3"; accepted: a replica, R0 to R2`},
		{"time without unit", header + "at 5 R0 crash\n", `s.txt:5: found "5"; accepted: a time with its unit, such as 10ms`},
		{"unknown deed", header + "at 0ms dorp R0->R1\n", `did you mean drop?`},
		{"unknown deed of a replica", header + "at 0ms R0 crsh\n", `found "crsh"; accepted: put, get, crash, restart, timers, membership; did you mean crash?`},
		{"command without a name", header + "at 0ms R0 put k v\n", `s.txt:5: found "k v" behind put; accepted: put KEY VALUE as NAME`},
		{"second of a name", header + "at 0ms R0 put k v as w\nat 0ms R0 get k as w\n", `s.txt:6: found a second command called w`},
		{"version of zero", header + "at 0ms R0 put k/0 v as w\n", `s.txt:5: found the version "0" of k; accepted: a number from 1`},
		{"version in words", header + "at 0ms R0 get k/one as r\n", `s.txt:5: found the version "one" of k; accepted: a number from 1`},
		{"no link", header + "at 0ms drop R0 R1\n", `accepted: a link and the beginning of a message's name`},
		{"share too high", header + "at 0ms drop 120% *->*\n", `found "120%"; accepted: a share above 0%, at most 100%`},
		{"partition with somebody missing", header + "at 0ms partition R0 | R1\n", `accepted: every replica in one of two or more groups`},
		{"parts out of order", header + "draw 5ms 9ms\ndraw 0ms 3ms\n", `s.txt:6: accepted: parts that begin before they end, one after the other`},
		{"no end", header + "expect R0 answers w\n", `found no end; accepted: a line such as "at 1s end"`},
		{"no outcome", header + "at 1s end\n", `found no expect: a scenario has an outcome`},
		{"after the end", header + "at 2s R0 crash\n" + rest, `s.txt:5: found something at 2s, after the end`},
		{"expected but never issued", header + rest + "expect never R0 answers x\n", `s.txt:8: found no command called x`},
		{"expectation of nobody", header + rest + "expect w answered\n", `s.txt:8: found "w"; accepted: a replica, R0 to R2`},
		{"expectation of all", header + rest + "expect all aligned\n", `s.txt:8: found "aligned"; accepted: answered, once, alike`},
		{"quorum before replicas", "title t\nprotocol paxos\nquorum phase2 majority(R0)\n", `s.txt:3: found quorum before replicas`},
		{"quorum without an expression", header + "quorum phase2\n", `s.txt:5: accepted: what the quorums are for and an expression, such as quorum phase2 majority(R0, R1, R2)`},
		{"quorum for nothing", header + "quorum phase3 all(R0)\n", `s.txt:5: found quorums for "phase3"; accepted for paxos: [phase1 phase2]`},
		{"quorum of nobody", header + "quorum phase2 all(R0, R3)\n", `s.txt:5: found "R3", which is no replica`},
		{"quorum of a protocol that has its own", "title t\nprotocol mmp3\nreplicas 3\nquorum write all(R0)\n", `s.txt:4: found quorums for mmp3, whose quorums follow from its rules`},
		{"quorums that miss each other", header + "quorum phase1 all(R0)\nquorum phase2 all(R1)\n" + rest, `need not meet`},
		{"expectation of the history", header + rest + "expect not linear\n", `s.txt:8: found "not linear"; accepted: not linearizable`},
		{"members before replicas", "title t\nprotocol raft\nmembers 3\n", `s.txt:3: found 3 members; accepted: some of the replicas, 1 to 0`},
		{"more members than replicas", header + "members 4\n", `s.txt:5: found 4 members; accepted: some of the replicas, 1 to 3`},
		{"members of a protocol that does not change them", header + "members 2\n" + rest, `found a membership that changes, of paxos`},
		{"membership without members", header + "at 1ms membership add-learner R2\n", `s.txt:5: found membership without a line members`},
		{"no such request", header + "members 2\nat 1ms membership grow R2\n", `s.txt:6: found "grow R2"; accepted: add-learner, change, remove`},
		{"a request about nobody", header + "members 2\nat 1ms R0 membership add-learner R3\n", `s.txt:6: found "R3"; accepted: a replica, R0 to R2`},
		{"voters that are none", header + "members 2\nat 1ms membership change majority(R0, R3)\n", `s.txt:6: found "R3", which is no replica`},
		{"voters whose quorums need not meet", strings.Replace(header, "paxos", "raft", 1) + "leader R0\nmembers 2\nat 1ms membership change any(R0, R1)\n", `(R0) and (R1) have no replica in common`},
		{"more commands than can be kept", header + "at 0ms random 1000000000 until 1s on k\n", `found 1000000000 commands; accepted: 1 to 100000`},
		{"no leader", "title t\nprotocol raft\nreplicas 3\n" + rest, `found no leader, which raft needs`},
	} {
		_, err := scenario.Parse("s.txt", []byte(c.script), registry.Drivers)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestScriptsThatAskForTheImpossibleEndWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"second crash", "at 1ms R0 crash\nat 2ms R0 crash\n", "s.txt:6: found a crash of R0, which is down"},
		{"restart of the living", "at 1ms R0 restart\n", "s.txt:5: found a restart of R0, which is up"},
		{"command for the dead", "at 1ms R0 crash\nat 2ms R0 get k as r\n", "s.txt:6: found a command for R0, which is down"},
		{"end of nothing", "at 1ms deliver R0->R1\n", "s.txt:5: found no drop R0->R1 before this line"},
	} {
		script, err := scenario.Parse("s.txt", []byte(header+c.line+rest), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := script.Play(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// A write over R0 alone and R1 takes 40ms: every kind of expectation that says otherwise fails.
func TestExpectationsThatAreNotMetFail(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"expect R1 answers w", "R1 answers w never happens"},
		{"expect at 30ms R0 answers w", "R0 answers w happens at 40ms"},
		{"expect at 30ms R1 answers w", "R1 answers w never happens"},
		{"expect 1 times R0 -> * Prepare", "R0 -> * Prepare happens 2 times"},
		{"expect never R0 answers", "R0 answers happens 1 times"},
		{"expect R0 answers w then R0 put k v as w", "R0 put k v as w happens first"},
		{"expect R0 answers w then R1 answers w", "R1 answers w never happens"},
		{"expect log R0 no-op", "found the log of R0: w"},
		{"expect not linearizable", "the clients' history is linearizable"},
		{"expect log all", "found the log of R0: w"},
		{"at 1ms drop R1->R2 Accept\nexpect R0 answers w", "s.txt:8: no message has met drop R1->R2 Accept"},
		{"at 50ms R1 put k v as x\nat 51ms R1 crash\nexpect all answered", "x has no answer"},
		{"at 30ms hold R0->R2 Commit\nexpect all alike", "found the log of R0: w; and that of R2: "},
	} {
		script, err := scenario.Parse("s.txt", []byte(header+rest+c.line+"\n"), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		run, err := script.Play()
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.line, err, c.want)
		}
	}
}

func TestUnknownScenarioNamesTheNearest(t *testing.T) {
	_, err := scenario.Load("paxos-dual", registry.Drivers)
	if err == nil || !strings.Contains(err.Error(), "did you mean paxos-duel?") {
		t.Errorf("got %v", err)
	}
}
