package main

import (
	"os"
	"path/filepath"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/system"
	"quorumbench/protocols/registry"
	"quorumbench/systems/etcd"
	"quorumbench/systems/internal/trial"
	"quorumbench/systems/postgres"
	"quorumbench/systems/redis"
)

func TestMain(m *testing.M) {
	etcd.BeMember()
	trial.Main(m)
}

// TestTheExperimentsCanBeRead reads the experiments that come with this program.
func TestTheExperimentsCanBeRead(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d experiments, %v", len(files), err)
	}
	for _, file := range files {
		if _, err := experiment.Read(file, registry.Drivers); err != nil {
			t.Error(err)
		}
	}
}

// describe is an experiment with a system that it describes. Lines are the description's, apart from what it promises and its floor.
func describe(leader, lines string) string {
	return `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}
protocols:
  - system: command
    leader: ` + leader + `
    command:
      promise: linearizable
      floor: raft
` + lines + `
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`
}

// TestEtcdAsACommand runs members of etcd by their command line only. Whoever they elect hands over to the one in the leader's region:
// with another leader, writes from there would be faster than the floor.
func TestEtcdAsACommand(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := trial.Execute(t, describe("c", `      argv:
        - `+program+`
        - serve-etcd
        - '{"Name": "replica-{index}", "Self": {index}, "Folder": "{folder}/data", "Addresses": [{peers}], "Heartbeat": 100, "Election": 1000, "NoSync": true}'
      peer: '"{address}"'
      client: etcd
      port: 2379`), described)
	if told, is := trial.Settings(r)["leader"]; is {
		t.Errorf("of the leader it says %q, but the members were asked", told)
	}
}

// TestPostgreSQLAsACommand runs PostgreSQL, a primary and two standbys of which one confirms each commit, by a script that makes their
// databases and becomes their servers.
func TestPostgreSQLAsACommand(t *testing.T) {
	trial.Need(t, postgres.Adapter{})
	r := trial.Execute(t, describe("b", `      argv: [./postgres-node.sh, "{folder}", "{address}", "{leader_address}", "{durability}"]
      client: postgres
      port: 5432
      no_failover: true`), described)
	if r.System.Promise != system.Linearizable || !r.System.NoFailover {
		t.Errorf("the system: %+v", r.System)
	}
}

// TestRedisAsACommand runs one server, for which the clients wait as for the majority of one.
func TestRedisAsACommand(t *testing.T) {
	trial.Need(t, redis.Adapter{})
	trial.Execute(t, `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}
replicas: [a]
clients: [a, b, c]
protocols: [{system: command, command: {argv: [redis-server, --bind, "{address}", --dir, "{folder}", --protected-mode, "no", --save, ""],
  client: resp, port: 6379, promise: linearizable, floor: raft}}]
load: {rate: 20/s, duration: 2s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`, described)
}
