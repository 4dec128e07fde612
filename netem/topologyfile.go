package netem

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"quorumbench/configs/strictyaml"
)

// TopologyFile is what a topology file looks like. It has rtt, or links. docs/topologies.md explains every key.
type TopologyFile struct {
	Name        string         `yaml:"name"`        // the file's name without .yaml
	Description string         `yaml:"description"` // none
	Source      string         `yaml:"source"`      // none
	Measured    string         `yaml:"measured"`    // none
	Regions     []string       `yaml:"regions"`     // those that rtt and links name
	RTT         *RoundTrips    `yaml:"rtt"`
	Mdev        *time.Duration `yaml:"mdev"` // 0s, of each round trip under rtt
	Links       []LinkLine     `yaml:"links"`
}

// LinkLine is a link of a TopologyFile in one direction. A file may have the other direction alone; see mirror.
type LinkLine struct {
	From   string         `yaml:"from,required"`
	To     string         `yaml:"to,required"`
	Min    *time.Duration `yaml:"min"` // avg
	Avg    time.Duration  `yaml:"avg,required"`
	Max    *time.Duration `yaml:"max"`     // avg
	Mdev   *time.Duration `yaml:"mdev"`    // 0s
	OneWay *time.Duration `yaml:"one_way"` // half of avg
}

