package reports

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// written is a line of text on a page, with the box that its letters take, in points of the page as it is laid out.
type written struct {
	text                     string
	size                     vg.Length
	left, right, bottom, top vg.Length
}

// textsOf draws a figure for nobody and returns all lines of text that are written on it.
func textsOf(d *drawing) []written {
	var record recorder.Canvas
	d.draw(draw.New(sized{&record, d.width, d.height}))
	type matrix struct{ a, b, c, d, x, y float64 }
	now := matrix{a: 1, d: 1}
	var stack []matrix
	var all []written
	for _, action := range record.Actions {
		switch action := action.(type) {
		case *recorder.Push:
			stack = append(stack, now)
		case *recorder.Pop:
			now, stack = stack[len(stack)-1], stack[:len(stack)-1]
		case *recorder.Translate:
			x, y := float64(action.Point.X), float64(action.Point.Y)
			now.x, now.y = now.x+now.a*x+now.c*y, now.y+now.b*x+now.d*y
		case *recorder.Rotate:
			sin, cos := math.Sincos(action.Angle)
			now.a, now.b, now.c, now.d = now.a*cos+now.c*sin, now.b*cos+now.d*sin, now.c*cos-now.a*sin, now.d*cos-now.b*sin
		case *recorder.FillString:
			if strings.TrimSpace(action.String) == "" {
				continue
			}
			style := text.Style{Font: action.Font, Handler: labelText.Handler}
			style.Font.Size = action.Size
			one := written{text: action.String, size: action.Size, left: math.MaxFloat64, bottom: math.MaxFloat64, right: -math.MaxFloat64, top: -math.MaxFloat64}
			w := style.Width(action.String)
			for _, corner := range []vg.Point{{X: 0, Y: -0.2 * action.Size}, {X: w, Y: -0.2 * action.Size}, {X: 0, Y: 0.72 * action.Size}, {X: w, Y: 0.72 * action.Size}} {
				px, py := float64(action.Point.X+corner.X), float64(action.Point.Y+corner.Y)
				x, y := vg.Length(now.a*px+now.c*py+now.x), vg.Length(now.b*px+now.d*py+now.y)
				one.left, one.right, one.bottom, one.top = min(one.left, x), max(one.right, x), min(one.bottom, y), max(one.top, y)
			}
			all = append(all, one)
		}
	}
	return all
}

// overlaps reports whether two lines of text cover each other by more than a hair.
func (w written) overlaps(other written) bool {
	const hair = 0.6
	return w.left < other.right-hair && other.left < w.right-hair && w.bottom < other.top-hair && other.bottom < w.top-hair
}

// manyRegions is a result with so many regions, of names as clouds have them.
func manyRegions(n, protocols int) *result.Result {
	w := world{writes: 1000, tail: 0.02}
	for i := range n {
		w.regions = append(w.regions, fmt.Sprintf("%s-%d", []string{"us-east", "northamerica-northeast", "ap-southeast", "sa-east", "me-central"}[i%5], i))
		w.quorums = append(w.quorums, time.Duration(20+5*i)*time.Millisecond)
	}
	for i := range protocols {
		p := invented{label: []string{"paxos", "multipaxos@us-east-0", "raft@northamerica-northeast-1", "etcdraft", "mmp3-batch=10ms"}[i%5]}
		if i >= 5 {
			p.label += fmt.Sprint(i)
		}
		for range n {
			p.trips = append(p.trips, 1+float64(i)/2)
		}
		w.protocols = append(w.protocols, p)
	}
	r := withBreakdowns(w.result())
	for i := range r.Runs {
		for j := range r.Runs[i].Regions { // fewer are quicker, and look alike
			one := &r.Runs[i].Regions[j]
			one.Intervals = one.Intervals[:3]
		}
	}
	return r
}

// longSweep has as many points as may stand beside each other, with long names.
func longSweep() *result.Result {
	w := threeRegions()
	whole := w.result()
	whole.Experiment.Sweep = &experiment.Sweep{Path: "load.value_size"}
	runs := whole.Runs
	whole.Runs = nil
	for i := range 14 {
		value := fmt.Sprintf("%dKiB", 16<<i)
		whole.Experiment.Sweep.Values = append(whole.Experiment.Sweep.Values, value)
		for _, run := range runs {
			run.Point = value
			whole.Runs = append(whole.Runs, run)
		}
	}
	return whole
}

