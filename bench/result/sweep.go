package result

// At returns what a sweep has found at one of its points, as the result of an experiment without a
// sweep. Runs are shared with r.
func (r *Result) At(point string) *Result {
	at := *r
	at.Runs, at.Fingerprint = nil, ""
	for _, run := range r.Runs {
		if run.Point == point {
			at.Runs = append(at.Runs, run)
		}
	}
	at.Experiment = r.Experiment.At(point)
	return &at
}

// Points are the values of the result's sweep; without one, a single empty text.
func (r *Result) Points() []string {
	if r.Experiment.Sweep == nil {
		return []string{""}
	}
	return r.Experiment.Sweep.Values
}
