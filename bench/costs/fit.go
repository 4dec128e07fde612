package costs

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// Point is what a live run did.
type Point struct {
	Name     string      `json:"name"`     // of the run
	Protocol string      `json:"protocol"` // its label
	Busy     float64     `json:"busy"`     // the share of the machine's processors that this process and others used, from 0 to 1
	Work     result.Work `json:"work"`
}

// Points are what the runs of a live result did. Runs of which that is not known are left out.
func Points(r *result.Result) []Point {
	var points []Point
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Work == nil || run.Usage == nil || run.Partial || len(run.Crashes) > 0 {
			continue
		}
		name := run.Protocol
		if run.Point != "" {
			name += fmt.Sprintf(", %s %s", r.Experiment.Sweep.Path, run.Point)
		}
		points = append(points, Point{Name: name, Protocol: run.Protocol, Busy: run.Usage.Own + run.Usage.Others, Work: *run.Work})
	}
	return points
}

// Term is one of the things that have a cost.
type Term struct {
	Key   string  `json:"key"`             // below simulation
	Of    string  `json:"of"`              // what is counted: batch
	Cost  float64 `json:"cost_ns"`         // nanoseconds for each
	Error float64 `json:"error_ns"`        // its standard error, nanoseconds; 0 without a cost
	Share float64 `json:"share"`           // which part of the processor time of all runs it explains, from 0 to 1
	Doubt string  `json:"doubt,omitempty"` // why the cost must not be trusted, or is not known; empty if it is
}

// Explained is a run, and what the fit says it takes.
type Explained struct {
	Point
	Measured float64 `json:"measured_ns"` // processor time of a command
	Fitted   float64 `json:"fitted_ns"`   // the same by the fit
}

// Off is by which part the fit is off.
func (e *Explained) Off() float64 { return e.Fitted/e.Measured - 1 }

// Fit is what was computed from a number of runs.
type Fit struct {
	Terms  []Term      `json:"terms"` // in the order of the keys below simulation
	Points []Explained `json:"points"`
	Idle   []Point     `json:"idle,omitempty"` // runs that are left out, since processors had nothing to do
	// Typical is the root mean square of the errors relative to what was measured, Worst the greatest.
	Typical float64 `json:"typical"`
	Worst   float64 `json:"worst"`
	// Apart are protocols of which all runs take more, or all less, than the fit says.
	Apart []Apart `json:"apart,omitempty"`
	// Persist is the mean time that a write to a disk took, 0 if there was none.
	Persist time.Duration `json:"persist_ns,omitempty"`
}

// Apart is a protocol whose own work costs more or less than that of the others, which no count shows.
type Apart struct {
	Protocol string  `json:"protocol"`
	Times    float64 `json:"times"` // what its runs took, divided by what the fit says, together
}

// terms are what is counted, and how to read it from a run.
var terms = []struct {
	key, of string
	count   func(w *result.Work) int64
}{
	{"command_cost", "command", func(w *result.Work) int64 { return w.Commands }},
	{"batch_cost", "batch", func(w *result.Work) int64 { return w.Batches }},
	{"message_cost", "message", func(w *result.Work) int64 { return w.Messages }},
	{"byte_cost", "byte", func(w *result.Work) int64 { return w.Bytes }},
	{"sync_cost", "sync", func(w *result.Work) int64 { return w.Syncs }},
}

const (
	// leastBusy is the least share of the processors that must have been in use. A processor with nothing to do sleeps, and
	// waking it up for a message takes more time than the message.
	leastBusy = 0.6
	// spare is by how many the runs must outnumber the costs, so that something is left that tells how good the fit is.
	spare = 3
	// mostAlike bounds the condition number of the counts, each scaled to length one. Above it they rise and fall together
	// in all runs, so that errors of measurement decide which of them has the cost.
	mostAlike = 100
)