func alive(r *result.Result) *result.Result {
	r.Experiment.World = "live"
	for i := range r.Runs {
		r.Runs[i].Network.Lateness = result.Summary{Count: 1, P50: 17 * time.Microsecond, P99: 1700 * time.Microsecond}
		for j := range r.Runs[i].Regions {
			one := &r.Runs[i].Regions[j]
			one.Late = result.Percentiles{P50: one.Response.P50 / 200, P90: one.Response.P50 / 150, P99: one.Response.P50 / 50}
		}
	}
	return r
}

func faulty(r *result.Result) *result.Result {
	for i := range 9 {
		r.Experiment.Faults = append(r.Experiment.Faults, experiment.Fault{At: time.Duration(i) * 400 * time.Millisecond, For: time.Second, Crash: r.Experiment.Clients[0]})
	}
	return r
}

// On every figure, at both widths, letters are large enough for a column of a paper, no line of text covers another or leaves
// the page, and a figure is no higher than a page.
func TestTextCanBeRead(t *testing.T) {
	const most = 9.7 * vg.Inch // a page of A4 less its margins
	for name, r := range map[string]*result.Result{
		"three regions":    withReads(withBreakdowns(threeRegions().result())),
		"live":             alive(withBreakdowns(threeRegions().result())),
		"six regions":      faulty(manyRegions(6, 5)),
		"64 regions":       alive(faulty(manyRegions(64, 2))),
		"many protocols":   manyRegions(3, 10),
		"alone":            alone().result(),
		"sweep":            swept(),
		"sweep, 14 points": longSweep(),
		"components":       dependent(),
		"throughput":       overloaded(),
		"interrupted":      interrupted(),
		"not run":          notRun(),
		"crashes":          crashedOften(),
	} {
		for _, width := range []FigureWidth{PageWide, ColumnWide} {
			for _, file := range figuresOf(r) {
				if file.empty() != "" {
					continue
				}
				_, d := file.drawing(&FigureOptions{Width: width})
				at := fmt.Sprintf("%s, %s, %s wide", name, file.name, width)
				if height := d.height * vg.Length(d.scale); height > most+0.1 {
					t.Errorf("%s: it is %.1f inches high, want at most %.1f", at, height/vg.Inch, most/vg.Inch)
				}
				all := textsOf(d)
				if len(all) < 5 {
					t.Errorf("%s: there are %d lines of text", at, len(all))
				}
				mistakes := 0
				for i, one := range all {
					if size := float64(one.size) * d.scale * float64(columnWidth/(d.width*vg.Length(d.scale))); width == ColumnWide && size < 5.99 {
						t.Errorf("%s: %q is %.1f points high at the width of a column, want 6", at, one.text, size)
					}
					if one.left < 0 || one.bottom < -1 || one.right > d.width || one.top > d.height {
						mistakes++
						t.Errorf("%s: %q leaves the page: %.0f to %.0f of %.0f, %.0f to %.0f of %.0f", at, one.text, one.left, one.right, d.width, one.bottom, one.top, d.height)
					}
					for _, other := range all[:i] {
						if one.overlaps(other) {
							mistakes++
							t.Errorf("%s: %q covers %q at %.0f, %.0f", at, one.text, other.text, one.left, one.bottom)
						}
					}
					if mistakes > 3 {
						break
					}
				}
			}
		}
	}
}

// A figure of some regions shows of them what that of all shows.
func TestSomeRegionsAreShownAsAmongAll(t *testing.T) {
	for _, r := range []*result.Result{withBreakdowns(threeRegions().result()), swept()} {
		for _, f := range figuresOf(r) {
			if f.of == nil || f.name == "heat" { // its grid depends on what is shown
				continue
			}
			all := map[string]bool{}
			for _, row := range f.figure(nil).data.rows {
				all[fmt.Sprint(row)] = true
			}
			some := f.figure([]int{2}).data.rows
			if len(some) == 0 || len(some) >= len(all) {
				t.Errorf("%s: one of three regions has %d rows of %d", f.name, len(some), len(all))
			}
			for _, row := range some {
				if !all[fmt.Sprint(row)] {
					t.Errorf("%s: of one region it has the row %q, which is not among those of all", f.name, row)
					break
				}
			}
		}
	}
}
