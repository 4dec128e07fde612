package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

func TestMistakesInASweepAreToldWithTheirPlace(t *testing.T) {
	const aws = "topology: aws-2020-06-05\n"
	for _, c := range []struct{ name, file, want string }{
		{"unknown path", "sweep: {load.keys.conflict: [0%, 1%]}\n", `e.yaml:2:8: found "load.keys.conflict"; accepted: load.arrivals, load.rate,`},
		{"unknown path, meant", "sweep: {load.keys.conflict: [0%, 1%]}\n", `did you mean load.keys.conflicts?`},
		{"what all points share", "sweep: {regions: [a, b]}\n", `e.yaml:2:8: found "regions"; accepted: load.`},
		{"times", "sweep: {load.duration: [1s, 2s]}\n", `e.yaml:2:8: found "load.duration"`},
		{"two settings", "sweep: {load.rate: [1/s, 2/s], load.reads: [1%, 2%]}\n", `e.yaml:2:8: found a sweep over 2 settings; accepted: one`},
		{"one value", "sweep: {load.rate: [1/s]}\n", `found 1 values; accepted: 2 to 50`},
		{"no list", "sweep: {load.rate: 1/s}\n", `e.yaml:2:20: found "1/s"; accepted: a list`},
		{"twice", "sweep: {load.rate: [1/s, 2/s, 1/s]}\n", `e.yaml:2:31: found "1/s" a second time`},
		{"not a value", "sweep: {load.rate: [1/s, [2/s]]}\n", `e.yaml:2:26: found a list; accepted: a single value`},
		{"wrong type", "sweep:\n  load.rate:\n    - 1/s\n    - 2\n", `e.yaml:5:7: found "2"; accepted: a rate above zero with its unit`},
		{"out of range", "sweep: {network.loss: [1%, 95%]}\n", `e.yaml:2:28: found 95%; accepted: 0% to 90%`},
		{"set as well", "load: {rate: 5/s}\nsweep: {load.rate: [1/s, 2/s]}\n", `e.yaml:2:14: found load.rate beside a sweep over it; accepted: one of the two`},
		{"conflicts without percent", "load: {keys: {conflicts: 10}}\n", `e.yaml:2:26: found`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := experiment.Parse("e.yaml", []byte(aws+c.file), registry.Drivers)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("found    %s\nexpected %s", err, c.want)
			}
		})
	}
}

func TestEachPointOfASweepIsARunOfItsOwn(t *testing.T) {
	const yaml = threeRegions + "protocols: [paxos, mmp3]\nrepeats: 2\nload: {duration: 4s, warmup: 1s}\nsweep: {load.rate: [20/s, 60/s]}\n"
	found := simulate(t, yaml)
	if len(found.Runs) != 8 {
		t.Fatalf("%d runs, want 2 protocols at 2 points, 2 times", len(found.Runs))
	}
	if again := simulate(t, yaml); again.Fingerprint != found.Fingerprint {
		t.Error("the same seed gave two results")
	}
	folder := filepath.Join(t.TempDir(), "result")
	if err := result.Write(found, folder); err != nil {
		t.Fatal(err)
	}
	read, err := result.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*result.Result{found, read} {
		few, many := r.At("20/s"), r.At("60/s")
		if few.Experiment.Load.Rate != 20 || many.Experiment.Load.Rate != 60 || many.Experiment.Sweep != nil || len(many.Runs) != 4 {
			t.Errorf("at the points the rates are %v and %v, with %d runs", few.Experiment.Load.Rate, many.Experiment.Load.Rate, len(many.Runs))
		}
		for _, label := range r.Labels() {
			a, _ := few.Merged(label, 0)
			b, _ := many.Merged(label, 0)
			if ratio := float64(b.Offered) / float64(a.Offered); ratio < 2 || ratio > 4 {
				t.Errorf("%s: %d writes at 20/s and %d at 60/s", label, a.Offered, b.Offered)
			}
			if len(a.Intervals) == 0 || len(b.Intervals) == 0 {
				t.Errorf("%s: no histograms", label)
			}
			total := int64(0)
			for _, interval := range b.Intervals {
				total += interval.Response.TotalCount()
			}
			if total != b.Offered {
				t.Errorf("%s: the histograms at 60/s hold %d writes of %d", label, total, b.Offered)
			}
		}
	}
	contains(t, folder, "latency.hlog", "Tag=mmp3[60/s].us-east-1.write,")
	contains(t, folder, "summary.csv", "mmp3,60/s,1,us-east-1,write,")
	contains(t, folder, "bench.txt", "BenchmarkWrite/protocol=mmp3/rate=60_s/region=us-east-1 ")
}

// contains checks that a file of a result has a text.
func contains(t *testing.T, folder, file, want string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), want) {
		t.Errorf("%s does not have %q:\n%.2000s", file, want, data)
	}
}

