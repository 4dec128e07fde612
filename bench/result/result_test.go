package result

import (
	"encoding/json"
	"testing"
	"time"
)

// Results of before the breakdown had this name are read.
func TestABreakdownIsReadUnderItsFormerName(t *testing.T) {
	const stages = `{"writes": 5, "every": 1, "retries": 2, "stages": [{"name": "way out", "count": 5, "sum_ns": 50}]}`
	for _, key := range []string{"ways", "breakdown"} {
		var r RegionRun
		if err := json.Unmarshal([]byte(`{"region": "a", "floor_ns": 7, "offered": 9, "`+key+`": `+stages+`}`), &r); err != nil {
			t.Fatal(err)
		}
		if r.Region != "a" || r.Floor != 7 || r.Offered != 9 {
			t.Errorf("%s: the region is %+v", key, r)
		}
		if b := r.Breakdown; b == nil || b.Writes != 5 || b.Retries != 2 || len(b.Stages) != 1 || b.Stages[0].Mean() != 10*time.Nanosecond {
			t.Errorf("%s: the breakdown is %+v", key, r.Breakdown)
		}
	}
	written, err := json.Marshal(RegionRun{Breakdown: &Breakdown{Writes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(written, &keys); err != nil || keys["breakdown"] == nil || keys["ways"] != nil {
		t.Errorf("%s (%v)", written, err)
	}
}
