package bench

import (
	"fmt"
	"math"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// search looks for the highest rate at which a protocol keeps the load's objective, and adds what it has found, and the runs
// that it took, to the result. From load.rate on it doubles the rate while the objective is kept, or halves it until it is,
// and then halves the stretch between, as ratios, until the two rates are no further apart than load.precision.
func (x *execution) search(protocol experiment.Protocol, repeat int) error {
	load := &x.plan.Experiment.Load
	knee := result.Knee{Protocol: protocol.Label, Repeat: repeat}
	try := func(rate experiment.Rate) error {
		x.number = len(x.found.Runs)
		run, err := x.one(x.plan.WithRate(rate, samplesFor(load)), protocol, repeat)
		if err != nil {
			return err
		}
		if why := missed(run, load); why != "" {
			knee.Missed, knee.Why = rate, why
		} else {
			knee.Kept, knee.Achieved = rate, achieved(run)
		}
		return nil
	}
	rate := load.Rate
	for {
		if err := try(rate); err != nil {
			return err
		}
		next := nextRate(knee, rate, float64(load.Precision))
		if next == 0 {
			x.found.Knees = append(x.found.Knees, knee)
			return nil
		}
		rate = next
	}
}

// The rates between which a search stays, in commands a second from each region.
const (
	lowestRate  experiment.Rate = 1
	highestRate                 = experiment.MaxRate
)

// nextRate is the rate that a search tries next, 0 if it is over.
func nextRate(knee result.Knee, last experiment.Rate, precision float64) experiment.Rate {
	switch {
	case knee.Missed == 0 && last < highestRate:
		return min(2*last, highestRate)
	case knee.Kept == 0 && last > lowestRate:
		return max(rounded(last/2), lowestRate)
	case knee.Missed == 0 || knee.Kept == 0:
		return 0
	}
	middle := rounded(experiment.Rate(math.Sqrt(float64(knee.Kept) * float64(knee.Missed))))
	if float64(knee.Missed) <= float64(knee.Kept)*(1+precision) || middle <= knee.Kept || middle >= knee.Missed {
		return 0
	}
	return middle
}

// rounded is a rate of three digits.
func rounded(rate experiment.Rate) experiment.Rate {
	digit := math.Pow10(int(math.Floor(math.Log10(float64(rate)))) - 2)
	return experiment.Rate(math.Round(float64(rate)/digit) * digit)
}

// samplesFor is how many commands of a region it takes to show the percentiles of the objective; somewhat more, since
// arrivals are random.
func samplesFor(load *experiment.Load) int64 {
	percentile := 50.0
	if load.SLO.P99 > 0 {
		percentile = 99
	}
	return result.SamplesNeeded(percentile) * 5 / 4
}

// missed says why a run has not kept the objective; empty if it has.
func missed(run *result.Run, load *experiment.Load) string {
	if run.Saturated {
		return "saturated, the limit being " + run.Limit
	}
	if len(run.Invalid) > 0 {
		return run.Invalid[0]
	}
	for i := range run.Regions {
		region := &run.Regions[i]
		for _, of := range region.Series() {
			for _, c := range []struct {
				percentile float64
				limit      time.Duration
			}{{50, load.SLO.P50}, {99, load.SLO.P99}} {
				found := of.Response.At(c.percentile)
				switch {
				case c.limit == 0 || of.Offered == 0 || found-of.Bound(c.percentile) <= c.limit && found <= c.limit:
				case found-of.Bound(c.percentile) <= c.limit:
					return fmt.Sprintf("the machine was busy: p%g from %s is %v, of which up to %v may be the instrument's", c.percentile, region.Region, rough(found), rough(of.Bound(c.percentile)))
				default:
					return fmt.Sprintf("p%g of %ss from %s is %v", c.percentile, of.Name, region.Region, rough(found))
				}
			}
		}
	}
	return ""
}

func rough(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// achieved is how many operations of all regions were answered a second.
func achieved(run *result.Run) (perSecond float64) {
	for i := range run.Regions {
		for _, of := range run.Regions[i].Series() {
			if of.Kind != result.ReadModifyWrites { // their reads and writes are counted
				perSecond += of.Throughput(run.Measured)
			}
		}
	}
	return perSecond
}

// enterPoint makes a rate that was tried a point of the result, which is a sweep over the rates in their order.
func enterPoint(r *result.Result, point string) {
	e := &r.Experiment
	if e.Sweep == nil {
		e.Sweep = &experiment.Sweep{Path: "load.rate"}
	}
	if slices.Contains(e.Sweep.Values, point) {
		return
	}
	e.Sweep.Values = append(e.Sweep.Values, point)
	slices.SortFunc(e.Sweep.Values, func(a, b string) int {
		var ra, rb experiment.Rate
		_, _ = ra.UnmarshalText([]byte(a)), rb.UnmarshalText([]byte(b)) // they are texts of rates
		switch {
		case ra < rb:
			return -1
		case ra > rb:
			return 1
		}
		return 0
	})
}
