package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"quorumbench/bench/result"
)

// Quality says in a line each how far a result may be trusted: where it ran, whether it was
// interrupted, how exact emulator and generator were, whether latencies drifted, what the network
// lost. Figures that cannot be merged are those of the worst run.
func Quality(r *result.Result) []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }

	if r.Shard != nil {
		say("shard: %v, with %d of the experiment's runs; quorumbench merge puts the shards together", r.Shard, len(r.Runs))
	}
	if r.Partial {
		say("partial: interrupted, with %d of %d runs begun; figures are of what was measured until then",
			len(r.Runs), max(1, r.Experiment.Repeats)*len(r.Experiment.Protocols)*len(r.Points()))
	}
	if r.Experiment.IsSimulated() {
		costs := "no processing time"
		if c := r.Experiment.Simulation; !c.IsZero() {
			costs = c.Costs()
		}
		say("world: simulated (virtual time; %s, messages without packets)", costs)
		if r.Fingerprint != "" {
			say("fingerprint: %.16s (one seed, one result)", r.Fingerprint)
		}
	} else {
		links := "emulated"
		if r.OnRealLinks() {
			links = "real"
		}
		say("world: live (real time, %s %s over %s links, %s)", r.Experiment.Transport.Kind, r.Experiment.StreamMode(), links, plural(r.Machine.CPUs, "CPU"))
	}
	for _, line := range systemLines(r) {
		say("%s", line)
	}
	if late := worstLateness(r); late.Count > 0 {
		say("emulator: packets released late by %s (p50), %s (p99)%s", ms(late.P50), ms(late.P99), emulators(r))
	}
	if lag, found := worstLag(r); found {
		say("generator: writes sent late by %s (p99)", ms(lag))
	}
	if own, others, emulator, generator, found := processors(r); found && r.Experiment.IsSimulated() {
		say("processors: at most %.0f %% of the simulated ones used", 100*own)
	} else if found {
		say("processors: at most %.0f %% used by this run (emulator %.0f %%, load generator %.0f %%), %.0f %% by other programs", 100*own, 100*emulator, 100*generator, 100*others)
	}
	if most, collections := memory(r); most > 0 {
		say("memory: %s at most, %s in a run", megabytes(most), plural(int(collections), "garbage collection"))
	}
	if drift, where, found := worstDrift(r); found {
		say("drift: p50 of the second half is %+.1f %% of the first's at most (%s)", drift*100, where)
	}
	lines = append(lines, siteLines(r)...)
	return append(append(lines, checkLines(r)...), networkLines(r)...)
}

