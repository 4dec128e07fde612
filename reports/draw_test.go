package reports

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

// drawn draws a result and returns the figures by file name.
func drawn(t *testing.T, r *result.Result) map[string]*image.RGBA {
	t.Helper()
	dir := t.TempDir()
	all, err := Draw(dir, r, FigureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	paths := all.Paths
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2*len(paths) || len(paths) == 0 {
		t.Fatalf("the folder has %v (%v) and Draw returned %q; want these and as many CSVs", entries, err, paths)
	}
	figures := map[string]*image.RGBA{}
	for _, path := range paths {
		figures[filepath.Base(path)] = decoded(t, path)
	}
	return figures
}

// decoded reads a figure and checks that it is one for print.
func decoded(t *testing.T, path string) *image.RGBA {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	opaque, ok := picture.(*image.RGBA)
	if !ok {
		t.Fatalf("%s is a %T, want one without transparency", path, picture)
	}
	if got := picture.Bounds().Dx(); got != 2175 { // 7.25 inches of 300 dots
		t.Errorf("%s is %d pixels wide, want 2175", path, got)
	}
	at := bytes.Index(data, []byte("pHYs"))
	if at < 0 {
		t.Fatalf("%s does not say its resolution", path)
	}
	if got := binary.BigEndian.Uint32(data[at+4:]); got != 11811 { // dots a metre
		t.Errorf("%s has %d dots a metre, want 11811", path, got)
	}
	return opaque
}

// below leaves out the top of a figure, where title and legend are.
func below(picture *image.RGBA, pixels int) image.Rectangle {
	b := picture.Bounds()
	b.Min.Y += pixels
	return b
}

// headerPixels is more than title and legend take in the figures of this file: 1.1 inches.
const headerPixels = 330

// extent returns the least rectangle within area that holds all pixels of exactly that colour,
// and how many there are.
func extent(picture *image.RGBA, area image.Rectangle, c color.NRGBA) (r image.Rectangle, n int) {
	want := color.RGBA(c) // the same for colours without transparency
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if picture.RGBAAt(x, y) == want {
				r = r.Union(image.Rect(x, y, x+1, y+1))
				n++
			}
		}
	}
	return r, n
}

func TestBarsAreAsLongAsMediansAre(t *testing.T) {
	picture := drawn(t, threeRegions().result())["latency.png"]
	area := below(picture, headerPixels)
	quick, _ := extent(picture, area, protocolColor(0)) // at most 150 ms
	led, _ := extent(picture, area, protocolColor(1))   // 225 ms
	slow, _ := extent(picture, area, protocolColor(2))  // 300 ms
	for _, c := range []struct {
		name string
		bar  image.Rectangle
		want float64
	}{{"led", led, 1.5}, {"slow", slow, 2}} {
		if got := float64(c.bar.Dx()) / float64(quick.Dx()); got < c.want*0.96 || got > c.want*1.04 {
			t.Errorf("the longest bar of %s is %.2f times that of quick, want %.1f", c.name, got, c.want)
		}
	}
	if quick.Min.X != led.Min.X || led.Min.X != slow.Min.X {
		t.Errorf("bars begin at %d, %d, %d, want one zero", quick.Min.X, led.Min.X, slow.Min.X)
	}
}

func TestCurvesStandWhereTheirLatencyIs(t *testing.T) {
	w := threeRegions()
	w.regions, w.quorums = w.regions[:1], w.quorums[:1] // 70 ms, 70 ms, 140 ms
	w.writes = 20_000
	for name, picture := range drawn(t, w.result()) {
		if name != "timeline.png" {
			continue
		}
		area := below(picture, headerPixels)
		quick, n := extent(picture, area, protocolColor(0))
		slow, m := extent(picture, area, protocolColor(2))
		if n < 1000 || m < 1000 {
			t.Errorf("%s: %d and %d pixels of the protocols' colours, want lines", name, n, m)
		}
		if quick.Min.Y <= slow.Max.Y {
			t.Errorf("%s: the quicker protocol (%v) is not below the slower one (%v)", name, quick, slow)
		}
		if quick.Dx() < 1000 {
			t.Errorf("%s: the line is %d pixels long, want it across the figure", name, quick.Dx())
		}
	}
}

