package experiment

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// What the values of settings look like, for readers of files and for their JSON Schema (package schema), which states what is here.

// Words lists the values that are accepted.
func (Arrivals) Words() []string {
	return words(Poisson, Constant, Closed, Ramp, Step, Burst, Day, Saturate, Replayed)
}

// Words lists the values that are accepted.
func (Ask) Words() []string { return words(AskNearest, AskLeader) }

// Words lists the values that are accepted.
func (Distribution) Words() []string { return words(Uniform, Zipf, Latest, Hotspot) }

// Words lists the values that are accepted.
func (Sizing) Words() []string { return words(SameSize, UniformSizes, LognormalSizes, TableSizes) }

// Words lists the values that are accepted.
func (Mix) Words() []string { return words(slices.Sorted(maps.Keys(ycsbMixes))...) }

// Words lists the values that are accepted.
func (TransportKind) Words() []string { return words(QUIC) }

// Words lists the values that are accepted.
func (Mode) Words() []string { return words(Auto, StreamPerBatch, OneStream) }

// Words lists the values that are accepted.
func (Durability) Words() []string { return words(InMemory, Fsync) }

// Words lists the values that are accepted.
func (Links) Words() []string { return []string{emulatedLinks, string(Real)} }

// Words lists the values that are accepted.
func (World) Words() []string { return words(Live, Simulated) }

func words[T ~string](all ...T) []string {
	var words []string
	for _, one := range all {
		words = append(words, string(one))
	}
	return words
}

// LabelPattern is a regular expression that every label of a protocol matches.
const LabelPattern = `^[^\s,.="@\x00-\x1f\x7f]{1,32}$`

// Range is the range of a number, both ends included unless Above is set.
type Range struct {
	Least, Most float64
	Above       bool // Least itself is not accepted
}

// Has reports whether a number, an int or a float64, is in the range.
func (r Range) Has(number any) bool {
	var n float64
	switch number := number.(type) {
	case int:
		n = float64(number)
	case float64:
		n = number
	}
	return n >= r.Least && n <= r.Most && !(r.Above && n == r.Least)
}

// Ranges holds the ranges of settings that are plain numbers, by path; of those with a value for each region, that of the values.
// Some apply only with certain values of other settings.
var Ranges = map[string]Range{
	"load.clients":          {Least: 1, Most: 1_000_000},
	"load.commands":         {Least: 0, Most: 1_000_000_000},
	"load.hours":            {Least: -12, Most: 14},
	"load.keys.count":       {Least: 1, Most: 1_000_000_000},
	"load.keys.exponent":    {Least: 0, Most: 10, Above: true},
	"load.keys.hot_keys":    {Least: 1, Most: 1_000_000_000},
	"load.peak":             {Least: 1, Most: 10_000},
	"load.sizes.spread":     {Least: 1, Most: 1000, Above: true},
	"load.sizes.table":      {Least: 0, Most: maxWeight, Above: true},
	"load.steps":            {Least: 2, Most: 1000},
	"simulation.processors": {Least: 0, Most: 1024},
	"repeats":               {Least: 1, Most: 1000},
}

var numberPattern = regexp.MustCompile("^" + number + "$")

// parseNumber reads a number at or above zero in decimal digits, which a unit follows. It returns NaN if it is none.
func parseNumber(text string) float64 {
	text = strings.Trim(text, " \t")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !numberPattern.MatchString(text) {
		return math.NaN()
	}
	return n
}

// number is a regular expression for the numbers above or at zero that values with a unit begin with.
const number = `\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?`

// Pattern is a regular expression that every rate matches.
func (Rate) Pattern() string {
	return withUnit(number, suffixes(len(rateUnits), func(i int) string { return rateUnits[i].suffix }))
}

// Pattern is a regular expression that every size matches.
func (Size) Pattern() string {
	return withUnit(`\+?[0-9]+`, suffixes(len(sizeUnits), func(i int) string { return sizeUnits[i].suffix }))
}

// Pattern is a regular expression that every share matches.
func (Share) Pattern() string { return withUnit(number, []string{"%"}) }

// Pattern is a regular expression that every factor matches.
func (Factor) Pattern() string { return withUnit(number, []string{"%"}) }

// Pattern is a regular expression that every bit rate matches.
func (BitRate) Pattern() string {
	return withUnit(number, suffixes(len(bitRateUnits), func(i int) string { return bitRateUnits[i].suffix }))
}