// systemLines tell of each system that was run as it is what it promises, its version and settings, and how exact its network was
// before the load in the worst run.
func systemLines(r *result.Result) (lines []string) {
	probed, p50, p99 := 0, time.Duration(0), time.Duration(0)
	for _, run := range r.Runs {
		s := run.System
		if s == nil {
			continue
		}
		line := fmt.Sprintf("%s: %s as it is; promises: %s", run.Protocol, s.Name, s.Promise)
		if s.NoFailover {
			line += "; no failover"
		}
		for _, setting := range s.Settings {
			line += "; " + setting.Name + " " + setting.Value
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
		if s.Certificate != nil {
			late50, late99 := s.Certificate.Late()
			probed, p50, p99 = len(s.Certificate.Links), max(p50, late50), max(p99, late99)
		}
	}
	if probed > 0 {
		lines = append(lines, fmt.Sprintf("network of systems: %s probed before each load, late by %s (p50), %s (p99) on the worst", plural(probed, "link"), ms(p50), ms(p99)))
	}
	return lines
}

// checkLines tells the verdicts on what the replicas did: what all runs passed in one line, what only some protocols are held against and
// passed in a line for those together, and what a run did not pass in a line each.
func checkLines(r *result.Result) []string {
	if len(r.Runs) == 0 {
		return nil
	}
	var names, lines []string
	carried, notPassed := map[string]int{}, map[string]bool{}
	of := map[string][]string{} // the protocols that are held against a check
	for _, run := range r.Runs {
		for _, c := range run.Checks {
			if carried[c.Name]++; carried[c.Name] == 1 {
				names = append(names, c.Name)
			}
			if !slices.Contains(of[c.Name], run.Protocol) {
				of[c.Name] = append(of[c.Name], run.Protocol)
			}
			if c.Verdict != result.Passed {
				notPassed[c.Name] = true
				lines = append(lines, fmt.Sprintf("check: %s: %s: %s: %s", runName(r, run), c.Name, c.Verdict, c.Detail))
			}
		}
	}
	var whose []string
	passed := map[string][]string{}
	for _, name := range names {
		who := "every run"
		if carried[name] < len(r.Runs) {
			who = "every run of " + strings.Join(of[name], ", ")
		}
		if notPassed[name] {
			continue
		}
		if passed[who] == nil {
			whose = append(whose, who)
		}
		passed[who] = append(passed[who], name)
	}
	for i, who := range whose {
		lines = slices.Insert(lines, i, fmt.Sprintf("checks passed by %s: %s", who, strings.Join(passed[who], ", ")))
	}
	return lines
}

// memory is the most that a run took, and the most often that garbage was collected in a run.
func memory(r *result.Result) (most, collections uint64) {
	for _, run := range r.Runs {
		if run.Memory != nil {
			most, collections = max(most, run.Memory.Most), max(collections, run.Memory.Collections)
		}
	}
	return most, collections
}

// processors takes each share from the run in which it was greatest.
func processors(r *result.Result) (own, others, emulator, generator float64, found bool) {
	for _, run := range r.Runs {
		if u := run.Usage; u != nil {
			own, others, emulator, generator, found = max(own, u.Own), max(others, u.Others), max(emulator, u.Emulator), max(generator, u.Generator), true
		}
	}
	return own, others, emulator, generator, found
}

func megabytes(bytes uint64) string { return count((bytes+500_000)/1_000_000) + " MB" }

// worstLateness takes each percentile from the run in which it was greatest.
func worstLateness(r *result.Result) result.Summary {
	var worst result.Summary
	for _, run := range r.Runs {
		late := run.Network.Lateness
		worst.Count += late.Count
		worst.P50, worst.P99 = max(worst.P50, late.P50), max(worst.P99, late.P99)
	}
	return worst
}

// emulators tells on what the emulator slept, as the end of a line; nothing if the result does not say. What holds for all
// runs is said once, and then what holds for some.
func emulators(r *result.Result) string {
	var all []string
	for _, run := range r.Runs {
		if one := run.Network.Emulator; one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return ""
	}
	common := strings.Split(all[0], ", ")
	for _, one := range all[1:] {
		parts := strings.Split(one, ", ")
		n := 0
		for n < min(len(common), len(parts)) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	if len(common) == 0 {
		return ", by " + strings.Join(all, ", in other runs by ")
	}
	said := strings.Join(common, ", ")
	var some []string
	for _, one := range all {
		if rest := strings.TrimPrefix(strings.TrimPrefix(one, said), ", "); rest != "" {
			some = append(some, ", in some runs "+rest)
		}
	}
	return ", by " + said + strings.Join(some, "")
}

// worstLag is the greatest p99 of the generator's lag; a simulated generator has none.
func worstLag(r *result.Result) (lag time.Duration, found bool) {
	if r.Experiment.IsSimulated() {
		return 0, false
	}
	for _, run := range r.Runs {
		for _, region := range run.Regions {
			lag, found = max(lag, region.Lag.P99), found || region.Lag.Count > 0
		}
	}
	return lag, found
}

// worstDrift is the greatest relative change from the median of the first half of a run to that
// of the second, among runs with the samples for both.
func worstDrift(r *result.Result) (drift float64, where string, found bool) {
	for _, run := range r.Runs {
		for _, region := range run.Regions {
			if region.FirstHalf <= 0 || region.SecondHalf <= 0 || result.ConfidenceIn(50, region.Response.Count/2) == result.Withheld {
				continue
			}
			change := float64(region.SecondHalf)/float64(region.FirstHalf) - 1
			if !found || math.Abs(change) > math.Abs(drift) {
				drift, where, found = change, fmt.Sprintf("%s from %s", runName(r, run), region.Region), true
			}
		}
	}
	return drift, where, found
}

// runName is the protocol, at which point of a sweep, and which repeat where there are several.
func runName(r *result.Result, run result.Run) string {
	name := run.Protocol
	if run.Point != "" {
		name += " at " + run.Point
	}
	if r.Experiment.Repeats < 2 {
		return name
	}
	return fmt.Sprintf("%s, repeat %d", name, run.Repeat+1)
}

// networkLines tells what the network did to messages, warm-up included.
func networkLines(r *result.Result) []string {
	var sum result.NetworkRun
	for _, run := range r.Runs {
		n := run.Network
		sum.Lost += n.Lost
		sum.Cut += n.Cut
		sum.Dropped += n.Dropped
		sum.Overflow += n.Overflow
		sum.Unsent += n.Unsent
		sum.Crowded += n.Crowded
		sum.Reconnects += n.Reconnects
	}
	unit := "packets"
	if r.Experiment.IsSimulated() {
		unit = "messages"
	}
	lines := lossLines(r, unit)
	for _, c := range []struct {
		n    uint64
		what string
	}{
		{sum.Cut, unit + " lost where a fault had cut the link"},
		{sum.Dropped, unit + " dropped by full queues"},
		{sum.Overflow, unit + " not read in time by their receiver: the machine is too slow"},
		{sum.Unsent, "messages that found no connection"},
		{sum.Crowded, "messages dropped, since too much was under way on their connection"},
		{sum.Reconnects, "connections made again"},
	} {
		if c.n > 0 {
			lines = append(lines, fmt.Sprintf("network: %s %s", count(c.n), c.what))
		}
	}
	return lines
}

// lossLines tells which share of the messages or packets was lost; of a sweep over the loss, at each point. What links that
// were cut have lost is neither among the lost nor among those of which they are.
func lossLines(r *result.Result, unit string) []string {
	points := []string{""}
	if s := r.Experiment.Sweep; s != nil && s.Path == "network.loss" {
		points = s.Values
	}
	besides := ""
	for i := range r.Experiment.Faults {
		if r.Experiment.Faults[i].Loss > 0 {
			besides = ", besides faults"
		}
	}
	var lines []string
	for _, point := range points {
		at, where := r, ""
		if point != "" {
			at, where = r.At(point), " at "+point
		}
		var lost, of uint64
		for _, run := range at.Runs {
			n := run.Network
			lost += n.Lost
			if r.Experiment.IsSimulated() {
				of += n.Messages - min(n.Cut, n.Messages)
			} else {
				of += n.Packets - min(n.Cut, n.Packets)
			}
		}
		if asked := at.Experiment.Network.Loss; asked > 0 || lost > 0 {
			lines = append(lines, fmt.Sprintf("loss%s: %s of %s %s (%.2f %%; %s asked for%s)",
				where, count(lost), count(of), unit, 100*float64(lost)/float64(cmp.Or(of, 1)), asked, besides))
		}
	}
	return lines
}
