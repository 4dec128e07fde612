package netem

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"quorumbench/configs/strictyaml"
)

// Topology is a set of regions and what was measured between them.
type Topology struct {
	Name        string
	Description string
	Source      string   // who measured, and where the figures are
	Measured    string   // when
	Regions     []string // in the order of the file

	links map[pair]Measured
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
}

// Jitter is the standard deviation of the one-way delay, Mdev/√2: the two ways of a round trip
// are taken to be independent and alike, so each has half of its variance.
func (m Measured) Jitter() time.Duration {
	return time.Duration(float64(m.Mdev) / math.Sqrt2)
}

// topologyFile is what a topology file looks like.
type topologyFile struct {
	Name        string     `yaml:"name,required"`
	Description string     `yaml:"description"`
	Source      string     `yaml:"source,required"`
	Measured    string     `yaml:"measured,required"`
	Regions     []string   `yaml:"regions,required"`
	Links       []linkLine `yaml:"links,required"`
}

type linkLine struct {
	From   string         `yaml:"from,required"`
	To     string         `yaml:"to,required"`
	Min    time.Duration  `yaml:"min,required"`
	Avg    time.Duration  `yaml:"avg,required"`
	Max    time.Duration  `yaml:"max,required"`
	Mdev   time.Duration  `yaml:"mdev,required"`
	OneWay *time.Duration `yaml:"one_way"`
}

// ParseTopology reads a topology file. Its errors are of type *strictyaml.Error and carry the
// given file name. A file need not have a link for every pair of regions.
func ParseTopology(file string, data []byte) (*Topology, error) {
	var f topologyFile
	doc, err := strictyaml.Decode(file, data, &f)
	if err != nil {
		return nil, err
	}
	t := &Topology{
		Name: f.Name, Description: f.Description, Source: f.Source, Measured: f.Measured,
		Regions: f.Regions,
		links:   make(map[pair]Measured, len(f.Links)),
	}
	if len(t.Regions) == 0 {
		return nil, doc.Errorf("regions", "found no regions; accepted: one or more")
	}
	for i, region := range t.Regions {
		at := fmt.Sprintf("regions[%d]", i)
		if err := checkName(region); err != nil {
			return nil, doc.Errorf(at, "%w", err)
		}
		for _, other := range t.Regions[:i] {
			if other == region {
				return nil, doc.Errorf(at, "found the region %s twice; accepted: once", region)
			}
			if tagged(other) == tagged(region) {
				return nil, doc.Errorf(at, "found the regions %q and %q; accepted: names that differ in more than spaces and underscores", other, region)
			}
		}
	}
	for i, line := range f.Links {
		if at, err := t.add(line); err != nil {
			return nil, doc.Errorf(fmt.Sprintf("links[%d].%s", i, at), "%w", err)
		}
	}
	return t, nil
}

// maxRoundTrip is the longest round trip of a link. Timeouts follow from it, so that a run over longer ones would not
// end.
const maxRoundTrip = time.Minute

// maxName is the greatest length of a region's name, in bytes.
const maxName = 64

// reserved are words that stand in place of a region in experiment files and flags.
var reserved = []string{"all", "auto", "leader", "measured", "random"}

// checkName refuses a region's name that would not be one word, or not be the same one, in tables, flags, and the tags of
// histograms.
func checkName(region string) error {
	if slices.Contains(reserved, region) {
		return fmt.Errorf("found the region name %q; accepted: others than %s, which mean something else in experiment files", region, strings.Join(reserved, ", "))
	}
	bad := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(",=#\"", r) }
	if region == "" || len(region) > maxName || strings.TrimSpace(region) != region || !utf8.ValidString(region) || strings.ContainsFunc(region, bad) {
		return fmt.Errorf("found the region name %q; accepted: 1 to %d bytes of letters, digits, signs except , = # and \", and spaces between them", region, maxName)
	}
	return nil
}

// tagged is a name as histograms have it, which have no room for spaces.
func tagged(region string) string { return strings.ReplaceAll(region, " ", "_") }

// add takes a link into the topology, or tells what is wrong with which key of its line.
func (t *Topology) add(l linkLine) (key string, err error) {
	if err := t.CheckRegion(l.From); err != nil {
		return "from", err
	}
	if err := t.CheckRegion(l.To); err != nil {
		return "to", err
	}
	if _, twice := t.links[pair{l.From, l.To}]; twice {
		return "", fmt.Errorf("found the link from %s to %s twice; accepted: once", l.From, l.To)
	}
	switch {
	case l.Max > maxRoundTrip:
		return "max", fmt.Errorf("found %v; accepted: up to %v", l.Max, maxRoundTrip)
	case l.Mdev > maxRoundTrip:
		return "mdev", fmt.Errorf("found %v; accepted: up to %v", l.Mdev, maxRoundTrip)
	case l.Min < 0:
		return "min", fmt.Errorf("found %v; accepted: 0s or more", l.Min)
	case l.Avg < l.Min:
		return "avg", fmt.Errorf("found %v; accepted: min, %v, or more", l.Avg, l.Min)
	case l.Max < l.Avg:
		return "max", fmt.Errorf("found %v; accepted: avg, %v, or more", l.Max, l.Avg)
	case l.Mdev < 0:
		return "mdev", fmt.Errorf("found %v; accepted: 0s or more", l.Mdev)
	case l.OneWay != nil && (*l.OneWay < 0 || *l.OneWay > l.Max):
		return "one_way", fmt.Errorf("found %v; accepted: from 0s to max, %v", *l.OneWay, l.Max)
	}
	m := Measured{Min: l.Min, Avg: l.Avg, Max: l.Max, Mdev: l.Mdev, OneWay: l.Avg / 2}
	if l.OneWay != nil {
		m.OneWay = *l.OneWay
	}
	t.links[pair{l.From, l.To}] = m
	return "", nil
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
// It is an error if a region is unknown or the pair was not measured: no link is ever taken to
// have a delay of 0.
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
