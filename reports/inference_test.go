package reports

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// shapes of the noise of a run, about zero.
var shapes = []struct {
	name string
	draw func(*rand.Rand) float64
}{
	{"normal", func(r *rand.Rand) float64 { return r.NormFloat64() }},
	{"skewed", func(r *rand.Rand) float64 { return r.ExpFloat64() }},
	{"with outliers", func(r *rand.Rand) float64 {
		if r.IntN(10) == 0 {
			return 20 * r.NormFloat64()
		}
		return r.NormFloat64()
	}},
}

// Two runs of a pair have the same distribution, so the difference of their noises is symmetric, whatever its shape.
func TestIntervalsCoverTheTruthAtTheirLevel(t *testing.T) {
	const tables, truth = 1000, 0.7
	for _, shape := range shapes {
		for _, n := range []int{6, 10} {
			random := rand.New(rand.NewPCG(13, uint64(n)))
			paired, two, bare := 0, 0, 0
			for range tables {
				logs, first, second := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range logs {
					first[i], second[i] = shape.draw(random), truth+shape.draw(random)
					logs[i] = second[i] - first[i]
				}
				if e := centreOf(logs, 1); e.hasInterval && e.low <= truth && truth <= e.high {
					paired++
				}
				if e, _ := unpaired(first, second, 0); e.hasInterval && e.low <= truth && truth <= e.high {
					two++
				}
				if e := medianOf(numbered(logs)); e.hasInterval && e.low <= truth && truth <= e.high {
					bare++
				}
			}
			// Three standard errors of a share of 1000 are 2.1 %.
			for name, covered := range map[string]int{"paired": paired, "unpaired": two, "median": bare} {
				if share := float64(covered) / tables; share < 0.929 {
					t.Errorf("%s noise, %d runs: the %s interval covers the truth in %.1f %%, want 95 %% or more", shape.name, n, name, 100*share)
				}
			}
		}
	}
}

func numbered(values []float64) []repeated {
	runs := make([]repeated, len(values))
	for i, v := range values {
		runs[i] = repeated{i, v}
	}
	return runs
}

func TestTablesOfTheSameShowADifferenceInAtMostFivePercent(t *testing.T) {
	const tables, cells = 1000, 6
	for _, shape := range shapes {
		random := rand.New(rand.NewPCG(17, 0))
		paired, two := 0, 0
		for range tables {
			const n = 10
			p, q := make([]float64, cells), make([]float64, cells)
			for cell := range cells {
				logs, first, second := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range logs {
					first[i], second[i] = shape.draw(random), shape.draw(random)
					logs[i] = second[i] - first[i]
				}
				p[cell] = signFlipP(logs, 1)
				_, q[cell] = unpaired(first, second, 0)
			}
			if slices.Contains(holm(p), true) {
				paired++
			}
			if slices.Contains(holm(q), true) {
				two++
			}
		}
		for name, wrong := range map[string]int{"paired": paired, "unpaired": two} {
			// Three standard errors of 5 % of 1000 tables are 2.1 %.
			if share := float64(wrong) / tables; share > 0.071 || wrong == 0 {
				t.Errorf("%s noise: %s tables of the same show a difference in %.1f %%, want 5 %% or less, but some", shape.name, name, 100*share)
			}
		}
	}
}

func TestDifferencesAreFound(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 0))
	p := make([]float64, 6)
	for cell := range p {
		logs := make([]float64, 10)
		for i := range logs {
			logs[i] = 0.05 + 0.02*random.NormFloat64()
		}
		p[cell] = signFlipP(logs, 1)
	}
	if got := holm(p); slices.Contains(got, false) {
		t.Errorf("5 %% with a noise of 2 %% in ten runs: got %v of p = %v, want all", got, p)
	}
}

func TestFewPairsCannotShowADifference(t *testing.T) {
	for _, c := range []struct{ cells, pairs, runs int }{{1, 6, 3}, {2, 7, 4}, {6, 8, 5}, {12, 9, 5}, {25, 10, 6}, {26, 11, 6}} {
		if got := pairsNeeded(c.cells); got != c.pairs {
			t.Errorf("%d cells: %d pairs needed, want %d", c.cells, got, c.pairs)
		}
		if got := runsNeeded(c.cells); got != c.runs {
			t.Errorf("%d cells: %d runs needed, want %d", c.cells, got, c.runs)
		}
	}
	if got := signFlipP([]float64{1, 2, 3, 4, 5, 6}, 1); got != 2./64 {
		t.Errorf("six pairs of one sign: p = %v, want 2/64", got)
	}
	if got := signFlipP(make([]float64, 20), 1); got != 1 {
		t.Errorf("no difference at all: p = %v, want 1", got)
	}
}

func TestHolmStopsAtTheFirstThatIsNotRejected(t *testing.T) {
	if got, want := holm([]float64{0.04, 0.01, 0.03}), []bool{false, true, false}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := holm([]float64{0.02, 0.01, 0.04}), []bool{true, true, true}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The probabilities are those of Hollander, Wolfe and Chicken's table for two samples of three.
func TestRankSumsAreThoseOfTheTable(t *testing.T) {
	want := []float64{1, 1, 2, 3, 3, 3, 3, 2, 1, 1}
	for u, got := range rankSums(3, 3) {
		if math.Abs(got-want[u]/20) > 1e-12 {
			t.Errorf("%d pairs: got %v, want %v/20", u, got, want[u])
		}
	}
	sum := 0.0
	for _, p := range rankSums(7, 10) {
		sum += p
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("probabilities of 7 and 10 add up to %v", sum)
	}
}
