package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/result"
)

func TestAvailabilityIsDrawnWithItsData(t *testing.T) {
	line := []result.Unavailable{{Fails: 1e-5, Without: 3e-10}, {Fails: 0.01, Without: 2.5e-4}, {Fails: 0.5, Without: 0.3}}
	a := &result.Availability{Failures: result.Failures{Replica: 0.01, Region: 0.001}, Systems: []result.AvailabilityOf{
		{Label: "majority", OverRegion: line, OverReplica: line[1:]}, {Label: "grid", OverRegion: line[:1], OverReplica: nil}}}
	folder := t.TempDir()
	for _, name := range []string{"a.png", "a.svg", "a.pdf"} {
		if err := DrawAvailability(filepath.Join(folder, name), a, FigureOptions{}); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	data, err := os.ReadFile(filepath.Join(folder, "a.csv"))
	const want = "system,replica_fails,region_fails,no_quorum\n" +
		"majority,0.01,1e-05,3e-10\nmajority,0.01,0.01,0.00025\nmajority,0.01,0.5,0.3\n" +
		"majority,0.01,0.001,0.00025\nmajority,0.5,0.001,0.3\ngrid,0.01,1e-05,3e-10\n"
	if err != nil || string(data) != want {
		t.Errorf("found\n%s%v\nwanted\n%s", data, err, want)
	}
	f := availabilityFigure(a)
	if got := len(f.legend); got != 2 || f.legend[0].name != "majority" {
		t.Errorf("the legend has %d entries", got)
	}
	if min := f.panels[0].plot.Y.Min; min != leastUnavailable {
		t.Errorf("the axis begins at %v: less than %v is not shown", min, leastUnavailable)
	}
	for range MostSystems {
		a.Systems = append(a.Systems, a.Systems[0])
	}
	if err := DrawAvailability(filepath.Join(folder, "b.png"), a, FigureOptions{}); err == nil || !strings.Contains(err.Error(), "accepted: up to 6") {
		t.Errorf("eight systems: %v", err)
	}
	if err := DrawAvailability(filepath.Join(folder, "b.gif"), a, FigureOptions{}); err == nil {
		t.Error("a GIF is drawn")
	}
}
