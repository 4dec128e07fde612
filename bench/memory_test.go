package bench

import (
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

func TestARunThatKeepsMuchIsToldAndOneThatCannotFitIsRefused(t *testing.T) {
	if there, _ := MemoryThere(); there == 0 || there > 1e12 {
		t.Skipf("the memory of this machine is %.0f bytes", there)
	}
	for _, test := range []struct{ load, remark, refusal string }{
		{"rate: 1000/s, duration: 60s", "", ""},
		{"rate: 5000/s, duration: 600s", "a run keeps up to about 2.7 GB in memory, for up to 9.0 million commands", ""},
		{"rate: 20000/s, duration: 24h", "", "found a load of 5184.1 million commands in a run, which keep about 1296.5 GB in memory; accepted: what fits into "},
		{"rate: 20000/s, duration: 60s, value_size: 1MiB, keys: {count: 10000000}", "", "found a load of 3.7 million commands in a run, which keep about "},
		{"arrivals: closed, clients: 100, duration: 10s", "", ""},
		{"arrivals: closed, clients: 10000, duration: 100s", "a run keeps up to about ", ""}, // but may keep much less
		{"arrivals: closed, commands: 1000000000", "", "found a load of 3000.0 million commands in a run, "},
		{"arrivals: closed, clients: 1000000, duration: 100ms, keys: {count: 10}}\nworld: sim\nsimulation: {command_cost: 1s", "a run keeps up to about 1.9 GB in memory, for up to 3.0 million commands", ""},
		{"arrivals: closed, clients: 30000, duration: 10s}\nworld: sim\nsimulation: {command_cost: 1ms", "", ""},
	} {
		yaml := "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nload: {" + test.load + "}\n"
		plan, err := experiment.Parse("e.yaml", []byte(yaml), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		remark, err := CheckMemory(plan)
		if !strings.HasPrefix(remark, test.remark) || (remark == "") != (test.remark == "") {
			t.Errorf("%s: remark %q, want %q", test.load, remark, test.remark)
		}
		if (err == nil) != (test.refusal == "") || err != nil && !strings.HasPrefix(err.Error(), test.refusal) {
			t.Errorf("%s: error %v, want %q", test.load, err, test.refusal)
		}
	}
}
