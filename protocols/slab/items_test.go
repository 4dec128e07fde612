package slab

import "testing"

func TestItemsAreApart(t *testing.T) {
	var s Items[int]
	seen := map[*int]bool{}
	for range 10 * itemsBlock {
		item := s.New()
		if seen[item] || *item != 0 {
			t.Fatal("a struct was handed out twice")
		}
		seen[item], *item = true, 1
	}
	if n := testing.AllocsPerRun(10*itemsBlock, func() { s.New() }); n > 2./itemsBlock {
		t.Errorf("%.2f allocations a struct", n)
	}
}
