package lives

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols"
)

// Life is a random test run: an experiment with one protocol in the simulated world, and delays of its own. Playing
// the same life again gives the same steps.
type Life struct {
	Driver     *protocols.Driver
	Experiment experiment.Experiment
	OneWay     [][]time.Duration
	Jitter     [][]time.Duration
	GiveUp     time.Duration // after which clients give a command up; 0: after the load's timeout
	Habits     []string      // the names of those it has
	Limits     limits        // of messages, snapshots and quorums
	ValueSizes []int         // of which each value has one, in bytes; nil: 12
	Gone       []string      // replicas that do not come back
	CutOff     []string      // those of them that are up, cut off with the clients beside them
}

const ms = time.Millisecond

// commands is the least number of commands of a life in a closed loop. An open loop has 1.4 times as many on average,
// so that hardly any life has fewer.
const commands = 210

// Draw draws the life of a seed, with some of the habits.
func Draw(driver *protocols.Driver, seed uint64) *Life { return Generator{Driver: driver}.Draw(seed) }

// Draw draws the life of a seed.
func (g Generator) Draw(seed uint64) *Life {
	driver := g.Driver
	d := newDrawer(g, seed, 0x11fe)
	n := 3
	if driver.CheckReplicas(5) == nil && d.chance(0.3) {
		n = 5
	}
	// A share of the lives has none of the habits that make a life differ from what all experiments have.
	rare := newDrawer(g, seed, 0x4a8e).chance(0.6)
	takes := func(l *Life, name string, stream uint64) (drawer, bool) {
		own := newDrawer(g, seed, stream)
		return own, g.takes(l, name, own.chance(0.25) && rare)
	}
	l := &Life{Driver: driver, Experiment: experiment.Experiment{
		Name: fmt.Sprintf("life %d", seed), World: experiment.Simulated, Repeats: 1, Seed: seed,
		Protocols: []experiment.Protocol{{Name: driver.Name, Label: driver.Name}},
	}}
	e := &l.Experiment
	g.takes(l, calm, newDrawer(g, seed, 0xca13).chance(0.05))
	if own, yes := takes(l, fourToSeven, 0x4707); yes {
		sizes := sizesOf(driver, 4, 7)
		n = sizes[own.IntN(len(sizes))]
	}
	for i := range n {
		e.Replicas = append(e.Replicas, fmt.Sprint("r", i))
	}
	e.Regions, e.Clients = e.Replicas, e.Replicas
	if driver.HasLeader {
		e.Protocols[0].Leader = e.Replicas[d.IntN(n)]
	}
	d.options(l, n)
	longest := d.delays(l, n)
	if own, yes := takes(l, allQuorumSizes, 0x9502); yes {
		own.quorumSizes(l)
	} else if own, yes := takes(l, quorumSystems, 0x9503); yes {
		own.quorumSystems(l)
	}
	changes, changing := takes(l, memberships, 0x3e3b)
	if changing {
		changes.spares(l)
	}
	witnessing := false
	if own, yes := takes(l, witnesses, 0x3175); yes && !changing {
		witnessing = own.witnesses(l)
	}
	if !witnessing {
		l.hasNot(witnesses)
	}
	if c := newDrawer(g, seed, 0xc11e); g.takes(l, clientsElsewhere, c.chance(0.3)) {
		c.clientsElsewhere(l)
	}
	e.Network.Loss = experiment.Share(d.one(0, 0, 0.01, 0.05, 0.2))
	e.Simulation.PersistCost = time.Duration(d.one(0, 0, 0.5, 5, 20) * float64(ms))
	// So slow that a replica often crashes meanwhile. Where much is lost, too, much is unanswered in the end.
	if s := newDrawer(g, seed, 0xd15c); g.takes(l, slowDisks, s.chance(0.2) && e.Network.Loss < 0.2) {
		e.Network.Loss = min(e.Network.Loss, 0.05)
		e.Simulation.PersistCost = time.Duration(s.one(100, 200)) * ms
	}
	e.Simulation.Doubled = experiment.Share(d.one(0, 0, 0.02, 0.2))
	d.load(l, len(e.Clients), longest)
	v := newDrawer(g, seed, 0x7e5)
	if g.takes(l, namedVersions, v.chance(0.3)) {
		e.Load.Versions = experiment.Share(v.one(0.1, 0.5))
	}
	if g.takes(l, giveUp, e.Load.Arrivals != experiment.Closed && v.chance(0.5)) {
		l.openLoop() // in a closed loop clients wait for their answers
		l.GiveUp = time.Duration(v.one(0.3, 1, 3) * float64(time.Second))
	}
	if own, yes := takes(l, smallPieces, 0x5a11); yes {
		own.smallPieces(l)
	}
	newDrawer(g, seed, 0x57e9).snapshots(l)
	if own, yes := takes(l, oftenSnapshots, 0x0f7e); yes {
		l.Limits.SnapshotEvery = uint64(own.one(5, 10, 20))
	}
	if own := newDrawer(g, seed, 0x10fa); !l.has(clientsElsewhere) && !changing && !witnessing && g.takes(l, loyalClients, own.chance(0.25) && rare) {
		own.beLoyal(l)
	}
	overlap, overlaps := takes(l, overlappingLeaders, 0x03e7)
	if overlaps {
		overlap.loadWhileOverlapping(l, longest)
	}
	if own, yes := takes(l, readModifyWrites, 0x4e3d); yes {
		own.modify(l)
	}
	d.faults(l, n)
	if overlaps {
		overlap.cutLeadersOff(l)
	}
	if changing {
		changes.memberships(l)
	} else if witnessing {
		own := newDrawer(g, seed, 0x3176)
		own.witnessesStayDead(l)
	} else if own, yes := takes(l, staysDead, 0xdead); yes {
		own.stayDead(l)
	}
	l.leaveOut(driver.NotSurvived)
	if l.has(calm) {
		l.calmDown(longest)
	}
	return l
}

