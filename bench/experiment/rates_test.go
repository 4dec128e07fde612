package experiment_test

import (
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// rated is an experiment of three regions with a load.
func rated(load string) string {
	return "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nload: " + load + "\n"
}

func TestEachRegionMayHaveARate(t *testing.T) {
	plan, err := experiment.Parse("a.yaml", []byte(rated("{rate: {us-east-1: 200/s, eu-west-1: 600/min, ap-northeast-1: 30/s}}")), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	load := &plan.Experiment.Load
	if load.Rate != 80 || load.LeastRate() != 10 {
		t.Errorf("the mean is %v and the least rate %v, want 80/s and 10/s", load.Rate, load.LeastRate())
	}
	for region, want := range map[string]experiment.Rate{"us-east-1": 200, "eu-west-1": 10, "ap-northeast-1": 30} {
		if got := load.In(region).Rate; math.Abs(float64(got-want)) > 1e-9 {
			t.Errorf("the rate of %s is %v, want %v", region, got, want)
		}
	}
	if load.Rate != 80 {
		t.Errorf("asking for a region's load has changed the mean to %v", load.Rate)
	}
}

func TestRatesByRegionSurviveASweep(t *testing.T) {
	text := rated("{rate: {us-east-1: 200/s, eu-west-1: 10/s, ap-northeast-1: 30/s}}") + "sweep: {load.reads: [0%, 50%]}\n"
	plan, err := experiment.Parse("a.yaml", []byte(text), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range plan.Points() {
		if got := point.Experiment.Load.In("us-east-1").Rate; got != 200 {
			t.Errorf("at %s the rate of us-east-1 is %v, want 200/s", point.Point, got)
		}
	}
}

func TestRatesByRegionAreChecked(t *testing.T) {
	for load, want := range map[string]string{
		"{rate: {us-east-1: 5/s, eu-west-1: 5/s}}":                          "a.yaml:3:14: found no rate for ap-northeast-1; accepted: a rate for each region",
		"{rate: {us-east-1: 5/s, eu-west-2: 5/s, ap-northeast-1: 5/s}}":     `a.yaml:3:31: found the region "eu-west-2"; accepted: the regions with clients`,
		"{rate: {us-east-1: 5/s, eu-west-1: 5, ap-northeast-1: 5/s}}":       `a.yaml:3:42: found "5"; accepted: a rate above zero with its unit`,
		"{rate: {us-east-1: 5/s, eu-west-1: 60000/s, ap-northeast-1: 5/s}}": "a.yaml:3:42: found 60000/s; accepted: 1/h to 50000/s in each region",
		"{rate: {}}": "found a mapping without a region; accepted: a rate, as in 50/s, or a rate for each region",
		"{arrivals: closed, rate: {us-east-1: 5/s, eu-west-1: 5/s, ap-northeast-1: 5/s}}":                   "found a rate in a closed loop",
		"{arrivals: saturate, slo: {p99: 1s}, rate: {us-east-1: 5/s, eu-west-1: 5/s, ap-northeast-1: 5/s}}": "found rates by region in a search",
	} {
		_, err := experiment.Parse("a.yaml", []byte(rated(load)), registry.Drivers)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %s", load, err, want)
		}
	}
}

// Every whole experiment in the document is accepted.
func TestTheDocumentsExamplesAreAccepted(t *testing.T) {
	text, err := os.ReadFile("../../docs/experiments.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if !strings.HasPrefix(block[1], "topology:") {
			continue // part of one
		}
		found++
		if _, err := experiment.Parse("docs.yaml", []byte(block[1]), registry.Drivers); err != nil {
			t.Errorf("%v, in:\n%s", err, block[1])
		}
	}
	if found == 0 {
		t.Error("found no example")
	}
}
