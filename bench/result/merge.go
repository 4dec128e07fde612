package result

import "slices"

// Labels returns the labels of the experiment's protocols, in the experiment's order.
func (r *Result) Labels() []string {
	labels := make([]string, len(r.Experiment.Protocols))
	for i, p := range r.Experiment.Protocols {
		labels[i] = p.Label
	}
	return labels
}

// RunsOf returns the runs of a protocol, in the order in which they ran.
func (r *Result) RunsOf(label string) []Run {
	var runs []Run
	for _, run := range r.Runs {
		if run.Protocol == label {
			runs = append(runs, run)
		}
	}
	return runs
}

// Merged returns the figures of a region under a protocol over all repeats. Counts are summed up and histograms
// merged; percentiles come from the merged histograms and are never averaged. The intervals of the repeats follow each
// other. ok is false if the protocol has not run.
func (r *Result) Merged(label string, region int) (merged RegionRun, ok bool) {
	runs := r.RunsOf(label)
	if len(runs) == 0 {
		return RegionRun{}, false
	}
	merged = runs[0].Regions[region]
	if len(runs) == 1 {
		return merged, true
	}
	for _, kind := range Kinds {
		var parts []*Operations
		for i := range runs {
			parts = append(parts, runs[i].Regions[region].Of(kind))
		}
		*merged.Of(kind) = mergeOperations(parts)
	}
	var breakdowns []*Breakdown
	for i := range runs {
		breakdowns = append(breakdowns, runs[i].Regions[region].Breakdown)
	}
	merged.Breakdown = mergeBreakdowns(breakdowns)
	return merged, true
}

// mergeOperations merges the operations of several runs. Lag and the medians of the halves are those of the first run,
// since they judge a single run.
func mergeOperations(parts []*Operations) Operations {
	merged := *parts[0]
	merged.Offered, merged.Answered, merged.Errors, merged.Completed, merged.Intervals = 0, 0, 0, 0, nil
	merged.Response, merged.Service = Summary{}, Summary{}
	response, service := NewHistogram(), NewHistogram()
	for _, part := range parts {
		merged.Offered += part.Offered
		merged.Answered += part.Answered
		merged.Errors += part.Errors
		merged.Completed += part.Completed
		merged.Late = merged.Late.most(part.Late)
		merged.Response.join(part.Response)
		merged.Service.join(part.Service)
		merged.Intervals = append(merged.Intervals, part.Intervals...)
		for _, interval := range part.Intervals {
			merged.Response.Dropped += interval.Response.AddTo(response)
			merged.Service.Dropped += interval.Service.AddTo(service)
		}
	}
	merged.Response = WithPercentiles(merged.Response, response)
	merged.Service = WithPercentiles(merged.Service, service)
	return merged
}

// mergeBreakdowns merges the breakdowns of several runs. It leaves percentiles out, since stages have no histograms.
func mergeBreakdowns(parts []*Breakdown) *Breakdown {
	var merged *Breakdown
	for _, part := range parts {
		if part == nil {
			continue
		}
		if merged == nil {
			merged = &Breakdown{}
		}
		merged.Every = max(merged.Every, part.Every)
		merged.Writes += part.Writes
		merged.Retries += part.Retries
		merged.Commit.join(part.Commit)
		merged.Apply.join(part.Apply)
		for _, stage := range part.Stages {
			at := slices.IndexFunc(merged.Stages, func(s Stage) bool { return s.Name == stage.Name })
			if at < 0 {
				at = len(merged.Stages)
				merged.Stages = append(merged.Stages, Stage{Name: stage.Name, After: stage.After})
			}
			merged.Stages[at].Summary.join(stage.Summary)
		}
	}
	if merged != nil {
		slices.SortFunc(merged.Stages, func(a, b Stage) int { return stageOrder(a.Name) - stageOrder(b.Name) })
	}
	return merged
}

// join adds the exact figures of another summary; percentiles cannot be joined.
func (s *Summary) join(o Summary) {
	if o.Count == 0 {
		return
	}
	if s.Count == 0 || o.Min < s.Min {
		s.Min = o.Min
	}
	s.Max = max(s.Max, o.Max)
	s.Count += o.Count
	s.Sum += o.Sum
	s.Dropped += o.Dropped
}
