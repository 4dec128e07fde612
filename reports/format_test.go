package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// tableAs writes the table of a result, and returns what went to the output and what went aside.
func tableAs(t *testing.T, format Format, width int) (out, aside string) {
	t.Helper()
	var to, beside bytes.Buffer
	w := threeRegions()
	w.repeats = 6
	if err := Table(&to, w.result(), TableOptions{Output: Output{Format: format, Width: width, Aside: &beside}, Color: true}); err != nil {
		t.Fatal(err)
	}
	return to.String(), beside.String()
}

func TestAsJSONAResultIsOneDocumentWithIntervals(t *testing.T) {
	out, _ := tableAs(t, FormatJSON, 0)
	var got resultJSON
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil || d.More() {
		t.Fatalf("not one JSON document: %v\n%s", err, out)
	}
	if len(got.Series) != 9 || len(got.Verdict) != 4 {
		t.Fatalf("got %d series and %d sentences, want 9 and 4", len(got.Series), len(got.Verdict))
	}
	one := got.Series[0]
	if one.Protocol != "quick" || one.P50 == nil || one.P50.Median == nil {
		t.Fatalf("the first series: %+v", one)
	}
	if m := one.P50.Median; m.Runs != 6 || !(m.Low > 0 && m.Low <= m.Value && m.Value <= m.High) {
		t.Errorf("the interval of p50: %+v", *m)
	}
}

func TestAsCSVEveryRowNamesItsProtocolAndNothingElseIsThere(t *testing.T) {
	out, aside := tableAs(t, FormatCSV, 0)
	first, _, _ := strings.Cut(out, "\n\n")
	rows, err := csv.NewReader(strings.NewReader(first)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if rows[0][0] != "protocol" || rows[2][0] != "quick" || rows[2][1] != "eu-west-1" {
		t.Errorf("got %q", rows[:3])
	}
	if strings.Contains(out, "commits in") || strings.Contains(out, "\x1b") || !strings.Contains(aside, "quick commits in one round trip") {
		t.Errorf("sentences belong aside, and colour nowhere:\n%s\naside:\n%s", out, aside)
	}
}

func TestAsLaTeXSpecialCharactersAreEscaped(t *testing.T) {
	out, _ := tableAs(t, FormatLaTeX, 0)
	for _, want := range []string{"\\begin{tabular}{llr", "protocol & region & p50 & p99 & floor & $\\times$ floor", "95 \\% interval", "\\end{tabular}"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestATableFitsTheTerminal(t *testing.T) {
	for _, width := range []int{90, 100, 120, 200} {
		out, _ := tableAs(t, FormatTable, width)
		for line := range strings.Lines(out) {
			line = strings.TrimSuffix(line, "\n")
			if n := text.StringWidthWithoutEscSequences(line); n > width && strings.ContainsAny(line, "│┌├└") {
				t.Errorf("of a terminal of %d columns %d are used:\n%s", width, n, line)
			}
		}
	}
}
