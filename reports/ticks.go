package reports

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// nines is where a percentile, 0 to below 100, stands on an axis on which each further nine takes
// the same room: 0 % at 0, 90 % at 1, 99 % at 2, 99.9 % at 3.
func nines(percentile float64) float64 { return -math.Log10(1 - percentile/100) }

// percentileAt is the inverse of nines.
func percentileAt(x float64) float64 { return 100 * (1 - math.Pow(10, -x)) }

// ninesTicks labels an axis of nines at 0, 50, 90, 99, 99.9 …
type ninesTicks struct{}

// Ticks implements plot.Ticker.
func (ninesTicks) Ticks(low, high float64) []plot.Tick {
	const slack = 1e-9 // 1 - 99/100 is not quite 1/100
	var ticks []plot.Tick
	add := func(percentile float64, label string) {
		if x := nines(percentile); x >= low-slack && x <= high+slack {
			ticks = append(ticks, plot.Tick{Value: x, Label: label})
		}
	}
	add(0, "0")
	add(50, "50")
	for digits := 0; digits <= int(high+slack)-1; digits++ {
		p := percentileAt(float64(digits + 1))
		add(p, strconv.FormatFloat(p, 'f', max(0, digits-1), 64))
	}
	return ticks
}

// roundTicks labels a linear axis at multiples of 1, 2, 2.5 or 5 times a power of ten.
type roundTicks struct {
	most       int  // labels
	unlabelled bool // grid lines only
}

// Ticks implements plot.Ticker.
func (t roundTicks) Ticks(low, high float64) []plot.Tick {
	step := roundStep((high - low) / float64(t.most))
	digits := 0
	for digits < 9 && math.Abs(step*math.Pow10(digits)-math.Round(step*math.Pow10(digits))) > 1e-9 {
		digits++
	}
	var ticks []plot.Tick
	for i := math.Ceil(low / step); i*step <= high; i++ {
		label := strconv.FormatFloat(i*step, 'f', digits, 64)
		if t.unlabelled {
			label = " " // without any it would be a minor tick, which has no grid line
		}
		ticks = append(ticks, plot.Tick{Value: i * step, Label: label})
	}
	return ticks
}

// roundStep is the least round number that is not below least, which must be above zero.
func roundStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 2.5, 5} {
		if factor*power >= least*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// differenceScale is a scale for differences from zero on: about linear up to its unit, and logarithmic further away, in both
// directions. So it shows small differences beside large ones. It implements plot.Normalizer.
type differenceScale struct{ unit float64 }

// Normalize implements plot.Normalizer.
func (d differenceScale) Normalize(low, high, x float64) float64 {
	from, to := math.Asinh(low/d.unit), math.Asinh(high/d.unit)
	return (math.Asinh(x/d.unit) - from) / (to - from)
}

// differenceTicks labels such a scale at zero and at powers of ten, and at two and five times these unless there are many.
type differenceTicks struct{ unit float64 }

// Ticks implements plot.Ticker.
func (d differenceTicks) Ticks(low, high float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 0, Label: "0"}}
	factors := []float64{1, 2, 5}
	if high > 30*d.unit || low < -30*d.unit {
		factors = factors[:1]
	}
	for power := d.unit; power <= max(high, -low); power *= 10 {
		for _, factor := range factors {
			for _, value := range []float64{factor * power, -factor * power} {
				if value >= low && value <= high {
					ticks = append(ticks, plot.Tick{Value: value, Label: strings.Replace(strconv.FormatFloat(value, 'g', 6, 64), "-", "−", 1)})
				}
			}
		}
	}
	return ticks
}

// setDifferences gives an axis of differences in milliseconds a scale from least, which is at most zero, to most: linear, or
// that of differences if the greatest are many times as large as can be told from zero.
func setDifferences(axis *plot.Axis, least, most float64) {
	const unit, linearTo = 0.1, 1
	if least == 0 && most <= linearTo {
		setScale(axis, most, 7)
		return
	}
	axis.Scale, axis.Tick.Marker = differenceScale{unit}, differenceTicks{unit}
	axis.Min, axis.Max = least*1.3, max(unit, most*1.3)
}
