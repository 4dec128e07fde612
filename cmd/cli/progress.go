package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
)

// progress shows the progress of an experiment: as a bar on a terminal, otherwise as lines.
type progress struct {
	w    io.Writer
	plan *experiment.Plan
	bar  *progressbar.ProgressBar // nil where lines are wanted
	last string                   // the run and phase of the last line
	mute bool
}

func newProgress(w io.Writer, plan *experiment.Plan, runs int, quiet bool) *progress {
	p := &progress{w: w, plan: plan, mute: quiet}
	if !quiet && isTerminal(w) {
		p.bar = progressbar.NewOptions64(int64(runs)*(plan.Length()/time.Duration(plan.Runs())).Milliseconds(),
			progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// show shows the status of an experiment. It is called about ten times a second.
func (p *progress) show(s bench.Status) {
	if p.mute {
		return
	}
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%-10s %d/%d%s %-9s %s  %4.0f/s  %s",
			named(s), s.Run+1, s.Runs, p.repeat(s), s.Phase, left(s), s.Rate, quantiles(s)))
		_ = p.bar.Set64(int64(s.Run)*s.Length.Milliseconds() + s.Elapsed.Milliseconds()) // a display may fail
		return
	}
	// One line when a run begins, and one when its load is over.
	if line := fmt.Sprintf("%d %t", s.Run, s.Phase == "draining"); line != p.last && (s.Phase == "draining" || p.last == "" || s.Phase == "warm-up") {
		p.last = line
		if s.Phase == "draining" {
			fmt.Fprintf(p.w, "%s: %d commands issued, %.0f/s, %s\n", named(s), s.Issued, s.Rate, quantiles(s))
		} else {
			rest := ""
			if s.Left != bench.Unknown {
				rest = ", " + strings.TrimSpace(left(s)) + " in all"
			}
			fmt.Fprintf(p.w, "run %d of %d%s: %s for %v%s\n", s.Run+1, s.Runs, p.repeat(s), named(s), s.Length, rest)
		}
	}
}

// repeat tells which repeat it is, if there are several.
func (p *progress) repeat(s bench.Status) string {
	if p.plan.Experiment.Repeats < 2 {
		return ""
	}
	return fmt.Sprintf(", repeat %d of %d", s.Repeat+1, p.plan.Experiment.Repeats)
}

// left tells how long the whole experiment will take yet, in real time.
func left(s bench.Status) string {
	switch seconds := s.Left.Seconds(); {
	case s.Left == bench.Unknown:
		return "  ? s left"
	case s.Left >= 10*time.Minute:
		return fmt.Sprintf("%3.0f min left", seconds/60)
	default:
		return fmt.Sprintf("%3.0f s left", seconds)
	}
}

// named is what runs: the protocol, and at which point of a sweep.
func named(s bench.Status) string {
	if s.Point == "" {
		return s.Protocol
	}
	return s.Protocol + " at " + s.Point
}

func quantiles(s bench.Status) string {
	p99 := "–"
	if s.P99 > 0 {
		p99 = milliseconds(s.P99)
	}
	if s.P50 == 0 {
		return "p50 –  p99 " + p99
	}
	return "p50 " + milliseconds(s.P50) + "  p99 " + p99
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish() // a display may fail
	}
}
