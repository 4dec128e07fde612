package experiment

import (
	"fmt"
	"reflect"
	"testing"

	"quorumbench/configs"
	"quorumbench/protocols/registry"
)

// What YAML writes is read as the same experiment, and written as the same text again.
func TestYAMLIsReadAsTheSameExperiment(t *testing.T) {
	texts := map[string]string{
		"two replicas in a region": "topology: aws-2020-06-05\nreplicas: [af-south-1, af-south-1, eu-west-1]\nclients: [ap-south-1, af-south-1#2]\n",
		"a rate for each region":   "topology: aws-2020-06-05\nload: {rate: {af-south-1: 10/s, ap-east-1: 20/s, ap-northeast-1: 30/s}, warmup: 0s, value_size: 0B}\n",
		"a closed loop":            "topology: aws-2020-06-05\nload: {arrivals: closed, clients: 3, think_time: 5ms, commands: 7}\nseed: 0\n",
		"a name that YAML quotes":  "name: '  # no: \"comment\" é 世界'\ntopology: aws-2020-06-05\n",
		"every fault": `
topology: aws-2020-06-05
faults:
  - {at: 1s, crash: leader, for: 2s}
  - {at: 1s, partition: [[af-south-1], [ap-east-1, ap-northeast-1]]}
  - {at: 2s, cut: [af-south-1, ap-east-1]}
  - {at: 3s, heal: true}
  - {at: 3s, pause: random, for: 1s}
  - {at: 4s, slow: {region: af-south-1, by: 3ms}}
  - {at: 5s, skew: {region: af-south-1, rate: 50%}}
  - {at: 6s, loss: 3%}
`,
		"a day, and conflicts": "topology: aws-2020-06-05\nload: {arrivals: day, hours: {af-south-1: -5}, keys: {conflicts: 0%}}\nthresholds: {p99_above_floor: 5ms}\n",
		"sizes that differ":    "topology: aws-2020-06-05\nload: {sizes: {distribution: table, table: {64B: 9, 4KiB: 0.5}}}\n",
		"lognormal sizes":      "topology: aws-2020-06-05\nload: {sizes: {distribution: lognormal, min: 0B, max: 1KiB, spread: 3}}\n",
		"a sweep over sizes":   "topology: aws-2020-06-05\nsweep: {load.sizes.distribution: [constant, uniform, lognormal]}\n",
		"hot keys":             "topology: aws-2020-06-05\nload: {keys: {distribution: hotspot, hot_keys: 3}}\n",
		"hot keys in a sweep":  "topology: aws-2020-06-05\nload: {keys: {distribution: hotspot}}\nsweep: {load.keys.count: [10, 100]}\n",
		"foreign keys":         "topology: aws-2020-06-05\nload: {keys: {distribution: zipf, foreign: 0%}}\n",
		"a mix":                "topology: aws-2020-06-05\nload: {mix: ycsb-f, rmw: {atomic: true}, keys: {exponent: 1}}\n",
		"a sweep over mixes":   "topology: aws-2020-06-05\nload: {value_size: 128B, keys: {exponent: 0.9}}\nsweep: {load.mix: [ycsb-a, ycsb-d]}\n",
		"read-modify-writes":   "topology: aws-2020-06-05\nload: {reads: 10%, rmw: {share: 20%}}\n",
		"a search":             "topology: aws-2020-06-05\nload: {arrivals: saturate, slo: {p99: 300ms}}\n",
		"a topology of its own": "topology:\n  name: 'a \"b\": c'\n  regions: [z, y-y, '5', b]\n  rtt: {z-y-y: 5ms, z-5: 10ms, b: {z: 2ms}, y-y: {b: 3ms, '5': 1ms}, 5-b: 1m}\n" +
			"regions: [b, z, '5', y-y]\nprotocols: [raft]\n",
	}
	for _, name := range configs.Experiments() {
		data, err := configs.Experiment(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(data)
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			plan, err := Parse(name+".yaml", []byte(text), registry.Drivers)
			if err != nil {
				t.Fatal(err)
			}
			written, err := plan.Experiment.YAML()
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse("again.yaml", written, registry.Drivers)
			if err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			for i, point := range plan.Points() {
				if other := again.Points()[i]; !reflect.DeepEqual(sweptOf(&point.Experiment), sweptOf(&other.Experiment)) {
					t.Errorf("at %s it was\n%+v\nreads as\n%+v\n%s", point.Point, point.Experiment, other.Experiment, written)
				}
			}
			for _, e := range []*Experiment{&plan.Experiment, &again.Experiment} {
				if e.Sweep != nil {
					e.Sweep.nodes = nil
				}
			}
			if !reflect.DeepEqual(plan.Experiment, again.Experiment) {
				t.Errorf("was\n%+v\nreads as\n%+v\n%s", plan.Experiment, again.Experiment, written)
			}
			if fmt.Sprint(plan.Topology) != fmt.Sprint(again.Topology) {
				t.Errorf("the topology is another")
			}
		})
	}
}
