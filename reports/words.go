package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"quorumbench/bench/result"
)

// millis returns a duration as its number of milliseconds.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ms writes a latency in milliseconds with the digits that mean something: histograms keep three.
func ms(d time.Duration) string {
	if d >= time.Second {
		return english.Sprintf("%.0f ms", millis(d))
	}
	digits := 3
	switch v := math.Abs(millis(d)); {
	case v == 0:
		digits = 0
	case v >= 10:
		digits = 1
	case v >= 1:
		digits = 2
	}
	return strconv.FormatFloat(millis(d), 'f', digits, 64) + " ms"
}

// lessBound writes a time and, in brackets, how much of it may be the instrument's, in the same unit and with as many digits;
// a bound that these digits do not show is left out.
func lessBound(d, bound time.Duration) string {
	text := ms(d)
	digits := 0
	if number, _, found := strings.Cut(text, " "); found {
		if _, decimals, found := strings.Cut(number, "."); found {
			digits = len(decimals)
		}
	}
	off := strconv.FormatFloat(millis(bound), 'f', digits, 64)
	if !strings.ContainsAny(off, "123456789") {
		return text
	}
	return text + " (−" + off + ")"
}

// rate writes a number of operations a second.
func rate(perSecond float64) string {
	if perSecond < 100 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return count(int64(math.Round(perSecond)))
}

// timeName is what the times of an experiment are called: in a closed loop, no arrival is intended at a time of its own.
func timeName(r *result.Result) string {
	if r.Experiment.Load.IsClosed() {
		return "service time"
	}
	return "response time"
}

// span writes a length of time as an experiment is described: 10 s, 5 min.
func span(d time.Duration) string {
	if d >= 2*time.Minute && d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + " min"
	}
	return strconv.FormatFloat(d.Seconds(), 'g', 4, 64) + " s"
}

var english = message.NewPrinter(language.English)

// count writes a number with a comma before every three digits.
func count[T int | int64 | uint64](n T) string { return english.Sprintf("%d", n) }

// times writes a ratio: 1.02×.
func times(ratio float64) string {
	if ratio >= tooMuch {
		return "> " + count(int64(tooMuch)) + "×"
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64) + "×"
}

// list joins words as a sentence does: a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// plural returns the noun, with an s unless there is one of it.
func plural[T int | int64](n T, noun string) string {
	if n == 1 {
		return count(n) + " " + noun
	}
	return count(n) + " " + noun + "s"
}

var smallNumbers = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

// roundTrips writes a number of round trips: a word where it is one within a tenth (at most a
// quarter of a round trip), which is what processing and transport add; else one decimal.
func roundTrips(n float64) string {
	whole := math.Round(n)
	switch near := math.Abs(n-whole) <= min(0.1*whole, 0.25); {
	case !near || whole >= float64(len(smallNumbers)):
		return strconv.FormatFloat(n, 'f', 1, 64) + " round trips"
	case whole == 1:
		return "one round trip"
	}
	return smallNumbers[int(whole)] + " round trips"
}

