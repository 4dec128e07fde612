package verify

import (
	"fmt"
	"math"
	"time"

	"quorumbench/bench/result"
)

// The limits within which a run is valid.
const (
	// The least share of the offered load that must be answered in time, and the least share of it that must be answered
	// while measuring, which is less where a queue grows.
	achievedShare = 0.98
	// With more of the processors in use, the machine limits the throughput: the kernel lets no program of real-time priority
	// have all of them, and whoever waits for a lock leaves one idle.
	fullShare = 0.8
	// If half of all packets are later than this, the processors were too busy for the emulator, too.
	lateForAll = time.Millisecond
)

// judge adds every reason not to believe the run to run.Invalid.
func (r *Record) judge(run *result.Run) {
	invalid := func(format string, args ...any) { addReason(run, format, args...) }
	r.judgeChecks(run, invalid)
	for i, one := range r.Replicas {
		switch {
		case one.Failed == "":
		case r.System != nil:
			invalid("the node of %s in %s failed %s", r.System.Name, r.Region(i), one.Failed)
		default:
			invalid("the disk of the replica in %s failed %s", r.Region(i), one.Failed)
		}
	}
	r.judgeLoad(run, invalid)
	if offered, answered := commands(run); offered > 0 && answered == 0 && !run.Saturated {
		invalid("nothing was answered within %v", r.Plan.Experiment.Load.Timeout)
	}
	r.judgeInstrument(run, invalid)
	r.judgeLinks(invalid)
	if leader := r.Plan.Region(r.Protocol.Leader); r.Driver().HasLeader && !r.mayMove() && !r.Replicas[leader].Leading.Load() {
		invalid("%s was not led from %s at the end", run.Protocol, r.Protocol.Leader)
	}
}

func addReason(run *result.Run, format string, args ...any) {
	run.Invalid = append(run.Invalid, fmt.Sprintf(format, args...))
}

// judgeChecks adds the checks that failed.
func (r *Record) judgeChecks(run *result.Run, invalid func(format string, args ...any)) {
	for _, c := range run.Failed() {
		invalid("the check %q failed: %s", c.Name, c.Detail)
	}
}

// commands counts what was offered by all regions, and what of it was answered in time.
func commands(run *result.Run) (offered, answered int64) {
	for i := range run.Regions {
		for _, of := range run.Regions[i].Series() {
			offered, answered = offered+of.Offered, answered+of.Answered
		}
	}
	return offered, answered
}

// judgeLoad adds the regions where the load was not answered in time, and tells what the limit was. A closed loop is
// saturated by design: each client waits for its answer.
func (r *Record) judgeLoad(run *result.Run, invalid func(format string, args ...any)) {
	overloaded := func(format string, args ...any) {
		run.Saturated, run.Limit = true, limit(run)
		said := run.Limit
		if said == limitMachine && run.Usage != nil {
			said += ": " + Processors(run.Usage)
		}
		run.Overload = append(run.Overload, fmt.Sprintf(format+"; the limit was %s", append(args, said)...))
	}
	for i := range run.Regions {
		region := &run.Regions[i]
		for _, of := range region.Series() {
			if dropped := of.Response.Dropped + of.Service.Dropped + of.Lag.Dropped; dropped > 0 {
				invalid("in %s the histograms refused %d values", region.Region, dropped)
			}
			if r.mayMove() {
				continue
			}
			if float64(of.Answered) < achievedShare*float64(of.Offered) {
				overloaded("saturated: in %s %d of %d %ss were answered within %v, which is below %.0f %%",
					region.Region, of.Answered, of.Offered, of.Name, r.Plan.Experiment.Load.Timeout, 100*achievedShare)
			} else if !r.Plan.Experiment.Load.IsClosed() && queueGrows(of.Operations, run.Measured) {
				overloaded("saturated: in %s %.0f %ss a second arrived and %.0f were answered, so that a queue grew",
					region.Region, of.Rate(run.Measured), of.Name, of.Throughput(run.Measured))
			}
		}
	}
}

// queueGrows reports whether so much less was answered than arrived that neither chance nor a rate that rises explains it.
// What is under way at the beginning and at the end are two numbers of about arrivals x response time, each with that
// variance, as arrivals are at random.
func queueGrows(of *result.Operations, measured time.Duration) bool {
	missing := float64(of.Offered - of.Completed)
	response := of.Response.P50.Seconds()
	underWay := of.Rate(measured) * response
	if n := len(of.Intervals); n > 1 {
		rise := arrivals(&of.Intervals[n-1]) - arrivals(&of.Intervals[0])
		missing -= float64(max(0, rise) * response) // not fused, so that it decides alike on every processor
	}
	chance := math.Sqrt(4 * 4 * 2 * underWay)
	return missing-chance > (1-achievedShare)*float64(of.Offered)
}

