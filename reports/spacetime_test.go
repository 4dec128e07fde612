package reports

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

func playScenario(t *testing.T, name string) *scenario.Run {
	t.Helper()
	script, err := scenario.Load(name, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestNoTextOfADiagramLiesOnAnotherOrLeavesThePage(t *testing.T) {
	for _, name := range scenario.Names() {
		d := spaceTimeOf(&playScenario(t, name).SpaceTime)
		if n := d.arrange(); n > 0 {
			t.Errorf("%s: %d texts lie on others", name, n)
		}
		for _, w := range d.texts {
			left, right := w.room.along(vg.Point{X: 1})
			bottom, top := w.room.along(vg.Point{Y: 1})
			if left < 0 || right > d.width || bottom < 0 || top > d.height {
				t.Errorf("%s: %q leaves the page", name, w.lines[0].text)
			}
		}
	}
}

// Nothing happens in the time that a script draws.
func TestADiagramOfNothingIsDrawn(t *testing.T) {
	script, err := scenario.Parse("quiet.txt", []byte("title quiet\nprotocol paxos\nreplicas 3\ndelay 10ms\nat 1s end\nexpect all answered\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		t.Fatal(err)
	}
	d := spaceTimeOf(&run.SpaceTime)
	if d.arrange(); d.axis.height <= 0 {
		t.Errorf("the diagram is %v high", d.axis.height)
	}
}

func TestDiagramShowsWhatHappenedAndLeavesOutWhatIsHidden(t *testing.T) {
	script, err := scenario.Parse("tiny.txt", []byte(`
title    tiny
protocol paxos
replicas 3
delay    10ms
draw     0ms 45ms
hide     *->* Promise
at 0ms   partition R0 R1 | R2
at 0ms   R0 put k foo as w
at 42ms  R1 crash
at 60ms  end
expect   R0 answers w
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tiny.svg")
	if err := DrawSpaceTime(path, &run.SpaceTime); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"put k foo as w", "Prepare k/1 1.0", "Accepted k/1 1.0", "applies k/1 w", "answers w", "crashes", "partition R0 R1 | R2"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the diagram lacks %q", want)
		}
	}
	for _, unwanted := range []string{"Promise", "proposed"} {
		if bytes.Contains(svg, []byte(unwanted)) {
			t.Errorf("the diagram shows %q", unwanted)
		}
	}
}

func TestTimeAxisKeepsTheOrderAndShortensWaits(t *testing.T) {
	d := spaceTimeOf(&playScenario(t, "paxos-two-proposers").SpaceTime)
	for i := 1; i < len(d.axis.times); i++ {
		if d.axis.places[i]-d.axis.places[i-1] < leastApart {
			t.Errorf("%v and %v are %v apart", d.axis.times[i-1], d.axis.times[i], d.axis.places[i]-d.axis.places[i-1])
		}
	}
	flight := d.axis.place(10*time.Millisecond) - d.axis.place(0)
	wait := d.axis.place(150*time.Millisecond) - d.axis.place(55*time.Millisecond)
	if wait > 2*flight {
		t.Errorf("a wait of 95ms takes %v, a flight of 10ms %v", wait, flight)
	}
}

func TestBoxesMeetIfTheyOverlap(t *testing.T) {
	square := boxAround(vg.Point{}, 2, 2, 0)
	for _, c := range []struct {
		name  string
		other box
		meets bool
	}{
		{"itself", square, true},
		{"one within", boxAround(vg.Point{}, 1, 1, 1), true},
		{"one beside", boxAround(vg.Point{X: 2.1}, 2, 2, 0), false},
		{"one that touches", boxAround(vg.Point{X: 2}, 2, 2, 0), false},
		{"a turned one at the corner", boxAround(vg.Point{X: 1.6, Y: 1.6}, 2, 1, math.Pi/4), true},
		{"a turned one past the corner", boxAround(vg.Point{X: 1.6, Y: 1.6}, 2, 1, -math.Pi/4), false},
		{"a line through it", box{{X: -3, Y: -1}, {X: 3, Y: 1}}, true},
		{"a line past it", box{{X: 0, Y: 3}, {X: 3, Y: 0}}, false},
	} {
		if square.meets(c.other) != c.meets || c.other.meets(square) != c.meets {
			t.Errorf("a square and %s: meets is not %v", c.name, c.meets)
		}
	}
}

func TestDiagramIsWrittenAsTheExtensionSays(t *testing.T) {
	run := playScenario(t, "mmp3-mutual")
	folder := t.TempDir()
	path := filepath.Join(folder, "x.png")
	if err := DrawSpaceTime(path, &run.SpaceTime); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.DecodeConfig(file)
	if err != nil || picture.Width != int(pageWidth/vg.Inch*dpi) {
		t.Errorf("the picture is %d pixels wide, err %v", picture.Width, err)
	}
	err = DrawSpaceTime(filepath.Join(folder, "x.gif"), &run.SpaceTime)
	if err == nil || !strings.Contains(err.Error(), `accepted: a name that ends in .png, .svg or .pdf`) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%d files were written, want 1", len(left))
	}
}
