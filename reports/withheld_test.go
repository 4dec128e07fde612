package reports

import "testing"

// Of 2000 writes in 10 s, there are no ten beyond p99.9; of 200 a second, 10,000 take 50 s.
func TestWhatIsWithheldOnThePageSaysHowLongARunItTakes(t *testing.T) {
	cells := DataOf(threeRegions().result()).Rows[0].Response.Cells
	for i, want := range []string{"", "", "", "it takes 10,000 writes, and there are 2,000; at this rate a run must measure for 50 s",
		"it takes 100,000 writes, and there are 2,000; at this rate a run must measure for 500 s"} {
		if got := cells[i]; got.Why != want || (got.State == "withheld") != (want != "") {
			t.Errorf("p%g is %s: %q, want %q", PagePercentiles[i], got.State, got.Why, want)
		}
	}
}
