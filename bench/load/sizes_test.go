package load

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/registry"
)

// planned reads an experiment that has the given load.
func planned(t *testing.T, load string) *experiment.Experiment {
	t.Helper()
	plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nload: "+load+"\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Experiment
}

// sizesOf are the sizes, in bytes, of a hundred thousand values that are written in the first region.
func sizesOf(t *testing.T, load string) (sizes []float64, mean float64) {
	t.Helper()
	l := &planned(t, load).Load
	g := newGenerator(l, 1, 0, 0)
	var c kv.Command
	for range 100_000 {
		g.fill(&c, nil)
		sizes = append(sizes, float64(len(c.Value)))
	}
	return sizes, float64(l.ValueSize)
}

func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*want {
		t.Errorf("%s is %.4g, want %.4g within %.1f %%", what, got, want, 100*share)
	}
}

func TestSizesAreUniform(t *testing.T) {
	sizes, said := sizesOf(t, "{sizes: {distribution: uniform, min: 100B, max: 299B}}")
	mean, deviation := stat.MeanStdDev(sizes, nil)
	near(t, "the mean", mean, 199.5, 0.01)
	near(t, "the mean that the load says", said, 199.5, 0.01)
	near(t, "the deviation", deviation, 200/math.Sqrt(12), 0.01)
	if least, most := slices.Min(sizes), slices.Max(sizes); least != 100 || most != 299 {
		t.Errorf("sizes from %v to %v, want 100 to 299", least, most)
	}
}

func TestSizesAreLognormal(t *testing.T) {
	sizes, said := sizesOf(t, "{sizes: {distribution: lognormal, median: 4KiB, spread: 3}}")
	logs := make([]float64, len(sizes))
	for i, size := range sizes {
		logs[i] = math.Log(size)
	}
	mean, deviation := stat.MeanStdDev(logs, nil)
	near(t, "the mean of the logarithms", mean, math.Log(4096), 0.01)
	near(t, "the deviation of the logarithms", deviation, math.Log(3), 0.01)
	near(t, "the mean that the load says", said, 4096*math.Exp(math.Log(3)*math.Log(3)/2), 0.02)
	near(t, "the mean", stat.Mean(sizes, nil), said, 0.03)
	sizes, _ = sizesOf(t, "{sizes: {distribution: lognormal, median: 4KiB, spread: 3, min: 2KiB, max: 8KiB}}")
	if least, most := slices.Min(sizes), slices.Max(sizes); least != 2048 || most != 8192 {
		t.Errorf("sizes from %v to %v, want 2048 to 8192", least, most)
	}
}

func TestSizesFollowATable(t *testing.T) {
	sizes, said := sizesOf(t, "{sizes: {distribution: table, table: {0B: 1, 10B: 6, 1KiB: 3}}}")
	found := map[float64]float64{}
	for _, size := range sizes {
		found[size]++
	}
	near(t, "the share of 0B", found[0], 10_000, 0.04)
	near(t, "the share of 10B", found[10], 60_000, 0.02)
	near(t, "the share of 1KiB", found[1024], 30_000, 0.02)
	near(t, "the mean that the load says", said, 0.6*10+0.3*1024, 0.01)
	if len(found) != 3 {
		t.Errorf("%d different sizes, want 3", len(found))
	}
}

// Sizes that differ change nothing else: the same commands arrive, for the same keys.
func TestSizesChangeNoOtherDraw(t *testing.T) {
	var before []string
	for _, load := range []string{"{reads: 20%}", "{reads: 20%, sizes: {distribution: uniform}}"} {
		g := newGenerator(&planned(t, load).Load, 1, 0, 0)
		var c kv.Command
		var now []string
		for range 1000 {
			g.fill(&c, nil)
			now = append(now, g.arrival().String()+" "+c.Op.String()+" "+string(c.Key))
		}
		if before != nil && !slices.Equal(before, now) {
			t.Error("with sizes that differ, other commands arrive:\n" + strings.Join(now[:5], "\n"))
		}
		before = now
	}
}
