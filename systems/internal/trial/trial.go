// Package trial runs experiments with one system, for the tests of adapters.
package trial

import (
	"os"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/namespaces"
	"quorumbench/bench/result"
	"quorumbench/bench/system"
	"quorumbench/netem/wan"
	"quorumbench/protocols/registry"
)

// notHere says why there are no namespaces; nil if there are.
var notHere error

// Main runs the tests of a package inside of namespaces, if this machine allows them.
func Main(m *testing.M) {
	in, code, err := wan.Inside()
	if notHere = err; !in && err == nil {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// Need skips a test where there are no namespaces, or where what the system needs is not installed.
func Need(t *testing.T, a system.Adapter) {
	t.Helper()
	if notHere != nil {
		t.Skipf("SKIPPED: NO EMULATED WAN ON THIS SYSTEM: %v", notHere)
	}
	_, described := a.(system.Describer) // the experiment says what it needs
	if installed, is := a.(system.Installed); is && !described {
		if err := installed.Find(); err != nil {
			t.Skipf("SKIPPED: %s IS NOT INSTALLED: %v", strings.ToUpper(a.Name()), err)
		}
	}
}

// Execute runs an experiment with one run, of a system, and looks at what holds for all of them: nothing is left behind, no region is
// faster than its floor, what is written is found again, and no check has failed. How fast it was is the machine's affair.
func Execute(t *testing.T, text string, a system.Adapter) *result.Run {
	t.Helper()
	found, err := Try(t, text, a)
	if err != nil {
		t.Fatal(err)
	}
	r := &found.Runs[0]
	if len(r.Checks) != 2 || r.Checks[0].Verdict != result.Passed || r.Checks[1].Verdict == result.Failed {
		t.Errorf("checks: %+v", r.Checks)
	}
	for _, region := range r.Regions {
		if region.Answered == 0 || region.Response.Min < region.Floor {
			t.Errorf("%s: %d writes were answered, the fastest after %v; the floor is %v", region.Region, region.Answered, region.Response.Min, region.Floor)
		}
	}
	return r
}

// Try runs an experiment, which may fail. Nothing is left behind.
func Try(t *testing.T, text string, a system.Adapter) (*result.Result, error) {
	t.Helper()
	Need(t, a)
	plan, err := experiment.Parse("test.yaml", []byte(text), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	found, err := bench.Execute(t.Context(), plan, bench.Options{
		Scratch: scratch, Systems: []system.Adapter{a}, OpenNetwork: namespaces.Open(0),
	})
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("the run has left %v behind, %v", left, err)
	}
	return found, err
}

// Settings are those of a run's system, by name.
func Settings(r *result.Run) map[string]string {
	all := map[string]string{}
	for _, s := range r.System.Settings {
		all[s.Name] = s.Value
	}
	return all
}
