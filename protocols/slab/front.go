package slab

import "slices"

// DropFront returns the items without the first n. Nothing refers to those any more. The rest stays in its array,
// unless that is much larger than what is in it: then it is copied, and the array is freed.
func DropFront[E any](items []E, n int) []E {
	rest := len(items) - n
	if cap(items) > 8*rest+minItems {
		return slices.Clone(items[n:])
	}
	copy(items, items[n:])
	clear(items[rest:])
	return items[:rest]
}

// minItems is the size of the arrays that are not freed, in items.
const minItems = 1024
