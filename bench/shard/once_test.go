package shard_test

import (
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/shard"
)

func TestOnce(t *testing.T) {
	part := func(name string, index, count int, partial bool, found string) shard.Part {
		return shard.Part{Name: name, Shard: &shard.Shard{Index: index, Count: count}, Partial: partial,
			Found: func() ([]byte, error) { return []byte(found), nil }}
	}
	for _, c := range []struct {
		name  string
		parts []shard.Part
		want  []int
		err   string
	}{
		{"each once", []shard.Part{part("b", 2, 2, false, "b"), part("a", 1, 2, false, "a")}, []int{1, 0}, ""},
		{"one is missing", []shard.Part{part("c", 3, 3, false, "c"), part("a", 1, 3, false, "a")}, []int{1, -1, 0}, ""},
		{"the same twice", []shard.Part{part("a", 1, 1, false, "a"), part("a again", 1, 1, false, "a")}, []int{0}, ""},
		{"run again after an interruption", []shard.Part{part("a", 1, 1, true, ""), part("a again", 1, 1, false, "a")}, []int{1}, ""},
		{"interrupted when run again", []shard.Part{part("a", 1, 1, false, "a"), part("a again", 1, 1, true, "")}, []int{0}, ""},
		{"interrupted twice", []shard.Part{part("a", 1, 1, true, ""), part("a again", 1, 1, true, "a")}, []int{0}, ""},
		{"two that differ", []shard.Part{part("a", 1, 1, false, "a"), part("other", 1, 1, false, "b")}, nil, "a and other are both shard 1/1, and differ"},
		{"other numbers of shards", []shard.Part{part("a", 1, 2, false, "a"), part("b", 2, 3, false, "b")}, nil, "b: found shard 2/3, and shard 1/2 in a"},
		{"of no shard", []shard.Part{part("a", 1, 2, false, "a"), {Name: "whole"}}, nil, "whole: found findings of no shard; accepted: those of here"},
		{"none", nil, nil, "found no findings"},
	} {
		got, err := shard.Once(c.parts, "here")
		if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: found %v, %v, want %v, %q", c.name, got, err, c.want, c.err)
		}
	}
}
