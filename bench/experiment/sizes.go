package experiment

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/netem/portable"
)

// SizeAt returns the distribution of the sizes of values as the inverse of its distribution function: of a share above 0 and
// below 1 it makes the size, in bytes, that this share of the values does not exceed. With a share drawn uniformly it draws a
// size. It returns nil if all values have the size Load.ValueSize. Safe for use by several goroutines.
func (l *Load) SizeAt() func(share float64) int {
	s := l.Sizes
	switch s.Distribution {
	case UniformSizes:
		return func(share float64) int { return int(s.Min) + int(share*float64(s.Max-s.Min+1)) }
	case LognormalSizes:
		deviation := portable.Log(s.Spread)
		return func(share float64) int {
			size := float64(s.Median) * portable.Exp(float64(deviation*portable.Normal(share)))
			return int(min(max(math.Round(size), float64(s.Min)), float64(s.Max)))
		}
	case TableSizes:
		rows, total := s.rows(), 0.0
		for _, row := range rows {
			total += row.weight
		}
		return func(share float64) int {
			left := float64(share * total)
			for _, row := range rows {
				if left -= row.weight; left < 0 {
					return int(row.size)
				}
			}
			return int(rows[len(rows)-1].size) // the weights do not add up exactly
		}
	}
	return nil
}

// weighted is a row of a table of sizes.
type weighted struct {
	size   Size
	weight float64
}

// rows are the rows of the table, by size. Their texts have been checked.
func (s *Sizes) rows() []weighted {
	var rows []weighted
	for text, weight := range s.Table {
		var size Size
		if size.UnmarshalText([]byte(text)) == nil {
			rows = append(rows, weighted{size, weight})
		}
	}
	slices.SortFunc(rows, func(a, b weighted) int { return cmp.Compare(a.size, b.size) })
	return rows
}

// meanSize is about the mean of the sizes: of those at the middles of many equal shares.
func (l *Load) meanSize() Size {
	at := l.SizeAt()
	const parts = 10_000
	sum := 0
	for i := range parts {
		sum += at((float64(i) + 0.5) / parts)
	}
	return Size((sum + parts/2) / parts)
}

// checkSizes checks the distribution of the sizes of values, fills in its defaults, and sets Load.ValueSize to the mean.
func (p *Plan) checkSizes(doc *strictyaml.Document, _ *netem.Topology) error {
	l := &p.Experiment.Load
	s := &l.Sizes
	kind := cmp.Or(s.Distribution, SameSize)
	if doc.Has("load.sizes.distribution") && s.Distribution == "" || !slices.Contains(kind.Words(), string(kind)) {
		return doc.Errorf("load.sizes.distribution", "found %q; accepted: %s%s", s.Distribution, strings.Join(kind.Words(), ", "), strictyaml.DidYouMean(string(kind), kind.Words()))
	}
	for _, c := range conditionsOf("load.sizes.distribution") {
		if doc.Has(c.Path) && !slices.Contains(c.With, string(kind)) {
			return doc.Errorf(c.Path, "found it with sizes of distribution: %s; accepted: with distribution: %s", kind, strings.Join(c.With, ", "))
		}
	}
	if kind == SameSize {
		*s = Sizes{}
		return nil
	}
	if doc.Has("load.value_size") {
		return doc.Errorf("load.value_size", "found it beside sizes of distribution: %s; accepted: one of the two", kind)
	}
	if kind == TableSizes {
		if err := s.checkTable(doc); err != nil {
			return err
		}
		l.ValueSize = l.meanSize()
		return nil
	}
	least, most := doc.Has("load.sizes.min"), doc.Has("load.sizes.max")
	if !most {
		s.Max = 256
		if kind == LognormalSizes {
			s.Max = maxValueSize
		}
	}
	if kind == LognormalSizes {
		if !doc.Has("load.sizes.median") {
			s.Median = 128
		}
		if !doc.Has("load.sizes.spread") {
			s.Spread = 2
		}
	}
	for _, c := range []struct {
		path     string
		ok       bool
		found    any
		accepted string
	}{
		{"load.sizes.max", s.Max <= maxValueSize, s.Max, "0B to 1MiB"},
		{"load.sizes.min", s.Min <= s.Max || !least, s.Min, "0B to max, " + s.Max.String()},
		{"load.sizes.max", s.Min <= s.Max, s.Max, "min, " + s.Min.String() + ", to 1MiB"},
		{"load.sizes.median", kind != LognormalSizes || s.Median >= max(1, s.Min) && s.Median <= s.Max, s.Median, "min to max, " + max(1, s.Min).String() + " to " + s.Max.String()},
		{"load.sizes.spread", kind != LognormalSizes || Ranges["load.sizes.spread"].Has(s.Spread), s.Spread, "a factor above 1, up to 1000"},
	} {
		if !c.ok {
			return doc.Errorf(c.path, "found %v; accepted: %s", c.found, c.accepted)
		}
	}
	l.ValueSize = l.meanSize()
	return nil
}

// maxWeight is the greatest weight of a row of a table.
const maxWeight = 1e9

// checkTable checks a table of sizes with their weights.
func (s *Sizes) checkTable(doc *strictyaml.Document) error {
	const path, example = "load.sizes.table", "sizes with their weights, as in {64B: 9, 4KiB: 1}"
	if len(s.Table) == 0 {
		where := "load.sizes.distribution"
		if doc.Has(path) {
			where = path
		}
		return doc.Errorf(where, "found a table without a row; accepted: with table: %s", example)
	}
	seen := map[Size]string{}
	for _, key := range doc.At(path).Keys() {
		var size Size
		if err := size.UnmarshalText([]byte(key.Text())); err != nil {
			return key.Errorf("%w", err)
		}
		if size > maxValueSize {
			return key.Errorf("found %v; accepted: 0B to 1MiB", size)
		}
		if former, again := seen[size]; again {
			return key.Errorf("found %q, which is the same as %q; accepted: each size once", key.Text(), former)
		}
		seen[size] = key.Text()
		if weight := s.Table[key.Text()]; !(weight > 0 && weight <= maxWeight) {
			return key.Errorf("found the weight %v; accepted: more than 0, up to %.0f", weight, maxWeight)
		}
	}
	return nil
}
