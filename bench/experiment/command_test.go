package experiment_test

import (
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/system"
	"quorumbench/protocols/registry"
)

// withCommand is an experiment with a command, on lines of its own.
func withCommand(lines string) string {
	return "topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}\nprotocols:\n  - system: command\n    leader: b\n    command:\n      " +
		strings.ReplaceAll(lines, "\n", "\n      ") + "\n"
}

const fineCommand = "argv: [store, \"{folder}\"]\nclient: http\nport: 80\npromise: sequential\nfloor: raft"

func TestACommandIsRead(t *testing.T) {
	plan, err := experiment.Parse("test.yaml", []byte(withCommand(fineCommand)), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	p := plan.Experiment.Protocols[0]
	if c := p.Command; c.Ready != system.Reads || c.Path != "/" || p.Label != "command" || p.Leader != "b" {
		t.Errorf("read: %+v, label %q, leader %q", c, p.Label, p.Leader)
	}
	sql, err := experiment.Parse("test.yaml", []byte(withCommand(strings.Replace(fineCommand, "http", "postgres", 1))), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if c := sql.Experiment.Protocols[0].Command; c.Connection != system.DefaultConnection || c.Path != "" {
		t.Errorf("read: %+v", c)
	}
	raft, err := experiment.Parse("test.yaml", []byte("topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}\nprotocols: [{name: raft, leader: b}]\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	for client := range plan.Experiment.Clients {
		if got, want := plan.Floor(p, client), raft.Floor(raft.Experiment.Protocols[0], client); got != want {
			t.Errorf("the floor from %s is %v, that of raft %v", plan.Experiment.Clients[client], got, want)
		}
	}
	text, err := plan.Experiment.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := experiment.Parse("test.yaml", text, registry.Drivers)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if c := again.Experiment.Protocols[0].Command; c.Argv[1] != "{folder}" || c.Floor != "raft" {
		t.Errorf("read again: %+v", c)
	}
	restored, err := experiment.Restore(plan.Experiment, plan.Topology, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	restored.Experiment.Protocols[0].Command.Argv = []string{"{who}"}
	if _, err := experiment.Restore(restored.Experiment, plan.Topology, registry.Drivers); err == nil || !strings.Contains(err.Error(), "{who}") {
		t.Errorf("a run.json that was changed: %v", err)
	}
}

func TestMistakesInACommandAreToldWithTheirPlace(t *testing.T) {
	with := func(old, replacement string) string {
		return withCommand(strings.Replace(fineCommand, old, replacement, 1))
	}
	for _, c := range []struct{ text, want string }{
		{with(`[store, "{folder}"]`, "[]"), `6:13: found 0 words; accepted: a program`},
		{with(`[store, "{folder}"]`, `[""]`), `6:14: found an empty word; accepted: the name`},
		{with(`{folder}`, "{folders}"), `6:21: found the placeholder {folders}; accepted: {region}, {index}, {address}, {folder}, `},
		{with(`client: http`, "client: htp"), `7:15: found "htp"; accepted: etcd, resp, postgres, http; did you mean http?`},
		{with(`port: 80`, "port: 65536"), `8:13: found 65536; accepted: 1 to 65535`},
		{with(`promise: sequential`, "promise: strong"), `9:16: found "strong"; accepted: linearizable, sequential, nothing`},
		{with(`floor: raft`, "floor: rfat"), `10:14: found "rfat"; accepted: paxos, `},
		{withCommand(fineCommand + "\nready: soon"), `11:14: found "soon"; accepted: connect, read, write`},
		{withCommand(fineCommand + "\npath: keys"), `11:13: found "keys"; accepted: a path that begins with /`},
		{strings.Replace(withCommand(fineCommand+"\npath: /x"), "http", "resp", 1), `11:13: found it with client: resp; accepted: with client: http`},
		{withCommand(fineCommand + "\nconnection: user=me"), `11:19: found it with client: http; accepted: with client: postgres`},
		{with("http", "postgres\nconnection: host=elsewhere"), `8:19: found "host=elsewhere"; accepted: user=…, password=… and dbname=…, with a space`},
		{with("http", "postgres\nconnection: user='a b'"), `8:19: found "user='a b'"; accepted: user=…`},
		{withCommand(fineCommand + "\nenv: {2x: y}"), `found the variable "2x"; accepted: letters`},
		{withCommand(fineCommand + "\nenv: {X: \"{y}\"}"), `found the placeholder {y}; accepted: `},
		{withCommand(fineCommand + "\npeer: \"{folder}\""), `11:13: found the placeholder {folder}; accepted: {region}, {index}, {address}`},
		{withCommand(fineCommand + "\nshell: true"), `11:7: found the unknown key "shell"; accepted: argv, env, peer, client, port, path, connection, ready, promise, floor, no_failover`},
		{strings.Replace(strings.Replace(withCommand(fineCommand+"\nno_failover: true"), "raft", "mmp3", 1), "    leader: b\n", "", 1), `found a leader without failover, and the floor of mmp3, which has none`},
		{withCommand("argv: [store]"), `found no keys "client", "port", "promise" and "floor"; accepted: `},
		{"topology: aws-2020-06-05\nregions: [us-east-1]\nprotocols: [{system: command}]\n", `found a command that is not described; accepted: with a command`},
		{strings.Replace(withCommand(fineCommand), "system: command", "system: etcd", 1), `found a command for the system "etcd"; accepted: with system: command`},
		{strings.Replace(withCommand(fineCommand), "system: command", "name: raft", 1), `found a command for the protocol "raft"; accepted: with system: command`},
		{strings.Replace(withCommand(fineCommand), "floor: raft", "floor: epaxos", 1), `found a leader for command, which has none; accepted: no leader`},
		{"topology: aws-2020-06-05\nregions: [us-east-1, us-east-2, us-west-1, us-west-2, eu-west-1, eu-west-2]\nprotocols: [{system: nats}]\n", `found 6 replicas for nats: nats works with 1 to 5 replicas, not 6`},
	} {
		_, err := experiment.Parse("test.yaml", []byte(c.text), registry.Drivers)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error: %v\nwant: %s\n%s", err, c.want, c.text)
		}
	}
}
