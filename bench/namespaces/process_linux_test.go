package namespaces_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/namespaces"
	"quorumbench/bench/system"
	"quorumbench/netem/wan"
	"quorumbench/protocols/registry"
)

// notHere says why there are no namespaces; nil if there are.
var notHere error

func TestMain(m *testing.M) {
	in, code, err := wan.Inside()
	if notHere = err; !in && err == nil {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestAProcessIsPausedAndKilledWithAllItHasStarted has a shell start another process in a session of its own, as servers do, that
// writes to a file without end.
func TestAProcessIsPausedAndKilledWithAllItHasStarted(t *testing.T) {
	if notHere != nil {
		t.Skipf("SKIPPED: NO EMULATED WAN ON THIS SYSTEM: %v", notHere)
	}
	plan, err := experiment.Parse("test.yaml", []byte("topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}\nprotocols: [raft]\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	network, err := namespaces.Open(0)(plan, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	file, log := filepath.Join(t.TempDir(), "written"), filepath.Join(t.TempDir(), "log")
	process, err := network.Start(1, system.Process{Argv: []string{
		"sh", "-c", `setsid sh -c 'while true; do echo >>"$FILE"; sleep 0.01; done' & while true; do sleep 1; done`,
	}, Env: []string{"FILE=" + file}}, log)
	if err != nil {
		t.Fatal(err)
	}
	written := func() int64 {
		info, err := os.Stat(file)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	goesOn := func(what string) {
		t.Helper()
		said, _ := os.ReadFile(log)
		begun := written()
		for deadline := time.Now().Add(30 * time.Second); written() == begun; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: nothing is written; the log says %q", what, said)
			}
		}
	}
	stands := func(what string) {
		t.Helper()
		begun := written()
		time.Sleep(200 * time.Millisecond)
		if now := written(); now != begun {
			t.Errorf("%s: %d bytes more were written", what, now-begun)
		}
	}
	goesOn("started")
	if err := process.Pause(); err != nil {
		t.Fatal(err)
	}
	stands("paused")
	if err := process.Resume(); err != nil {
		t.Fatal(err)
	}
	goesOn("resumed")
	if err := process.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	stands("killed")
	if err := process.Resume(); err != nil {
		t.Errorf("resuming what is gone: %v", err)
	}
}