// Of fits costs to runs. It returns an error if the runs are too few or too much alike to tell the costs apart; the fit is
// then nil.
func Of(points []Point) (*Fit, error) {
	fit := &Fit{}
	var syncing time.Duration
	var syncs int64
	for _, p := range points {
		syncing, syncs = syncing+p.Work.Syncing, syncs+p.Work.Syncs
		switch {
		case p.Work.Commands == 0 || p.Work.Processors <= 0:
		case p.Busy < leastBusy:
			fit.Idle = append(fit.Idle, p)
		default:
			fit.Points = append(fit.Points, Explained{Point: p, Measured: float64(p.Work.Processors) / float64(p.Work.Commands)})
		}
	}
	if syncs > 0 {
		fit.Persist = syncing / time.Duration(syncs)
	}
	var counted []int // indexes of the terms of which there is any
	for i, t := range terms {
		term := Term{Key: t.key, Of: t.of, Doubt: "no run had any"}
		if slices.ContainsFunc(fit.Points, func(p Explained) bool { return t.count(&p.Work) > 0 }) {
			counted, term.Doubt = append(counted, i), ""
		}
		fit.Terms = append(fit.Terms, term)
	}
	if n := len(fit.Points); n < len(counted)+spare || n == 0 {
		return nil, errors.New(tooFew(n, len(fit.Idle), len(counted)))
	}
	if err := fit.solve(counted); err != nil {
		return nil, err
	}
	fit.judge()
	return fit, nil
}

func tooFew(n, idle, counted int) string {
	said := fmt.Sprintf("found %d runs of which the work is known, too few to tell %d costs apart; accepted: %d or more live runs of different protocols, value sizes and numbers of clients",
		n, counted, max(1, counted)+spare)
	if idle > 0 {
		said += fmt.Sprintf("; %d more are left out, since less than %.0f %% of the processors were in use", idle, 100*leastBusy)
	}
	return said
}

// solve finds the costs of the counted terms, none below zero, that make the sum of squares of the relative errors least.
// Which of them are zero is found by trying: there are no more than 2^5 sets of terms.
func (f *Fit) solve(counted []int) error {
	if alike := mat.Cond(f.matrix(counted), 2); alike > mostAlike {
		return fmt.Errorf("the %d runs are too much alike to tell %s apart: their counts rise and fall together (condition number %.0f, accepted: up to %d); accepted: runs of different protocols, value sizes and numbers of clients",
			len(f.Points), f.names(counted), alike, mostAlike)
	}
	var best *solution
	for set := 1; set < 1<<len(counted); set++ {
		var some []int
		for i, term := range counted {
			if set&(1<<i) != 0 {
				some = append(some, term)
			}
		}
		if s, ok := f.leastSquares(some); ok && (best == nil || s.squares < best.squares) {
			best = s
		}
	}
	if best == nil {
		return errors.New("no costs of zero or more explain the processor time of these runs")
	}
	for i, term := range best.terms {
		f.Terms[term].Cost, f.Terms[term].Error = best.costs[i], best.errors[i]
	}
	for _, term := range counted {
		if !slices.Contains(best.terms, term) {
			f.Terms[term].Doubt = "not told apart from zero: the fit would be negative"
		}
	}
	return nil
}

func (f *Fit) names(of []int) string {
	var names []string
	for _, i := range of {
		names = append(names, f.Terms[i].Key)
	}
	return strings.Join(names, ", ")
}

// share is how often a term was counted in a run, for each nanosecond of processor time.
func (p *Explained) share(term int) float64 {
	return float64(terms[term].count(&p.Work)) / float64(p.Work.Processors)
}

// matrix has a row for each run and a column for each of some terms, scaled to length one.
func (f *Fit) matrix(some []int) *mat.Dense {
	m := mat.NewDense(len(f.Points), len(some), nil)
	for column, term := range some {
		scale := f.scale(term)
		for row := range f.Points {
			m.Set(row, column, f.Points[row].share(term)/scale)
		}
	}
	return m
}

// scale is the length of a term's column before it is scaled.
func (f *Fit) scale(term int) float64 {
	squares := 0.0
	for i := range f.Points {
		squares += math.Pow(f.Points[i].share(term), 2)
	}
	return math.Sqrt(squares)
}

// solution holds the costs of some terms and their standard errors, in nanoseconds, and the sum of squares of the relative
// errors of all runs.
type solution struct {
	terms         []int
	costs, errors []float64
	squares       float64
}

