package netem_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"quorumbench/netem"
)

func TestQueueHandsOutByTimeThenByOrderOfPushing(t *testing.T) {
	type value struct {
		due   time.Duration
		index int
	}
	r := rand.New(rand.NewPCG(1, 2))
	var q netem.Queue[value]
	var want []value
	for i := range 1000 {
		v := value{time.Duration(r.IntN(50)), i}
		q.Push(v.due, v)
		want = append(want, v)
	}
	slices.SortStableFunc(want, func(a, b value) int { return cmp.Compare(a.due, b.due) })
	for i, w := range want {
		if due, ok := q.Peek(); !ok || due != w.due {
			t.Fatalf("value %d: Peek = %v, %v, want %v", i, due, ok, w.due)
		}
		if due, v, ok := q.Pop(); !ok || due != w.due || v != w {
			t.Fatalf("value %d: Pop = %v, %v, %v, want %v", i, due, v, ok, w)
		}
	}
	if q.Len() != 0 {
		t.Errorf("Len = %d after everything was popped", q.Len())
	}
}

func TestQueueKeepsItsOrderWhilePushedToBetweenPops(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var q netem.Queue[int]
	var now time.Duration
	for i := range 5000 {
		q.Push(now+time.Duration(r.IntN(100)), i)
		if i%3 == 0 {
			due, _, _ := q.Pop()
			if due < now {
				t.Fatalf("popped %v after %v", due, now)
			}
			now = due
		}
	}
}

func TestEmptyQueueHasNothing(t *testing.T) {
	var q netem.Queue[string]
	if _, ok := q.Peek(); ok {
		t.Error("Peek found something")
	}
	if _, _, ok := q.Pop(); ok {
		t.Error("Pop found something")
	}
}

// BenchmarkQueue keeps a thousand values in the queue, pops one and pushes one.
func BenchmarkQueue(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var q netem.Queue[int]
	for i := range 1000 {
		q.Push(time.Duration(r.IntN(1e6)), i)
	}
	b.ReportAllocs()
	for b.Loop() {
		due, v, _ := q.Pop()
		q.Push(due+time.Duration(v*1000), v)
	}
}