// leaveOut removes the faults that the driver does not promise to survive. Replicas stay dead only in lives of drivers
// that survive it.
func (l *Life) leaveOut(not protocols.Faults) {
	e := &l.Experiment
	if not.Loss {
		e.Network.Loss = 0
	}
	e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool {
		crash, loss := f.Crash != "", f.Loss > 0 || len(f.Partition) > 0 || len(f.Cut) > 0 || f.Isolate != ""
		return not.Restarts && crash || not.Loss && loss
	})
}

// options draws the driver's options. Those that came later than the others have streams of their own, and keep their default
// in three lives of four.
func (d drawer) options(l *Life, n int) {
	chosen := protocols.Choices{}
	for _, option := range l.Driver.List(n) {
		own, tries := d, option.Tries
		if option.Stream > 0 {
			own = newDrawer(d.generator, l.Experiment.Seed, 0x097<<16+option.Stream)
			if tries = tries[1:]; !own.chance(0.25) { // the first is the default
				tries = nil
			}
		}
		if len(tries) > 0 {
			chosen[option.Name] = tries[own.IntN(len(tries))]
		}
	}
	l.Experiment.Protocols[0].Options = chosen
}

// load draws the load. With few keys, writes conflict; with a short retry, clients ask several replicas for the same
// command.
func (d drawer) load(l *Life, n int, longest time.Duration) {
	load := &l.Experiment.Load
	clients := 2 + d.IntN(3)
	*load = experiment.Load{
		ValueSize: 12, // the timeout is the deadline, which Play sets
		Reads:     experiment.Share(d.one(0.1, 0.3, 0.5)),
		Keys:      experiment.Keys{Count: 1 + d.IntN(2*clients*n), Distribution: experiment.Uniform},
		Retry:     longest + time.Duration(d.IntN(1500))*ms,
	}
	if d.chance(0.3) {
		load.Retry = longest/4 + time.Duration(d.Int64N(int64(longest)))
	}
	// A client gets a command through in about three of the longest round trips, if nothing is wrong.
	load.Duration = max(2*time.Second, time.Duration(commands/(clients*n))*3*longest)
	load.Arrivals, load.Clients, load.Commands = experiment.Closed, clients, (commands+n-1)/n
	if d.generator.takes(l, openLoop, !d.chance(0.7)) || l.instant() {
		l.openLoop()
	}
}

// modify draws which share of the commands are read-modify-writes, and whether they are atomic: not with a driver that promises
// nothing, whose replicas need not agree on versions, so that an atomic one may begin again for ever.
func (d drawer) modify(l *Life) {
	load := &l.Experiment.Load
	load.RMW = experiment.RMW{Share: min(experiment.Share(d.one(0.1, 0.3, 0.7)), 1-load.Reads), Atomic: d.chance(0.6) && !l.Driver.PromisesNothing}
}

// openLoop has commands arrive while nothing is answered, too, so that many collect for each key.
func (l *Life) openLoop() {
	load := &l.Experiment.Load
	if load.Arrivals != experiment.Closed {
		return
	}
	load.Arrivals, load.Clients, load.Commands = experiment.Poisson, 0, 0
	load.Keys.Count += 20
	load.Rate = experiment.Rate(1.4 * commands / float64(len(l.Experiment.Clients)) / load.Duration.Seconds())
}