// arrivals is how many operations a second arrived in an interval.
func arrivals(i *result.Interval) float64 {
	return float64(i.Response.TotalCount()) / i.Length.Seconds()
}

// What limits throughput.
const (
	limitMachine   = "the machine"
	limitGenerator = "the load generator"
	limitProtocol  = "the protocol"
)

// limit says what kept the throughput of a saturated run down. Where the processors are full, the same protocol would do
// more on a larger machine; a generator that is late itself offers less than it was asked for.
func limit(run *result.Run) string {
	if u := run.Usage; u != nil && u.Own+u.Others > fullShare || run.Network.Lateness.P50 > lateForAll {
		return limitMachine
	}
	for i := range run.Regions {
		for _, of := range run.Regions[i].Series() {
			if of.Lag.P50 > of.Service.P50/2 {
				return limitGenerator
			}
		}
	}
	return limitProtocol
}

// Processors says in a few words who used the processors.
func Processors(u *result.Usage) string {
	return fmt.Sprintf("this process used %.0f %% of the processors and other programs %.0f %%", 100*u.Own, 100*u.Others)
}

// judgeInstrument adds what makes all figures useless: packets that were lost because nobody read them in time, which no
// bound holds for, a network that was not what the experiment says, and lateness that spoils the medians of every region. Single percentiles that it spoils are withheld
// each by its own bound; see result.Operations.Bound.
func (r *Record) judgeInstrument(run *result.Run, invalid func(format string, args ...any)) {
	busy := ""
	if run.Usage != nil {
		busy = ": " + Processors(run.Usage)
	}
	if run.Network.Overflow > 0 {
		invalid("the machine was busy: %d packets were not read in time%s", run.Network.Overflow, busy)
	}
	if run.System != nil && run.System.Certificate != nil {
		for _, problem := range run.System.Certificate.Problems {
			invalid("the machine was busy: before the load the network was off: %s", problem)
		}
	}
	answered, spoilt, worst := 0, 0, time.Duration(0)
	for i := range run.Regions {
		for _, of := range run.Regions[i].Series() {
			if of.Answered == 0 {
				continue
			}
			answered++
			if of.Spoilt(50) {
				spoilt++
				worst = max(worst, of.Bound(50))
			}
		}
	}
	if answered > 0 && spoilt == answered && !run.Saturated {
		invalid("the machine was busy: load generator and emulator were so late that every median may be off by more than 5 %%, the worst by %v%s",
			worst.Round(time.Microsecond), busy)
	}
}

// The links of a run are those that were measured if their least round trips before and after it are within a share of what they are to
// be, or within what the probes say that round trips vary by.
const (
	sameLink  = 0.05
	leastSame = 200 * time.Microsecond
)

// judgeLinks adds the real links that were not what was measured when the sites joined: then the floors on real links do not hold, and an
// emulated link took longer, or shorter, than it was to take.
func (r *Record) judgeLinks(invalid func(format string, args ...any)) {
	for _, l := range r.Links {
		from, to := r.Plan.Region(l.From), r.Plan.Region(l.To)
		whole := r.Plan.Topology.OneWay[from][to] + r.Plan.Topology.OneWay[to][from] // of the emulated link, or of the real one
		apart := max(leastSame, time.Duration(sameLink*float64(whole)), l.Before.Mdev, l.After.Mdev)
		worst := time.Duration(0)
		for _, found := range []result.RoundTrips{l.Before, l.After} {
			if found.Probes > found.Lost {
				worst = max(worst, (found.Min - l.Joined).Abs())
			}
		}
		if worst > apart {
			invalid("the real link from %s to %s is not what was measured: its least round trip was %v when the sites joined, %v before this run and %v after it; accepted: within %v",
				l.From, l.To, exact(l.Joined), exact(l.Before.Min), exact(l.After.Min), exact(apart))
		}
	}
}

// exact is a time without digits that mean nothing.
func exact(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// mayMove reports whether the run had faults, which may move the leader and delay answers.
func (r *Record) mayMove() bool { return len(r.Plan.Experiment.Faults) > 0 }
