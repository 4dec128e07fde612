package reports

import (
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot/vg"

	"quorumbench/bench/result"
)

// timeAxis gives every time at which something is drawn its place. It keeps the order of times,
// and nearly their distances: times too close to be told apart are set apart, notes are given
// their room, and long waits are shortened.
type timeAxis struct {
	times  []time.Duration
	places []vg.Length // from the top, downwards
	waits  []int       // before which times a wait was shortened, or left out
	height vg.Length
}

const (
	leastApart     = vg.Length(6)
	mostApart      = 1.7 // of how much the shortest flight of a message falls
	betweenWindows = vg.Length(30)
)

func newTimeAxis(d *spaceTime, parts []result.Window) timeAxis {
	a := timeAxis{times: d.times()}
	scale := d.scale()
	room := make([]vg.Length, d.run.Replicas) // where the last note of each replica ends
	y := noteLine
	for i, at := range a.times {
		if i > 0 {
			apart := vg.Length(at-a.times[i-1]) * scale
			if newPart := partOf(at, parts) != partOf(a.times[i-1], parts); newPart || apart > 2*mostApart*d.fall {
				a.waits = append(a.waits, i)
				apart = betweenWindows
			}
			y += min(max(apart, leastApart), mostApart*d.fall)
		}
		for _, n := range d.notes {
			if n.at == at {
				y = max(y, room[n.replica]+noteLine/2)
			}
		}
		for _, n := range d.notes {
			if n.at == at {
				room[n.replica] = y + vg.Length(len(n.lines))*noteLine - noteLine/2 + 2
			}
		}
		a.places = append(a.places, y)
	}
	a.height = max(y, slices.Max(room)) + noteLine
	return a
}

// times are those at which something is drawn, in order; the beginning if nothing is.
func (d *spaceTime) times() []time.Duration {
	times := []time.Duration{}
	for _, a := range d.arrows {
		if a.cut != arriving {
			times = append(times, a.sent)
		}
		if a.cut != leaving {
			times = append(times, a.arrived)
		}
	}
	for _, n := range d.notes {
		times = append(times, n.at)
	}
	for _, s := range d.strips {
		times = append(times, s.at)
	}
	if len(times) == 0 {
		return []time.Duration{0}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// scale is how far a nanosecond falls.
func (d *spaceTime) scale() vg.Length {
	var shortest time.Duration
	for _, a := range d.arrows {
		if took := a.arrived - a.sent; a.cut == whole && (shortest == 0 || took < shortest) {
			shortest = took
		}
	}
	return d.fall / vg.Length(max(shortest, time.Microsecond))
}

func partOf(at time.Duration, parts []result.Window) int {
	return slices.IndexFunc(parts, func(p result.Window) bool { return p.From <= at && at <= p.To })
}

// place is how far below the top a time is; it must be one of the axis.
func (a *timeAxis) place(at time.Duration) vg.Length {
	i, _ := slices.BinarySearch(a.times, at)
	return a.places[i]
}

// timeLabel is a time in ms, to a tenth.
func timeLabel(at time.Duration) string {
	return strconv.FormatFloat(float64(at.Round(100*time.Microsecond))/float64(time.Millisecond), 'f', -1, 64)
}
