package reports

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"quorumbench/bench/result"
)

// predictedJSON is a row of Predicted for programs. Times are in nanoseconds; 0 where there are too few writes.
type predictedJSON struct {
	Protocol     string        `json:"protocol"`
	Point        string        `json:"point,omitempty"`
	Region       string        `json:"region"`
	Floor        time.Duration `json:"floor_ns"` // of the links as they were measured
	PredictedP50 time.Duration `json:"predicted_p50_ns"`
	MeasuredP50  time.Duration `json:"measured_p50_ns"`
	PredictedP99 time.Duration `json:"predicted_p99_ns"`
	MeasuredP99  time.Duration `json:"measured_p99_ns"`
}

// Predicted writes what a simulation says of the writes of each protocol and region beside what was measured, all repeats together. It
// returns, a sentence each, the medians that are further off than is allowed, as a share of what was predicted.
func Predicted(w io.Writer, measured, predicted *result.Result, allowed float64, out Output) (off []string, err error) {
	var all []predictedJSON
	header := []any{"protocol", "region", "floor", "p50 predicted", "p50 measured", "off", "p99 predicted", "p99 measured", "off"}
	swept := measured.Experiment.Sweep != nil
	if swept {
		header = append([]any{header[0], measured.Experiment.Sweep.Path}, header[1:]...)
	}
	t := newTable(header...)
	if swept {
		t.SetColumnConfigs(figuresFrom(4, len(header)))
	}
	for _, point := range measured.Points() {
		m, p := measured, predicted
		if swept {
			m, p = measured.At(point), predicted.At(point)
		}
		for _, label := range m.Labels() {
			name := label
			for i, region := range m.Experiment.Clients {
				found, isFound := m.Merged(label, i)
				said, isSaid := p.Merged(label, i)
				if !isFound || !isSaid {
					continue
				}
				one := predictedJSON{Protocol: label, Point: point, Region: region, Floor: found.Floor}
				cells := func(percentile float64, intoSaid, intoFound *time.Duration) []any {
					if result.ConfidenceIn(percentile, min(said.Response.Count, found.Response.Count)) == result.Withheld {
						return []any{withheldMark, withheldMark, ""}
					}
					*intoSaid, *intoFound = said.Response.At(percentile), found.Response.At(percentile)
					return []any{ms(*intoSaid), ms(*intoFound), offText(*intoSaid, *intoFound)}
				}
				row := table.Row{name}
				if swept {
					row = append(row, point)
				}
				row = append(row, region, ms(found.Floor))
				row = append(row, cells(50, &one.PredictedP50, &one.MeasuredP50)...)
				row = append(row, cells(99, &one.PredictedP99, &one.MeasuredP99)...)
				t.AppendRow(row)
				all = append(all, one)
				name = ""
				if share := math.Abs(float64(one.MeasuredP50-one.PredictedP50)) / float64(max(1, one.PredictedP50)); one.PredictedP50 > 0 && share > allowed {
					off = append(off, fmt.Sprintf("%s in %s: p50 is %s, and %s was predicted: %s; accepted: within %.3g %%",
						label, region, ms(one.MeasuredP50), ms(one.PredictedP50), offText(one.PredictedP50, one.MeasuredP50), 100*allowed))
				}
			}
			t.AppendSeparator()
		}
	}
	if out.Format == FormatJSON {
		return off, WriteJSON(w, all)
	}
	page := &Page{Output: out}
	fmt.Fprintf(page, "%s\n", headline(measured))
	page.Table(t)
	for _, line := range invalidLines(measured) {
		fmt.Fprintf(page, "%s\n", line)
	}
	_, err = page.WriteTo(w)
	return off, err
}

// offText writes by how much a time differs from what was said.
func offText(said, found time.Duration) string {
	if said == 0 {
		return ""
	}
	return fmt.Sprintf("%+.1f %%", 100*(float64(found)/float64(said)-1))
}
