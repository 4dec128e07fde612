package reports

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

// shifted is a comparison of two protocols: all writes of the k-th repeat, k = 0, 1, …, take 100 ms under the first, and 110 + k
// ms under the second.
func shifted(t *testing.T, repeats int) *result.Result {
	w := threeRegions()
	w.protocols, w.repeats, w.writes = w.protocols[:2], repeats, 1000
	r := w.result()
	for i := range r.Runs {
		for j := range r.Runs[i].Regions {
			took := 100 * time.Millisecond
			if r.Runs[i].Protocol == "led" {
				took += time.Duration(10+r.Runs[i].Repeat) * time.Millisecond
			}
			allTake(t, &r.Runs[i].Regions[j], took)
		}
	}
	return r
}

// drawnShift draws the differences within a result, and returns the rows of its data below the header.
func drawnShift(t *testing.T, r *result.Result) [][]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shift.png")
	if err := DrawShift(path, []*result.Result{r}, []string{"a"}, CompareOptions{}, FigureOptions{}); err != nil {
		t.Fatal(err)
	}
	decoded(t, path)
	file, err := os.Open(strings.TrimSuffix(path, "png") + "csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("the data has %d rows (%v)", len(rows), err)
	}
	return rows[1:]
}

func near(t *testing.T, what, got string, want float64) {
	t.Helper()
	if x, err := strconv.ParseFloat(got, 64); err != nil || math.Abs(x-want) > 0.2 { // a histogram has three digits
		t.Errorf("%s is %q, want %.2f", what, got, want)
	}
}

// The interval is that of the mean of 10, 11, … 15 by its subsets: with k = ⌊0.025·64⌋ = 1, from the least to the greatest.
func TestQuantileDifferencesHaveTheIntervalOfPairs(t *testing.T) {
	rows := drawnShift(t, shifted(t, 6))
	regions := map[string]int{}
	for _, row := range rows {
		regions[row[1]]++
		if row[2] != "led − quick" || row[7] != "6" {
			t.Fatalf("found the row %q", row)
		}
		near(t, "the difference at "+row[3], row[4], 12.5)
		near(t, "its interval's low end", row[5], 10)
		near(t, "its interval's high end", row[6], 15)
	}
	if last := rows[len(rows)-1][3]; len(regions) != 3 || !strings.HasPrefix(last, "98.") && last != "99" {
		t.Errorf("found rows of %v up to percentile %s, want three regions up to 99: a thousand writes a run have no more", regions, last)
	}
}

func TestQuantileDifferencesOfFewRepeatsHaveNoInterval(t *testing.T) {
	for _, row := range drawnShift(t, shifted(t, 2)) {
		near(t, "the difference", row[4], 10.5)
		if row[5] != "" || row[6] != "" || row[7] != "2" {
			t.Fatalf("found the row %q, want no interval", row)
		}
	}
	for pairs, want := range map[int]string{1: "one pair of runs; an interval takes 6", 5: "mean over 5 paired repeats; an interval takes 6"} {
		if got := shiftRemark(false, pairs); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// One run has so few writes that p90 may not be shown of it: the others are not drawn beyond, either.
func TestQuantileDifferencesRestOnTheSameRunsEverywhere(t *testing.T) {
	r := shifted(t, 3)
	s := &r.Runs[0].Regions[0]
	s.Response.Count, s.Offered, s.Answered = 60, 60, 60
	allTake(t, s, 100*time.Millisecond)
	for _, row := range drawnShift(t, r) {
		if p, _ := strconv.ParseFloat(row[3], 64); row[1] == "us-east-1" && p > 84 || row[7] != "3" {
			t.Fatalf("found the row %q", row)
		}
	}
}

func TestWithoutTwoDistributionsThereIsNoDifference(t *testing.T) {
	r := shifted(t, 1)
	r.Runs[0].Saturated = true
	path := filepath.Join(t.TempDir(), "shift.png")
	err := DrawShift(path, []*result.Result{r}, []string{"a"}, CompareOptions{}, FigureOptions{})
	if _, statErr := os.Stat(path); !errors.Is(err, ErrNoShift) || statErr == nil {
		t.Errorf("got %v, want ErrNoShift and no file", err)
	}
}
