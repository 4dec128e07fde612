package experiment_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/configs"
	"quorumbench/protocols/registry"
)

var commented = regexp.MustCompile(`(?m)^( *)# ([a-z_]+:|  - )`)

// What is commented out in the experiment that quorumbench init writes is the default, as it says; its examples are accepted.
func TestTheExperimentToStartFromIsTheDefaults(t *testing.T) {
	text := string(configs.Start())
	defaults, examples, found := strings.Cut(text, "# What is off by default, with examples:\n")
	if !found {
		t.Fatal("it has no examples")
	}
	as := func(text string) experiment.Experiment {
		t.Helper()
		plan, err := experiment.Parse("e.yaml", []byte(text), registry.Drivers)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return plan.Experiment
	}
	written, all := as(text), commented.ReplaceAllString(defaults, "$1$2")
	written.Network.Local = "0s" // which is the same as none
	if strings.Count(all, "#") >= strings.Count(defaults, "#") {
		t.Error("nothing is commented out")
	}
	if got := as(all); !reflect.DeepEqual(got, written) {
		t.Errorf("what is commented out is not the default:\n%+v\nwithout comments:\n%+v", written, got)
	}
	more := as(defaults + commented.ReplaceAllString(examples, "$1$2"))
	if len(more.Faults) != 1 || more.Sweep == nil || more.Thresholds == (experiment.Thresholds{}) {
		t.Errorf("the examples are not read: %+v", more)
	}
}