// clientsElsewhere adds one or two regions with clients and no replica. In some lives there are no other clients.
func (d drawer) clientsElsewhere(l *Life) {
	e := &l.Experiment
	var added []string
	for range 1 + d.IntN(2) {
		added = append(added, fmt.Sprint("c", len(added)))
		l.addRegion(func() (oneWay, jitter time.Duration) {
			oneWay = ms + time.Duration(d.Int64N(int64(100*ms)))
			if e.Network.Jitter {
				jitter = time.Duration(d.Float64() * float64(oneWay))
			}
			return oneWay, jitter
		})
	}
	e.Regions = slices.Concat(e.Replicas, added)
	if e.Clients = e.Regions; d.chance(0.3) {
		e.Clients = added
	}
}

// addRegion adds a region, with links to all others.
func (l *Life) addRegion(link func() (oneWay, jitter time.Duration)) {
	n := len(l.OneWay)
	l.OneWay, l.Jitter = append(l.OneWay, make([]time.Duration, n+1)), append(l.Jitter, make([]time.Duration, n+1))
	for i := range n {
		for _, at := range [][2]int{{i, n}, {n, i}} {
			oneWay, jitter := link()
			if at[0] < n {
				l.OneWay[i], l.Jitter[i] = append(l.OneWay[i], oneWay), append(l.Jitter[i], jitter)
			} else {
				l.OneWay[n][i], l.Jitter[n][i] = oneWay, jitter
			}
		}
	}
}

// betweenReplicas are the delays between the replicas.
func (l *Life) betweenReplicas() protocols.Delays {
	n := len(l.Experiment.Replicas)
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = l.OneWay[i][:n]
	}
	return delays
}

// instant reports whether some clients' writes may take no time, as beside a leader that is a quorum by itself. In a
// closed loop such a client would issue commands without end, at one moment of virtual time.
func (l *Life) instant() bool {
	e := &l.Experiment
	for id := range e.Replicas {
		if l.Driver.Floor == nil {
			break
		}
		floor := l.Driver.Floor(l.config(protocols.NodeID(id)))
		if floor == 0 {
			return true
		}
	}
	return false
}

// drawer draws parts of a life from a random stream.
type drawer struct {
	*rand.Rand
	generator Generator
}

// newDrawer returns a drawer with one of the streams of a seed. Parts that came later have streams of their own, so
// that the draws of other parts stay as they are.
func newDrawer(g Generator, seed, stream uint64) drawer {
	return drawer{rand.New(rand.NewPCG(seed, stream)), g}
}

// chance is true with probability p.
func (d drawer) chance(p float64) bool { return d.Float64() < p }

// one draws one of several numbers.
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

// faults draws the faults. At the end of the load all links are healed and all replicas restarted.
func (d drawer) faults(l *Life, n int) {
	e := &l.Experiment
	kinds := []func(experiment.Fault) []experiment.Fault{
		func(f experiment.Fault) []experiment.Fault { f.Crash = "random"; return []experiment.Fault{f} },
		func(f experiment.Fault) []experiment.Fault { f.Crash = "leader"; return []experiment.Fault{f} },
		func(f experiment.Fault) []experiment.Fault { return d.crashAll(f, e.Replicas) },
		func(f experiment.Fault) []experiment.Fault {
			f.Partition = d.groups(e.Regions)
			return []experiment.Fault{f}
		},
		func(f experiment.Fault) []experiment.Fault { f.Cut = d.pair(e.Regions); return []experiment.Fault{f} },
		func(f experiment.Fault) []experiment.Fault {
			f.Loss = experiment.Share(d.one(0.1, 0.5))
			return []experiment.Fault{f}
		},
		func(f experiment.Fault) []experiment.Fault {
			f.Delay = time.Duration(1+d.IntN(200)) * ms
			return []experiment.Fault{f}
		},
		func(f experiment.Fault) []experiment.Fault {
			f.Slow = &experiment.Slow{Region: e.Replicas[d.IntN(n)], By: time.Duration(1+d.IntN(30)) * ms}
			return []experiment.Fault{f}
		},
		func(f experiment.Fault) []experiment.Fault {
			f.Skew = &experiment.Skew{Region: e.Replicas[d.IntN(n)], Rate: experiment.Factor(d.one(0.2, 0.5, 2, 3))}
			return []experiment.Fault{f}
		},
	}
	kinds = slices.DeleteFunc(kinds, func(func(experiment.Fault) []experiment.Fault) bool { return d.chance(0.5) })
	if len(kinds) > 0 {
		for range d.IntN(int(d.one(8, 8, 40))) {
			length := d.one(20, 300, 3000)
			f := experiment.Fault{
				At:  time.Duration(d.Int64N(int64(e.Load.Duration))),
				For: ms + time.Duration(d.Float64()*length*float64(ms)),
			}
			f.For = min(f.For, e.Load.Duration-f.At)
			e.Faults = append(e.Faults, kinds[d.IntN(len(kinds))](f)...)
		}
	}
	leader := l.Driver.HasLeader
	if d.generator.takes(l, fastTimers, d.chance(0.3) || leader && d.chance(0.6)) {
		e.Faults = append(e.Faults, d.fastTimers(e, l.betweenReplicas(), leader)...)
	}
	if d.generator.takes(l, repeatedFaults, d.chance(0.3) || leader && d.chance(0.5)) {
		e.Faults = append(e.Faults, d.repeated(e)...)
	}
	if l.trustsClocks() {
		e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool { return f.Skew != nil })
	}
	slices.SortStableFunc(e.Faults, func(a, b experiment.Fault) int { return cmp.Compare(a.At, b.At) })
	e.Faults = append(e.Faults,
		experiment.Fault{At: e.Load.Duration, Heal: true},
		experiment.Fault{At: e.Load.Duration, Restart: "all"})
}

