// Package graph collects the dependencies of a run's instances, for figures: what depends on what, which are in one
// component, and in which order they were applied.
package graph

import (
	"cmp"
	"maps"
	"slices"

	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/components"
)

// Collector notes what becomes of the instances of a run, at all its replicas. The zero value is ready for use. Not safe
// for use by several goroutines.
type Collector struct {
	keys    map[string]*key
	applied int // instances so far
	reached int // see result.Graph
}

// key is the instances of a key, by column and number.
type key struct {
	columns [][]noted
	order   int // of the keys, in which they were met
}

type noted struct {
	committed bool
	deps      []uint64
	applied   int // its place among all that was applied, from 1; 0: not yet
	reached   int
}

// Note notes an event. What is applied counts where it happens first.
func (c *Collector) Note(e protocols.InstanceEvent) {
	if c.keys == nil {
		c.keys = map[string]*key{}
	}
	k := c.keys[e.ID.Key]
	if k == nil {
		k = &key{order: len(c.keys)}
		c.keys[e.ID.Key] = k
	}
	k.extend(e.ID.Column, e.ID.Number+1)
	for column, end := range e.Deps {
		k.extend(column, end)
	}
	x := &k.columns[e.ID.Column][e.ID.Number]
	switch e.Kind {
	case protocols.InstanceCommitted:
		x.committed, x.deps = true, e.Deps
	case protocols.InstanceApplied:
		c.reached = max(c.reached, e.Reached)
		if x.applied == 0 {
			c.applied++
			x.applied, x.reached = c.applied, e.Reached
		}
	}
}

// extend makes room for the instances of a column below a number.
func (k *key) extend(column int, end uint64) {
	for len(k.columns) <= column {
		k.columns = append(k.columns, nil)
	}
	for uint64(len(k.columns[column])) < end {
		k.columns[column] = append(k.columns[column], noted{})
	}
}

// Graph sums up what was noted, for replicas in these places. Of the instances it holds the first ones that were
// applied, of the key with the most; replicas that have one order for all keys have one key.
func (c *Collector) Graph(places []string, first int) *result.Graph {
	g := &result.Graph{Columns: places, Reached: c.reached}
	var drawn *key
	for _, name := range c.names() {
		k := c.keys[name]
		k.extend(len(places)-1, 0)
		of := k.components()
		for _, size := range of.Size {
			g.Instances += size
			g.Largest = max(g.Largest, size)
		}
		g.Components += len(of.Size)
		if drawn == nil || k.count() > drawn.count() {
			drawn, g.Key, g.Drawn = k, name, k.first(first, of)
		}
	}
	return g
}

// Any reports whether anything was noted: whether the protocol has instances that depend on each other.
func (c *Collector) Any() bool { return len(c.keys) > 0 }

// names returns the names of the keys, in the order in which they were met.
func (c *Collector) names() []string {
	return slices.SortedFunc(maps.Keys(c.keys), func(a, b string) int { return cmp.Compare(c.keys[a].order, c.keys[b].order) })
}

func (k *key) count() (n int) {
	for _, column := range k.columns {
		n += len(column)
	}
	return n
}

func (k *key) components() *components.Components {
	var ends []uint64
	for _, column := range k.columns {
		ends = append(ends, uint64(len(column)))
	}
	none := make([]uint64, len(k.columns))
	return components.Find(ends, func(column int, number uint64) []uint64 {
		if x := &k.columns[column][number]; x.deps != nil {
			return x.deps
		}
		return none // also of those of which no commit was noted
	})
}

// first returns the first instances that were applied, in this order, with their components.
func (k *key) first(most int, of *components.Components) (all []result.Instance) {
	for c, column := range k.columns {
		for number := range column {
			if x := &column[number]; x.applied > 0 {
				component := of.Of[c][number]
				all = append(all, result.Instance{
					Column: c, Number: uint64(number), Deps: x.deps, Applied: x.applied, Reached: x.reached,
					Component: int(component), Together: of.Size[component],
				})
			}
		}
	}
	slices.SortFunc(all, func(a, b result.Instance) int { return cmp.Compare(a.Applied, b.Applied) })
	all = all[:min(most, len(all))]
	for i := range all {
		all[i].Applied = i + 1 // of this key
	}
	return all
}
