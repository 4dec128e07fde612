package bench

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

// Merged returns what a region saw of a protocol over all repeats: counts are summed up,
// histograms merged, percentiles taken from the merged histograms, never averaged. The intervals
// of the repeats stand one after the other. ok is false if the protocol has not run.
func (r *Result) Merged(label string, region int) (merged RegionRun, ok bool) {
	runs := r.RunsOf(label)
	if len(runs) == 0 {
		return RegionRun{}, false
	}
	merged = runs[0].Regions[region]
	if len(runs) == 1 {
		return merged, true
	}
	response, service := newHistogram(), newHistogram()
	merged.Offered, merged.Answered, merged.Errors, merged.Intervals = 0, 0, 0, nil
	merged.Response, merged.Service = Summary{}, Summary{}
	for _, run := range runs {
		part := run.Regions[region]
		merged.Offered += part.Offered
		merged.Answered += part.Answered
		merged.Errors += part.Errors
		merged.Response.join(part.Response)
		merged.Service.join(part.Service)
		merged.Intervals = append(merged.Intervals, part.Intervals...)
		for _, interval := range part.Intervals {
			merged.Response.Dropped += response.Merge(interval.Response)
			merged.Service.Dropped += service.Merge(interval.Service)
		}
	}
	merged.Response = withPercentiles(merged.Response, response)
	merged.Service = withPercentiles(merged.Service, service)
	return merged, true
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