// Pattern is a regular expression that every time for a byte matches.
func (PerByte) Pattern() string {
	return withUnit(number, suffixes(len(perByteUnits), func(i int) string { return perByteUnits[i].suffix }))
}

// Pattern is a regular expression that every local round trip matches.
func (Local) Pattern() string { return localMeasured + `|\+?` + unitTimes }

var localPattern = regexp.MustCompile("^(" + Local("").Pattern() + ")$")

// unitTimes is a regular expression for times with their units, one after the other.
const unitTimes = `(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+`

// DurationPattern is a regular expression that every duration that is not below zero matches.
const DurationPattern = `\+?(0|` + unitTimes + `)`

// String says which numbers are accepted.
func (r Range) String() string {
	text := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	if r.Above {
		return "above " + text(r.Least) + ", up to " + text(r.Most)
	}
	return text(r.Least) + " to " + text(r.Most)
}

// Condition says that a setting may be given only with some values of another one, which has the same path up to the last word.
type Condition struct {
	Path, Of  string
	With      []string
	ByDefault bool // the default of the other setting is one of these
}

// Conditions holds the settings that may be given only with some values of another one.
var Conditions = slices.Concat(
	[]Condition{{"load.rate", "load.arrivals", words(Poisson, Constant, Ramp, Step, Burst, Day, Saturate), true}},
	[]Condition{{"load.trace", "load.arrivals", words(Replayed), true}}, // without arrivals, a trace sets them
	only("load.arrivals", words(Ramp, Step, Burst, Day), "load.peak"),
	only("load.arrivals", words(Step), "load.steps"),
	only("load.arrivals", words(Burst, Day), "load.every"),
	only("load.arrivals", words(Burst), "load.burst"),
	only("load.arrivals", words(Day), "load.hours"),
	only("load.arrivals", words(Saturate), "load.slo", "load.precision"),
	only("load.arrivals", words(Closed), "load.clients", "load.think_time", "load.commands"),
	only("load.keys.distribution", words(Zipf, Latest), "load.keys.exponent"),
	only("load.keys.distribution", words(Hotspot), "load.keys.hot_keys", "load.keys.hot_share"),
	only("load.sizes.distribution", words(UniformSizes, LognormalSizes), "load.sizes.min", "load.sizes.max"),
	only("load.sizes.distribution", words(LognormalSizes), "load.sizes.median", "load.sizes.spread"),
	only("load.sizes.distribution", words(TableSizes), "load.sizes.table"),
)

// only makes conditions of settings that the default of the other one does not have.
func only(of string, with []string, paths ...string) []Condition {
	var all []Condition
	for _, path := range paths {
		all = append(all, Condition{Path: path, Of: of, With: with})
	}
	return all
}

// TraceSays lists the settings that follow from a trace.
var TraceSays = []string{"load.rate", "load.clients", "load.mix", "load.reads", "load.rmw.share", "load.value_size", "load.sizes", "load.keys"}

// conditionsOf lists the conditions on a setting.
func conditionsOf(of string) []Condition {
	return slices.DeleteFunc(slices.Clone(Conditions), func(c Condition) bool { return c.Of != of })
}

// checkPresent refuses numbers out of range and settings that the arrivals do not have, if the file says them: a 0 that is written
// is no default.
func (p *Plan) checkPresent(doc *strictyaml.Document, _ *netem.Topology) error {
	for _, c := range conditionsOf("load.arrivals") {
		if arrivals := string(p.Experiment.Load.Arrivals); doc.Has(c.Path) && !slices.Contains(c.With, arrivals) {
			return doc.Errorf(c.Path, "found it with arrivals: %s; accepted: with arrivals: %s", arrivals, strings.Join(c.With, ", "))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(Ranges)) {
		if at := doc.At(path); doc.Has(path) && at.IsScalar() {
			if n, err := strconv.ParseFloat(at.Text(), 64); err == nil && !Ranges[path].Has(n) {
				return at.Errorf("found %v; accepted: %v", at, Ranges[path])
			}
		}
	}
	return nil
}

// suffixes lists the units of a table.
func suffixes(n int, suffix func(i int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = suffix(i)
	}
	return all
}

// withUnit is a regular expression for a number with one of the units.
func withUnit(number string, units []string) string {
	quoted := make([]string, len(units))
	for i, unit := range units {
		quoted[i] = regexp.QuoteMeta(unit)
	}
	slices.Sort(quoted)
	return `[ \t]*` + number + `[ \t]*(` + strings.Join(quoted, "|") + `)`
}
