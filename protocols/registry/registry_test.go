package registry_test

import (
	"bytes"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/registry"
)

func TestDriversAreFoundByTheirNames(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range registry.Drivers.Names() {
		if d := registry.Drivers.Find(name); d == nil || d.Name != name || seen[name] {
			t.Errorf("%s is found as %v", name, d)
		}
		seen[name] = true
	}
	if registry.Drivers.Find("chalk") != nil {
		t.Error("a driver was found that does not exist")
	}
}

func floor(driver string, c protocols.Config) time.Duration {
	d := registry.Drivers.Find(driver)
	return d.Floor(d.MustComplete(c))
}

// Figure 4 of the EPaxos paper (Moraru, Andersen and Kaminsky, SOSP 2013) has medians in ms of
// three replicas in California, Virginia and Europe, read off to ±3. The round trips between the
// sites, in the paper's text, are 85, 90 and 156 ms. The floors must explain the medians.
func TestFloorsAgreeWithThePublishedMedians(t *testing.T) {
	const ca, va, eu = 0, 1, 2
	half := func(ms float64) time.Duration { return time.Duration(ms / 2 * float64(time.Millisecond)) }
	delays := protocols.Delays{
		ca: {0, half(85), half(156)},
		va: {half(85), 0, half(90)},
		eu: {half(156), half(90), 0},
	}
	oneRoundTrip := map[protocols.NodeID]float64{ca: 87, va: 87, eu: 95}
	leaderInCalifornia := map[protocols.NodeID]float64{ca: 87, va: 174, eu: 253}
	for _, c := range []struct {
		driver    string
		leader    protocols.NodeID
		times     float64 // how often the published pattern runs
		published map[protocols.NodeID]float64
	}{
		{"mmp3", protocols.Nobody, 1, oneRoundTrip},
		{"paxos", protocols.Nobody, 2, oneRoundTrip},
		{"multipaxos", ca, 1, leaderInCalifornia},
		{"raft", ca, 1, leaderInCalifornia},
	} {
		for client, ms := range c.published {
			found := floor(c.driver, protocols.Config{ID: client, Members: protocols.Members(len(delays)), Leader: c.leader, Delays: delays}).Seconds() * 1000
			if want := c.times * ms; math.Abs(found-want) > 0.06*want {
				t.Errorf("%s, client at %d: the floor is %.1f ms, published are %.0f ms", c.driver, client, found, want)
			}
		}
	}
}

// With each direction different, a floor is the sum of the ways a write takes.
func TestFloorsSumUpOneWayDelays(t *testing.T) {
	ms := time.Millisecond
	delays := protocols.Delays{
		{0, 10 * ms, 50 * ms},
		{20 * ms, 0, 5 * ms},
		{70 * ms, 9 * ms, 0},
	}
	for _, c := range []struct {
		driver         string
		leader, client protocols.NodeID
		floor          time.Duration
	}{
		{"mmp3", protocols.Nobody, 0, 30 * ms},
		{"mmp3", protocols.Nobody, 2, 14 * ms},
		{"paxos", protocols.Nobody, 1, 28 * ms},
		{"raft", 0, 0, 30 * ms},
		{"raft", 0, 2, (70 + 30 + 50) * ms},
		{"multipaxos", 2, 1, (5 + 14 + 9) * ms},
	} {
		if got := floor(c.driver, protocols.Config{ID: c.client, Members: protocols.Members(len(delays)), Leader: c.leader, Delays: delays}); got != c.floor {
			t.Errorf("%s, leader %d, client %d: %v, the ways sum up to %v", c.driver, c.leader, c.client, got, c.floor)
		}
	}
}

func TestMmp3IsForThreeReplicas(t *testing.T) {
	for n := range 8 {
		if err := registry.Drivers.Find("mmp3").CheckReplicas(n); (err == nil) != (n == 3) {
			t.Errorf("%d replicas: %v", n, err)
		}
	}
}

// What random lives try must be accepted, and try the default first: a life in which nothing is chosen should
// not be rare.
func TestOptionsSayWhatTheyAre(t *testing.T) {
	for _, d := range registry.Drivers {
		for n := 3; n <= 5; n += 2 {
			if d.CheckReplicas(n) != nil {
				continue
			}
			defaults := protocols.Texts(d.MustComplete(protocols.Config{Members: protocols.Members(n)}).Options)
			for _, o := range d.List(n) {
				if o.Help == "" || o.Accepted == "" || o.Default == "" {
					t.Errorf("%s: %+v does not say what it is", d.Name, o)
				}
				for i, text := range o.Tries {
					made, err := d.Choose(n, protocols.Choices{o.Name: text})
					if err != nil {
						t.Errorf("%s: %v", d.Name, err)
						continue
					}
					if found := protocols.Texts(made)[o.Name]; found != text {
						t.Errorf("%s: %s %s is read as %s", d.Name, o.Name, text, found)
					}
					if i == 0 && text != defaults[o.Name] {
						t.Errorf("%s: %s is tried with %s first, and %s by default", d.Name, o.Name, text, defaults[o.Name])
					}
				}
			}
		}
	}
}

// Every driver has bounds that are explored, but for those that are exempt by name.
func TestEveryDriverIsExplored(t *testing.T) {
	exempt := map[string]string{}
	for _, d := range registry.Drivers {
		source, err := os.ReadFile(filepath.Join("..", d.Name, "explore_test.go"))
		if err != nil || !bytes.Contains(source, []byte("\nfunc TestExplore(t *testing.T) {")) {
			exempt[d.Name] = explore.Exempt[d.Name]
		}
	}
	if !maps.Equal(exempt, explore.Exempt) {
		t.Errorf("not explored are %v, and exempt %v", exempt, explore.Exempt)
	}
}
