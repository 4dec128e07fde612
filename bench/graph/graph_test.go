package graph

import (
	"reflect"
	"testing"

	"quorumbench/bench/result"
	"quorumbench/protocols"
)

func id(key string, column int, number uint64) protocols.InstanceID {
	return protocols.InstanceID{Key: key, Column: column, Number: number}
}

// Two keys, as of a protocol that orders each by itself. The instances of k depend on each other, and each replica tells
// what it knows, in an order of its own.
func TestTheGraphHasTheFirstInstancesOfTheKeyWithTheMost(t *testing.T) {
	var c Collector
	if c.Any() {
		t.Error("something was noted before anything happened")
	}
	for _, e := range []protocols.InstanceEvent{
		{ID: id("other", 1, 0), Kind: protocols.InstanceProposed},
		{ID: id("other", 1, 0), Kind: protocols.InstanceCommitted},
		{ID: id("other", 1, 0), Kind: protocols.InstanceApplied, Reached: 1},
		{ID: id("k", 0, 0), Kind: protocols.InstanceCommitted, Deps: []uint64{0, 1}},
		{ID: id("k", 1, 0), Kind: protocols.InstanceCommitted, Deps: []uint64{1, 0}},
		{ID: id("k", 0, 1), Kind: protocols.InstanceCommitted, Deps: []uint64{1, 1}},
		{ID: id("k", 1, 0), Kind: protocols.InstanceApplied, Reached: 2},
		{ID: id("k", 0, 0), Kind: protocols.InstanceApplied, Reached: 1},
		{ID: id("k", 1, 0), Kind: protocols.InstanceApplied, Reached: 4}, // at another replica
		{ID: id("k", 0, 1), Kind: protocols.InstanceApplied, Reached: 1},
	} {
		c.Note(e)
	}
	got := c.Graph([]string{"r0", "r1"}, 2)
	want := &result.Graph{
		Columns: []string{"r0", "r1"}, Key: "k", Instances: 4, Components: 3, Largest: 2, Reached: 4,
		Drawn: []result.Instance{
			{Column: 1, Number: 0, Deps: []uint64{1, 0}, Applied: 1, Reached: 2, Component: 0, Together: 2},
			{Column: 0, Number: 0, Deps: []uint64{0, 1}, Applied: 2, Reached: 1, Component: 0, Together: 2},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}
