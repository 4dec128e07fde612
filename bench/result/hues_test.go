package result_test

import (
	"slices"
	"testing"

	"quorumbench/bench/result"
)

// A protocol has its hue whatever stands beside it; variants and other drivers have those that are free.
func TestAProtocolHasTheSameHueEverywhere(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  []int
	}{
		{[]string{"paxos", "multipaxos", "raft", "mmp3"}, []int{0, 1, 2, 3}},
		{[]string{"mmp3", "raft"}, []int{3, 2}},
		{[]string{"raft", "raft", "raft", "mmp3"}, []int{2, 0, 1, 3}},
		{[]string{"mine", "paxos", "yours"}, []int{1, 0, 2}},
		{[]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "paxos"}, []int{1, 2, 3, 4, 5, 6, 7, 7, 0, 0}},
	} {
		if got := result.Hues(c.names); !slices.Equal(got, c.want) {
			t.Errorf("%v: hues %v, want %v", c.names, got, c.want)
		}
	}
}