func TestEveryPointHasItsSettings(t *testing.T) {
	// Jitter and the local round trip are of the links; a cost is of the simulation.
	for setting, values := range map[string]string{"network.jitter": "false, true", "network.local": "0s, 50ms", "simulation.persist_cost": "0s, 7ms", "load.keys.conflicts": "0%, 100%"} {
		found := simulate(t, threeRegions+fmt.Sprintf("protocols: [paxos]\nload: {rate: 5/s, duration: 4s, warmup: 0s}\nsweep: {%s: [%s]}\n", setting, values))
		points := found.Points()
		a, _ := found.At(points[0]).Merged("paxos", 0)
		b, _ := found.At(points[1]).Merged("paxos", 0)
		if a.Offered != b.Offered || a.Response.Max >= b.Response.Max {
			t.Errorf("%s: %d writes up to %v at %s, %d writes up to %v at %s", setting, a.Offered, a.Response.Max, points[0], b.Offered, b.Response.Max, points[1])
		}
	}
}

func TestThresholdsHoldAtEachPoint(t *testing.T) {
	found := simulate(t, threeRegions+"protocols: [raft]\nload: {duration: 4s}\nsweep: {simulation.persist_cost: [0s, 20ms]}\nthresholds: {p50_above_floor: 5ms}\n")
	missed := found.Missed()
	if len(missed) != 3 || !strings.HasPrefix(missed[0], "simulation.persist_cost 20ms: raft in us-east-1: ") {
		t.Errorf("missed: %q", missed)
	}
}

func TestConflictsCostMmp3Nothing(t *testing.T) {
	found := simulate(t, threeRegions+"protocols: [paxos, mmp3]\nload: {rate: 1/s, duration: 200s, timeout: 30s}\nsweep: {load.keys.conflicts: [0%, 100%]}\n")
	for i, region := range found.Experiment.Regions {
		for _, point := range found.Points() {
			mmp3, _ := found.At(point).Merged("mmp3", i)
			if mmp3.Response.P50 > mmp3.Floor*102/100 || mmp3.Response.P99 > mmp3.Floor*102/100 {
				t.Errorf("%s at %s: mmp3 takes %v and %v (p99)", region, point, mmp3.Response.P50, mmp3.Response.P99)
			}
		}
		paxos, _ := found.At("100%").Merged("paxos", i)
		if paxos.Response.P99 < 3*paxos.Floor {
			t.Errorf("%s: p99 of paxos is %v with all writes to one key", region, paxos.Response.P99)
		}
	}
}

func TestReadsAreCountedAndKeptApart(t *testing.T) {
	found := simulate(t, threeRegions+"protocols: [paxos, raft]\nload: {rate: 50/s, duration: 10s, reads: 40%}\n")
	folder := filepath.Join(t.TempDir(), "result")
	if err := result.Write(found, folder); err != nil {
		t.Fatal(err)
	}
	read, err := result.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*result.Result{found, read} {
		for _, label := range r.Labels() {
			for i := range r.Experiment.Regions {
				region, _ := r.Merged(label, i)
				if share := float64(region.Reads.Offered) / float64(region.Reads.Offered+region.Offered); share < 0.35 || share > 0.45 {
					t.Errorf("%s: %d reads and %d writes", region.Region, region.Reads.Offered, region.Offered)
				}
				for _, of := range []*result.Operations{&region.Operations, &region.Reads} {
					if of.Answered != of.Offered || of.Response.Count != of.Offered || of.Service.Count != of.Offered {
						t.Errorf("%s: %d offered, %d answered, %d responses", region.Region, of.Offered, of.Answered, of.Response.Count)
					}
					inLog := int64(0)
					for _, interval := range of.Intervals {
						inLog += interval.Response.TotalCount()
						if interval.Service.TotalCount() != interval.Response.TotalCount() {
							t.Errorf("%s: service and response times differ in number", region.Region)
						}
					}
					if inLog != of.Offered {
						t.Errorf("%s: %d in the histograms of %d", region.Region, inLog, of.Offered)
					}
				}
				// A paxos read that meets no write takes one round trip, a write two.
				if label == "paxos" && (region.Reads.Response.P50 != region.Quorum || region.Response.P50 < 2*region.Quorum) {
					t.Errorf("%s: reads take %v, writes %v, a round trip %v", region.Region, region.Reads.Response.P50, region.Response.P50, region.Quorum)
				}
			}
		}
	}
	contains(t, folder, "latency.hlog", "Tag=raft.us-east-1.read,")
	contains(t, folder, "latency.hlog", "Tag=raft.us-east-1.read-service,")
	contains(t, folder, "summary.csv", "raft,,0,us-east-1,read,,70504500,")
	contains(t, folder, "bench.txt", "BenchmarkRead/protocol=raft/region=us-east-1 ")
}

func TestReadsThatAreNotServedSaturateARun(t *testing.T) {
	// One key of paxos: reads wait their turn behind writes, and do not get it in time.
	found := simulate(t, threeRegions+"protocols: [paxos]\nload: {duration: 5s, timeout: 1s, reads: 50%, keys: {count: 1}}\n")
	reasons := strings.Join(found.Invalid(), "\n")
	if !found.Runs[0].Saturated || !strings.Contains(reasons, "reads were answered within") {
		t.Errorf("the reasons are %s", reasons)
	}
	if reads := found.Runs[0].Regions[0].Reads; reads.Errors == 0 || reads.Response.Max.Seconds() != 1 || reads.Offered != reads.Answered+reads.Errors {
		t.Errorf("a read that timed out does not stand in the distribution: %+v", reads)
	}
}
