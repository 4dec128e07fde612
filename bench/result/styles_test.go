package result_test

import (
	"slices"
	"testing"

	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

// A protocol has its style whatever stands beside it; variants and other drivers have those that are free.
func TestAProtocolHasTheSameStyleEverywhere(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  []int
	}{
		{[]string{"paxos", "multipaxos", "raft", "mmp3"}, []int{0, 1, 2, 3}},
		{[]string{"mmp3", "raft"}, []int{3, 2}},
		{[]string{"raft", "raft", "raft", "mmp3"}, []int{2, 0, 1, 3}},
		{[]string{"mine", "paxos", "yours"}, []int{1, 0, 2}},
		{[]string{"fastpaxos", "a", "b", "c", "d", "e"}, []int{12, 0, 1, 2, 3, 5}},
		{[]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "paxos"}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}},
	} {
		if got := result.Styles(c.names); !slices.Equal(got, c.want) {
			t.Errorf("%v: styles %v, want %v", c.names, got, c.want)
		}
	}
	many := make([]string, 40)
	for _, style := range result.Styles(many) {
		if style < 0 || style > 15 {
			t.Errorf("of forty protocols, one has the style %d", style)
		}
	}
}

func TestEachDriverHasAStyleOfItsOwn(t *testing.T) {
	var names []string
	for _, d := range registry.Drivers {
		names = append(names, d.Name)
	}
	styles := result.Styles(names)
	for i, style := range styles {
		if alone := result.Styles(names[i : i+1])[0]; alone != style {
			t.Errorf("%s has the style %d, and %d when it is alone", names[i], style, alone)
		}
		if slices.Index(styles, style) != i {
			t.Errorf("%s has the style %d of another driver", names[i], style)
		}
	}
}
