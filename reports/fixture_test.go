package reports

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench"
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

func oneStream() bench.Transport {
	t := bench.Transport{Kind: "quic"}
	if err := t.Mode.UnmarshalText([]byte("one-stream")); err != nil {
		panic(fmt.Sprintf("a fixture's transport: %v", err))
	}
	return t
}

// result runs the made-up world.
func (w world) result() *bench.Result {
	if w.repeats == 0 {
		w.repeats = 1
	}
	if w.tail == 0 {
		w.tail = 0.01
	}
	r := &bench.Result{
		Schema: bench.SchemaVersion,
		Experiment: bench.Experiment{
			Name: "made-up", Topology: "nowhere", Regions: w.regions, World: bench.Simulated, Repeats: w.repeats, Seed: 7,
			Load: bench.Load{Arrivals: bench.Poisson, Rate: bench.Rate(float64(w.writes) / fixtureDuration.Seconds()), Clients: 1,
				Duration: fixtureDuration, Timeout: 5 * time.Second},
			Transport: bench.Transport{Kind: "quic"},
		},
		Topology: bench.Topology{Name: "nowhere"},
		Machine:  bench.Machine{CPUs: 2},
	}
	for _, p := range w.protocols {
		r.Experiment.Protocols = append(r.Experiment.Protocols, bench.Protocol{Name: p.label, Label: p.label, Leader: p.leader})
	}
	for repeat := range w.repeats {
		for i, p := range w.protocols {
			run := bench.Run{Protocol: p.label, Repeat: repeat, Measured: fixtureDuration}
			for region := range w.regions {
				random := rand.New(rand.NewPCG(uint64(repeat), uint64(i*100+region)))
				run.Regions = append(run.Regions, w.regionRun(p, region, random))
			}
			run.Network = bench.NetworkRun{Messages: 12345}
			r.Runs = append(r.Runs, run)
		}
	}
	return r
}

func (w world) regionRun(p invented, region int, random *rand.Rand) bench.RegionRun {
	const intervals = 20
	floor := time.Duration(p.trips[region] * float64(w.quorums[region]))
	if w.quorums[region] == 0 {
		floor = time.Duration(p.trips[region] * float64(time.Millisecond)) // a quorum of itself
	}
	run := bench.RegionRun{Region: w.regions[region], Floor: floor, Quorum: w.quorums[region], Offered: int64(w.writes), Answered: int64(w.writes)}
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
		length := fixtureDuration / intervals
		run.Intervals = append(run.Intervals, bench.Interval{Start: time.Duration(i) * length, Length: length, Response: h, Service: h})
	}
	at := func(p float64) time.Duration { return time.Duration(all.ValueAtPercentile(p)) }
	run.Response = bench.Summary{Count: all.TotalCount(), Min: at(0), Max: at(100), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), P9999: at(99.99)}
	run.Service = run.Response
	run.FirstHalf, run.SecondHalf = run.Response.P50, run.Response.P50
	return run
}
