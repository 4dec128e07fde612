package slab

import (
	"slices"
	"testing"
)

func TestDropFront(t *testing.T) {
	for _, c := range []struct {
		items, capacity, drop int
		stays                 bool // in its array
	}{
		{items: 0, capacity: 0, drop: 0, stays: true},
		{items: 10, capacity: 10, drop: 0, stays: true},
		{items: 10, capacity: 20, drop: 3, stays: true},
		{items: 10, capacity: 10, drop: 10, stays: true},
		{items: 100, capacity: 100_000, drop: 1},
		{items: 100_000, capacity: 100_000, drop: 99_999},
		{items: 100_000, capacity: 100_000, drop: 50_000, stays: true},
	} {
		items := make([]*int, c.items, c.capacity)
		for i := range items {
			items[i] = &i
		}
		want := slices.Clone(items[c.drop:])
		got := DropFront(items, c.drop)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d items are left, not the last %d", c, len(got), len(want))
		}
		if stays := cap(got) == c.capacity; stays != c.stays {
			t.Errorf("%+v: capacity %d", c, cap(got))
		}
		for _, dropped := range got[len(got):min(cap(got), c.items)] {
			if dropped != nil {
				t.Errorf("%+v: the array still refers to items that were dropped", c)
			}
		}
	}
}
