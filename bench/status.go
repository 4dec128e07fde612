package bench

import (
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
)

// Status is what there is to say of an experiment that is running.
type Status struct {
	Protocol string // the label
	Point    string // of a sweep
	Repeat   int    // from 0
	Run      int    // from 0, of Runs
	Runs     int
	Phase    string        // warm-up, measuring or draining
	Elapsed  time.Duration // of this run
	Length   time.Duration // of this run, draining not counted
	Left     time.Duration // in real time until the whole experiment is over, roughly; Unknown at the beginning of a simulated one
	Issued   int64         // writes so far, warm-up included
	Rate     float64       // writes a second, of all regions together
	Count    int64         // measured writes answered so far
	P50, P99 time.Duration // of these; zero while they are too few
}

// Unknown stands for a time that cannot be told yet.
const Unknown time.Duration = -1

// realLeft estimates how long an experiment still takes in real time, from how long its first part took. A live one takes
// longer than its load: writes are waited for after it, replicas are prepared before it, and what was recorded is checked.
func realLeft(took, done, left time.Duration) time.Duration {
	if took < enoughToTell || done <= 0 {
		return Unknown
	}
	return time.Duration(float64(took) * float64(left) / float64(done))
}

// enoughToTell is how long an experiment must have run before the rest is estimated from it.
const enoughToTell = 100 * time.Millisecond

// watcher turns the progress of a run into the status of the experiment; nil if nobody watches. About
// says which run it is, and point how long it takes.
func (x *execution) watcher(point *experiment.Plan, about Status) func(run.Progress) {
	watch, plan := x.options.Watch, x.plan
	if watch == nil {
		return nil
	}
	load := &point.Experiment.Load
	length := load.Warmup + load.Duration
	return func(p run.Progress) {
		s := about
		s.Runs, s.Length = max(RunsOf(plan, x.options.Shard), s.Run+1), length
		s.Elapsed = min(p.Elapsed, length)
		loaded := max(0, length-p.Elapsed) + time.Duration(s.Runs-s.Run-1)*length
		s.Left = realLeft(time.Since(x.since), time.Duration(s.Run-x.kept)*length+s.Elapsed, loaded)
		if !plan.Experiment.IsSimulated() {
			s.Left = max(s.Left, loaded)
		}
		switch {
		case p.Elapsed < load.Warmup:
			s.Phase = "warm-up"
		case p.Elapsed < length:
			s.Phase = "measuring"
		default:
			s.Phase = "draining"
		}
		s.Issued, s.Count = p.Issued, p.Response.TotalCount()
		s.Rate = float64(s.Issued) / s.Elapsed.Seconds()
		if result.ConfidenceIn(50, s.Count) > result.Withheld {
			s.P50 = result.Percentile(p.Response, 50)
		}
		if result.ConfidenceIn(99, s.Count) > result.Withheld {
			s.P99 = result.Percentile(p.Response, 99)
		}
		watch(s)
	}
}