// trustsClocks reports whether an option was drawn with which the protocol is not safe if clocks are wrong.
func (l *Life) trustsClocks() bool {
	return slices.ContainsFunc(l.Driver.List(len(l.Experiment.Replicas)), func(option protocols.Option) bool {
		return slices.Contains(option.TrustsClocks, l.Experiment.Protocols[0].Options[option.Name])
	})
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

// String describes the life: protocol, options, replicas, links, load and faults.
func (l *Life) String() string {
	var b strings.Builder
	e := &l.Experiment
	fmt.Fprintf(&b, "%s: %s", e.Name, e.Protocols[0].Name)
	if leader := e.Protocols[0].Leader; leader != "" {
		fmt.Fprintf(&b, ", leader %s", leader)
	}
	for _, word := range l.Driver.Words(len(e.FirstMembers()), e.Protocols[0].Options) {
		fmt.Fprintf(&b, ", %s", word)
	}
	fmt.Fprintf(&b, ", %d replicas", len(e.Replicas))
	if n := len(e.FirstMembers()); n < len(e.Replicas) {
		fmt.Fprintf(&b, ", %d of them members at first", n)
	}
	if w := e.Protocols[0].Witnesses; len(w) > 0 {
		fmt.Fprintf(&b, ", witnesses %s", strings.Join(w, ", "))
	}
	if !slices.Equal(e.Clients, e.Replicas) {
		fmt.Fprintf(&b, ", clients in %s", strings.Join(e.Clients, ", "))
	}
	if len(l.Habits) > 0 {
		fmt.Fprintf(&b, "\nhabits: %s", strings.Join(l.Habits, ", "))
	}
	b.WriteString("\none way, ms:")
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
	load := fmt.Sprintf("%d clients", e.Load.Clients)
	if e.Load.Arrivals != experiment.Closed {
		load = fmt.Sprintf("%.1f commands a second", float64(e.Load.Rate))
	}
	if rmw := e.Load.RMW; rmw.Share > 0 {
		kind := "plain"
		if rmw.Atomic {
			kind = "atomic"
		}
		load += fmt.Sprintf(", %v of them %s read-modify-writes,", rmw.Share, kind)
	}
	if l.GiveUp > 0 {
		load += fmt.Sprintf(", given up after %v,", l.GiveUp)
	}
	fmt.Fprintf(&b, "\n%s in each region for %v, %v reads, %v by version, %d keys, retry after %v\nloss %v, jitter %t, reorder %t, %v of messages doubled, persisting takes %v\n",
		load, e.Load.Duration, e.Load.Reads, e.Load.Versions, e.Load.Keys.Count, e.Load.Retry,
		e.Network.Loss, e.Network.Jitter, e.Network.Reorder, e.Simulation.Doubled, e.Simulation.PersistCost)
	l.Limits.describe(&b)
	if len(l.ValueSizes) > 0 {
		fmt.Fprintf(&b, "values of one of %v bytes\n", l.ValueSizes)
	}
	if len(l.Gone) > 0 {
		fmt.Fprintf(&b, "%s do not come back\n", strings.Join(l.Gone, ", "))
	}
	for i := range e.Faults {
		fmt.Fprintf(&b, "at %v: %s\n", e.Faults[i].At, e.Faults[i].String())
	}
	return b.String()
}
