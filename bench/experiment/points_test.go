package experiment_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// A point of a sweep is the plan of a file that has the point's value in place of the sweep: the same settings, and the same
// links.
func TestAPointIsThePlanOfAFileWithItsValue(t *testing.T) {
	for path, values := range map[string]string{
		"network.local": "0s, 50ms, measured", "network.jitter": "false, true", "network.loss": "0%, 2%", "network.rate": "1Mbit/s, 1Gbit/s",
		"network.queue": "4KiB, 64KiB", "network.reorder": "false, true", "transport.mode": "one-stream, stream-per-batch",
		"durability": "memory, fsync", "simulation.persist_cost": "0s, 1ms", "load.value_size": "8B, 1KiB", "load.keys.count": "10, 20",
	} {
		rest := ""
		switch path {
		case "network.queue":
			rest = "network: {rate: 1Mbit/s}\n"
		case "network.reorder":
			rest = "network: {jitter: true}\n"
		}
		swept := parsed(t, fmt.Sprintf("%s%ssweep: {%s: [%s]}\n", regions, rest, path, values))
		for _, point := range swept.Points() {
			steps := strings.Split(path, ".")
			value := strings.Join(steps, ": {") + ": " + point.Point + strings.Repeat("}", len(steps)-1) + "\n"
			if rest != "" { // a second mapping of the same key is not accepted
				value = strings.Replace(rest, "}", ", "+steps[1]+": "+point.Point+"}", 1)
			}
			want := parsed(t, regions+value)
			got := point.Experiment
			got.Sweep = nil
			if !reflect.DeepEqual(got, want.Experiment) || !reflect.DeepEqual(point.Topology, want.Topology) {
				t.Errorf("%s at %s: %+v over %v, want %+v over %v", path, point.Point, got, point.Topology, want.Experiment, want.Topology)
			}
			for from := range want.Places {
				for to := range want.Places {
					if link := point.Link(from, to); from != to && link != want.Link(from, to) {
						t.Errorf("%s at %s: the link %d-%d is %+v, want %+v", path, point.Point, from, to, link, want.Link(from, to))
					}
				}
			}
		}
	}
}

func parsed(t *testing.T, yaml string) *experiment.Plan {
	t.Helper()
	plan, err := experiment.Parse("e.yaml", []byte(yaml), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// A closed loop in virtual time, without distances and costs, would issue commands for ever at one moment.
func TestAClosedLoopInVirtualTimeTakesTime(t *testing.T) {
	for _, test := range []struct {
		text  string
		takes bool
	}{
		{"topology: {rtt: {a-b: 0s, a-c: 0s, b-c: 0s}}\nworld: sim\nload: {arrivals: closed}\n", false},
		{"topology: {rtt: {a-b: 0s, a-c: 0s, b-c: 0s}}\nworld: live\nload: {arrivals: closed}\n", true},
		{"topology: {rtt: {a-b: 0s, a-c: 0s, b-c: 0s}}\nworld: sim\nload: {rate: 10/s}\n", true},
		{"topology: {rtt: {a-b: 0s, a-c: 0s, b-c: 0s}}\nworld: sim\nload: {arrivals: closed, think_time: 1ms}\n", true},
		{"topology: {rtt: {a-b: 0s, a-c: 0s, b-c: 0s}}\nworld: sim\nload: {arrivals: closed}\nsimulation: {command_cost: 1us}\n", true},
		{"topology: {rtt: {a-b: 1ms, a-c: 1ms, b-c: 1ms}}\nworld: sim\nload: {arrivals: closed}\n", true},
		{"topology: {rtt: {a-b: 0s, a-c: 0s, b-c: 0s}}\nworld: sim\nload: {arrivals: closed}\nsweep: {load.think_time: [1ms, 0s]}\n", false},
	} {
		plan, err := experiment.Parse("e.yaml", []byte(test.text+"protocols: [raft]\n"), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.CheckEnds(); (err == nil) != test.takes {
			t.Errorf("%s: found %v", test.text, err)
		}
	}
}
