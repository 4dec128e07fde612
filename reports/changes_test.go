package reports

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// mark is a mark at some seconds.
func mark(at float64, of result.MembershipMark) result.FaultMark {
	return result.FaultMark{At: time.Duration(at * float64(time.Second)), Text: "something", Membership: of}
}

func TestChangesAreFoundAmongTheMarks(t *testing.T) {
	const ask, learn, step, goal = result.ChangeAsked, result.LearnersAsked, result.StepCommitted, result.GoalCommitted
	for _, c := range []struct {
		name  string
		marks []result.FaultMark
		want  string // number, steps, begin, asked, done, end
	}{
		{"none", []result.FaultMark{mark(1, ""), mark(2, learn), mark(2.1, goal)}, ""},
		{"one", []result.FaultMark{mark(1, ""), mark(2, learn), mark(2.1, goal), mark(3, ask), mark(3.1, step), mark(3.2, step), mark(3.3, goal), mark(5, "")},
			"3: 3 steps, 2.1 3 3.3 5"},
		{"up to the end", []result.FaultMark{mark(3, ask), mark(3.3, goal)}, "1: 1 steps, 0 3 3.3 10"},
		{"turned back", []result.FaultMark{mark(3, ask), mark(3.1, step), mark(3.2, ask), mark(3.3, step), mark(3.4, goal)},
			"1: 1 steps, 0 3 3.2 3.2 unfinished; 2: 2 steps, 3.1 3.2 3.4 10"},
		{"a fault on the way", []result.FaultMark{mark(3, ask), mark(3.1, step), mark(4, ""), mark(7, goal), mark(8, learn), mark(8.1, goal)},
			"1: 2 steps, 0 3 7 8"},
		{"never done", []result.FaultMark{mark(3, ask)}, "1: 0 steps, 0 3 10 10 unfinished"},
	} {
		var got []string
		for _, one := range changesOf(c.marks, 10*time.Second) {
			text := fmt.Sprintf("%d: %d steps, %g %g %g %g", one.number, one.steps, one.begin.Seconds(), one.asked.Seconds(), one.done.Seconds(), one.end.Seconds())
			if one.unfinished {
				text += " unfinished"
			}
			got = append(got, text)
		}
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("%s: found %q, want %q", c.name, all, c.want)
		}
	}
}

// changed is a result in which one protocol changes its voters, from 4.2 s to 4.8 s.
func changed() *result.Result {
	w := threeRegions()
	w.protocols = w.protocols[:1]
	r := w.result()
	r.Experiment.Faults = []experiment.Fault{{At: 4200 * time.Millisecond, ChangeMembership: "majority(us-east-1,eu-west-1)"}}
	r.Runs[0].Faults = []result.FaultMark{mark(4.2, result.ChangeAsked), mark(4.5, result.StepCommitted), mark(4.8, result.GoalCommitted)}
	return r
}

// Every write counts once: before, during or after the change. During it are those of all intervals that the change touches.
func TestPhasesOfAChangeHaveAllWrites(t *testing.T) {
	r := changed()
	v := viewOf(r)
	changes := v.changes()
	if len(changes) != 1 {
		t.Fatalf("found %d changes, want one", len(changes))
	}
	intervals := r.Runs[0].Regions[0].Of(result.Writes).Intervals
	all := int64(0)
	for _, one := range intervals {
		all += one.Response.TotalCount()
	}
	phases := changes[0].phases(intervals)
	got := int64(0)
	for _, p := range phases {
		if p.response == nil {
			t.Fatalf("%s has no writes", p.name)
		}
		got += p.response.TotalCount()
	}
	if got != all {
		t.Errorf("the phases have %d writes, want all %d", got, all)
	}
	if d := phases[1]; d.from > changes[0].asked || d.to <= changes[0].done || phases[0].to != d.from || phases[2].from != d.to {
		t.Errorf("during the change is from %v to %v, which the others do not adjoin, or which does not have all of it", d.from, d.to)
	}
}

func TestTheFigureOfChangesNamesWhatHappened(t *testing.T) {
	files := figuresOf(changed())
	i := slices.IndexFunc(files, func(f file) bool { return f.name == "membership" })
	if i < 0 {
		t.Fatal("there is no figure")
	}
	_, d := files[i].drawing(&FigureOptions{})
	texts := fmt.Sprint(textsOf(d))
	for _, want := range []string{"before [1]", "during [1]", "after [1]", "2 memberships committed in 600", " ms, at most "} {
		if !strings.Contains(texts, want) {
			t.Errorf("%q is not in the figure: %s", want, texts)
		}
	}
	if strings.Contains(texts, "RT") {
		t.Error("round trips to a quorum are marked, though the quorums change")
	}
	far := bar{name: "during [1]", p50: 20 * time.Millisecond, p99: time.Minute, sure50: result.Solid, sure99: result.Solid}
	near := bar{name: "after [1]", p50: 20 * time.Millisecond, p99: 21 * time.Millisecond, sure50: result.Solid, sure99: result.Solid}
	tail := textsOf(barFigure("", nil, "response time", []barPanel{{region: "r", bars: []bar{far, near}}}).drawing(&FigureOptions{}))
	if !strings.Contains(fmt.Sprint(tail), ms(time.Minute)) {
		t.Errorf("one operation took much longer than all others, and the figure has %v", tail)
	}
	unchanged := changed()
	unchanged.Runs[0].Faults = nil
	if slices.ContainsFunc(figuresOf(unchanged), func(f file) bool { return f.name == "membership" }) {
		t.Error("there is a figure of changes, and nothing changed")
	}
}
