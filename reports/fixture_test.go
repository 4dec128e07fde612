package reports

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// world is a small world whose results are made up: exact enough to know what a report must say.
type world struct {
	regions   []string
	quorums   []time.Duration // one round trip, by region
	protocols []invented
	writes    int     // of each region and run
	tail      float64 // how far latencies reach above the median, as a share; 0.01 unless set
	repeats   int     // 1 unless set
}

// invented is a protocol of which it is known how many round trips a write takes by region.
type invented struct {
	label  string
	leader string
	trips  []float64
}

const fixtureDuration = 10 * time.Second

// threeRegions is the case that the toolkit was made for.
func threeRegions() world {
	return world{
		regions: []string{"us-east-1", "eu-west-1", "ap-northeast-1"},
		quorums: []time.Duration{70 * time.Millisecond, 70 * time.Millisecond, 150 * time.Millisecond},
		protocols: []invented{
			{"quick", "", []float64{1, 1, 1}},
			{"led", "us-east-1", []float64{1, 2, 1.5}},
			{"slow", "", []float64{2, 2, 2}},
		},
		writes: 2000,
	}
}

func oneStream() experiment.Transport {
	return experiment.Transport{Kind: "quic", Mode: experiment.OneStream}
}

// result runs the made-up world.
func (w world) result() *result.Result {
	if w.repeats == 0 {
		w.repeats = 1
	}
	if w.tail == 0 {
		w.tail = 0.01
	}
	r := &result.Result{
		Schema: result.SchemaVersion,
		Experiment: experiment.Experiment{
			Name: "made-up", Topology: "nowhere", Regions: w.regions, World: experiment.Simulated, Repeats: w.repeats, Seed: 7,
			Load: experiment.Load{Arrivals: experiment.Poisson, Rate: experiment.Rate(float64(w.writes) / fixtureDuration.Seconds()), Clients: 1,
				Duration: fixtureDuration, Timeout: 5 * time.Second},
			Transport: experiment.Transport{Kind: "quic", Mode: experiment.StreamPerBatch},
		},
		Topology: experiment.Topology{Name: "nowhere"},
		Machine:  result.Machine{CPUs: 2},
	}
	r.Experiment.Complete()
	for _, p := range w.protocols {
		r.Experiment.Protocols = append(r.Experiment.Protocols, experiment.Protocol{Name: p.label, Label: p.label, Leader: p.leader})
	}
	for repeat := range w.repeats {
		for i, p := range w.protocols {
			run := result.Run{Protocol: p.label, Repeat: repeat, Measured: fixtureDuration}
			for region := range w.regions {
				run.Regions = append(run.Regions, w.regionRun(p, i, repeat, region))
			}
			run.Network = result.NetworkRun{Messages: 12345}
			r.Runs = append(r.Runs, run)
		}
	}
	return r
}

// invention is all that the histograms of a region's run follow from.
type invention struct {
	repeat, region, protocol, writes int
	tail                             float64
	floor                            time.Duration
}

// invented histograms are kept: making one takes longer than most tests, and many tests have the same.
var (
	inventionsMutex sync.Mutex
	inventions      = map[invention]result.RegionRun{}
)

func (w world) regionRun(p invented, protocol, repeat, region int) result.RegionRun {
	floor := time.Duration(p.trips[region] * float64(w.quorums[region]))
	if w.quorums[region] == 0 {
		floor = time.Duration(p.trips[region] * float64(time.Millisecond)) // a quorum of itself
	}
	inventionsMutex.Lock()
	defer inventionsMutex.Unlock()
	key := invention{repeat, region, protocol, w.writes, w.tail, floor}
	run, kept := inventions[key]
	if !kept {
		run = inventRegionRun(key)
		inventions[key] = run
	}
	run.Region, run.Quorum = w.regions[region], w.quorums[region]
	run.Intervals = slices.Clone(run.Intervals)
	return run
}