// leastSquares solves for the costs of some terms where all others are zero; ok is false if one of them is negative.
func (f *Fit) leastSquares(some []int) (s *solution, ok bool) {
	m, n := f.matrix(some), len(f.Points)
	ones := mat.NewVecDense(n, slices.Repeat([]float64{1}, n))
	var x, rest mat.VecDense
	if x.SolveVec(m, ones) != nil {
		return nil, false
	}
	rest.MulVec(m, &x)
	rest.SubVec(ones, &rest)
	s = &solution{terms: some, squares: mat.Dot(&rest, &rest)}
	var normal, inverse mat.Dense
	normal.Mul(m.T(), m)
	if inverse.Inverse(&normal) != nil {
		return nil, false
	}
	for i, term := range some {
		if x.AtVec(i) < 0 {
			return nil, false
		}
		scale := f.scale(term)
		s.costs = append(s.costs, x.AtVec(i)/scale)
		s.errors = append(s.errors, math.Sqrt(s.squares/float64(n-len(some))*inverse.At(i, i))/scale)
	}
	return s, true
}

// far is by which part all runs of a protocol are off at least on average, to the same side, for it to stand apart.
const far = 0.2

// setApart finds the protocols that stand apart.
func (f *Fit) setApart() {
	for i := range f.Points {
		protocol := f.Points[i].Protocol
		if slices.ContainsFunc(f.Points[:i], func(p Explained) bool { return p.Protocol == protocol }) {
			continue
		}
		measured, fitted, more, less := 0.0, 0.0, false, false
		for j := range f.Points {
			if p := &f.Points[j]; p.Protocol == protocol {
				measured, fitted = measured+p.Measured, fitted+p.Fitted
				more, less = more || p.Off() < 0, less || p.Off() > 0
			}
		}
		if more != less && math.Abs(fitted/measured-1) > far {
			f.Apart = append(f.Apart, Apart{Protocol: protocol, Times: measured / fitted})
		}
	}
}

// judge computes what the fit says of each run, and doubts costs that might as well be twice as high.
func (f *Fit) judge() {
	all := 0.0
	explained := make([]float64, len(terms))
	for i := range f.Points {
		p := &f.Points[i]
		for t := range terms {
			cost := f.Terms[t].Cost * float64(terms[t].count(&p.Work))
			explained[t] += cost
			p.Fitted += cost / float64(p.Work.Commands)
		}
		all += float64(p.Work.Processors)
		f.Typical += p.Off() * p.Off() / float64(len(f.Points))
		f.Worst = max(f.Worst, math.Abs(p.Off()))
	}
	f.Typical = math.Sqrt(f.Typical)
	f.setApart()
	for t := range f.Terms {
		term := &f.Terms[t]
		term.Share = explained[t] / all
		if term.Cost > 0 && term.Error > term.Cost/2 {
			term.Doubt = fmt.Sprintf("uncertain: the standard error is %.0f %% of it", 100*term.Error/term.Cost)
		}
	}
}

// Simulation holds the costs for a simulated run on a machine of so many processors. PersistCost, which is no processor time,
// is left for the reader to set.
func (f *Fit) Simulation(processors int) experiment.Simulation {
	rounded := func(i int) time.Duration { return time.Duration(math.Round(f.Terms[i].Cost)) }
	return experiment.Simulation{
		CommandCost: rounded(0), BatchCost: rounded(1), MessageCost: rounded(2),
		ByteCost: experiment.PerByte(math.Round(f.Terms[3].Cost * 1000)), SyncCost: rounded(4), Processors: processors,
	}
}

// YAML is the section of an experiment file with the costs. Origin, the first comment, says where they are from.
func (f *Fit) YAML(processors int, origin string) string {
	s := f.Simulation(processors)
	var b strings.Builder
	fmt.Fprintf(&b, "# Fitted by quorumbench costs to %s; errors %.0f %% (typical), %.0f %% (worst).\nsimulation:\n", origin, 100*f.Typical, 100*f.Worst)
	for i, value := range []fmt.Stringer{s.CommandCost, s.BatchCost, s.MessageCost, s.ByteCost, s.SyncCost} {
		switch t := &f.Terms[i]; {
		case t.Cost > 0 && t.Doubt == "":
			fmt.Fprintf(&b, "  %s: %v\n", t.Key, value)
		case t.Cost > 0:
			fmt.Fprintf(&b, "  %s: %v  # %s\n", t.Key, value, t.Doubt)
		default:
			fmt.Fprintf(&b, "  # %s: %s\n", t.Key, t.Doubt)
		}
	}
	if f.Persist > 0 {
		fmt.Fprintf(&b, "  # persist_cost: %v  # how long a write to the disk took; for durability: fsync\n", max(0, f.Persist-s.SyncCost).Round(time.Microsecond))
	}
	fmt.Fprintf(&b, "  processors: %d\n", processors)
	return b.String()
}
