package reports

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// crashedOften has two crashes in each of six repeats, of the leader and of a replica in another region. In the k-th run, k = 1
// … 6, the protocol with a leader takes k seconds to answer, half of it until a replica leads again, and 10·k ms to catch up;
// in the last one a region is not answered any more. The protocol without a leader takes a tenth of that, and what crashes is
// not started again.
func crashedOften() *result.Result {
	w := threeRegions()
	w.protocols, w.repeats = w.protocols[:2], 6
	r := w.result()
	r.Experiment.Faults = []experiment.Fault{{At: 3 * time.Second, Crash: "leader"}, {At: 6 * time.Second, Crash: "eu-west-1"}}
	for i := range r.Runs {
		run := &r.Runs[i]
		took := time.Duration(run.Repeat+1) * time.Second
		for j, f := range r.Experiment.Faults {
			c := result.Crash{Region: []string{"us-east-1", "eu-west-1"}[j], At: f.At + time.Millisecond}
			if run.Protocol == "led" {
				c.Outages = []time.Duration{took, took, took}
				c.Recovery = &result.Recovery{At: c.At + time.Second, CaughtUp: took / 100, Serving: took}
				if j == 0 {
					half := took / 2
					c.NewLeader = &half
				}
			} else {
				c.Outages = []time.Duration{took / 10, took / 10, took / 10}
			}
			if run.Repeat == 5 && j == 0 {
				c.Outages[2] = result.Never
			}
			run.Crashes = append(run.Crashes, c)
		}
	}
	return r
}

// The median and the interval are those of order statistics: of six runs, from the least to the greatest.
func TestCrashesAreSummedUpOverRepeats(t *testing.T) {
	var out bytes.Buffer
	if err := Table(&out, crashedOften(), TableOptions{Output: Output{Format: FormatJSON}}); err != nil {
		t.Fatal(err)
	}
	var found struct{ Crashes []crashJSON }
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	const s, never = time.Second, result.Never
	for _, want := range []struct {
		protocol, crash, until, region string
		median, low, high              time.Duration
		nevers                         int
	}{
		{"led", "leader", "answer", "us-east-1", 3500 * time.Millisecond, s, 6 * s, 0},
		{"led", "leader", "answer", "ap-northeast-1", 3500 * time.Millisecond, s, never, 1},
		{"led", "leader", "new_leader", "", 1750 * time.Millisecond, s / 2, 3 * s, 0},
		{"led", "leader", "caught_up", "", 35 * time.Millisecond, s / 100, 6 * s / 100, 0},
		{"led", "eu-west-1", "answer", "ap-northeast-1", 3500 * time.Millisecond, s, 6 * s, 0},
		{"quick", "leader", "answer", "eu-west-1", 350 * time.Millisecond, s / 10, 6 * s / 10, 0},
	} {
		at := -1
		for i, c := range found.Crashes {
			if c.Protocol == want.protocol && c.Crash == want.crash && c.Until == want.until && c.Region == want.region {
				at = i
			}
		}
		if at < 0 {
			t.Errorf("found nothing of %+v", want)
			continue
		}
		c, value := found.Crashes[at], func(d *time.Duration) time.Duration {
			if d == nil {
				return never
			}
			return *d
		}
		if value(c.Median) != want.median || value(c.Low) != want.low || value(c.High) != want.high || c.Never != want.nevers || c.Runs != 6 || c.Crashes != 6 {
			t.Errorf("found %v (%v to %v), %d of %d in %d runs never; want %+v", value(c.Median), value(c.Low), value(c.High), c.Never, c.Crashes, c.Runs, want)
		}
	}
	for _, c := range found.Crashes {
		if c.Until == "new_leader" && (c.Protocol != "led" || c.Crash != "leader") || c.Until == "caught_up" && c.Protocol == "quick" {
			t.Errorf("found a time that has no meaning: %+v", c)
		}
	}
}

// A run with several crashes counts once: its crashes are not independent of each other.
func TestARunWithSeveralCrashesCountsOnce(t *testing.T) {
	var one crashTime
	for repeat := range 3 {
		for range 4 {
			one.add(repeat, time.Duration(repeat+1)*time.Second)
		}
	}
	if m := one.median(); m.hasInterval || m.value != float64(2*time.Second) {
		t.Errorf("twelve crashes in three runs give %+v, want 2 s without an interval", m)
	}
}

func TestBarsOfCrashesAreAsLongAsTheyTook(t *testing.T) {
	picture := drawn(t, crashedOften())["outages.png"]
	area := below(picture, headerPixels)
	quick, _ := extent(picture, area, protocolColor(0)) // 0.35 s
	led, _ := extent(picture, area, protocolColor(1))   // 3.5 s on the scale of the outages
	if got := float64(led.Dx()) / float64(quick.Dx()); got < 9.5 || got > 10.5 {
		t.Errorf("the longest bar of one protocol is %.2f times that of the other, want 10", got)
	}
}