func inventRegionRun(w invention) result.RegionRun {
	const intervals = 20
	floor, random := w.floor, rand.New(rand.NewPCG(uint64(w.repeat), uint64(w.protocol*100+w.region)))
	run := result.RegionRun{Floor: floor,
		Operations: result.Operations{Offered: int64(w.writes), Answered: int64(w.writes), Completed: int64(w.writes)}}
	all := hdrhistogram.New(1, int64(time.Minute), 3)
	for i := range intervals {
		h := hdrhistogram.New(1, int64(time.Minute), 3)
		for range w.writes*(i+1)/intervals - w.writes*i/intervals {
			latency := floor + time.Duration(random.ExpFloat64()*w.tail*float64(floor))
			if err := h.RecordValue(int64(latency)); err != nil {
				panic(fmt.Sprintf("a fixture's latency of %v does not fit: %v", latency, err))
			}
		}
		all.Merge(h)
		length, packed := fixtureDuration/intervals, result.PackHistogram(h)
		run.Intervals = append(run.Intervals, result.Interval{Start: time.Duration(i) * length, Length: length, Response: packed, Service: packed})
	}
	at := func(p float64) time.Duration { return time.Duration(all.ValueAtPercentile(p)) }
	run.Response = result.Summary{Count: all.TotalCount(), Min: at(0), Max: at(100), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), P9999: at(99.99)}
	run.Service = run.Response
	run.FirstHalf, run.SecondHalf = run.Response.P50, run.Response.P50
	return run
}

// withReads adds reads to all regions of a result: half as many as writes, and half as long.
func withReads(r *result.Result) *result.Result {
	r.Experiment.Load.Reads = 1. / 3
	for i := range r.Runs {
		for j := range r.Runs[i].Regions {
			region := &r.Runs[i].Regions[j]
			reads := result.Operations{Offered: region.Offered / 2, Answered: region.Answered / 2, Completed: region.Completed / 2}
			halved := func(of *hdrhistogram.Histogram) *hdrhistogram.Histogram {
				h := hdrhistogram.New(1, int64(time.Minute), 3)
				for _, bar := range of.Distribution() {
					if err := h.RecordValues(bar.From/2, bar.Count/2); err != nil {
						panic(fmt.Sprintf("a fixture's latency of %v does not fit: %v", bar.From, err))
					}
				}
				return h
			}
			all := hdrhistogram.New(1, int64(time.Minute), 3)
			for _, interval := range region.Intervals {
				h := halved(interval.Response.Histogram())
				all.Merge(h)
				reads.Intervals = append(reads.Intervals, result.Interval{Start: interval.Start, Length: interval.Length, Response: result.PackHistogram(h), Service: result.PackHistogram(h)})
			}
			at := func(p float64) time.Duration { return time.Duration(all.ValueAtPercentile(p)) }
			reads.Response = result.Summary{Count: reads.Offered, Min: at(0), Max: at(100), P50: at(50), P90: at(90), P99: at(99)}
			region.Reads = reads
		}
	}
	return r
}

// withBreakdowns tells what writes wait for: half of it for the way out, half for the way back, and from
// other regions than the first a third for a leader.
func withBreakdowns(r *result.Result) *result.Result {
	for i := range r.Runs {
		for j := range r.Runs[i].Regions {
			region := &r.Runs[i].Regions[j]
			stage := func(name string, share float64) result.Stage {
				took := time.Duration(float64(region.Floor) * share)
				return result.Stage{Name: name, After: name == "until applied", Summary: result.Summary{Count: region.Offered, Sum: took * time.Duration(region.Offered)}}
			}
			region.Breakdown = &result.Breakdown{Writes: region.Offered, Every: 1, Stages: []result.Stage{stage("way out", 0.5), stage("way back", 0.5)}}
			if r.Experiment.Protocols[i%len(r.Experiment.Protocols)].Leader != "" && j > 0 {
				region.Breakdown.Stages = []result.Stage{stage("to the leader", 0.2), stage("way out", 0.3), stage("way back", 0.3), stage("back from the leader", 0.2), stage("until applied", 0.3)}
				region.Breakdown.Retries = region.Offered / 10
			}
			if i == 0 {
				region.Breakdown.Stages = append(region.Breakdown.Stages, stage("until applied", 4))
			}
		}
	}
	return r
}

