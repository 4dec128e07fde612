package reports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

var update = flag.Bool("update", false, "write the golden files anew")

// matchGolden compares with testdata/name.golden, or writes it with -update.
func matchGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the output (go test -update writes it anew); got:\n%s", path, got)
	}
}

// interrupted was stopped while the second protocol, which was saturated, ran.
func interrupted() *result.Result {
	r := threeRegions().result()
	r.Partial = true
	r.Runs = r.Runs[:2]
	r.Runs[1].Partial, r.Runs[1].Saturated = true, true
	r.Runs[1].Overload = []string{"saturated: in eu-west-1 40 of 2000 writes were answered"}
	for i := range r.Runs[1].Regions {
		r.Runs[1].Regions[i].Errors = 1960
	}
	return r
}

// lossy ran live, with everything that can be said of a network.
func lossy() *result.Result {
	r := threeRegions().result()
	r.Experiment.World = experiment.Live
	r.Experiment.Transport = oneStream()
	r.Experiment.Network.Loss = 0.01
	for i := range r.Runs {
		r.Runs[i].Network = result.NetworkRun{
			Messages: 10_000, Packets: 20_000, Lost: 200, Dropped: 1, Overflow: 2, Unsent: 3, Reconnects: 4,
			Lateness: result.Summary{Count: 20_000, P50: 25 * time.Microsecond, P99: time.Duration(100+i) * time.Microsecond},
			Emulator: "threads of ordinary priority",
		}
		for j := range r.Runs[i].Regions {
			region := &r.Runs[i].Regions[j]
			region.Lag = result.Summary{Count: 2000, P99: 80 * time.Microsecond}
			region.Late = result.Percentiles{P50: 50 * time.Microsecond, P90: 100 * time.Microsecond, P99: 400 * time.Microsecond}
			if j == 1 { // so late that its p99 is not to be shown
				region.Late.P99 = 20 * time.Millisecond
			}
			region.SecondHalf = region.FirstHalf * 98 / 100
		}
	}
	r.Runs[2].Invalid = []string{"2 packets were not read in time"}
	r.Runs[1].Usage = &result.Usage{Own: 0.8, Others: 0.15, Emulator: 0.1, Generator: 0.05}
	return r
}

func withWrites(w world, writes int) *result.Result {
	w.writes = writes
	return w.result()
}

func withRepeats(w world, repeats int) *result.Result {
	w.repeats = repeats
	return w.result()
}

// withShortRuns has so few writes that p99 may be shown of all repeats together, and of none alone.
func withShortRuns() world {
	w := threeRegions()
	w.protocols, w.writes = w.protocols[:2], 200
	return w
}

func closedLoop() *result.Result {
	r := withWrites(threeRegions(), 600)
	r.Experiment.Load.Arrivals, r.Experiment.Load.Rate, r.Experiment.Load.Clients = experiment.Closed, 0, 4
	return r
}

func alone() world {
	return world{regions: []string{"local"}, quorums: []time.Duration{0}, protocols: []invented{{"solo", "", []float64{0.25}}}, writes: 30_000}
}

func notRun() *result.Result {
	r := threeRegions().result()
	r.Runs, r.Partial = nil, true
	return r
}

func TestTableIsWhatTheGoldenFileShows(t *testing.T) {
	for _, c := range []struct {
		name   string
		result *result.Result
		opts   TableOptions
	}{
		{"table", threeRegions().result(), TableOptions{}},
		{"table_color", threeRegions().result(), TableOptions{Color: true}},
		{"table_few_writes", withWrites(threeRegions(), 15), TableOptions{}},
		{"table_closed_loop", closedLoop(), TableOptions{}},
		{"table_two_repeats", withRepeats(threeRegions(), 2), TableOptions{}},
		{"table_six_repeats", withRepeats(threeRegions(), 6), TableOptions{}},
		{"table_short_runs", withRepeats(withShortRuns(), 6), TableOptions{}},
		{"table_interrupted", interrupted(), TableOptions{}},
		{"table_lossy", lossy(), TableOptions{}},
		{"table_alone", alone().result(), TableOptions{}},
		{"table_not_run", notRun(), TableOptions{}},
		{"table_reads", withReads(threeRegions().result()), TableOptions{}},
		{"table_crashed", crashed(), TableOptions{}},
		{"table_crashes_six_repeats", crashedOften(), TableOptions{}},
		{"table_sweep", swept(), TableOptions{}},
		{"table_sweep_two_repeats", sweptOften(2), TableOptions{}},
		{"table_sweep_six_repeats", sweptOften(6), TableOptions{}},
		{"table_sweep_components", dependent(), TableOptions{}},
		{"table_sweep_reads", withReads(swept()), TableOptions{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Table(&out, c.result, c.opts); err != nil {
				t.Fatal(err)
			}
			matchGolden(t, c.name, out.Bytes())
		})
	}
}

func TestCellsAreFaintOnlyIfAskedFor(t *testing.T) {
	for _, color := range []bool{false, true} {
		var out bytes.Buffer
		if err := Table(&out, threeRegions().result(), TableOptions{Color: color}); err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(out.Bytes(), []byte("\x1b[")); got != color {
			t.Errorf("with Color %v the table has escape sequences: %v", color, got)
		}
	}
}

func TestOnlyATerminalGetsColor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if ColorTerminal(file) || ColorTerminal(&bytes.Buffer{}) {
		t.Error("a file or a buffer was taken for a terminal")
	}
}