func TestSaturatedRunsHaveATimelineAndNoPercentiles(t *testing.T) {
	for name, picture := range drawn(t, interrupted()) {
		if name == "heat.png" { // its colours are mixed
			continue
		}
		area := below(picture, headerPixels)
		if _, n := extent(picture, area, protocolColor(0)); n == 0 {
			t.Errorf("%s: the sound run is missing", name)
		}
		if _, n := extent(picture, area, protocolColor(1)); (n > 0) != (name == "timeline.png") {
			t.Errorf("%s: %d pixels of the saturated run", name, n)
		}
		if _, n := extent(picture, area, protocolColor(2)); n > 0 {
			t.Errorf("%s: %d pixels of a protocol that has not run", name, n)
		}
	}
}

func TestFiguresBearAnySizeOfExperiment(t *testing.T) {
	five := world{
		regions: []string{"northamerica-northeast1", "us-east-1", "us-east-1#2", "ap-northeast-1", "sa-east-1"},
		quorums: []time.Duration{12 * time.Millisecond, time.Millisecond / 2, time.Millisecond / 2, 150 * time.Millisecond, 120 * time.Millisecond},
		writes:  300,
	}
	for _, label := range []string{"p1", "p2", "p3-northamerica-northeast1", "p4", "p5", "p6"} {
		five.protocols = append(five.protocols, invented{label, "", []float64{1, 2, 1, 2, 1.5}})
	}
	noProtocols, noRegions, noHistograms := notRun(), notRun(), threeRegions().result()
	noProtocols.Experiment.Protocols = nil
	noRegions.Experiment.Clients = nil
	for i := range noHistograms.Runs[0].Regions {
		noHistograms.Runs[0].Regions[i].Intervals = []result.Interval{{}}
	}
	for name, r := range map[string]*result.Result{
		"five regions, six protocols": five.result(),
		"one region":                  alone().result(),
		"few writes":                  withWrites(threeRegions(), 15),
		"no writes":                   withWrites(threeRegions(), 0),
		"not run":                     notRun(),
		"no protocols":                noProtocols,
		"no regions":                  noRegions,
		"no histograms":               noHistograms,
		"crashed":                     crashed(),
		"sweep":                       swept(),
		"sweep over the load":         overloaded(),
	} {
		for _, f := range figuresOf(r) { // without their pixels, which take long
			if _, d := f.drawing(&FigureOptions{}); len(textsOf(d)) == 0 {
				t.Errorf("%s: %s is empty", name, f.name)
			}
		}
	}
}

