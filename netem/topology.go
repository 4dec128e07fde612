package netem

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
)

// Topology is a set of regions and what was measured between them.
type Topology struct {
	Name        string
	Description string
	Source      string   // who measured, and where the figures are; empty if the file does not say
	Measured    string   // when; empty if the file does not say
	Regions     []string // in the order of the file

	links  map[pair]Measured
	varies bool             // the file says of some link how much its round trips vary
	place  *strictyaml.Node // of the round trips or links in the file, for errors
}

type pair struct{ from, to string }

// Measured is what is known of the link from one region to another. The round trips are those
// that ping gave, from the region the link starts in.
type Measured struct {
	Min, Avg, Max time.Duration // round trip: least, mean, greatest
	// Mdev is the population standard deviation of the round trip, as ping prints it.
	Mdev time.Duration
	// OneWay is the delay in the link's direction: as the file gives it, or else half of Avg.
	OneWay time.Duration
	// Assumed is set for the link of a region to itself that the file does not give. It takes no time.
	Assumed bool
}

// Jitter is the standard deviation of the one-way delay, Mdev/√2: the two ways of a round trip
// are taken to be independent and alike, so each has half of its variance.
func (m Measured) Jitter() time.Duration {
	return time.Duration(float64(m.Mdev) / math.Sqrt2)
}

// CheckRegion returns an error with the regions there are, and the nearest, if the topology has
// none of that name.
func (t *Topology) CheckRegion(region string) error {
	if slices.Contains(t.Regions, region) {
		return nil
	}
	return fmt.Errorf("found the unknown region %q; accepted: %s%s",
		region, strings.Join(t.Regions, ", "), strictyaml.DidYouMean(region, t.Regions))
}

// Link returns what was measured from one region to another; from and to may be the same region.
// It is an error if a region is unknown or the pair was not measured: no link between two regions
// is ever taken to have a delay of 0.
func (t *Topology) Link(from, to string) (Measured, error) {
	for _, region := range []string{from, to} {
		if err := t.CheckRegion(region); err != nil {
			return Measured{}, fmt.Errorf("topology %s: %w", t.Name, err)
		}
	}
	m, ok := t.links[pair{from, to}]
	if !ok {
		return Measured{}, fmt.Errorf("topology %s has no link from %s to %s", t.Name, from, to)
	}
	return m, nil
}

// maxListed is how many things an error lists.
const maxListed = 12

// CheckLinks returns an error that lists the pairs of the given regions that have no link, with the place in the file. The regions
// must be the topology's.
func (t *Topology) CheckLinks(regions []string) error {
	var missing []string
	seen := map[pair]bool{}
	for i, from := range regions {
		for _, to := range regions[:i] {
			if _, given := t.links[pair{from, to}]; !given && !seen[pair{from, to}] && !seen[pair{to, from}] {
				seen[pair{from, to}] = true
				missing = append(missing, to+" and "+from)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if n := len(missing); n > maxListed {
		missing = append(missing[:maxListed], fmt.Sprintf("%d more pairs", n-maxListed))
	}
	return t.place.Errorf("found no round trip between %s; accepted: one for every two regions that are used", strings.Join(missing, ", "))
}

// CheckLocal returns an error that lists those of the given regions whose link to themselves the file does not give.
func (t *Topology) CheckLocal(regions []string) error {
	var missing []string
	for _, region := range regions {
		if t.links[pair{region, region}].Assumed && !slices.Contains(missing, region) {
			missing = append(missing, region)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if n := len(missing); n > maxListed {
		missing = append(missing[:maxListed], fmt.Sprintf("%d more", n-maxListed))
	}
	return fmt.Errorf("the topology %s has no round trip inside %s, as %s: {%[3]s: 0.5ms} under rtt gives it", t.Name, strings.Join(missing, ", "), missing[0])
}

// Varies reports whether the file says of some link how much its round trips vary: by a key mdev, which may be 0s.
func (t *Topology) Varies() bool { return t.varies }
