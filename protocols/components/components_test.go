package components

import (
	"math/rand/v2"
	"testing"
)

// In random graphs two instances are in one component if and only if each leads to the other.
func TestComponentsAreThoseThatLeadToEachOther(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		columns := 1 + random.IntN(4)
		ends := make([]uint64, columns)
		var all []instance
		for c := range ends {
			ends[c] = uint64(random.IntN(6))
			for number := range ends[c] {
				all = append(all, instance{c, number})
			}
		}
		deps := map[instance][]uint64{}
		for _, at := range all {
			if random.IntN(8) == 0 {
				continue // unknown
			}
			var of []uint64
			for c := range ends {
				of = append(of, uint64(random.IntN(int(ends[c])+1)))
			}
			deps[at] = of
		}
		leads := map[[2]instance]bool{}
		for _, a := range all {
			for _, b := range all {
				of := deps[a]
				leads[[2]instance{a, b}] = of == nil || a.column != b.column && b.number < of[b.column] || a.column == b.column && b.number < a.number
			}
		}
		for _, via := range all {
			for _, a := range all {
				for _, b := range all {
					if leads[[2]instance{a, via}] && leads[[2]instance{via, b}] {
						leads[[2]instance{a, b}] = true
					}
				}
			}
		}
		found := Find(ends, func(column int, number uint64) []uint64 { return deps[instance{column, number}] })
		sizes := make([]int, len(found.Size))
		for _, a := range all {
			of := found.Of[a.column][a.number]
			sizes[of]++
			if found.First(of, a.column) > a.number {
				t.Fatalf("the first of column %d in the component of %v is %d", a.column, a, found.First(of, a.column))
			}
			for _, b := range all {
				if same, want := of == found.Of[b.column][b.number], a == b || leads[[2]instance{a, b}] && leads[[2]instance{b, a}]; same != want {
					t.Fatalf("%v and %v in one component: %t, want %t; %v in columns of %v", a, b, same, want, deps, ends)
				}
				if leads[[2]instance{a, b}] && of < found.Of[b.column][b.number] {
					t.Fatalf("%v leads to %v and has the component %d below %d", a, b, of, found.Of[b.column][b.number])
				}
			}
		}
		for i, size := range found.Size {
			if sizes[i] != size {
				t.Fatalf("component %d has %d instances, not %d", i, sizes[i], size)
			}
		}
	}
}