// headline says what was run: name, topology, regions, load, world and seed.
func headline(r *result.Result) string {
	e := r.Experiment
	load, swept := strconv.FormatFloat(float64(e.Load.Rate), 'g', 6, 64), ""
	if s := e.Sweep; s != nil && s.Path == "load.rate" {
		rates := make([]string, len(s.Values))
		for i, value := range s.Values {
			rates[i] = strconv.FormatFloat(float64(e.At(value).Load.Rate), 'g', 6, 64)
		}
		load = list(rates)
	} else if s != nil {
		swept = ", each at " + s.String()
	}
	switch {
	case e.Load.IsClosed() && e.Sweep != nil && e.Sweep.Path == "load.clients":
		load, swept = list(e.Sweep.Values)+" clients in each (closed loop: service times)", ""
	case e.Load.IsSearch():
		load, swept = "a search for the highest rate that keeps "+objectiveOf(r), ""
	case e.Load.IsClosed():
		load = plural(e.Load.Clients, "client") + " in each (closed loop: service times)"
	case e.Load.IsTraced():
		load = fmt.Sprintf("a trace (%s)", e.Load.Traced)
	case e.Load.Rates != nil && (e.Sweep == nil || e.Sweep.Path != "load.rate"):
		load = fmt.Sprintf("%s (%s)", ratesOf(r), arrivals(r))
	case !onlyWrites(r):
		load += fmt.Sprintf(" commands/s from each (%s)", arrivals(r))
	default:
		load += fmt.Sprintf(" writes/s from each (%s)", arrivals(r))
	}
	mix := ""
	if e.Load.Reads > 0 {
		mix += fmt.Sprintf(", %s of them reads", e.Load.Reads)
	}
	if e.Load.RMW.Share > 0 {
		atomic := ""
		if e.Load.RMW.Atomic {
			atomic = "atomic "
		}
		mix += fmt.Sprintf(", %s %sread-modify-writes", e.Load.RMW.Share, atomic)
	}
	if e.Load.Mix != "" {
		mix += fmt.Sprintf(" (%s)", e.Load.Mix)
	}
	if e.Load.Versions > 0 {
		mix += fmt.Sprintf(", %s by version", e.Load.Versions)
	}
	if mix != "" {
		load += mix + ","
	}
	return fmt.Sprintf("%s: %s on %s, %s for %s%s%s; %s, seed %d",
		e.Name, where(r), r.Topology.Name, load, span(e.Load.Duration), repeats(e.Repeats), swept, worldName(r), e.Seed)
}

// where says in how many regions replicas and clients are.
func where(r *result.Result) string {
	e := &r.Experiment
	in := e.ClientRegions()
	switch {
	case !slices.Equal(e.Replicas, e.Clients):
		return fmt.Sprintf("%s, clients in %s", plural(len(e.Replicas), "replica"), plural(in, "region"))
	case in < len(e.Replicas):
		return fmt.Sprintf("%s in %s", plural(len(e.Replicas), "replica"), plural(in, "region"))
	}
	return plural(in, "region")
}

func repeats(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}

func worldName(r *result.Result) string {
	if r.Experiment.IsSimulated() {
		return "simulated"
	}
	return "live"
}

// arrivals names the kind of arrivals, and how far the rate rises if it changes.
func arrivals(r *result.Result) string {
	load := &r.Experiment.Load
	if !load.Varies() {
		return string(load.Arrivals) + " arrivals"
	}
	return fmt.Sprintf("%s arrivals, up to %g times as many", load.Arrivals, load.Peak)
}

// onlyWrites reports whether all commands of an experiment are writes, at every point of its sweep.
func onlyWrites(r *result.Result) bool {
	load, s := &r.Experiment.Load, r.Experiment.Sweep
	return load.Reads == 0 && load.RMW.Share == 0 && (s == nil || !slices.Contains([]string{"load.mix", "load.reads", "load.rmw.share"}, s.Path))
}

// ratesOf lists the rates of the regions, in their order, as in "20 writes/s from a and 200 from b"; of more than four
// regions it tells the least, the greatest and the mean.
func ratesOf(r *result.Result) string {
	load := &r.Experiment.Load
	what := " writes/s"
	if !onlyWrites(r) {
		what = " commands/s"
	}
	text := func(rate float64) string { return strconv.FormatFloat(rate, 'g', 4, 64) }
	var each []string
	greatest := load.Rate
	for i, region := range r.Experiment.Clients {
		rate, unit := load.Rates[region], ""
		if i == 0 {
			unit = what
		}
		each, greatest = append(each, text(float64(rate))+unit+" from "+region), max(greatest, rate)
	}
	if len(each) > 4 {
		return fmt.Sprintf("%s to %s%s from a region (mean %s)", text(float64(load.LeastRate())), text(float64(greatest)), what, text(float64(load.Rate)))
	}
	return list(each)
}