func TestWhatIsDrawnIsWhatThereIs(t *testing.T) {
	for _, c := range []struct {
		name   string
		result *result.Result
		want   []string
	}{
		{"writes", threeRegions().result(), []string{"distribution", "heat", "latency", "timeline"}},
		{"reads", withReads(threeRegions().result()), []string{"distribution", "distribution-reads", "heat", "heat-reads", "latency", "latency-reads", "timeline", "timeline-reads"}},
		{"breakdown", withBreakdowns(threeRegions().result()), []string{"breakdown", "distribution", "heat", "latency", "timeline"}},
		{"crashes", crashedOften(), []string{"distribution", "heat", "latency", "outages", "timeline"}},
		{"changes of the membership", changed(), []string{"distribution", "heat", "latency", "membership", "timeline"}},
		{"sweep", swept(), []string{"sweep"}},
		{"sweep over the load", overloaded(), []string{"sweep", "throughput"}},
		{"sweep with components", dependent(), []string{"execution", "sweep"}},
		{"sweep with reads", withReads(swept()), []string{"sweep", "sweep-reads"}},
	} {
		var got []string
		for _, f := range figuresOf(c.result) {
			got = append(got, f.name)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: drawn are %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReadsAreDrawnApartFromWrites(t *testing.T) {
	figures := drawn(t, withReads(threeRegions().result()))
	writes, reads := figures["latency.png"], figures["latency-reads.png"]
	const share = 0.5 // on the same scale, which reaches to two round trips
	for i := range 3 {
		a, _ := extent(writes, below(writes, headerPixels), protocolColor(i))
		b, _ := extent(reads, below(reads, headerPixels), protocolColor(i))
		if got := float64(b.Dx()) / float64(a.Dx()); got < share*0.9 || got > share*1.1 {
			t.Errorf("protocol %d: the longest bar of reads is %.2f of that of writes, want %.1f", i, got, share)
		}
	}
}

func TestStagesAreAsLongAsTheyTake(t *testing.T) {
	picture := drawn(t, withBreakdowns(threeRegions().result()))["breakdown.png"]
	area := below(picture, headerPixels)
	to, _ := extent(picture, area, stageColors["to the leader"])          // 0.2 × 225 ms, from the last region
	back, _ := extent(picture, area, stageColors["back from the leader"]) // the same, further right
	out, _ := extent(picture, area, stageColors["way out"])               // up to 150 ms, from zero
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"to the leader", float64(to.Dx()) / float64(out.Dx()), 45. / 150},
		{"the beginning of back from the leader", float64(back.Max.X-out.Min.X) / float64(out.Dx()), 225. / 150},
	} {
		if c.got < c.want*0.97 || c.got > c.want*1.03 {
			t.Errorf("%s is %.3f of the longest way out, want %.3f", c.name, c.got, c.want)
		}
	}
	if to.Min.X != out.Min.X {
		t.Errorf("bars begin at %d and %d, want one zero", to.Min.X, out.Min.X)
	}
}

func TestALineOfASweepStandsWhereItsPercentilesAre(t *testing.T) {
	r := swept()
	for i := range r.Runs { // flat at the first region, of which p99 is twice p50
		for j := range r.Runs[i].Regions {
			s := &r.Runs[i].Regions[j]
			s.Response.P50, s.Response.P99 = 100*time.Millisecond, 200*time.Millisecond
			s.Service = s.Response
		}
	}
	picture := drawn(t, r)["sweep.png"]
	area := below(picture, headerPixels)
	quick, n := extent(picture, area, protocolColor(0)) // at all points
	slow, m := extent(picture, area, protocolColor(1))  // up to the second
	if n < 1000 || m < 1000 || quick.Dx() <= slow.Dx() {
		t.Errorf("the lines are %v and %v, want the second to end before its saturated point", quick, slow)
	}
	if quick.Dy() < 100 {
		t.Errorf("p50 and p99 are %d pixels apart, want them well apart", quick.Dy())
	}
}

// The runs of the quick protocol are 10 % apart, those of the slow one alike: only the former's intervals show.
func TestASweepOfSixRepeatsShowsIntervals(t *testing.T) {
	heights := map[int]int{}
	for _, repeats := range []int{5, 6} {
		r := sweptOften(repeats)
		for i := range r.Runs {
			for j := range r.Runs[i].Regions {
				s := &r.Runs[i].Regions[j]
				s.Response.P50, s.Response.P99 = 400*time.Millisecond, 400*time.Millisecond
				if r.Runs[i].Protocol == "quick" {
					apart := time.Duration(r.Runs[i].Repeat) * 10 * time.Millisecond
					s.Response.P50, s.Response.P99 = 100*time.Millisecond+apart, 100*time.Millisecond+apart
				}
				s.Service = s.Response
			}
		}
		picture := drawn(t, r)["sweep.png"]
		area := below(picture, headerPixels+100) // there is one more line
		area.Max.X /= 3                          // the first region
		quick, n := extent(picture, area, protocolColor(0))
		if heights[repeats] = quick.Dy(); n < 1000 {
			t.Fatalf("with %d repeats the quick protocol has %d pixels", repeats, n)
		}
	}
	// The scale reaches from 0 to 424 ms over 2.3 inches of 300 pixels; the interval from 100 to 150 ms is 81 of them.
	if heights[5] > 50 || heights[6] < 75 || heights[6] > 100 {
		t.Errorf("what is drawn of the quick protocol is %d pixels high with five repeats and %d with six, want only a mark and an interval of 81", heights[5], heights[6])
	}
}

func TestAFarTailDoesNotShrinkTheBars(t *testing.T) {
	r := threeRegions().result()
	before := drawn(t, r)["latency.png"]
	r.Runs[0].Regions[1].Response.P99, r.Runs[0].Regions[1].Service.P99 = 5*time.Second, 5*time.Second
	after := drawn(t, r)["latency.png"]
	a, _ := extent(before, below(before, headerPixels), protocolColor(2))
	b, _ := extent(after, below(after, headerPixels), protocolColor(2))
	if share := float64(b.Dx()) / float64(a.Dx()); share < 0.5 {
		t.Errorf("one p99 of 5 s makes bars %.2f times as long, want at least half", share)
	}
}

func TestComparisonIsDrawn(t *testing.T) {
	slower := threeRegions()
	slower.protocols[0].trips = []float64{2, 2, 2}
	path := filepath.Join(t.TempDir(), "compare.png")
	results := []*result.Result{threeRegions().result(), slower.result()}
	if err := DrawCompare(path, results, []string{"a", "b"}, CompareOptions{Protocols: []string{"quick"}}, FigureOptions{}); err != nil {
		t.Fatal(err)
	}
	picture := decoded(t, path)
	area := below(picture, headerPixels)
	a, _ := extent(picture, area, protocolColor(0))
	b, _ := extent(picture, area, protocolColor(1))
	if ratio := float64(b.Dx()) / float64(a.Dx()); ratio < 1.9 || ratio > 2.1 {
		t.Errorf("the second result's bars are %.2f times as long, want 2", ratio)
	}
}

// A figure that cannot be written leaves nothing, is said, and does not keep the others from being drawn.
func TestAFigureThatCannotBeWritten(t *testing.T) {
	if drawn, err := Draw(filepath.Join(t.TempDir(), "missing"), notRun(), FigureOptions{}); err == nil || len(drawn.Paths) > 0 {
		t.Errorf("figures were written into a folder that is not there: %v", drawn.Paths)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "latency.png"), 0o755); err != nil { // in the way of the rename
		t.Fatal(err)
	}
	drawn, err := Draw(dir, threeRegions().result(), FigureOptions{Width: ColumnWide})
	if err == nil || !strings.Contains(err.Error(), "latency.png was not drawn") {
		t.Errorf("a folder is in the place of a figure, and the error is %v", err)
	}
	entries, _ := os.ReadDir(dir)
	if n := len(drawn.Paths); n == 0 || len(entries) != 2*(n+1) { // the data of the one that was not drawn is there
		t.Errorf("the figures %v were drawn, and the folder holds %v; want these with their data, and what was there", drawn.Paths, entries)
	}
}

// What a sweep with components shows is in its data: from commit to answer, and how many instances that takes.
func TestExecutionIsShownBesideCommit(t *testing.T) {
	data := string(sweepOf(dependent()).executionFigure().data.encode())
	for _, want := range []string{
		"load.keys.conflicts,region,protocol,committed_p50_ms,answered_p50_ms,together_largest,together_mean_above_one",
		"0%,us-east-1,slow,141.164543,141.164543,1,1", // no component of more than one
		"100%,us-east-1,slow,47.054847,141.164543,60,9",
		"100%,us-east-1,quick,23.527423,70.582271,3,2.333333",
	} {
		if !strings.Contains(data, want) {
			t.Errorf("missing %q in:\n%s", want, data)
		}
	}
}