// Write writes the file, which must have links and no round trips: a line for each link.
func (f *TopologyFile) Write(w io.Writer) error {
	var b strings.Builder
	text := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, quoted(value))
		}
	}
	text("name", f.Name)
	text("description", f.Description)
	text("source", f.Source)
	text("measured", f.Measured)
	var regions []string
	for _, region := range f.Regions {
		regions = append(regions, quoted(region))
	}
	if regions != nil {
		fmt.Fprintf(&b, "regions: [%s]\n", strings.Join(regions, ", "))
	}
	b.WriteString("links:\n")
	for _, l := range f.Links {
		fmt.Fprintf(&b, "  - {from: %s, to: %s, avg: %v", quoted(l.From), quoted(l.To), l.Avg)
		for _, one := range []struct {
			key   string
			value *time.Duration
		}{{"min", l.Min}, {"max", l.Max}, {"mdev", l.Mdev}, {"one_way", l.OneWay}} {
			if one.value != nil {
				fmt.Fprintf(&b, ", %s: %v", one.key, *one.value)
			}
		}
		b.WriteString("}\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plainText matches texts that mean themselves in YAML without quotes, wherever they stand.
var plainText = regexp.MustCompile(`^[a-z][a-z0-9-]{2,}$`)

// quoted is a text as YAML has it: in double quotes, as in JSON, where it might mean something else.
func quoted(text string) string {
	if plainText.MatchString(text) && !slices.Contains([]string{"true", "false", "null", "yes", "off"}, text) {
		return text
	}
	data, err := json.Marshal(text)
	if err != nil {
		return strconv.Quote(text) // a string always has JSON
	}
	return string(data)
}

// ParseTopology reads a topology file. Its errors are of type *strictyaml.Error and carry the given file name, from which
// the topology has its name if the file gives none. A file need not have a link for every pair of regions.
func ParseTopology(file string, data []byte) (*Topology, error) {
	doc, err := strictyaml.Parse(file, data)
	if err != nil {
		return nil, err
	}
	return ReadTopology(doc.Root(), strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
}

// ReadTopology is ParseTopology for a mapping inside of another file. Name is the topology's unless the mapping gives one.
func ReadTopology(node *strictyaml.Node, name string) (*Topology, error) {
	var f TopologyFile
	if err := node.Decode(&f); err != nil {
		return nil, err
	}
	for _, c := range []struct{ key, text string }{{"name", f.Name}, {"description", f.Description}, {"source", f.Source}, {"measured", f.Measured}} {
		if strings.ContainsFunc(c.text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, node.At(c.key).Errorf("found %q; accepted: a line of text", c.text)
		}
	}
	t := &Topology{Name: cmp.Or(f.Name, name), Description: f.Description, Source: f.Source, Measured: f.Measured, Regions: f.Regions, links: map[pair]Measured{}}
	switch {
	case f.RTT == nil && f.Links == nil:
		return nil, node.Errorf("found neither rtt nor links; accepted: one of them, as in rtt: {fra-nyc: 82ms, fra-sgp: 160ms, nyc-sgp: 230ms}")
	case f.RTT != nil && f.Links != nil:
		return nil, keyOf(node, "links").Errorf("found links beside rtt; accepted: one of the two")
	case f.RTT == nil && f.Mdev != nil:
		return nil, keyOf(node, "mdev").Errorf("found mdev beside links; accepted: mdev in each link, or beside rtt")
	}
	if f.Regions != nil {
		if err := t.checkRegions(node.At("regions")); err != nil {
			return nil, err
		}
	}
	var err error
	if f.RTT != nil {
		t.place = keyOf(node, "rtt")
		err = t.readRoundTrips(f.RTT.node, f.Mdev, node)
	} else {
		t.place = keyOf(node, "links")
		err = t.readLinks(f.Links, node.At("links"))
	}
	if err != nil {
		return nil, err
	}
	if len(t.Regions) == 0 {
		return nil, t.place.Errorf("found no regions; accepted: one or more")
	}
	t.complete()
	return t, nil
}

// keyOf is a key of a mapping, of which it is known that it is there.
func keyOf(mapping *strictyaml.Node, name string) *strictyaml.Node {
	for key := range mapping.Pairs() {
		if key.Text() == name {
			return key
		}
	}
	return mapping
}

// checkRegions checks the list of regions.
func (t *Topology) checkRegions(list *strictyaml.Node) error {
	if len(t.Regions) == 0 {
		return list.Errorf("found no regions; accepted: one or more")
	}
	seen, asTag := map[string]bool{}, map[string]string{}
	for i, region := range t.Regions {
		at := list.Items()[i]
		if seen[region] {
			return at.Errorf("found the region %s twice; accepted: once", region)
		}
		seen[region] = true
		if err := checkName(region, asTag); err != nil {
			return at.Errorf("%w", err)
		}
	}
	return nil
}

// readLinks takes the lines of a file into the topology. Without a list of regions, they are those that the lines name.
func (t *Topology) readLinks(lines []LinkLine, list *strictyaml.Node) error {
	add := t.regionAdder(t.Regions == nil)
	for i, line := range lines {
		at := list.Items()[i]
		for _, end := range []struct{ key, region string }{{"from", line.From}, {"to", line.To}} {
			if err := add(end.region); err != nil {
				return at.At(end.key).Errorf("%w", err)
			}
		}
		if key, err := t.add(line); err != nil {
			return at.At(key).Errorf("%w", err)
		}
	}
	return nil
}

// regionAdder returns a function that takes a region that a file names into the topology, if that is open, and else checks that it is
// there.
func (t *Topology) regionAdder(open bool) func(region string) error {
	seen, asTag := map[string]bool{}, map[string]string{}
	return func(region string) error {
		if !open {
			return t.CheckRegion(region)
		}
		if seen[region] {
			return nil
		}
		if err := checkName(region, asTag); err != nil {
			return err
		}
		seen[region] = true
		t.Regions = append(t.Regions, region)
		return nil
	}
}

// maxRoundTrip is the longest round trip of a link. Timeouts follow from it, so that a run over longer ones would not
// end.
const maxRoundTrip = time.Minute

// maxName is the greatest length of a region's name, in bytes.
const maxName = 64

// RegionPattern is a regular expression that every region's name matches.
const RegionPattern = `^[^ ,=#"\x00-\x1f\x7f]([^,=#"\x00-\x1f\x7f]*[^ ,=#"\x00-\x1f\x7f])?$`

// Reserved are words that stand in place of a region in experiment files and flags.
var Reserved = []string{"all", "auto", "leader", "measured", "random"}

// checkName refuses a region's name that would not be one word, or not be the same one, in tables, flags, and the tags of
// histograms. It notes the name in asTag, which has those that were checked before by their tags.
func checkName(region string, asTag map[string]string) error {
	if slices.Contains(Reserved, region) {
		return fmt.Errorf("found the region name %q; accepted: others than %s, which mean something else in experiment files", region, strings.Join(Reserved, ", "))
	}
	bad := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(",=#\"", r) }
	if region == "" || len(region) > maxName || strings.TrimSpace(region) != region || !utf8.ValidString(region) || strings.ContainsFunc(region, bad) {
		return fmt.Errorf("found the region name %q; accepted: 1 to %d bytes of letters, digits, signs except , = # and \", and spaces between them", region, maxName)
	}
	tag := tagged(region)
	if other, is := asTag[tag]; is {
		return fmt.Errorf("found the regions %q and %q; accepted: names that differ in more than spaces and underscores", other, region)
	}
	asTag[tag] = region
	return nil
}

// tagged is a name as histograms have it, which have no room for spaces.
func tagged(region string) string { return strings.ReplaceAll(region, " ", "_") }

// add takes a link between two known regions into the topology, or tells what is wrong with which key of its line.
func (t *Topology) add(l LinkLine) (key string, err error) {
	if _, twice := t.links[pair{l.From, l.To}]; twice {
		return "", fmt.Errorf("found the link from %s to %s twice; accepted: once", l.From, l.To)
	}
	m := Measured{Min: l.Avg, Avg: l.Avg, Max: l.Avg, OneWay: l.Avg / 2}
	for _, given := range []struct{ from, into *time.Duration }{{l.Min, &m.Min}, {l.Max, &m.Max}, {l.Mdev, &m.Mdev}, {l.OneWay, &m.OneWay}} {
		if given.from != nil {
			*given.into = *given.from
		}
	}
	switch {
	case m.Max > maxRoundTrip:
		key = "max"
		if l.Max == nil {
			key = "avg"
		}
		return key, fmt.Errorf("found %v; accepted: up to %v", m.Max, maxRoundTrip)
	case m.Mdev > maxRoundTrip:
		return "mdev", fmt.Errorf("found %v; accepted: up to %v", m.Mdev, maxRoundTrip)
	case m.Min < 0:
		key = "min"
		if l.Min == nil {
			key = "avg"
		}
		return key, fmt.Errorf("found %v; accepted: 0s or more", m.Min)
	case m.Avg < m.Min:
		return "avg", fmt.Errorf("found %v; accepted: min, %v, or more", m.Avg, m.Min)
	case m.Max < m.Avg:
		return "max", fmt.Errorf("found %v; accepted: avg, %v, or more", m.Max, m.Avg)
	case m.Mdev < 0:
		return "mdev", fmt.Errorf("found %v; accepted: 0s or more", m.Mdev)
	case m.OneWay < 0 || m.OneWay > m.Max:
		return "one_way", fmt.Errorf("found %v; accepted: from 0s to max, %v", m.OneWay, m.Max)
	}
	t.varies = t.varies || l.Mdev != nil
	t.links[pair{l.From, l.To}] = m
	return "", nil
}

// complete adds what a file may leave out: the other direction of a link, whose round trip is the same and whose delay is
// the rest of it, and the link of a region to itself, which takes no time.
func (t *Topology) complete() {
	for _, from := range t.Regions {
		for _, to := range t.Regions {
			m, given := t.links[pair{from, to}]
			_, back := t.links[pair{to, from}]
			if given && !back {
				m.OneWay = max(0, m.Avg-m.OneWay)
				t.links[pair{to, from}] = m
			}
		}
		if _, given := t.links[pair{from, from}]; !given {
			t.links[pair{from, from}] = Measured{Assumed: true}
		}
	}
}
