package result

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// check checks that what a run.json says fits together, so that nothing is reported of what is not there.
func (r *Result) check() error {
	e := &r.Experiment
	labels := r.Labels()
	switch {
	case strings.ContainsFunc(e.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("found the name %q; expected one that can be printed", e.Name)
	case len(e.Clients) == 0 || len(e.Replicas) == 0 || len(labels) == 0:
		return fmt.Errorf("found %d regions with clients, %d replicas and %d protocols; expected one or more of each", len(e.Clients), len(e.Replicas), len(labels))
	case e.Repeats < 1:
		return fmt.Errorf("found %d repeats; expected 1 or more", e.Repeats)
	case e.Load.Duration <= 0 || e.Load.Warmup < 0 || e.Load.Timeout <= 0:
		return fmt.Errorf("found a duration of %v, a warm-up of %v and a timeout of %v; expected times that a load can have",
			e.Load.Duration, e.Load.Warmup, e.Load.Timeout)
	}
	points := []string{""}
	if e.Sweep != nil {
		points = e.Sweep.Values
	}
	seen := map[string]int{}
	for i := range r.Runs {
		run := &r.Runs[i]
		at := fmt.Sprintf("runs[%d]", i)
		name := fmt.Sprintf("%s, point %q, repeat %d", run.Protocol, run.Point, run.Repeat)
		first, twice := seen[name]
		switch {
		case !slices.Contains(labels, run.Protocol):
			return fmt.Errorf("%s: found the protocol %q; expected one of %s", at, run.Protocol, strings.Join(labels, ", "))
		case run.Repeat < 0 || run.Repeat >= e.Repeats:
			return fmt.Errorf("%s: found repeat %d; expected 0 to %d", at, run.Repeat, e.Repeats-1)
		case !slices.Contains(points, run.Point):
			return fmt.Errorf("%s: found the point %q; expected one of %q", at, run.Point, points)
		case twice:
			return fmt.Errorf("%s: found the run of %s that runs[%d] is; expected each once", at, name, first)
		case run.Measured <= 0:
			return fmt.Errorf("%s: found %v measured; expected more than 0s", at, run.Measured)
		}
		seen[name] = i
		if err := run.check(e.Clients); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	want, part := e.Repeats*len(labels)*len(points), ""
	if r.Shard != nil {
		if err := r.Shard.Check(); err != nil {
			return err
		}
		want, part = r.Shard.Size(want), fmt.Sprintf("those of shard %v of ", r.Shard)
	}
	if len(r.Runs) != want && !r.Partial && !e.Load.IsSearch() {
		return fmt.Errorf("found %d runs; expected %d: %s%d repeats of %d protocols at %d points", len(r.Runs), want, part, e.Repeats, len(labels), len(points))
	}
	return nil
}

// check checks a run against the regions that have clients.
func (r *Run) check(clients []string) error {
	if len(r.Regions) != len(clients) {
		return fmt.Errorf("found %d regions; expected %d: %s", len(r.Regions), len(clients), strings.Join(clients, ", "))
	}
	for i := range r.Regions {
		region := &r.Regions[i]
		if region.Region != clients[i] {
			return fmt.Errorf("regions[%d]: found %q; expected %s", i, region.Region, clients[i])
		}
		if region.Floor < 0 || region.Quorum < 0 {
			return fmt.Errorf("regions[%d]: found a floor of %v and a round trip to a quorum of %v; expected 0s or more", i, region.Floor, region.Quorum)
		}
		for _, kind := range Kinds {
			if err := region.Of(kind).check(); err != nil {
				return fmt.Errorf("regions[%d], %s: %w", i, region.Region, err)
			}
		}
	}
	return nil
}

// check checks that counts and summaries fit together.
func (o *Operations) check() error {
	switch {
	case o.Offered < 0 || o.Answered < 0 || o.Errors < 0 || o.Answered+o.Errors != o.Offered:
		return fmt.Errorf("found %d offered, %d answered and %d errors; expected as many answered and errors as offered", o.Offered, o.Answered, o.Errors)
	case o.Response.Count != o.Offered:
		return fmt.Errorf("found %d response times; expected %d, as many as were offered", o.Response.Count, o.Offered)
	}
	for _, s := range []*Summary{&o.Response, &o.Service, &o.Lag} {
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Summary) check() error {
	inOrder := []time.Duration{0, s.Min, s.P50, s.P90, s.P99, s.P999, s.P9999, s.Max}
	if s.Count == 0 {
		inOrder = nil
	}
	if s.Count < 0 || s.Dropped < 0 || !slices.IsSorted(inOrder) {
		return fmt.Errorf("found %d values from %v to %v with p50 %v, p90 %v, p99 %v, p99.9 %v and p99.99 %v; expected a count of 0 or more, and times that rise",
			s.Count, s.Min, s.Max, s.P50, s.P90, s.P99, s.P999, s.P9999)
	}
	return nil
}
