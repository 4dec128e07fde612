package netem_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"quorumbench/configs"
	"quorumbench/netem"
)

// load reads a topology that comes with the program.
func load(t *testing.T, name string) *netem.Topology {
	t.Helper()
	data, err := configs.Topology(name)
	if err != nil {
		t.Fatal(err)
	}
	topology, err := netem.ParseTopology(name+".yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

func TestShippedTopologiesHaveTheFiguresMeasured(t *testing.T) {
	for _, c := range []struct {
		topology, from, to  string
		min, avg, max, mdev time.Duration
	}{
		{"aws-2020-06-05", "us-east-1", "eu-west-1", 70459 * us, 70508 * us, 73658 * us, 146 * us},
		{"aws-2020-06-05", "us-west-1", "sa-east-1", 190134 * us, 190180 * us, 190779 * us, 522 * us},
		{"aws-2020-06-05", "af-south-1", "af-south-1", 66 * us, 79 * us, 159 * us, 8 * us},
		{"gcp-2020", "asia-east1", "asia-east2", 12766 * us, 18908 * us, 66849 * us, 873 * us},
	} {
		m, err := load(t, c.topology).Link(c.from, c.to)
		if err != nil {
			t.Error(err)
			continue
		}
		want := netem.Measured{Min: c.min, Avg: c.avg, Max: c.max, Mdev: c.mdev, OneWay: c.avg / 2}
		if m != want {
			t.Errorf("%s, %s to %s: %+v, want %+v", c.topology, c.from, c.to, m, want)
		}
	}
}

func TestShippedTopologiesAreComplete(t *testing.T) {
	regions := map[string]int{"aws-2020-06-05": 19, "gcp-2020": 20}
	for _, name := range configs.Topologies() {
		t.Run(name, func(t *testing.T) {
			topology := load(t, name)
			if topology.Name != name {
				t.Errorf("the file calls itself %q", topology.Name)
			}
			if got, want := len(topology.Regions), regions[name]; got != want {
				t.Errorf("%d regions, want %d", got, want)
			}
			for _, from := range topology.Regions {
				for _, to := range topology.Regions {
					m, err := topology.Link(from, to)
					if err != nil {
						t.Fatal(err)
					}
					back, err := topology.Link(to, from)
					if err != nil {
						t.Fatal(err)
					}
					if m.OneWay <= 0 {
						t.Errorf("%s to %s takes %v", from, to, m.OneWay)
					}
					// Both ends measured the same round trip.
					if off := math.Abs(float64(m.Avg-back.Avg)) / float64(m.Avg); off > 0.01 {
						t.Errorf("%s to %s is %v, and back %v", from, to, m.Avg, back.Avg)
					}
				}
			}
		})
	}
}

func TestJitterIsHalfTheVarianceOfTheRoundTrip(t *testing.T) {
	m := netem.Measured{Mdev: 1414214}
	if got := m.Jitter().Round(10); got != ms {
		t.Errorf("Jitter = %v, want 1ms", got)
	}
}

const small = `name: small
source: a test
measured: today
regions: [us-east-1, eu-west-1, eu-west-2]
links:
  - {from: us-east-1, to: eu-west-1, min: 60ms, avg: 70ms, max: 90ms, mdev: 1ms}
  - {from: eu-west-1, to: us-east-1, min: 60ms, avg: 70ms, max: 90ms, mdev: 1ms, one_way: 30ms}
`

func TestOneWayDelayIsHalfTheRoundTripUnlessGiven(t *testing.T) {
	topology, err := netem.ParseTopology("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"us-east-1", "eu-west-1", 35 * ms},
		{"eu-west-1", "us-east-1", 30 * ms},
	} {
		if m, err := topology.Link(c.from, c.to); err != nil || m.OneWay != c.want {
			t.Errorf("%s to %s: %v, %v, want %v", c.from, c.to, m.OneWay, err, c.want)
		}
	}
}

func TestUnknownRegionAndMissingPairAreErrors(t *testing.T) {
	topology, err := netem.ParseTopology("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"us-esat-1", "eu-west-1", `topology small: found the unknown region "us-esat-1"; ` +
			`accepted: us-east-1, eu-west-1, eu-west-2; did you mean us-east-1?`},
		{"us-east-1", "mars", `topology small: found the unknown region "mars"; ` +
			`accepted: us-east-1, eu-west-1, eu-west-2`},
		{"us-east-1", "eu-west-2", "topology small has no link from us-east-1 to eu-west-2"},
	} {
		if _, err := topology.Link(c.from, c.to); err == nil || err.Error() != c.want {
			t.Errorf("%s to %s: %v, want %v", c.from, c.to, err, c.want)
		}
	}
}

// The other direction of a link has the same round trip, and the rest of it as its delay. A region reaches itself in no time.
func TestWhatAFileLeavesOutOfItsLinksIsFilledIn(t *testing.T) {
	topology, err := netem.ParseTopology("folder/three.yaml", []byte("links:\n- {from: a, to: b, avg: 10ms, one_way: 3ms}\n- {from: b, to: c, avg: 20ms, max: 25ms, mdev: 2ms}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if topology.Name != "three" || strings.Join(topology.Regions, " ") != "a b c" {
		t.Errorf("the topology is %s with the regions %v", topology.Name, topology.Regions)
	}
	for _, c := range []struct {
		from, to string
		want     netem.Measured
	}{
		{"a", "b", netem.Measured{Min: 10 * ms, Avg: 10 * ms, Max: 10 * ms, OneWay: 3 * ms}},
		{"b", "a", netem.Measured{Min: 10 * ms, Avg: 10 * ms, Max: 10 * ms, OneWay: 7 * ms}},
		{"c", "b", netem.Measured{Min: 20 * ms, Avg: 20 * ms, Max: 25 * ms, Mdev: 2 * ms, OneWay: 10 * ms}},
		{"c", "c", netem.Measured{Assumed: true}},
	} {
		if m, err := topology.Link(c.from, c.to); err != nil || m != c.want {
			t.Errorf("%s to %s: %+v, %v, want %+v", c.from, c.to, m, err, c.want)
		}
	}
	want := "folder/three.yaml:1:1: found no round trip between a and c; accepted: one for every two regions that are used"
	if err := topology.CheckLinks([]string{"a", "b", "c", "c"}); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := topology.CheckLinks([]string{"a", "b"}); err != nil {
		t.Error(err)
	}
}

const nameRule = `accepted: 1 to 64 bytes of letters, digits, signs except , = # and ", and spaces between them`

func TestParseTopologyPointsAtTheMistake(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "mdev: 1ms}", "mdve: 1ms}", `small.yaml:6:71: found the unknown key "mdve"; ` +
			`accepted: from, to, min, avg, max, mdev, one_way; did you mean mdev?`},
		{"no unit", "min: 60ms", "min: 60", `small.yaml:6:43: found 60 without a unit; ` +
			`accepted: a duration with its unit, such as 10s or 250ms; did you mean 60s?`},
		{"no delay", "avg: 70ms, ", "", `small.yaml:6:5: found no key "avg"; accepted: a duration with its unit, such as 10s or 250ms`},
		{"nothing of a link", "{from: us-east-1, to: eu-west-1, min: 60ms, avg: 70ms, max: 90ms, mdev: 1ms}", "{min: 60ms}", `small.yaml:6:5: found no keys "from", "to" and "avg"; ` +
			`accepted: from, a text; to, a text; avg, a duration with its unit, such as 10s or 250ms`},
		{"name of two lines", "name: small", `name: "small\nand large"`, `small.yaml:1:7: found "small\nand large"; accepted: a line of text`},
		{"source of two lines", "source: a test", `source: "a\e[2Jtest"`, `small.yaml:2:9: found "a\x1b[2Jtest"; accepted: a line of text`},
		{"rtt as well", "links:", "rtt: {}\nlinks:", `small.yaml:6:1: found links beside rtt; accepted: one of the two`},
		{"mdev of all", "links:", "mdev: 1ms\nlinks:", `small.yaml:5:1: found mdev beside links; accepted: mdev in each link, or beside rtt`},
		{"unknown region", "to: eu-west-1", "to: eu-west-3", `small.yaml:6:27: found the unknown region "eu-west-3"; ` +
			`accepted: us-east-1, eu-west-1, eu-west-2; did you mean eu-west-1?`},
		{"region twice", "eu-west-2", "us-east-1", "small.yaml:4:33: found the region us-east-1 twice; accepted: once"},
		{"region of two lines", "eu-west-2", `"eu\nwest"`, `small.yaml:4:33: found the region name "eu\nwest"; ` + nameRule},
		{"region with a comma", "eu-west-2", `"eu,west"`, `small.yaml:4:33: found the region name "eu,west"; ` + nameRule},
		{"region that looks like a second replica", "eu-west-2", `"eu#2"`, `small.yaml:4:33: found the region name "eu#2"; ` + nameRule},
		{"region without a name", "eu-west-2", `""`, `small.yaml:4:33: found the region name ""; ` + nameRule},
		{"region that turns the line around", "eu-west-2", "\"eu\u202ewest\"", `small.yaml:4:33: found the region name "eu\u202ewest"; ` + nameRule},
		{"region with a long name", "eu-west-2", strings.Repeat("x", 65), `small.yaml:4:33: found the region name "` + strings.Repeat("x", 65) + `"; ` + nameRule},
		{"region that differs in a space", "us-east-1, eu-west-1, eu-west-2", "us-east-1, eu-west-1, a b, a_b",
			`small.yaml:4:38: found the regions "a b" and "a_b"; accepted: names that differ in more than spaces and underscores`},
		{"region that is a word of experiments", "eu-west-2", "leader",
			`small.yaml:4:33: found the region name "leader"; accepted: others than all, auto, leader, measured, random, which mean something else in experiment files`},
		{"round trip of years", "max: 90ms", "max: 200000h", "small.yaml:6:65: found 200000h0m0s; accepted: up to 1m0s"},
		{"link twice", "from: eu-west-1, to: us-east-1", "from: us-east-1, to: eu-west-1",
			"small.yaml:7:5: found the link from us-east-1 to eu-west-1 twice; accepted: once"},
		{"average below minimum", "avg: 70ms", "avg: 50ms", "small.yaml:6:54: found 50ms; accepted: min, 60ms, or more"},
		{"maximum below average", "max: 90ms", "max: 69ms", "small.yaml:6:65: found 69ms; accepted: avg, 70ms, or more"},
		{"negative", "min: 60ms", "min: -1ms", "small.yaml:6:43: found -1ms; accepted: 0s or more"},
		{"one way above maximum", "one_way: 30ms", "one_way: 91ms",
			"small.yaml:7:91: found 91ms; accepted: from 0s to max, 90ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := strings.Replace(small, c.old, c.new, 1)
			if _, err := netem.ParseTopology("small.yaml", []byte(file)); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %v", err, c.want)
			}
		})
	}
}
