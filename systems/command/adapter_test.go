package command_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"quorumbench/bench/system"
	"quorumbench/systems/command"
	"quorumbench/systems/internal/trial"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == storeName {
		fmt.Fprintln(os.Stderr, serveStore(os.Args[2:]))
		os.Exit(1)
	}
	trial.Main(m)
}

var adapter = command.Adapter{Clients: map[system.ClientKind]command.Opener{system.HTTPClient: command.OpenHTTP}}

// described is an experiment with the store, in three regions. Argv is what the store is started with, a list.
func described(argv, more string) string {
	return `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}
protocols:
  - system: command
    label: store
    leader: b
    command: {argv: ` + argv + `, peer: "{address}", client: http, port: 8080, path: /keys/, promise: linearizable, floor: raft` + more + `}
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`
}

// self is the path of this test as a list in YAML begins.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return "[" + path + ", " + storeName
}

// TestAnExperiment runs a small store, whose leader waits for one of the others.
func TestAnExperiment(t *testing.T) {
	r := trial.Execute(t, described(self(t)+`, "{address}", "{leader_address}", "{others}"]`, ", ready: write"), adapter)
	if r.Protocol != "store" || r.System.Promise != system.Linearizable {
		t.Errorf("protocol %q, system %+v", r.Protocol, r.System)
	}
	if settings := trial.Settings(r); !strings.Contains(settings["argv"], "{leader_address}") || settings["client"] != "http at port 8080" {
		t.Errorf("settings: %v", settings)
	}
}

// TestACommandThatEnds is told with what the program has printed, and does not wait until the time to be ready is over.
func TestACommandThatEnds(t *testing.T) {
	_, err := trial.Try(t, described(self(t)+`, "{region}"]`, ""), adapter)
	if err == nil || !strings.Contains(err.Error(), "ended by itself: exit status 1") || !strings.Contains(err.Error(), "the store takes an address") {
		t.Errorf("error: %v", err)
	}
}

func find(a system.Adapter) error { return a.(system.Installed).Find() }

func TestACommandThatIsNotThere(t *testing.T) {
	for _, program := range []string{"no-such-store", "./no/such/store", "/no/such/store"} {
		a := adapter.Of(&system.Command{Argv: []string{program}, Client: system.HTTPClient})
		if err := find(a); err == nil || !strings.Contains(err.Error(), program) || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%s: error: %v", program, err)
		}
	}
	if err := find(adapter.Of(&system.Command{Argv: []string{"store"}, Client: system.RESPClient})); err == nil || !strings.Contains(err.Error(), "resp") {
		t.Errorf("a client that this program does not have: %v", err)
	}
}
