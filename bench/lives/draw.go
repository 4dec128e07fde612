// Package lives looks for bugs in protocol drivers: it plays lives of a small cluster in virtual
// time, each drawn from a seed, with all that may go wrong, and judges every one by the checks of
// package bench. A life that fails is shrunk to one that is easier to read.
//
// What is drawn follows the idea of swarm testing (Groce et al., ISSTA 2012): each life turns a
// random part of the kinds of faults on, since some bugs only show where others are off.
package lives

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"quorumbench/bench"
	"quorumbench/protocols"
)

// Life is what is played: an experiment with one protocol in the simulated world, and delays of
// its own. The same life takes the same course every time.
type Life struct {
	Experiment bench.Experiment
	OneWay     [][]time.Duration
	Jitter     [][]time.Duration
}

const ms = time.Millisecond

// commands is about how many commands a life has at least.
const commands = 220

// Draw draws the life of a seed.
func Draw(driver *protocols.Driver, seed uint64) *Life {
	d := drawer{rand.New(rand.NewPCG(seed, 0x11fe))}
	n := 3
	if driver.CheckReplicas(5) == nil && d.chance(0.3) {
		n = 5
	}
	l := &Life{Experiment: bench.Experiment{
		Name: fmt.Sprintf("life %d", seed), World: bench.Simulated, Repeats: 1, Seed: seed,
		Protocols: []bench.Protocol{{Name: driver.Name, Label: driver.Name}},
	}}
	e := &l.Experiment
	for i := range n {
		e.Regions = append(e.Regions, fmt.Sprint("r", i))
	}
	if driver.HasLeader {
		e.Protocols[0].Leader = e.Regions[d.IntN(n)]
	}
	longest := d.delays(l, n)
	e.Network.Loss = bench.Share(d.one(0, 0, 0.01, 0.05, 0.2))
	e.Simulation.PersistCost = time.Duration(d.one(0, 0, 0.5, 5, 20) * float64(ms))

	clients := 1 + d.IntN(4)
	e.Load = bench.Load{
		Arrivals: bench.Closed, Clients: clients, Timeout: 40 * time.Second,
		Reads: bench.Share(d.one(0.1, 0.3, 0.5)), ValueSize: 12,
		Retry: longest + time.Duration(d.IntN(1500))*ms,
		Keys:  bench.Keys{Count: 2 + d.IntN(2*clients*n), Distribution: bench.Uniform},
		// A client gets a command through in about three of the longest round trips, at best.
		Duration: max(2*time.Second, time.Duration(commands/(clients*n))*3*longest),
	}
	d.faults(l, n)
	return l
}

// drawer draws from a seed.
type drawer struct{ *rand.Rand }

func (d drawer) chance(p float64) bool { return d.Float64() < p }

func (d drawer) one(of ...float64) float64 { return of[d.IntN(len(of))] }

// delays draws the links and returns the longest round trip.
func (d drawer) delays(l *Life, n int) (longest time.Duration) {
	scale := time.Duration(d.one(5, 40, 100)) * ms
	jitter := d.one(0, 0, 0.1, 1)
	l.Experiment.Network.Jitter = jitter > 0
	l.Experiment.Network.Reorder = jitter > 0 && d.chance(0.7)
	for i := range n {
		l.OneWay = append(l.OneWay, make([]time.Duration, n))
		l.Jitter = append(l.Jitter, make([]time.Duration, n))
		for j := range n {
			if i == j {
				continue
			}
			l.OneWay[i][j] = ms + time.Duration(d.Int64N(int64(scale)))
			l.Jitter[i][j] = time.Duration(jitter * float64(l.OneWay[i][j]))
		}
	}
	return protocols.Delays(l.OneWay).MaxRoundTrip()
}

// faults draws what goes wrong, and puts everything right at the end.
func (d drawer) faults(l *Life, n int) {
	e := &l.Experiment
	kinds := []func(*bench.Fault){
		func(f *bench.Fault) { f.Crash = "random" },
		func(f *bench.Fault) { f.Crash = "leader" },
		func(f *bench.Fault) { f.Partition = d.groups(e.Regions) },
		func(f *bench.Fault) { f.Cut = d.pair(e.Regions) },
		func(f *bench.Fault) { f.Loss = bench.Share(d.one(0.1, 0.5)) },
		func(f *bench.Fault) { f.Delay = time.Duration(1+d.IntN(200)) * ms },
		func(f *bench.Fault) {
			f.Slow = &bench.Slow{Region: e.Regions[d.IntN(n)], By: time.Duration(1+d.IntN(30)) * ms}
		},
		func(f *bench.Fault) {
			f.Skew = &bench.Skew{Region: e.Regions[d.IntN(n)], Rate: bench.Share(d.one(0.2, 0.5, 2, 3))}
		},
	}
	kinds = slices.DeleteFunc(kinds, func(func(*bench.Fault)) bool { return d.chance(0.5) })
	if len(kinds) > 0 {
		for range d.IntN(8) {
			f := bench.Fault{At: time.Duration(d.Int64N(int64(e.Load.Duration))), For: time.Duration(50+d.IntN(3000)) * ms}
			kinds[d.IntN(len(kinds))](&f)
			f.For = min(f.For, e.Load.Duration-f.At)
			e.Faults = append(e.Faults, f)
		}
	}
	slices.SortStableFunc(e.Faults, func(a, b bench.Fault) int { return int(a.At - b.At) })
	e.Faults = append(e.Faults,
		bench.Fault{At: e.Load.Duration, Heal: true},
		bench.Fault{At: e.Load.Duration, Restart: "all"})
}

func (d drawer) groups(regions []string) [][]string {
	shuffled := slices.Clone(regions)
	d.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	at := 1 + d.IntN(len(shuffled)-1)
	return [][]string{shuffled[:at], shuffled[at:]}
}

func (d drawer) pair(regions []string) []string {
	from := d.IntN(len(regions))
	to := (from + 1 + d.IntN(len(regions)-1)) % len(regions)
	return []string{regions[from], regions[to]}
}

// String tells the life as a person would set it up again.
func (l *Life) String() string {
	var b strings.Builder
	e := &l.Experiment
	fmt.Fprintf(&b, "%s: %s", e.Name, e.Protocols[0].Name)
	if leader := e.Protocols[0].Leader; leader != "" {
		fmt.Fprintf(&b, ", leader %s", leader)
	}
	fmt.Fprintf(&b, ", %d replicas\none way, ms:", len(e.Regions))
	for _, row := range l.OneWay {
		b.WriteString("  [")
		for j, d := range row {
			if j > 0 {
				b.WriteString(" ")
			}
			fmt.Fprintf(&b, "%.1f", float64(d)/float64(ms))
		}
		b.WriteString("]")
	}
	fmt.Fprintf(&b, "\n%d clients in each region for %v, %v reads, %d keys, retry after %v\nloss %v, jitter %t, reorder %t, persisting takes %v\n",
		e.Load.Clients, e.Load.Duration, e.Load.Reads, e.Load.Keys.Count, e.Load.Retry,
		e.Network.Loss, e.Network.Jitter, e.Network.Reorder, e.Simulation.PersistCost)
	for i := range e.Faults {
		fmt.Fprintf(&b, "at %v: %s\n", e.Faults[i].At, e.Faults[i].String())
	}
	return b.String()
}