// crashed is a run with a crash that one protocol recovers from, and numbers that drivers noted.
func crashed() *result.Result {
	r := withBreakdowns(threeRegions().result())
	s := time.Second
	r.Runs[0].Crashes = []result.Crash{{Region: "us-east-1", At: 3 * s, Outages: []time.Duration{3200 * time.Millisecond, 90 * time.Millisecond, 160 * time.Millisecond},
		Recovery: &result.Recovery{At: 6 * s, CaughtUp: 85 * time.Millisecond, Missed: 412, Serving: 200 * time.Millisecond}}}
	r.Runs[1].Crashes = []result.Crash{
		{Region: "us-east-1", At: 3 * s, Outages: []time.Duration{-1, 2 * s, 2 * s}, Recovery: &result.Recovery{At: 6 * s, CaughtUp: -1, Missed: 1, Serving: -1}},
		{Region: "eu-west-1", At: 9 * s, Outages: []time.Duration{-1, -1, -1}},
	}
	r.Runs[0].Measures = []result.Measure{{Name: "heads met", Count: 1200, Sum: 1800, Max: 3}, {Name: "second replica", Count: 12}}
	r.Runs[1].Measures = []result.Measure{{Name: "leading", Count: 1}}
	return r
}

// swept has three points, at which the slow protocol is ever slower, and saturated at the last.
func swept() *result.Result { return sweptOften(1) }

func sweptOften(repeats int) *result.Result {
	w := threeRegions()
	w.repeats = repeats
	w.protocols = []invented{{"quick", "", []float64{1, 1, 1}}, {"slow", "", []float64{2, 2, 2}}}
	whole := w.result()
	whole.Experiment.Sweep = &experiment.Sweep{Path: "load.keys.conflicts", Values: []string{"0%", "10%", "100%"}}
	whole.Runs = nil
	for i, value := range whole.Experiment.Sweep.Values {
		w.protocols[1].trips = []float64{2, 2 + float64(i), 2 + 4*float64(i)}
		for _, run := range w.result().Runs {
			run.Point = value
			if i > 0 && run.Protocol == "slow" {
				run.Measures = []result.Measure{{Name: "version lost", Count: int64(1000 * i), Sum: int64(2000 * i), Max: 7}}
			}
			if i == 2 && run.Protocol == "slow" {
				run.Saturated, run.Overload = true, []string{"saturated: in eu-west-1 40 of 2000 writes were answered"}
			}
			whole.Runs = append(whole.Runs, run)
		}
	}
	return whole
}

// dependent is a sweep in which one protocol executes ever more instances together, and answers ever later than it commits,
// and another has an end to it.
func dependent() *result.Result {
	r := swept()
	for i := range r.Runs {
		run := &r.Runs[i]
		point := int64(slices.Index(r.Experiment.Sweep.Values, run.Point))
		run.Saturated, run.Overload, run.Measures = false, nil, nil
		switch {
		case run.Protocol == "quick":
			run.Measures = []result.Measure{{Name: "heads met", Count: 300, Sum: 700, Max: 3}}
		case point > 0:
			run.Measures = []result.Measure{{Name: "instances in a component", Count: 100 * point, Sum: 450 * point * point, Max: 30 * point}}
		}
		for j := range run.Regions {
			region := &run.Regions[j]
			region.Breakdown = &result.Breakdown{Writes: region.Offered, Every: 1, Commit: result.Summary{Count: region.Offered, P50: region.Response.P50 / time.Duration(1+point)}}
		}
	}
	return r
}

// overloaded is a sweep over the rate, in which the first protocol keeps up, the second has its knee at the second point, and
// the third is beyond it at the first already.
func overloaded() *result.Result {
	w := threeRegions()
	whole := w.result()
	whole.Experiment.Sweep = &experiment.Sweep{Path: "load.rate", Values: []string{"200/s", "400/s", "800/s"}}
	whole.Runs = nil
	for i, value := range whole.Experiment.Sweep.Values {
		w.writes = 2000 << i
		for _, run := range w.result().Runs {
			run.Point = value
			if run.Protocol == "slow" || run.Protocol == "led" && i == 2 {
				run.Saturated, run.Limit, run.Overload = true, "the machine", []string{"saturated: in eu-west-1 1 write a second was answered; the limit was the machine"}
				for j := range run.Regions {
					run.Regions[j].Completed = run.Regions[j].Offered / 2
				}
			}
			whole.Runs = append(whole.Runs, run)
		}
	}
	return whole
}
