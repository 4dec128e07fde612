package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

// drivers is how many there are that work with three replicas.
var drivers = func() (n int) {
	for _, d := range registry.Drivers {
		if d.CheckReplicas(3) == nil {
			n++
		}
	}
	return n
}()

// The tests of this file run whole experiments in virtual time.

const threeRegions = `topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
world: sim
`

func simulate(t *testing.T, yaml string) *result.Result {
	t.Helper()
	plan, err := experiment.Parse("test.yaml", []byte(yaml), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(context.Background(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ownKeys has each region write keys of its own, of so many that no two writes are of the same, under all protocols; those
// whose keys have homes are told that these are the regions' own.
func ownKeys() (protocols, keys string) {
	const count = 100_000_000
	var list []string
	for _, d := range registry.Drivers {
		switch {
		case d.CheckReplicas(3) != nil:
		case d.Home != nil:
			list = append(list, fmt.Sprintf("{name: %s, label: %s, options: {partition: %d}}", d.Name, d.Name, count))
		default:
			list = append(list, d.Name)
		}
	}
	return "protocols: [" + strings.Join(list, ", ") + "]\n", fmt.Sprintf("count: %d, foreign: 0%%", count)
}

func TestWithoutConflictsEveryWriteTakesItsFloor(t *testing.T) {
	protocols, keys := ownKeys()
	found := simulate(t, threeRegions+protocols+"load: {rate: 20/s, duration: 5s, keys: {"+keys+"}}\n")
	if len(found.Runs) != drivers {
		t.Fatalf("%d runs", len(found.Runs))
	}
	for _, run := range found.Runs {
		for _, region := range run.Regions {
			if region.Response.Min != region.Floor || region.Response.Max != region.Floor {
				t.Errorf("%s in %s: %v to %v, floor %v", run.Protocol, region.Region, region.Response.Min, region.Response.Max, region.Floor)
			}
			if region.Errors != 0 || region.Answered != region.Offered || region.Offered < 60 {
				t.Errorf("%s in %s: %d offered, %d answered, %d errors", run.Protocol, region.Region, region.Offered, region.Answered, region.Errors)
			}
		}
		if len(run.Invalid)+len(run.Overload) > 0 {
			t.Errorf("%s: %v", run.Protocol, run.Invalid)
		}
	}
}

// The default experiment's ratio of two round trips to one, per region, from the topology's
// figures alone: us-east-1 to eu-west-1 70.5 ms, us-east-1 to ap-northeast-1 152.4 ms.
func TestTwoRoundTripsTakeTwiceAsLongAsOne(t *testing.T) {
	found := simulate(t, threeRegions+"load: {rate: 20/s, duration: 5s}\n")
	for i, region := range found.Experiment.Regions {
		paxos, _ := found.Merged("paxos", i)
		mmp3, _ := found.Merged("mmp3", i)
		if ratio := float64(paxos.Response.P50) / float64(mmp3.Response.P50); ratio < 1.98 || ratio > 2.02 {
			t.Errorf("%s: two round trips take %.3f times one", region, ratio)
		}
	}
}

func TestAllProtocolsMeetTheSameWrites(t *testing.T) {
	protocols, _ := ownKeys()
	found := simulate(t, threeRegions+protocols+"load: {duration: 2s}\nrepeats: 2\n")
	first := map[int]result.Run{}
	orders := map[int]string{}
	for _, run := range found.Runs {
		orders[run.Repeat] += run.Protocol + " "
		if _, known := first[run.Repeat]; !known {
			first[run.Repeat] = run
		}
		for i := range run.Regions {
			if got, want := run.Regions[i].Offered, first[run.Repeat].Regions[i].Offered; got != want {
				t.Errorf("repeat %d: %s has %d writes in %s, %s %d", run.Repeat, run.Protocol, got, run.Regions[i].Region, first[run.Repeat].Protocol, want)
			}
		}
	}
	if first[0].Regions[0].Offered == first[1].Regions[0].Offered && first[0].Regions[1].Offered == first[1].Regions[1].Offered {
		t.Error("both repeats have the same numbers of writes: the arrivals do not depend on the repeat")
	}
	if len(strings.Fields(orders[0])) != drivers || len(strings.Fields(orders[1])) != drivers {
		t.Errorf("the repeats ran %q and %q", orders[0], orders[1])
	}
}

func TestOneSeedGivesOneResult(t *testing.T) {
	run := func(seed string) (fingerprint string, log []byte) {
		found := simulate(t, threeRegions+"load: {duration: 2s, keys: {count: 20, distribution: zipf}}\nnetwork: {loss: 2%, jitter: true}\nseed: "+seed+"\n")
		folder := filepath.Join(t.TempDir(), "result")
		if err := result.Write(found, folder); err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(filepath.Join(folder, "latency.hlog"))
		if err != nil {
			t.Fatal(err)
		}
		return found.Fingerprint, log
	}
	first, firstLog := run("5")
	second, secondLog := run("5")
	other, _ := run("6")
	if first == "" || first != second || !bytes.Equal(firstLog, secondLog) {
		t.Error("the same seed gave two results")
	}
	if first == other {
		t.Error("two seeds gave the same result")
	}
}

func TestClosedLoopsKeepOneWriteOfEachClientUnderWay(t *testing.T) {
	found := simulate(t, threeRegions+"protocols: [mmp3]\nload: {arrivals: closed, clients: 3, duration: 10s, warmup: 0s}\n")
	for i := range found.Experiment.Regions {
		region, _ := found.Merged("mmp3", i)
		want := 3 * int64(10*time.Second/region.Floor)
		if region.Offered < want-3 || region.Offered > want+3 {
			t.Errorf("%s: %d writes, 3 clients with a latency of %v make about %d in 10 s", region.Region, region.Offered, region.Floor, want)
		}
	}
}

func TestMoreLoadThanServedIsCalledSaturated(t *testing.T) {
	// One key, and a version after the other: a region gets at most one write through in two
	// round trips, and is offered fifty a second.
	found := simulate(t, threeRegions+"protocols: [paxos]\nload: {duration: 5s, timeout: 1s, keys: {count: 1}}\n")
	run := found.Runs[0]
	if !run.Saturated || len(found.Invalid()) == 0 {
		t.Errorf("%d of %d answered, and the run is called fine", run.Regions[0].Answered, run.Regions[0].Offered)
	}
	region := run.Regions[0]
	if region.Errors == 0 || region.Response.Max != time.Second || region.Offered != region.Answered+region.Errors {
		t.Errorf("a write that timed out does not stand in the distribution: %+v", region)
	}
}

func TestAnUnreachableMajorityGivesErrorsNotSilence(t *testing.T) {
	found := simulate(t, threeRegions+"protocols: [raft]\nload: {duration: 2s, timeout: 50ms}\n") // the nearest quorum is 70 ms away
	if r := found.Runs[0].Regions[0]; r.Answered != 0 || r.Errors != r.Offered || r.Offered == 0 {
		t.Errorf("offered %d, answered %d, errors %d", r.Offered, r.Answered, r.Errors)
	}
}

func TestThresholds(t *testing.T) {
	strict := simulate(t, threeRegions+"protocols: [paxos]\nload: {duration: 5s, keys: {count: 30}}\nthresholds: {p99_above_floor: 1ms}\n")
	if len(strict.Missed()) == 0 {
		t.Error("thirty keys bring conflicts, and p99 is within 1 ms of the floor")
	}
	if missed := simulate(t, threeRegions+"protocols: [raft]\nload: {duration: 5s}\nthresholds: {p50_above_floor: 1ms, p99_above_floor: 1ms}\n").Missed(); len(missed) > 0 {
		t.Error(missed)
	}
}

func TestAResultIsReadAsItWasWritten(t *testing.T) {
	written := simulate(t, threeRegions+"load: {duration: 3s, warmup: 500ms}\nnetwork: {loss: 5%}\nrepeats: 2\n")
	folder := filepath.Join(t.TempDir(), "deep", "result")
	if err := result.Write(written, folder); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"run.json", "latency.hlog", "summary.csv", "bench.txt"} {
		if info, err := os.Stat(filepath.Join(folder, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	read, err := result.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i := range written.Runs {
		for j := range written.Runs[i].Regions {
			a, b := written.Runs[i].Regions[j], read.Runs[i].Regions[j]
			if len(a.Intervals) != len(b.Intervals) || len(a.Intervals) < 5 {
				t.Fatalf("%d intervals were written, %d read", len(a.Intervals), len(b.Intervals))
			}
			for k := range a.Intervals {
				x, y := a.Intervals[k], b.Intervals[k]
				if x.Start != y.Start || x.Length != y.Length || !x.Response.Equals(y.Response) || !x.Service.Equals(y.Service) {
					t.Fatalf("run %d, region %d, interval %d: %v+%v was written, %v+%v read", i, j, k, x.Start, x.Length, y.Start, y.Length)
				}
			}
			a.Intervals, b.Intervals = nil, nil
		}
	}
	a, errA := json.Marshal(written)
	b, errB := json.Marshal(read)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Error("run.json changes by being read")
	}
	if err := result.Write(written, folder); err == nil {
		t.Error("a folder that holds a result was written over")
	}
}

func TestReadingWhatIsNoResult(t *testing.T) {
	folder := t.TempDir()
	if _, err := result.Read(folder); err == nil || !strings.Contains(err.Error(), "is not a result folder") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "run.json"), []byte(`{"schema": 99}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := result.Read(folder); err == nil || !strings.Contains(err.Error(), "schema 99; accepted: 2") {
		t.Errorf("a schema of the future: %v", err)
	}
}

func TestAnInterruptedRunKeepsWhatWasMeasured(t *testing.T) {
	plan, err := experiment.Parse("test.yaml", []byte(threeRegions+"protocols: [raft, mmp3]\nload: {duration: 10s}\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	found, err := bench.Execute(ctx, plan, bench.Options{Watch: func(s bench.Status) {
		if s.Run == 1 && s.Elapsed >= 7*time.Second {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	if !found.Partial || len(found.Runs) != 2 || found.Runs[0].Partial || !found.Runs[1].Partial {
		t.Fatalf("%d runs, partial %v", len(found.Runs), found.Partial)
	}
	run := found.Runs[1]
	if run.Measured < 5*time.Second || run.Measured > 5200*time.Millisecond {
		t.Errorf("5 s were measured, the result says %v", run.Measured)
	}
	for _, region := range run.Regions {
		if region.Answered < 200 || region.Errors > 0 {
			t.Errorf("%s: %d answered, %d errors", region.Region, region.Answered, region.Errors)
		}
	}
}

func TestFaultsAreToldWithTheirTime(t *testing.T) {
	found := simulate(t, threeRegions+`protocols: [mmp3]
load: {duration: 2s, warmup: 1s}
faults:
  - {at: 500ms, cut: [us-east-1, eu-west-1], for: 200ms}
  - {at: 1s, crash: eu-west-1, for: 100ms}
  - {at: 1.5s, skew: {region: eu-west-1, rate: 200%}}
`)
	var got []string
	for _, f := range found.Runs[0].Faults {
		got = append(got, fmt.Sprintf("%v %s", f.At, f.Text))
	}
	want := "500ms cut us-east-1 → eu-west-1 for 200ms; 1s crash eu-west-1; 1.5s timers of eu-west-1 at 200%"
	if strings.Join(got, "; ") != want {
		t.Errorf("found %s\nwant  %s", strings.Join(got, "; "), want)
	}
}
