package bench_test

import (
	"errors"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/bench/system"
	"quorumbench/protocols/registry"
)

// absent is an adapter of a system that is not installed.
type absent struct{ system.Adapter }

func (absent) Name() string { return "postgres" }
func (absent) Find() error {
	return errors.New("found no postgres; to install it: apt-get install postgresql")
}

// A system that is not installed is refused before anything is run, with what installs it.
func TestASystemThatIsNotInstalledIsRefused(t *testing.T) {
	plan, err := experiment.Parse("test.yaml", []byte("topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}\nprotocols: [{system: postgres}]\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	opened := false
	options := bench.Options{Scratch: t.TempDir(), OpenNetwork: func(*experiment.Plan, uint64) (run.Network, error) {
		opened = true
		return nil, errors.ErrUnsupported
	}}
	if err := bench.CanRun(plan, options); !errors.Is(err, bench.ErrNoAdapter) {
		t.Errorf("without an adapter: %v", err)
	}
	options.Systems = []system.Adapter{absent{}}
	for _, err := range []error{bench.CanRun(plan, options), func() error { _, err := bench.Execute(t.Context(), plan, options); return err }()} {
		if err == nil || errors.Is(err, bench.ErrNoAdapter) || !strings.Contains(err.Error(), "apt-get install postgresql") {
			t.Errorf("with an adapter of a system that is not installed: %v", err)
		}
	}
	if opened {
		t.Error("a network was made")
	}
}
