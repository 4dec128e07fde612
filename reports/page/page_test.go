package page_test

import (
	"bytes"
	"encoding/base64"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/protocols/registry"
	"quorumbench/reports/page"
)

const calm = `
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [raft, mmp3]
world: sim
load: {rate: 20/s, duration: 3s}
`

func executed(t *testing.T, text string, topologies map[string][]byte) (*result.Result, *stepwise.Told) {
	t.Helper()
	plan, err := experiment.ParseWith("calm.yaml", []byte(text), topologies, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	told, err := stepwise.OfResult(t.Context(), plan, found)
	if err != nil {
		t.Fatal(err)
	}
	return found, told
}

func written(t *testing.T, r *result.Result, told *stepwise.Told) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r, told); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestASeedGivesOnePage(t *testing.T) {
	r, told := executed(t, calm, nil)
	first := written(t, r, told)
	again, toldAgain := executed(t, calm, nil)
	again.Started = again.Started.Add(time.Hour)
	again.Finished = again.Finished.Add(2 * time.Hour)
	if first != written(t, again, toldAgain) {
		t.Error("the page of the same seed has other bytes")
	}
	other, toldOther := executed(t, calm+"seed: 2\n", nil)
	if first == written(t, other, toldOther) {
		t.Error("the page of another seed has the same bytes")
	}
}

// The page loads nothing: whatever it refers to is in it. The namespace of SVG is a name, which nobody loads.
func TestThePageRefersToNothingOutside(t *testing.T) {
	text := written(t, first(executed(t, calm, nil)), nil)
	for _, one := range regexp.MustCompile(`(?i)(src|href|action)\s*=\s*"[^"]{0,40}|url\([^)]{0,40}|@import|https?://[^"'\s]*`).FindAllString(text, -1) {
		if !strings.Contains(one, `"data:`) && one != "http://www.w3.org/2000/svg" {
			t.Errorf("the page refers to %s", one)
		}
	}
	if !strings.Contains(text, "default-src &#39;none&#39;; script-src &#39;sha256-") {
		t.Error("the page has no content security policy")
	}
}

func first(r *result.Result, _ *stepwise.Told) *result.Result { return r }

// Names that would end the element they stand in, if they were not escaped.
var hostile = []string{`</script><script>alert(1)</script>`, `"><img src=x onerror=alert(2)>`, `'</title></style><!--`}

// The names are put into the result, as a run.json from elsewhere may have them: experiments accept none with quotes.
func TestHostileNamesStayText(t *testing.T) {
	r, told := executed(t, strings.Replace(calm, "[raft, mmp3]", "[raft]", 1), nil)
	r.Experiment.Regions, r.Experiment.Replicas, r.Experiment.Clients = hostile, hostile, hostile
	for i := range r.Runs {
		for j := range r.Runs[i].Regions {
			r.Runs[i].Regions[j].Region = hostile[j]
		}
	}
	for _, w := range told.Writes {
		w.Region = hostile[0]
		for i := range w.Messages {
			w.Messages[i].Text = hostile[i%3]
		}
	}
	r.Topology.Name = hostile[1]
	r.Experiment.Name = hostile[0]
	r.Experiment.Protocols[0].Label = hostile[2]
	for i := range r.Runs {
		r.Runs[i].Protocol = hostile[2]
		r.Runs[i].Invalid = []string{hostile[1]}
	}
	text := written(t, r, told)
	if n := strings.Count(strings.ToLower(text), "<script"); n != 2 {
		t.Errorf("the page has %d script elements, want the data and the program", n)
	}
	for _, tag := range []string{"<img", "</title></style", "<!--", "onerror=alert(2)>"} {
		if strings.Contains(text, tag) {
			t.Errorf("the page has %s", tag)
		}
	}
	for _, name := range hostile {
		if !strings.Contains(html.UnescapeString(text), name) {
			t.Errorf("the page does not show %s", name)
		}
	}
}

func TestDownloadsAreTheExperimentAndTheTable(t *testing.T) {
	r, _ := executed(t, calm, nil)
	text := written(t, r, nil)
	yaml, err := r.Experiment.YAML()
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`download="([^"]*)" href="data:[^;]*;charset=utf-8;base64,([^"]*)"`).FindAllStringSubmatch(text, -1)
	var names []string
	for _, one := range all {
		names = append(names, one[1])
		data, err := base64.StdEncoding.DecodeString(html.UnescapeString(one[2]))
		if err != nil {
			t.Fatal(err)
		}
		if one[1] == "calm.yaml" && string(data) != string(yaml) {
			t.Errorf("the YAML is\n%s", data)
		}
		if one[1] == "calm.csv" && !strings.Contains(string(data), "raft,eu-west-1,") {
			t.Errorf("the CSV is\n%s", data)
		}
	}
	if want := []string{"calm.csv", "calm.yaml", "calm.json"}; !slices.Equal(names, want) {
		t.Errorf("downloads are %q, want %q", names, want)
	}
}

// A page that is drawn again has the writes that the first one had.
func TestDrawnAgainThePageIsTheSame(t *testing.T) {
	r, told := executed(t, calm, nil)
	folder := t.TempDir()
	path, err := page.Draw(folder, r, told)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := page.Draw(folder, r, nil); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) || !strings.Contains(string(after), `id="step"`) {
		t.Errorf("the page was drawn with %d bytes, and again with %d, %v", len(before), len(after), err)
	}
	if err := os.WriteFile(filepath.Join(folder, page.WritesFile), []byte(`{"writes": [null]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := page.Draw(folder, r, nil); err == nil || !strings.Contains(err.Error(), "accepted: a write") {
		t.Errorf("writes that cannot be drawn: %v", err)
	}
}

// What a browser without JavaScript shows is allowed by the policy, which forbids style attributes.
func TestFiguresStandInThePage(t *testing.T) {
	r, told := executed(t, calm+"faults: [{at: 1s, crash: eu-west-1, for: 500ms}]\n", nil)
	text := written(t, r, told)
	for _, name := range []string{"latency", "timeline", "outages"} {
		if !regexp.MustCompile(`<figure class="static" id="static-` + name + `"><svg viewBox="[^"]*" role="img" aria-label="[^"]+">`).MatchString(text) {
			t.Errorf("the figure %s is not in the page", name)
		}
	}
	if at := strings.Index(text, ` style="`); at >= 0 {
		t.Errorf("the policy forbids %s", text[at:at+80])
	}
	if !strings.Contains(text, `fill="#009E73"`) || !strings.Contains(text, `font-weight="bold"`) {
		t.Error("the figures have lost colours or fonts")
	}
	if !regexp.MustCompile(`<td class="text">eu-west-1</td><td class="text">a write from eu-west-1 is answered</td><td data-value="\d+">[0-9.]+ ms</td>`).MatchString(text) {
		t.Error("the page has no table of crashes")
	}
}
